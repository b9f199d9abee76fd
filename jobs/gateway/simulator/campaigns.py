"""Taking a new campaign, and listing those of a day."""

import hashlib
import re
from collections.abc import Mapping
from datetime import datetime, timedelta

from jobs.gateway.simulator.accounts import balance_of
from jobs.gateway.simulator.audio import is_fetchable
from jobs.gateway.simulator.book import Session, without_secrets
from jobs.gateway.simulator.gateway import Caller, Gateway
from jobs.gateway.simulator.outcomes import Outcome, choose_outcome
from jobs.gateway.simulator.replies import Accepted, Dated, Refused, Reply, SessionsOfDay
from jobs.gateway.simulator.settings import Settings
from jobs.gateway.simulator.submissions import Submission, check_submission
from jobs.gateway.simulator.timeline import Timeline
from jobs.gateway.simulator.wall_time import eastern_day, eastern_text

_DAY = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)


def new_campaign(gateway: Gateway, caller: Caller, fields: Mapping[str, str]) -> Reply:
    """Check, fetch the audio if that is switched on, then take it or say why not."""
    settings = gateway.settings
    submission = check_submission(fields, caller.account, settings, gateway.clock.now())
    if isinstance(submission, list):
        return Refused(tuple(submission))
    if settings.audio_fetched and fields.get("c_url") and not is_fetchable(submission.audio, settings):
        return Refused((settings.texts.bad_audio,))
    with gateway.book.lock:
        now = gateway.clock.now()
        if objection := _objection(gateway, caller, submission, now):
            return Refused((objection,))
        session = _session(gateway, caller, fields, submission, now)
        gateway.book.accept(session)
    return Accepted(session.id, len(session.phones))


def campaign_by_date(gateway: Gateway, caller: Caller, fields: Mapping[str, str]) -> Reply:
    """The account's sessions of an Eastern day; a new one shows after the switch's lag."""
    settings = gateway.settings
    day = fields.get(settings.day_field, "")
    if not _DAY.fullmatch(day):
        return Refused((f"{settings.day_field}: {'invalid' if day else 'required'}",))
    shown_until = gateway.clock.now() - timedelta(seconds=settings.listing_lag_s)
    return SessionsOfDay(
        tuple(
            Dated(session.id, session.title, eastern_text(session.timeline.starts_at), len(session.phones))
            for session in gateway.book.sessions
            if session.account == caller.uid and session.accepted_at + session.unlisted <= shown_until
            if eastern_day(session.timeline.starts_at if settings.day_of == "start" else session.accepted_at) == day
        )
    )


def _objection(gateway: Gateway, caller: Caller, submission: Submission, now: datetime) -> str:
    settings = gateway.settings
    if settings.duplicate_window_s and _is_repeated(gateway, caller, submission, now):
        return settings.texts.duplicate
    if caller.account.credits is not None:
        left = balance_of(gateway, caller)
        if len(submission.phones) > left.remaining - left.pending:
            return settings.texts.assumed_no_credits
    return ""


def _is_repeated(gateway: Gateway, caller: Caller, submission: Submission, now: datetime) -> bool:
    window = timedelta(seconds=gateway.settings.duplicate_window_s)
    likeness = _likeness(submission)
    return any(
        session.account == caller.uid and session.likeness == likeness and now - session.accepted_at < window
        for session in gateway.book.sessions
    )


def _likeness(submission: Submission) -> str:
    """What two submissions share that the gateway takes for one: phones, audio, caller ID, date as written."""
    parts = (*submission.phones, submission.audio, submission.caller_id, submission.date_text)
    return hashlib.blake2b("|".join(parts).encode(), digest_size=16).hexdigest()


def _session(
    gateway: Gateway, caller: Caller, fields: Mapping[str, str], submission: Submission, now: datetime
) -> Session:
    settings = gateway.settings
    return Session(
        id=gateway.book.new_session_id(),
        account=caller.uid,
        fields=without_secrets(fields),
        audio=submission.audio,
        phones=submission.phones,
        outcomes=_outcomes(submission.phones, gateway.do_not_dial.get(caller.uid, set()), settings),
        likeness=_likeness(submission),
        accepted_at=now,
        timeline=Timeline(
            starts_at=max(submission.starts_at, now),
            calls=len(submission.phones),
            calls_per_second=settings.calls_per_second,
            ends_at=submission.ends_at if settings.end_time_honoured else None,
        ),
    )


def _outcomes(phones: tuple[str, ...], do_not_dial: set[str], settings: Settings) -> tuple[Outcome, ...]:
    """What will become of each call, known from the beginning."""
    seen: set[str] = set()
    outcomes = []
    for phone in phones:
        if phone in do_not_dial:
            outcome = Outcome.DO_NOT_DIAL
        elif phone in seen and settings.duplicate_phones == "remove":
            outcome = Outcome.DUPLICATE
        else:
            outcome = choose_outcome(phone, settings.seed, settings.failure_share, settings.landline_share)
        seen.add(phone)
        outcomes.append(outcome)
    return tuple(outcomes)
