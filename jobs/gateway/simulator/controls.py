"""pause, run, stop and cancel: they act at once, and what has ended never restarts."""

from collections.abc import Callable, Mapping
from datetime import datetime

from jobs.gateway.simulator.book import Session
from jobs.gateway.simulator.calls import named_session
from jobs.gateway.simulator.gateway import Caller, Gateway
from jobs.gateway.simulator.replies import Done, Refused, Reply
from jobs.gateway.simulator.timeline import State, Timeline

Act = Callable[[Timeline, datetime], None]


def pause(gateway: Gateway, caller: Caller, fields: Mapping[str, str]) -> Reply:
    """No call is made until `run`, not even at the scheduled start."""
    return _control(gateway, caller, fields, Timeline.pause)


def run(gateway: Gateway, caller: Caller, fields: Mapping[str, str]) -> Reply:
    """Go on where `pause` left off."""
    return _control(gateway, caller, fields, Timeline.run)


def stop(gateway: Gateway, caller: Caller, fields: Mapping[str, str]) -> Reply:
    """End a running session."""
    return _control(gateway, caller, fields, lambda timeline, at: timeline.end(at, State.STOPPED))


def cancel(gateway: Gateway, caller: Caller, fields: Mapping[str, str]) -> Reply:
    """End a scheduled session, and a running one if the switch says so."""
    return _control(gateway, caller, fields, lambda timeline, at: timeline.end(at, State.CANCELLED))


def _control(gateway: Gateway, caller: Caller, fields: Mapping[str, str], act: Act) -> Reply:
    session = named_session(gateway, caller, fields)
    if isinstance(session, Refused):
        return session
    option = fields["c_option"]
    with gateway.book.lock:
        now = gateway.clock.now()
        if objection := _objection(gateway, session, option, now):
            return Refused((objection.format(id=session.id),))
        act(session.timeline, now)
    return Done(option, session.id)


def _objection(gateway: Gateway, session: Session, option: str, now: datetime) -> str:
    settings, has_begun = gateway.settings, now >= session.timeline.starts_at
    if session.state(now).is_over:
        return settings.texts.already_finished
    if option == "stop" and not has_begun and not settings.stop_takes_scheduled:
        return settings.texts.assumed_not_running
    if option == "cancel" and has_begun and not settings.cancel_takes_running:
        return settings.texts.assumed_not_scheduled
    return ""
