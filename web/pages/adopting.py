"""Before a session is adopted by the page: what the gateway has of it, asked in turn with the workers."""

from collections.abc import Callable
from functools import partial
from typing import TypeVar

from config.accounts import UnknownAccount
from config.settings import InvalidSettings
from jobs.campaigns import calling
from jobs.campaigns.days import days_of
from jobs.gateway.client import GatewayClient
from jobs.gateway.errors import GatewayError, RefusalKind, Rejected
from jobs.models import SubmissionState
from jobs.outcomes.cases import Case
from jobs.outcomes.decide import Inadvisable, is_session_id
from web.site import Site

CALLER = "page"
"""Who takes turns with an account's campaigns: all people on the page together."""

Answer = TypeVar("Answer")


def phones_called(site: Site, case: Case, session_id: str, *, force: bool) -> set[str] | None:
    """The phones of the session's call records; None where there is nothing to ask, and, with `force`, where nobody
    could be asked. Raises `Inadvisable` where nobody could, and for a session that the gateway does not seem to know.
    """
    if case.submission.state is not SubmissionState.UNKNOWN or not is_session_id(session_id):
        return None  # the decision is refused anyway, and says why
    try:
        called = _records(site, case, session_id)
        is_known = called or force or _is_listed(site, case, session_id)
    except (calling.NotNow, GatewayError, InvalidSettings, UnknownAccount):
        if force:
            return None
        raise Inadvisable(
            "the gateway could not be asked about this session just now: try again in a moment, or, if you are certain "
            "that it is this submission, add --force"
        ) from None
    if not is_known:
        raise Inadvisable(
            f"the gateway does not seem to know session {session_id}: it has no call record and stands in no listing; "
            "is it mistyped? If you are certain all the same, add --force"
        )
    return called


def _records(site: Site, case: Case, session_id: str) -> set[str]:
    """Nothing where the gateway says that it knows no such session."""
    question = partial(GatewayClient.campaign_result, session_id=session_id, near=site.now)
    try:
        return {each.disposition.phone for each in _ask(site, case, question)}
    except Rejected as refused:
        if refused.kind is RefusalKind.NOT_FOUND:
            return set()
        raise


def _is_listed(site: Site, case: Case, session_id: str) -> bool:
    """Whether a look has seen it in the gateway's listings, or it stands there now."""
    if any(session_id in each.session_ids for each in case.evidence):
        return True
    days = {day for each in case.attempts for day in days_of(case.campaign, sent_at=each.sent_at, until=site.now)}
    questions = [partial(GatewayClient.campaign_by_date, day=day) for day in sorted(days)]
    return any(session_id in {each.session_id for each in _ask(site, case, question)} for question in questions)


def _ask(site: Site, case: Case, question: Callable[[GatewayClient], Answer]) -> Answer:
    return calling.once_for_account(site.desk, case.campaign.terms.account, CALLER, question)
