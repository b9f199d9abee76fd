"""Telling a campaign something."""

from enum import StrEnum
from typing import Annotated

from fastapi import APIRouter, Path
from pydantic import BaseModel, ConfigDict
from pydantic.config import JsonDict

from jobs.documents.campaigns import ShownDocument, read_shown
from web.intake.edge import Edge
from web.intake.shapes import WITH_BODY, CampaignId, Controller, Why, problems
from web.problems import Kind
from web.site import OurSite

router = APIRouter(route_class=Edge, tags=["campaigns"])


class ControlVerb(StrEnum):
    """What a campaign can be told."""

    PAUSE = "pause"
    RESUME = "resume"
    STOP = "stop"
    CANCEL = "cancel"


EXAMPLE: JsonDict = {"why": "the wrong recording"}


class Reason(BaseModel):
    """Why somebody wants it."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True, json_schema_extra={"examples": [EXAMPLE]})

    why: Why


@router.post(
    "/campaigns/{campaign_id}/{verb}",
    summary="Pause, resume, stop or cancel a campaign",
    status_code=202,
    responses=problems(*WITH_BODY, Kind.UNKNOWN_CAMPAIGN, Kind.OVER),
)
def control(
    site: OurSite,
    visitor: Controller,
    campaign_id: CampaignId,
    verb: Annotated[ControlVerb, Path(description="What to tell it.")],
    reason: Reason,
) -> ShownDocument:
    """Hold a campaign, let it go on, or end it for good. When this is answered it holds: nothing new starts, and the
    gateway is being told of what it has. Saying it twice changes nothing.
    """
    site.producer.control(campaign_id, verb, why=reason.why, by=visitor.name)
    return read_shown(site.redis, campaign_id)
