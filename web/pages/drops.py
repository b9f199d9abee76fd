"""The drops of one submission, phone by phone: masked, or whole for those who may, and then on record."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Form
from starlette.requests import Request
from starlette.responses import Response

from jobs.ledger import campaigns, dispositions, submissions
from jobs.ledger.looks import note_look
from jobs.models import CampaignView, Disposition, Submission
from jobs.models.scopes import Scope
from web.pages.drawing import draw
from web.pages.refusals import Refused
from web.pages.route import PageRoute, Reader, check_form
from web.site import OurSite, Site
from web.visitors import Visitor

A_PAGE = 100

router = APIRouter(route_class=PageRoute, include_in_schema=False)


@dataclass(frozen=True, slots=True)
class Drops:
    """One page of them."""

    campaign: CampaignView
    submission: Submission
    shown: Sequence[Disposition]
    number: int
    whole: bool

    @property
    def last(self) -> int:
        """The number of the last page."""
        return max(1, -(-self.submission.phone_count // A_PAGE))


@router.get("/submissions/{submission_id}")
def drops(request: Request, site: OurSite, visitor: Reader, submission_id: str, page: str = "1") -> Response:
    """Phones by their last digits."""
    return _draw(request, visitor, _look(site, submission_id, _number(page)))


@router.post("/submissions/{submission_id}")
def whole(
    request: Request,
    site: OurSite,
    visitor: Reader,
    submission_id: str,
    token: Annotated[str, Form()] = "",
    page: Annotated[str, Form()] = "1",
) -> Response:
    """The same with whole phones, for those who may see them; the look is on record before they do."""
    check_form(request, token)
    if not visitor.may(Scope.PHONES):
        raise Refused(403, f"{visitor.name} may not see whole phones.")
    found = _look(site, submission_id, _number(page), whole=True)
    note_look(site.redis, visitor.name, f"submission {found.submission.id}, page {found.number}", site.now)
    return _draw(request, visitor, found)


def _number(page: str) -> int:
    """Of a page; the first where it is none, or one that no submission has."""
    return max(1, int(page)) if page.isdecimal() and len(page) < 6 else 1


def _look(site: Site, submission_id: str, number: int, *, whole: bool = False) -> Drops:
    found = submissions.read(site.redis, [submission_id])
    campaign = campaigns.read(site.redis, submissions.campaign_of(submission_id))
    if not found or campaign is None:
        raise Refused(404, "There is no such submission here.")
    shown = dispositions.read_some(site.redis, found[0], begin=(number - 1) * A_PAGE, most=A_PAGE)
    return Drops(campaign, found[0], shown, number, whole)


def _draw(request: Request, visitor: Visitor, found: Drops) -> Response:
    return draw(request, visitor, "drops.html", drops=found)
