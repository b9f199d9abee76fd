"""Submissions in doubt, and a person's decision about one."""

from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict, Field
from pydantic.config import JsonDict

from jobs.documents.unknowns import CaseDocument, DecidedDocument, case_document, decided_document
from jobs.models import InvalidCampaign, Problem
from jobs.outcomes.cases import read_case, read_cases
from jobs.outcomes.decide import Decision, Inadvisable
from web import decisions
from web.decisions import NotAsked
from web.intake.edge import Edge
from web.intake.shapes import WITH_BODY, Controller, Reader, SubmissionId, Why, problems
from web.problems import Kind, Refusal, refusal_of
from web.site import OurSite

router = APIRouter(route_class=Edge, prefix="/unknowns", tags=["unknowns"])


EXAMPLE: JsonDict = {"decision": "give-up", "why": "too late for it", "force": True}


class Stated(BaseModel):
    """What somebody decides, and why."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True, json_schema_extra={"examples": [EXAMPLE]})

    decision: Decision
    why: Why
    session_id: Annotated[str, Field(pattern=r"^[0-9]{6,20}$", examples=["4294967301"])] | None = None
    """With adopt: the gateway's session that it is."""
    force: bool = False
    """You know better than the evidence, and `why` says how."""


@router.get("", summary="Submissions in doubt", responses=problems())
def every(
    site: OurSite,
    _: Reader,
    campaign_id: Annotated[str | None, Query(max_length=64, description="Only of this campaign.")] = None,
) -> dict[str, list[CaseDocument]]:
    """Submissions of which nobody knows whether the gateway took them, with all that is known."""
    return {"unknowns": [case_document(each, site.now) for each in read_cases(site.redis, campaign_id)]}


@router.get("/{submission_id}", summary="All that is known of one", responses=problems(Kind.UNKNOWN_SUBMISSION))
def one(site: OurSite, _: Reader, submission_id: SubmissionId) -> CaseDocument:
    """Everything that was ever found out and decided about one, in doubt or not."""
    return case_document(read_case(site.redis, submission_id), site.now)


@router.post(
    "/{submission_id}/decision",
    summary="Decide what one is",
    responses=problems(*WITH_BODY, Kind.UNKNOWN_SUBMISSION, Kind.INADVISABLE, Kind.GATEWAY_SILENT),
)
def decide(site: OurSite, visitor: Controller, submission_id: SubmissionId, stated: Stated) -> DecidedDocument:
    """Decide what an unknown submission is. Who, when and why are kept; deciding the same twice changes nothing."""
    if (stated.session_id is not None) is not (stated.decision is Decision.ADOPT):
        raise InvalidCampaign((Problem("session_id", "goes with adopt, which needs it, and with nothing else"),))
    case, session_id = read_case(site.redis, submission_id), stated.session_id or ""
    try:
        decided = decisions.decide(
            site, case, stated.decision, session_id, by=visitor.name, why=stated.why, force=stated.force
        )
    except NotAsked as not_asked:
        raise Refusal(Kind.GATEWAY_SILENT, str(not_asked), session_id=session_id) from None
    except Inadvisable as against:
        refusal = refusal_of(against)
        raise Refusal(refusal.kind, refusal.detail, session_id=session_id) from None
    return decided_document(decided, site.now)
