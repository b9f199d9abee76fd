"""Asking the gateway about a session before a person's word makes it a submission's: does it know it, whom did it call?

Law of the room: why nobody could be asked is said with its own cause, and overridden by `--force` alone; a session that
the gateway does not know is never adopted, for nobody would look for the true one any more.
"""

from functools import partial

from config.settings import InvalidSettings
from jobs import eastern
from jobs.campaigns.days import days_of
from jobs.cli.asking import ask
from jobs.cli.failures import NOTHING_CHANGED, Failure, failure_of
from jobs.cli.invocation import Invocation
from jobs.gateway.client import GatewayClient
from jobs.gateway.errors import GatewayError, RefusalKind, Rejected
from jobs.models import SubmissionState
from jobs.outcomes.cases import Case
from jobs.outcomes.decide import Inadvisable, is_session_id


def phones_called(invocation: Invocation, case: Case, session_id: str, *, force: bool) -> set[str] | None:
    """The phones of the session's call records; None where there is nothing to ask, and, with `force`, where nobody
    could be asked.

    Raises `Failure` where nobody could, and `Inadvisable` for a session that the gateway does not seem to know.
    """
    if case.submission.state is not SubmissionState.UNKNOWN or not is_session_id(session_id):
        return None  # the decision is refused anyway, and says why
    try:
        called = _ask_for_phones(invocation, case, session_id)
        if not called and not _is_listed(invocation, case, session_id):
            _check_may_be_one(case, session_id, is_known=called is not None, force=force)
    except (Failure, InvalidSettings, GatewayError) as trouble:
        if force:
            return None
        raise _not_asked(trouble, session_id) from None
    return called or set()


def _ask_for_phones(invocation: Invocation, case: Case, session_id: str) -> set[str] | None:
    """None where the gateway says that it knows no such session."""
    question = partial(GatewayClient.campaign_result, session_id=session_id, near=invocation.clock())
    try:
        records = ask(invocation, case.campaign.terms.account, question)
    except Rejected as refused:
        if refused.kind is RefusalKind.NOT_FOUND:
            return None
        raise
    return {each.disposition.phone for each in records}


def _is_listed(invocation: Invocation, case: Case, session_id: str) -> bool:
    """Whether a look has seen it in the gateway's listings, or it stands there now."""
    if any(session_id in each.session_ids for each in case.evidence):
        return True
    account, now = case.campaign.terms.account, invocation.clock()
    days = {day for each in case.attempts for day in days_of(case.campaign, sent_at=each.sent_at, until=now)}
    questions = [partial(GatewayClient.campaign_by_date, day=day) for day in sorted(days)]
    return any(session_id in {each.session_id for each in ask(invocation, account, question)} for question in questions)


def _check_may_be_one(case: Case, session_id: str, *, is_known: bool, force: bool) -> None:
    """Raises `Inadvisable` for a slip of the finger: no records, and in no listing."""
    account, day = case.campaign.terms.account, eastern.eastern_date(case.sent_at)
    look = f"is it mistyped? `unknowns {case.submission.id}` and `sessions {day}` show those that there are"
    if not is_known:
        raise Inadvisable(f"the gateway knows no session {session_id} of account {account}: {look}")
    if not force:
        nothing = f"the gateway does not list a session {session_id} of account {account}, and has no call of it"
        raise Inadvisable(f"{nothing}: {look}. If you are certain all the same, add --force")


def _not_asked(trouble: Failure | InvalidSettings | GatewayError, session_id: str) -> Failure:
    known = failure_of(trouble)
    if known is None:
        raise trouble
    certain = "If you are certain that it calls these phones and no others, --force adopts it unasked."
    if isinstance(trouble, InvalidSettings):
        what = f"the settings of this machine do not let it ask the gateway which phones session {session_id} calls"
        todo = f"Set them as the workers have them. {certain}"
        return Failure(known.exit_code, what, problems=known.problems, kept=NOTHING_CHANGED, todo=todo)
    what = f"the gateway did not say which phones session {session_id} calls: {known.what}"
    todo = f"{'Mend that' if isinstance(trouble, Rejected) else 'Wait a minute'}, and run this again. {certain}"
    return Failure(known.exit_code, what, kept=NOTHING_CHANGED, todo=todo)
