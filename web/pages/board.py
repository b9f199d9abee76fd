"""The first page: every campaign, and beside them whatever holds them up."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import APIRouter, Query
from starlette.requests import Request
from starlette.responses import Response

from jobs.ledger import campaigns
from jobs.models import CampaignStatus, CampaignView
from web.pages import facts
from web.pages.campaigns import Register
from web.pages.drawing import draw, part
from web.pages.route import PageRoute, Reader
from web.site import OurSite, Site

A_PAGE = 50
MOST_CHARACTERS = 100

router = APIRouter(route_class=PageRoute, include_in_schema=False)


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which campaigns a person wants to see."""

    status: CampaignStatus | None = None
    text: str = ""
    page: int = 1

    def link(self, *, status: CampaignStatus | str | None = None, page: int = 1) -> str:
        """The address of another page, or of another status: '' for all."""
        wanted = self.status if status is None else status
        given = {"status": wanted or "", "q": self.text, "page": page if page > 1 else ""}
        query = urlencode({name: value for name, value in given.items() if value})
        return f"/?{query}" if query else "/"


@dataclass(frozen=True, slots=True)
class Page:
    """The campaigns that are shown, and how many there are besides."""

    wanted: Wanted
    shown: Sequence[CampaignView]
    found: int
    by_status: Counter[CampaignStatus]

    @property
    def last(self) -> int:
        """The number of the last page."""
        return max(1, -(-self.found // A_PAGE))


@router.get("/")
def board(
    request: Request,
    site: OurSite,
    visitor: Reader,
    status: str = "",
    q: Annotated[str, Query()] = "",
    page: str = "1",
) -> Response:
    """Campaigns, newest first."""
    wanted = wanted_of(status, q, page)
    told = told_of(site, register_of(request), wanted)
    return draw(request, visitor, "board.html", live=f"/live{wanted.link(page=wanted.page)[1:]}", **told)


def wanted_of(status: str, text: str, page: str) -> Wanted:
    """Whatever stands in the address; what makes no sense is passed over."""
    known = CampaignStatus(status) if status in set(CampaignStatus) else None
    return Wanted(known, text.strip()[:MOST_CHARACTERS], max(1, int(page)) if page.isdecimal() and len(page) < 6 else 1)


def told_of(site: Site, register: Register, wanted: Wanted) -> dict[str, Any]:
    """What the page tells."""
    return {"page": look(site, register, wanted), "facts": facts.look(site)}


def parts(site: Site, register: Register, wanted: Wanted) -> dict[str, str]:
    """What of the page changes by itself, by its place."""
    told = told_of(site, register, wanted)
    return {name: part(f"parts/{name}.html", **told) for name in ("alerts", "statuses", "campaigns", "beside")}


def look(site: Site, register: Register, wanted: Wanted) -> Page:
    """One page of the campaigns that are wanted, read anew."""
    ids = register.find(status=wanted.status, text=wanted.text)
    if not ids and wanted.text and wanted.status is None and wanted.page == 1:
        ids = [wanted.text]  # perhaps an old one's id
    begin = (wanted.page - 1) * A_PAGE
    shown = campaigns.read_all(site.redis, ids[begin : begin + A_PAGE])
    return Page(wanted, shown, len(ids) if shown or begin else 0, register.by_status())


def register_of(request: Request) -> Register:
    """The one of this process."""
    found: Register = request.app.state.register
    return found
