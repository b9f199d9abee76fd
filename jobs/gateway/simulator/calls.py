"""Records of calls: made as the timeline has it, shown once they are due."""

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta

from jobs.gateway.simulator.book import Session
from jobs.gateway.simulator.gateway import Caller, Gateway
from jobs.gateway.simulator.outcomes import REASONS, Outcome, carrier_of
from jobs.gateway.simulator.phones import read_phones
from jobs.gateway.simulator.replies import Record, Records, Refused, Reply
from jobs.gateway.simulator.wall_time import eastern_text


def call_status(gateway: Gateway, caller: Caller, fields: Mapping[str, str]) -> Reply:
    """The record of one phone, or of several."""
    wanted = read_phones(fields.get("c_phone", ""))
    session = named_session(gateway, caller, fields)
    if isinstance(session, Refused) or not wanted:
        return session if isinstance(session, Refused) else Refused(("c_phone: required",))
    numbers = (number for number, phone in enumerate(session.phones) if phone in wanted)
    return Records(tuple(_shown(gateway, session, numbers)))


def campaign_result(gateway: Gateway, caller: Caller, fields: Mapping[str, str]) -> Reply:
    """Every record of a session."""
    session = named_session(gateway, caller, fields)
    if isinstance(session, Refused):
        return session
    return Records(tuple(_shown(gateway, session, iter(range(len(session.phones))))))


def named_session(gateway: Gateway, caller: Caller, fields: Mapping[str, str]) -> Session | Refused:
    """The caller's session that `session_id` names."""
    session_id = fields.get("session_id", "")
    if not session_id:
        return Refused(("session_id: required",))
    session = gateway.book.session(session_id)
    if session is None or session.account != caller.uid:
        return Refused((gateway.settings.texts.unknown_session.format(id=session_id),))
    return session


def records_due(gateway: Gateway, session: Session, at: datetime) -> int:
    """How many calls have been made long enough ago to show their records."""
    return session.timeline.calls_made(at - timedelta(seconds=gateway.settings.record_lag_s))


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


def _shown(gateway: Gateway, session: Session, numbers: Iterator[int]) -> Iterator[Record]:
    with_pending = gateway.dialect_of(session.account).pending_records
    due = records_due(gateway, session, gateway.clock.now())
    for number in numbers:
        record = record_of(session, number, gateway.settings.seed) if number < due else None
        if record:
            yield record
        elif with_pending:
            yield Record(session.id, session.phones[number], None)
