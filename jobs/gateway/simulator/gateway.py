"""The gateway itself: a request's fields in, a reply out, and the book kept on the way."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from jobs.gateway.simulator.book import Book, Session
from jobs.gateway.simulator.clock import Clock
from jobs.gateway.simulator.outcomes import REASONS, Outcome, carrier_of
from jobs.gateway.simulator.replies import Accepted, Balance, Done, Record, Records, Refused, Reply
from jobs.gateway.simulator.settings import Account, Settings
from jobs.gateway.simulator.submissions import check_submission, outcomes_of, read_phones
from jobs.gateway.simulator.timeline import State, Timeline
from jobs.gateway.simulator.wall_time import eastern_text

NO_CREDITS_LIMIT = 999_999


@dataclass(slots=True)
class Gateway:
    """What a request is judged by; `settings` may be replaced at any time."""

    settings: Settings
    clock: Clock
    book: Book = field(default_factory=Book)
    do_not_dial: dict[str, set[str]] = field(default_factory=dict)
    """The lists, by account."""


def option_of(fields: Mapping[str, str]) -> str:
    """What a request to `vmb.php` asks for: its `c_option`, or else a new campaign or the balance."""
    if option := fields.get("c_option"):
        return option
    asks = {name for name, value in fields.items() if value} - {"c_uid", "c_password", "c_method"}
    return "balance" if asks == {"remain_message"} else "new_campaign"


def answer(gateway: Gateway, fields: Mapping[str, str]) -> Reply:
    """Carry out one request to `vmb.php`."""
    texts = gateway.settings.texts
    if missing := [f"{name}: required" for name in ("c_uid", "c_password") if not fields.get(name)]:
        return Refused(tuple(missing))
    account = _account(gateway.settings, fields)
    if account is None:
        return Refused((texts.assumed_bad_credentials,))
    if not account.may_use_api:
        return Refused((texts.no_api,))
    option = option_of(fields)
    if option == "new_campaign":
        return _new_campaign(gateway, fields, account)
    if option == "balance":
        return balance(gateway, fields["c_uid"], account)
    if option in _SESSION_OPTIONS:
        return _about_a_session(gateway, fields, option)
    return Refused((texts.assumed_unknown_option,))


def _account(settings: Settings, fields: Mapping[str, str]) -> Account | None:
    account = settings.accounts.get(fields["c_uid"])
    return account if account and account.password.get_secret_value() == fields["c_password"] else None


def _new_campaign(gateway: Gateway, fields: Mapping[str, str], account: Account) -> Reply:
    settings, uid = gateway.settings, fields["c_uid"]
    now = gateway.clock.now()
    submission = check_submission(fields, account, settings, now)
    if isinstance(submission, list):
        return Refused(tuple(submission))
    with gateway.book.lock:
        left = balance(gateway, uid, account)
        if account.credits is not None and len(submission.phones) > left.remaining - left.pending:
            return Refused((settings.texts.assumed_no_credits,))
        session = Session(
            id=gateway.book.new_session_id(),
            account=uid,
            fields=MappingProxyType({k: v for k, v in fields.items() if k not in {"c_password", "c_phone"}}),
            audio=submission.audio,
            phones=submission.phones,
            outcomes=outcomes_of(submission.phones, gateway.do_not_dial.get(uid, set()), settings),
            accepted_at=now,
            timeline=Timeline(
                starts_at=submission.starts_at,
                calls=len(submission.phones),
                calls_per_second=settings.calls_per_second,
                ends_at=submission.ends_at if settings.end_time_honoured else None,
            ),
        )
        gateway.book.accept(session)
    return Accepted(session.id, len(session.phones))


def balance(gateway: Gateway, uid: str, account: Account) -> Balance:
    """A drop costs its credit when it is delivered; calls still to come are pending."""
    now = gateway.clock.now()
    delivered = pending = 0
    for session in gateway.book.sessions:
        if session.account == uid:
            counts = session.counts(now)
            delivered += counts.get(Outcome.DELIVERED, 0)
            pending += 0 if session.state(now).is_over else counts["pending"]
    return Balance((NO_CREDITS_LIMIT if account.credits is None else account.credits) - delivered, pending)


def _about_a_session(gateway: Gateway, fields: Mapping[str, str], option: str) -> Reply:
    session_id = fields.get("session_id", "")
    if not session_id:
        return Refused(("session_id: required",))
    session = gateway.book.session(session_id)
    if session is None or session.account != fields["c_uid"]:
        return Refused((gateway.settings.texts.unknown_session.format(id=session_id),))
    with gateway.book.lock:
        return _SESSION_OPTIONS[option](gateway, session, fields)


def _call_status(gateway: Gateway, session: Session, fields: Mapping[str, str]) -> Reply:
    wanted = read_phones(fields.get("c_phone", ""))
    if not wanted:
        return Refused(("c_phone: required",))
    return Records(tuple(each for each in records(gateway, session) if each.phone in wanted))


def _campaign_result(gateway: Gateway, session: Session, fields: Mapping[str, str]) -> Reply:
    return Records(tuple(records(gateway, session)))


def records(gateway: Gateway, session: Session, first: int = 0) -> Iterator[Record]:
    """Records of the calls made so far from number `first` on, and of those pending if the dialect has such."""
    made = session.timeline.calls_made(gateway.clock.now())
    for number in range(first, made):
        if record := record_of(session, number, gateway.settings.seed):
            yield record
    if gateway.settings.dialect.pending_records:
        yield from (Record(session.id, phone, None) for phone in session.phones[made:])


def record_of(session: Session, number: int, seed: int) -> Record | None:
    """The record of call `number`, counted from 0; None for a call that never gets one."""
    outcome, phone = session.outcomes[number], session.phones[number]
    if outcome is Outcome.NO_RECORD:
        return None
    return Record(
        session_id=session.id,
        phone=phone,
        is_delivered=outcome is Outcome.DELIVERED,
        reason=REASONS.get(outcome, ""),
        time_text=eastern_text(session.timeline.call_made_at(number)),
        carrier=carrier_of(phone, seed),
    )


def _control(gateway: Gateway, session: Session, fields: Mapping[str, str]) -> Reply:
    option, texts, now = fields["c_option"], gateway.settings.texts, gateway.clock.now()
    state, timeline = session.state(now), session.timeline
    has_begun = now >= timeline.starts_at
    if state.is_over:
        return Refused((texts.already_finished.format(id=session.id),))
    if option == "stop" and not has_begun and not gateway.settings.stop_takes_scheduled:
        return Refused((texts.assumed_not_running.format(id=session.id),))
    if option == "cancel" and has_begun and not gateway.settings.cancel_takes_running:
        return Refused((texts.assumed_not_scheduled.format(id=session.id),))
    match option:
        case "pause":
            timeline.pause(now)
        case "run":
            timeline.run(now)
        case "stop":
            timeline.end(now, State.STOPPED)
        case "cancel":
            timeline.end(now, State.CANCELLED)
    return Done(option, session.id)


SessionOption = Callable[[Gateway, Session, Mapping[str, str]], Reply]

_SESSION_OPTIONS: Mapping[str, SessionOption] = {
    "callstatus": _call_status,
    "campaign_result": _campaign_result,
    "pause": _control,
    "run": _control,
    "cancel": _control,
    "stop": _control,
}
