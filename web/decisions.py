"""A person's decision about an unknown submission, as it comes in by HTTP: the gateway is asked where that is wise."""

from functools import partial

from config.accounts import UnknownAccount
from config.settings import InvalidSettings
from jobs.campaigns import calling
from jobs.campaigns.calling import NotNow
from jobs.gateway.errors import GatewayError
from jobs.ledger.limits import Lane
from jobs.outcomes import adopting
from jobs.outcomes.cases import Case
from jobs.outcomes.decide import Decided, Decision
from web.site import Site

CALLER = "decisions"
"""Who takes turns with an account's campaigns: all people who decide, together."""


class NotAsked(Exception):
    """The gateway could not be asked about the session (why), and nobody said to go without. Nothing was changed."""


def decide(site: Site, case: Case, decision: Decision, session_id: str, *, by: str, why: str, force: bool) -> Decided:
    """Carry it out. Raises `NotAsked`, and what the producer's decisions raise; `session_id` goes with adopt alone."""
    submission_id, producer = case.submission.id, site.producer
    match decision:
        case Decision.ADOPT:
            called = _phones_called(site, case, session_id, force=force)
            return producer.adopt(submission_id, session_id, by=by, why=why, called=called, force=force)
        case Decision.RESEND:
            return producer.resend(submission_id, by=by, why=why, force=force)
        case Decision.GIVE_UP:
            return producer.give_up(submission_id, by=by, why=why, force=force)


def _phones_called(site: Site, case: Case, session_id: str, *, force: bool) -> set[str] | None:
    """The phones of the session's call records; None where, with `force`, nobody could be asked."""
    ask = partial(calling.once_for_account, site.desk, case.campaign.terms.account, CALLER, lane=Lane.READS)
    try:
        return adopting.phones_called(ask, case, session_id, now=site.now, force=force)
    except (NotNow, GatewayError, UnknownAccount, InvalidSettings) as trouble:
        if force:
            return None
        raise NotAsked(f"which phones session {session_id} calls: {_cause(trouble)}") from None


def _cause(trouble: Exception) -> str:
    """Why the gateway could not be asked, in a few words."""
    if isinstance(trouble, NotNow):
        return f"others use all the calls of this account now; the next turn is at {trouble.at:%H:%M:%S} UTC"
    if isinstance(trouble, InvalidSettings):
        return "the web process has no credentials of the gateway; an operator gives it those of the workers"
    return str(trouble)
