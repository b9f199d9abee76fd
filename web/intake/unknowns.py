"""Submissions in doubt, and a person's decision about one."""

from functools import partial
from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict, Field

from config.accounts import UnknownAccount
from config.settings import InvalidSettings
from jobs.campaigns import calling
from jobs.campaigns.calling import NotNow
from jobs.documents.unknowns import CaseDocument, DecidedDocument, case_document, decided_document
from jobs.gateway.errors import GatewayError
from jobs.ledger.limits import Lane
from jobs.models import InvalidCampaign, Problem
from jobs.outcomes import adopting
from jobs.outcomes.cases import Case, read_case, read_cases
from jobs.outcomes.decide import Decided, Decision
from web.intake.edge import Edge
from web.intake.shapes import WITH_BODY, Controller, Reader, SubmissionId, Why, problems
from web.problems import Kind, Refusal
from web.site import OurSite, Site

router = APIRouter(route_class=Edge, prefix="/unknowns", tags=["unknowns"])

CALLER = "decisions"
"""Who takes turns with an account's campaigns."""


class Stated(BaseModel):
    """What somebody decides, and why."""

    model_config = ConfigDict(extra="forbid")

    decision: Decision
    why: Why
    session_id: Annotated[str, Field(pattern=r"^[0-9]{6,20}$", examples=["4294967301"])] | None = None
    """With adopt: the gateway's session that it is."""
    force: bool = False
    """You know better than the evidence, and `why` says how."""


@router.get("", responses=problems(Kind.INVALID))
def every(
    site: OurSite,
    _: Reader,
    campaign_id: Annotated[str | None, Query(max_length=64, description="Only of this campaign.")] = None,
) -> dict[str, list[CaseDocument]]:
    """Submissions of which nobody knows whether the gateway took them, with all that is known."""
    return {"unknowns": [case_document(each, site.now) for each in read_cases(site.redis, campaign_id)]}


@router.get("/{submission_id}", responses=problems(Kind.UNKNOWN_SUBMISSION, Kind.INVALID))
def one(site: OurSite, _: Reader, submission_id: SubmissionId) -> CaseDocument:
    """Everything that was ever found out and decided about one, in doubt or not."""
    return case_document(read_case(site.redis, submission_id), site.now)


@router.post(
    "/{submission_id}/decision",
    responses=problems(*WITH_BODY, Kind.UNKNOWN_SUBMISSION, Kind.INADVISABLE, Kind.GATEWAY_SILENT),
)
def decide(site: OurSite, visitor: Controller, submission_id: SubmissionId, stated: Stated) -> DecidedDocument:
    """Decide what an unknown submission is. Who, when and why are kept; deciding the same twice changes nothing."""
    if (stated.session_id is not None) is not (stated.decision is Decision.ADOPT):
        raise InvalidCampaign((Problem("session_id", "goes with adopt, which needs it, and with nothing else"),))
    return decided_document(_decided(site, submission_id, stated, by=visitor.name), site.now)


def _decided(site: Site, submission_id: str, stated: Stated, *, by: str) -> Decided:
    producer, why, force = site.producer, stated.why, stated.force
    match stated.decision:
        case Decision.ADOPT:
            session_id = stated.session_id or ""
            called = _phones_called(site, read_case(site.redis, submission_id), session_id, force=force)
            return producer.adopt(submission_id, session_id, by=by, why=why, called=called, force=force)
        case Decision.RESEND:
            return producer.resend(submission_id, by=by, why=why, force=force)
        case Decision.GIVE_UP:
            return producer.give_up(submission_id, by=by, why=why, force=force)


def _phones_called(site: Site, case: Case, session_id: str, *, force: bool) -> set[str] | None:
    """The phones of the session's call records; None where, with `force`, nobody could be asked. Raises `Refusal`
    without, and `Inadvisable` for a session that the gateway does not seem to know.
    """
    ask = partial(calling.once_for_account, site.desk, case.campaign.terms.account, CALLER, lane=Lane.READS)
    try:
        return adopting.phones_called(ask, case, session_id, now=site.now, force=force)
    except (NotNow, GatewayError, UnknownAccount, InvalidSettings) as trouble:
        if force:
            return None
        raise Refusal(Kind.GATEWAY_SILENT, f"which phones session {session_id} calls: {_cause(trouble)}") from None


def _cause(trouble: Exception) -> str:
    """Why the gateway could not be asked, in a few words."""
    if isinstance(trouble, NotNow):
        return f"others use all the calls of this account now; the next turn is at {trouble.at:%H:%M:%S} UTC"
    if isinstance(trouble, InvalidSettings):
        return "the settings of `python -m web` have no credentials of the gateway; give it those of the workers"
    return str(trouble)
