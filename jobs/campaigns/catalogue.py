"""A page of campaigns: those that are wanted, newest first, and where the next page begins."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from redis import Redis

from jobs.ledger import campaigns, catalogue
from jobs.ledger.catalogue import Place
from jobs.models import CampaignView

STEP = 200
MOST_LOOKED_AT = 2_000
"""For one page: a filter that fits few must not make one request read the whole ledger."""


@dataclass(frozen=True, slots=True)
class Page:
    """Some campaigns; `next_place` is None at the end. A page may hold few, even none, while there are more."""

    campaigns: Sequence[CampaignView]
    next_place: Place | None


def page(
    redis: Redis,
    *,
    after: Place | None,
    most: int,
    since: datetime | None = None,
    wanted: Callable[[CampaignView], bool] = lambda _: True,
) -> Page:
    """At most so many campaigns that are wanted, from a place on; those that were taken at `since` or later."""
    found: list[CampaignView] = []
    for _ in range(MOST_LOOKED_AT // STEP):
        places = catalogue.after(redis, after, since=since, most=STEP)
        views = {each.id: each for each in campaigns.read_all(redis, [place.campaign_id for place in places])}
        for after in places:
            view = views.get(after.campaign_id)
            if view and wanted(view):
                found.append(view)
            if len(found) == most:
                return Page(found, after)
        if len(places) < STEP:
            return Page(found, None)
    return Page(found, after)
