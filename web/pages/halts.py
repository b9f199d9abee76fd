"""Halting all sending, and letting it go on."""

from typing import Annotated

from fastapi import APIRouter, Form
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from jobs.ledger import amnesia
from jobs.ledger.durability import NotDurable
from web.pages.do_not_dial import is_strict
from web.pages.drawing import draw, part
from web.pages.refusals import Refused, check_reason
from web.pages.route import Operator, PageRoute, Reader
from web.site import OurSite, Site

HERE = "/halt"
AFTER_DATA_LOSS = "unhalt_after_data_loss"
"""Lets sending go on after the ledger has lost data; `unhalt` ends the halt of persons alone."""

router = APIRouter(route_class=PageRoute, include_in_schema=False)


@router.get(HERE)
def show(request: Request, site: OurSite, visitor: Reader) -> Response:
    """Whether sending is halted, and the form to change it."""
    return draw(request, visitor, "halt.html", halt=amnesia.look(site.redis, now=site.now))


def parts(site: Site) -> dict[str, str]:
    """What every page has of it, and what changes there by itself."""
    return {"halting": part("parts/halting.html", is_halted=site.is_halted, path="")}


@router.post(HERE)
def change(
    site: OurSite, visitor: Operator, verb: Annotated[str, Form()] = "", why: Annotated[str, Form()] = ""
) -> Response:
    """Halt, or let it go on; the reason is kept."""
    if verb not in {"halt", "unhalt", AFTER_DATA_LOSS}:
        raise Refused(422, "Sending is halted, or goes on; there is nothing else.", "Nothing was changed.")
    check_reason(why)
    why = why.strip()
    if verb != "halt":
        amnesia.forgive(site.redis, why=why, by=visitor.name, now=site.now, after_data_loss=verb == AFTER_DATA_LOSS)
        return RedirectResponse(HERE, 303)
    try:
        amnesia.halt(site.redis, why=why, by=visitor.name, now=site.now, durably=is_strict(site))
    except NotDurable:
        todo = "Nothing is sent while the server runs; a crash of its machine might forget that."
        raise Refused(503, "The server did not say that it is on its disk.", todo) from None
    return RedirectResponse(HERE, 303)
