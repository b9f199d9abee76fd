"""One campaign: how far it is, how its drops ended, and telling it something else."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any
from urllib.parse import quote

from fastapi import APIRouter, Form
from redis import Redis
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from jobs.campaigns.control import VERBS, CampaignIsOver, UnknownCampaign, known
from jobs.campaigns.verbs import WANTED_RUN
from jobs.documents.campaigns import audio, whereabouts
from jobs.ledger import campaigns, dispositions, submissions
from jobs.ledger.campaigns import Request as Told
from jobs.models import ENDING_INTENTS, CampaignStatus, CampaignView, Intent, Run, Submission, SubmissionState
from web.pages import facts, shapes
from web.pages.drawing import draw, part
from web.pages.refusals import Refused, check_reason
from web.pages.route import Operator, PageRoute, Reader
from web.pages.shapes import Columns
from web.pages.words import sentence
from web.site import OurSite, Site

HOLDS = {
    "pause": "Nothing new starts from this moment",
    "resume": "From this moment it may go on",
    "stop": "Nothing new starts from this moment, and it never runs again",
    "cancel": "Nothing new starts from this moment, and it never runs again",
}
NO_RECORDS_YET = "Nothing new starts and every session is confirmed as ended; their last records are not in."
IN_FLIGHT = (SubmissionState.CLAIMED, SubmissionState.SENDING, SubmissionState.UNKNOWN)
"""What the gateway may have, and can be told nothing of yet."""

A_PAGE = 100
MOST_REASONS = 12

router = APIRouter(route_class=PageRoute, include_in_schema=False)


@dataclass(frozen=True, slots=True)
class Seen:
    """All that is shown of a campaign."""

    campaign: CampaignView
    where: dict[str, int]
    outcomes: Sequence[tuple[str, int]]
    """The gateway's own words for how drops ended, most frequent first, and how many."""
    columns: Columns | None
    excluded: Sequence[tuple[str, int]]
    requests: Sequence[Told]
    submissions: Sequence[Submission]
    number: int
    """Of the page of submissions."""
    is_left_alone: bool
    """Whether no worker is there that would go on with it."""

    @property
    def end(self) -> Told | None:
        """Who asked for its end, which is never taken back; None as long as nobody has."""
        asked = self.requests[-1:] if self.campaign.intent in ENDING_INTENTS else ()
        return next((each for each in asked if each.intent is self.campaign.intent), None)

    @property
    def meaning(self) -> str:
        """What its status means; of one that stops, no more than is still missing."""
        status = self.campaign.status
        return NO_RECORDS_YET if status is CampaignStatus.STOPPING and is_in_step(self.campaign) else status.sentence

    @property
    def last(self) -> int:
        """The number of the last page of submissions."""
        return max(1, -(-self.campaign.submission_count // A_PAGE))


@router.get("/campaigns/{campaign_id}")
def campaign(
    request: Request, site: OurSite, visitor: Reader, campaign_id: str, page: str = "1", told: str = ""
) -> Response:
    """The page of one."""
    number = int(page) if page.isdecimal() and len(page) < 6 else 1
    seen = look(site, campaign_id, number)
    live = f"/live?campaign_id={quote(campaign_id)}&page={number}&told={quote(told)}"
    values: dict[str, Any] = {"seen": seen, "audio": audio(seen.campaign.terms), "verbs": verbs(seen.campaign)}
    values |= {"came_of_it": came_of(told, seen), "live": "" if seen.campaign.status.is_final else live}
    return draw(request, visitor, "campaign.html", **values)


@router.post("/campaigns/{campaign_id}")
def tell(
    site: OurSite,
    visitor: Operator,
    campaign_id: str,
    verb: Annotated[str, Form()] = "",
    why: Annotated[str, Form()] = "",
) -> Response:
    """Pause, resume, stop or cancel it; when the answer comes, that holds."""
    if verb not in VERBS:
        raise Refused(422, "That cannot be told to a campaign.", "Nothing was changed.")
    check_reason(why)
    try:
        site.producer.control(campaign_id, verb, why=why.strip(), by=visitor.name)
    except UnknownCampaign:
        raise _no_such() from None
    except CampaignIsOver as over:
        raise Refused(409, sentence(str(over))) from None
    return RedirectResponse(f"/campaigns/{quote(campaign_id)}?told={verb}", 303)


def look(site: Site, campaign_id: str, number: int = 1) -> Seen:
    """All of it but single drops."""
    redis = site.redis
    try:
        found = known(redis, campaign_id)
    except UnknownCampaign:
        raise _no_such() from None
    ids = campaigns.submission_ids(redis, campaign_id)
    return Seen(
        campaign=found,
        where=whereabouts(found),
        outcomes=_outcomes(redis, campaign_id),
        columns=shapes.columns(dispositions.timeline(redis, campaign_id)),
        excluded=campaigns.excluded_by_reason(redis, campaign_id).most_common(),
        requests=campaigns.requests(redis, campaign_id),
        submissions=submissions.read(redis, ids[(number - 1) * A_PAGE : number * A_PAGE]),
        number=number,
        is_left_alone=not found.status.is_final and not facts.is_anybody_at_work(redis, site.now),
    )


def parts(site: Site, campaign_id: str, number: int, told: str = "") -> dict[str, str]:
    """What of the page changes by itself, by its place; what came of a verb for those alone who have just said it."""
    seen = look(site, campaign_id, number)
    names = ("status", "progress", "outcomes", "overtime", "requests", "submissions", *(["told"] if told else []))
    return {name: part(f"parts/{name}.html", seen=seen, came_of_it=came_of(told, seen)) for name in names}


def came_of(told: str, seen: Seen) -> str:
    """What has become of a verb up to now; '' where nobody has said it, and where something else is wanted since."""
    found, newest = seen.campaign, seen.requests[-1].intent if seen.requests else None
    if told not in VERBS or not VERBS[told] is newest is found.intent:
        return ""
    if not is_in_step(found):
        return f"{HOLDS[told]}; the gateway is being told."
    is_there = found.submissions.get(SubmissionState.ACCEPTED)
    return f"{HOLDS[told]}{'; the gateway has confirmed it' if is_there else ''}."


def is_in_step(found: CampaignView) -> bool:
    """Whether the gateway has confirmed what is wanted, of every session that it has or may have."""
    count, wanted = found.submissions.get, found.runs.get(WANTED_RUN[found.intent], 0) + found.runs.get(Run.ENDED, 0)
    going = 0 if found.intent is Intent.RUN else sum(count(each, 0) for each in IN_FLIGHT)
    return not going and wanted >= count(SubmissionState.ACCEPTED, 0)


def verbs(found: CampaignView) -> Sequence[str]:
    """What may be told to it now."""
    if found.status.is_final or found.intent in ENDING_INTENTS:
        return ()
    goes_on = "resume" if found.intent == "pause" else "pause"
    return (goes_on, "stop", "cancel")


def _outcomes(redis: Redis, campaign_id: str) -> list[tuple[str, int]]:
    tally = dispositions.tally(redis, campaign_id)
    found = [(": ".join(filter(None, each)) or "(nothing)", count) for each, count in tally.items()]
    others = sum(count for _, count in found[MOST_REASONS:])
    return found[:MOST_REASONS] + ([(f"{len(found) - MOST_REASONS} other reasons", others)] if others else [])


def _no_such() -> Refused:
    return Refused(404, "There is no such campaign here.", "Look for it by its title, its key or its id.")
