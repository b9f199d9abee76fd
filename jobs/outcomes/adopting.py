"""Asking the gateway about a session before a person's word makes it a submission's: does it know it, whom did it call?

Law of the room: a session that the gateway does not know is never adopted, for nobody would look for the true one any
more.
"""

from collections.abc import Callable
from datetime import datetime
from functools import partial
from typing import Protocol, TypeVar

from jobs import eastern
from jobs.campaigns.days import days_of
from jobs.gateway.client import GatewayClient
from jobs.gateway.errors import RefusalKind, Rejected
from jobs.models import SubmissionState
from jobs.outcomes.cases import Case
from jobs.outcomes.decide import Inadvisable, is_session_id

Answer = TypeVar("Answer")


class Ask(Protocol):
    """Has the gateway answer one question for the submission's account; raises what keeps it from that."""

    def __call__(self, question: Callable[[GatewayClient], Answer], /) -> Answer:
        """The answer."""


def phones_called(ask: Ask, case: Case, session_id: str, *, now: datetime, force: bool) -> set[str] | None:
    """The phones of the session's call records; None where there is nothing to ask.

    Raises `Inadvisable` for a session that the gateway does not seem to know, and what asking raises.
    """
    if case.submission.state is not SubmissionState.UNKNOWN or not is_session_id(session_id):
        return None  # the decision is refused anyway, and says why
    called = _ask_for_phones(ask, session_id, now)
    if not called and not _is_listed(ask, case, session_id, now):
        _check_may_be_one(case, session_id, is_known=called is not None, force=force)
    return called or set()


def _ask_for_phones(ask: Ask, session_id: str, now: datetime) -> set[str] | None:
    """None where the gateway says that it knows no such session."""
    try:
        records = ask(partial(GatewayClient.campaign_result, session_id=session_id, near=now))
    except Rejected as refused:
        if refused.kind is RefusalKind.NOT_FOUND:
            return None
        raise
    return {each.disposition.phone for each in records}


def _is_listed(ask: Ask, case: Case, session_id: str, now: datetime) -> bool:
    """Whether a look has seen it in the gateway's listings, or it stands there now."""
    if any(session_id in each.session_ids for each in case.evidence):
        return True
    days = {day for each in case.attempts for day in days_of(case.campaign, sent_at=each.sent_at, until=now)}
    questions = [partial(GatewayClient.campaign_by_date, day=day) for day in sorted(days)]
    return any(session_id in {each.session_id for each in ask(question)} for question in questions)


def _check_may_be_one(case: Case, session_id: str, *, is_known: bool, force: bool) -> None:
    """Raises `Inadvisable` for a slip of the finger: no records, and in no listing."""
    account, day = case.campaign.terms.account, eastern.eastern_date(case.sent_at)
    look = f"is it mistyped? `unknowns {case.submission.id}` and `sessions {day}` show those that there are"
    if not is_known:
        raise Inadvisable(f"the gateway knows no session {session_id} of account {account}: {look}")
    if not force:
        nothing = f"the gateway does not list a session {session_id} of account {account}, and has no call of it"
        raise Inadvisable(f"{nothing}: {look}. If you are certain all the same, add --force")
