"""Which other systems are told what happens, and how they do; trying one, and telling it again what it was not told.

Law of the room: no URL and no secret is shown, a host alone.
"""

from dataclasses import dataclass

import structlog
from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from jobs.ledger import backlogs, replays, subscriptions
from jobs.ledger.subscriptions import Subscription
from jobs.webhooks import receivers
from jobs.webhooks.post import Answer
from web.pages.drawing import draw
from web.pages.refusals import Refused
from web.pages.route import Operator, PageRoute, Reader
from web.site import OurSite, Site

HERE = "/webhooks"

router = APIRouter(route_class=PageRoute, include_in_schema=False)
log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Tried:
    """What a receiver answered to a test."""

    name: str
    answer: Answer
    took_s: float


@router.get(HERE)
def show(request: Request, site: OurSite, visitor: Reader) -> Response:
    """All of them."""
    return draw(request, visitor, "webhooks.html", found=backlogs.everyone(site.redis), tried=None, now=site.now)


@router.post(f"{HERE}/{{name}}/test")
def try_out(request: Request, site: OurSite, visitor: Operator, name: str) -> Response:
    """Tell it a `webhook.test` now, and show what it answered; it takes as long as the receiver does, up to 5 s."""
    answer, took_s = receivers.try_out(site.redis, _known(site, name), clock=site.desk.clock)
    log.info("webhook_tried", webhook=name, who=visitor.name, is_taken=answer.is_taken)
    return draw(
        request,
        visitor,
        "webhooks.html",
        found=backlogs.everyone(site.redis),
        tried=Tried(name, answer, took_s),
        now=site.now,
        path=HERE,
    )


@router.post(f"{HERE}/{{name}}/replay")
def replay(site: OurSite, visitor: Operator, name: str) -> Response:
    """Have it told again what was given up; it is switched on, too."""
    webhook = _known(site, name)
    again = replays.tell_untold_again(site.redis, webhook, now=site.now)
    replays.switch_on(site.redis, webhook, now=site.now)
    log.info("webhook_replayed", webhook=name, who=visitor.name, events=again)
    return RedirectResponse(HERE, 303)


def _known(site: Site, name: str) -> Subscription:
    found = subscriptions.read(site.redis, name)
    if found is None:
        raise Refused(404, "There is no such webhook.", "Nothing was told to anybody. It may have been removed.")
    return found
