"""Campaigns: handed in, listed, and one by one."""

from collections.abc import Callable
from functools import partial
from typing import Annotated, Any

from anyio import CapacityLimiter, to_thread
from fastapi import APIRouter, FastAPI, Header, Query
from pydantic import AwareDatetime
from starlette.datastructures import UploadFile
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from typing_extensions import TypedDict

from jobs.campaigns import take
from jobs.campaigns.catalogue import page
from jobs.campaigns.do_not_dial import screen_plan
from jobs.campaigns.take import Taken
from jobs.documents.campaigns import ShownDocument, SummaryDocument, document, read_dossier, read_shown, summary
from jobs.documents.handles import HandleDocument
from jobs.documents.plans import plan_document, reading_document, taken_document
from jobs.ledger.catalogue import parse_place
from jobs.models import CampaignStatus, CampaignView, InvalidCampaign
from web.intake.accounts import account_problems
from web.intake.edge import Edge, media_type_of
from web.intake.examples import FORM_BODY, JSON_BODY
from web.intake.shapes import WITH_BODY, CampaignId, OfAccount, Reader, Sender, problems
from web.intake.uploads import CONTACTS, Form, HandedIn, from_form, from_json
from web.problems import Kind, Refusal
from web.site import OurSite, Site

router = APIRouter(route_class=Edge, prefix="/campaigns", tags=["campaigns"])

PLANNED_AT_ONCE = 2
"""Campaigns; the others wait. A million rows take half a gigabyte while they are planned, and a core."""

MOST_FIELDS = 50
"""Of a form; a campaign has 14."""

Work = Callable[[], HandedIn]


class TakenDocument(HandleDocument):
    """The handle, and where to look: the campaign itself, and every row that was left out."""

    url: str | None
    excluded_url: str | None


class PageDocument(TypedDict):
    """Some campaigns, newest first; with `next` as `cursor` come those after them."""

    campaigns: list[SummaryDocument]
    next: str | None


Key = Annotated[
    str | None,
    Header(alias="Idempotency-Key", description="Stands for the campaign: the same key never sends twice."),
]


def add_to(app: FastAPI) -> None:
    """What handing in keeps in mind, for as long as the process lives."""
    app.state.planners = CapacityLimiter(PLANNED_AT_ONCE)


@router.post(
    "",
    summary="Hand a campaign in",
    status_code=202,
    openapi_extra={"requestBody": {"required": True, "content": {**JSON_BODY, **FORM_BODY}}},
    responses={
        202: {"model": TakenDocument, "description": "It is in, now or before"},
        200: {"model": TakenDocument, "description": "The plan of a dry run; nothing was stored"},
        **problems(*WITH_BODY, Kind.KEY_MISSING, Kind.KEY_CONFLICT),
    },
)
async def hand_in(
    request: Request,
    site: OurSite,
    _: Sender,
    key: Key = None,
    dry_run: Annotated[bool, Query(description="Answer the plan; store nothing, send nothing, need no key.")] = False,
) -> Response:
    """Hand a campaign in. The same key and payload give the same answer again, however often and whenever it is sent:
    only `is_new` and how far the campaign is tell the difference.
    """
    key = _checked(key, is_needed=not dry_run)
    async with _Body(request) as work:
        do = partial(_plan_only, site, work) if dry_run else partial(_take, site, work, key)
        found = await to_thread.run_sync(do, limiter=request.app.state.planners)
    headers = {"Location": found["url"]} if found["url"] else None
    return JSONResponse(found, 200 if dry_run else 202, headers)


@router.get("", summary="Campaigns, newest first", responses=problems())
def every(
    site: OurSite,
    _: Reader,
    status: Annotated[CampaignStatus | None, Query(description="Only of this status.")] = None,
    account: Annotated[OfAccount | None, Query(description="Only of this gateway account.")] = None,
    since: Annotated[AwareDatetime | None, Query(description="Taken then or later; an instant with its zone.")] = None,
    limit: Annotated[int, Query(ge=1, le=200, description="Campaigns of a page; 1 to 200.")] = 50,
    cursor: Annotated[str | None, Query(pattern=r"^[0-9]{1,15}-[a-z]{1,32}$", description="`next` of a page.")] = None,
) -> PageDocument:
    """Campaigns, newest first. With a filter a page may hold few, even none, while `next` says that there are more."""

    def is_wanted(campaign: CampaignView) -> bool:
        return status in {None, campaign.status} and account in {None, campaign.terms.account}

    after = parse_place(cursor) if cursor else None
    found = page(site.redis, after=after, since=since, most=limit, wanted=is_wanted)
    return {"campaigns": list(map(summary, found.campaigns)), "next": str(found.next_place or "") or None}


@router.get("/{campaign_id}", summary="One campaign", responses=problems(Kind.UNKNOWN_CAMPAIGN))
def one(site: OurSite, _: Reader, campaign_id: CampaignId) -> ShownDocument:
    """One campaign: its status, its terms, where every phone of it is, and every submission."""
    return read_shown(site.redis, campaign_id)


class _Body:
    """A body that has come in whole, and what is to be done to read it; its file goes when it is left."""

    def __init__(self, request: Request) -> None:
        self._request = request
        self._form: Any = None

    async def __aenter__(self) -> Work:
        match media_type_of(self._request):
            case "application/json":
                return partial(from_json, await self._request.body())
            case "multipart/form-data":
                self._form = await self._request.form(max_files=1, max_fields=MOST_FIELDS)
                return partial(from_form, _form_of(self._form.multi_items()))
            case _:
                raise Refusal(Kind.MEDIA)

    async def __aexit__(self, *_: object) -> None:
        if self._form:
            await self._form.close()


def _form_of(items: list[tuple[str, UploadFile | str]]) -> Form:
    fields = {name: value for name, value in items if isinstance(value, str)}
    files = [value.file for name, value in items if isinstance(value, UploadFile) and name == CONTACTS]
    return Form(fields, next(iter(files), None))


def _checked(key: str | None, *, is_needed: bool) -> str:
    """The key; a structured header would put it in quotation marks, which are no part of it."""
    plain = (key or "").strip().strip('"')
    if is_needed and not plain:
        raise Refusal(Kind.KEY_MISSING)
    return plain


def _take(site: Site, work: Work, key: str) -> TakenDocument:
    handed_in = _judged(site, work(), key)
    try:
        taken = site.producer.submit(handed_in.terms, handed_in.plan, key=key)
    except InvalidCampaign as invalid:
        raise handed_in.refusal(invalid.problems) from None
    return _taken(site, handed_in, key, taken)


def _judged(site: Site, handed_in: HandedIn, key: str = "") -> HandedIn:
    """What came in, if nothing is wrong with it by itself. If there is, what else the ledger would refuse is said with
    it, so that all is mended in one round; raises `Refusal`.
    """
    problems = (*account_problems(site, handed_in.terms.account), *(take.key_problems(key) if key else ()))
    if handed_in.flaws or problems:
        raise handed_in.refusal((*problems, *take.problems_at(handed_in.terms, handed_in.plan, site.now)))
    return handed_in


def _taken(site: Site, handed_in: HandedIn, key: str, taken: Taken) -> TakenDocument:
    """All counts are those of the ledger, so that whoever asks again is told the same."""
    dossier = read_dossier(site.redis, taken.campaign_id)
    url = f"/v1/campaigns/{taken.campaign_id}"
    return {
        "campaign_id": taken.campaign_id,
        "key": key,
        "is_new": taken.is_new,
        "contacts": reading_document(handed_in.contacts) if handed_in.contacts else None,
        "plan": taken_document(site.redis, dossier.campaign),
        "audio_check": None,
        "campaign": document(dossier),
        "url": url,
        "excluded_url": f"{url}/excluded",
    }


def _plan_only(site: Site, work: Work) -> TakenDocument:
    handed_in = _judged(site, work())
    left, _ = screen_plan(site.redis, handed_in.terms.account, handed_in.plan)
    if problems := take.problems_at(handed_in.terms, left, site.now):
        raise handed_in.refusal(problems)
    return {
        "campaign_id": None,
        "key": None,
        "is_new": None,
        "contacts": reading_document(handed_in.contacts) if handed_in.contacts else None,
        "plan": plan_document(left),
        "audio_check": None,
        "campaign": None,
        "url": None,
        "excluded_url": None,
    }
