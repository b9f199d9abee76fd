"""`call-status`: how one drop ended, asked of the gateway at once."""

import time
from typing import Any

import typer

from config.masking import mask_phone, mask_text
from config.redis_connection import RedisUnreachable
from jobs.campaigns.sessions import ours
from jobs.cli import options
from jobs.cli.asking import ask
from jobs.cli.exits import Exit
from jobs.cli.failures import Failure
from jobs.cli.invocation import Invocation, of
from jobs.cli.sessions import checked_session_id, with_session_id
from jobs.cli.shown import both_times, clean, iso
from jobs.gateway.errors import Rejected
from jobs.ledger import questions, submissions
from jobs.models import Disposition, DropState
from jobs.phones import Refusal, normalise

PATIENCE_S = 30
"""How long a worker is waited for."""


def call_status(
    context: typer.Context,
    session_id: options.SessionId,
    phone: options.Phone,
    account: options.Account = "default",
    by_worker: options.ByWorker = False,
    as_json: options.Json = False,
) -> None:
    """Show how the drop of a session to one phone ended, as the gateway has it."""
    invocation = of(context, as_json=as_json)
    checked_session_id(session_id)
    number = normalise(phone)
    if isinstance(number, Refusal):
        raise Failure(Exit.BAD_INPUT, f"that is no phone. {number.sentence}")
    asked = _ask_by_worker if by_worker else _ask
    record = asked(invocation, account, session_id, number)
    is_ours = None if record else _is_in_session(invocation, account, session_id, number)
    invocation.answer(_document(session_id, number, record, is_in_session=is_ours))
    invocation.say(_sentence(session_id, number, record, is_in_session=is_ours))


def _ask(invocation: Invocation, account: str, session_id: str, phone: str) -> Disposition | None:
    near = invocation.clock()
    try:
        record = ask(invocation, account, lambda gateway: gateway.call_status(session_id, phone, near=near))
    except Rejected as rejected:
        raise _refused(session_id, rejected.reason) from None
    return record.disposition if record else None


def _refused(session_id: str, reason: str) -> Failure:
    said = with_session_id(mask_text(reason), session_id) or "it gave no reason"
    return Failure(Exit.NO_ANSWER, f"the gateway refused to tell of session {session_id}: {said}")


def _is_in_session(invocation: Invocation, account: str, session_id: str, phone: str) -> bool | None:
    """Whether the session was to call the phone, None where that is not known here: the gateway answers both alike."""
    try:
        submission = ours(invocation.redis, account, [session_id]).get(session_id)
    except RedisUnreachable:
        return None
    phones = submissions.phones(invocation.redis, submission.id) if submission else []
    return phone in phones if phones else None


def _ask_by_worker(invocation: Invocation, account: str, session_id: str, phone: str) -> Disposition | None:
    question_id = invocation.producer.ask_call_status(session_id, phone, account=account)
    gives_up_at = time.monotonic() + PATIENCE_S
    while time.monotonic() < gives_up_at:
        question = questions.read(invocation.redis, question_id)
        if question and question.refusal:
            raise _refused(session_id, question.refusal)
        if question and question.answered_at:
            return question.record
        time.sleep(0.1)
    raise Failure(Exit.NO_ANSWER, "no worker has had an answer yet", todo="Is one running? Then ask again.")


def _sentence(session_id: str, phone: str, record: Disposition | None, *, is_in_session: bool | None) -> str:
    masked = mask_phone(phone)
    if is_in_session is False:
        return f"{masked}: no record, and there will be none. Session {session_id} does not call this phone."
    if record is None and is_in_session is None:
        return f"{masked}: no record. Session {session_id} has not called this phone yet, or is not to call it at all."
    if record is None or record.state is DropState.PENDING:
        return f"{masked}: no record yet."
    reason = mask_text(": ".join(filter(None, (record.status, record.reason))))
    said = f"{masked}: {record.state} ({reason})"
    if record.delivered_at:
        said += f", {both_times(record.delivered_at)}"
    return clean(said + (f", {mask_text(record.carrier)}" if record.carrier else ""))


def _document(session_id: str, phone: str, record: Disposition | None, *, is_in_session: bool | None) -> dict[str, Any]:
    found = record or Disposition(phone=phone, state=DropState.PENDING)
    return {
        "session_id": session_id,
        "phone": mask_phone(phone),
        "has_record": record is not None,
        "is_in_session": True if record else is_in_session,
        "state": found.state,
        "status": found.status or None,
        "reason": mask_text(found.reason) or None,
        "delivered_at": iso(found.delivered_at),
        "delivered_text": found.delivered_text or None,
        "carrier": mask_text(found.carrier) or None,
    }
