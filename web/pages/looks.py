"""Who has looked at whole phones."""

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from jobs.ledger import looks as ledger
from jobs.models.scopes import Scope
from web.pages.drawing import draw
from web.pages.refusals import Refused
from web.pages.route import PageRoute, Reader
from web.site import OurSite

MOST = 200

router = APIRouter(route_class=PageRoute, include_in_schema=False)


@router.get("/looks")
def looks(request: Request, site: OurSite, visitor: Reader) -> Response:
    """The newest, for operators."""
    if not visitor.may(Scope.CONTROL):
        raise Refused(403, "This is for operators.")
    return draw(request, visitor, "looks.html", found=ledger.newest(site.redis, most=MOST))
