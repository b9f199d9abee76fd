"""All campaigns in the order in which they were taken, newest first, from any place on."""

from dataclasses import dataclass
from datetime import datetime

from redis import Redis

from jobs.ledger import keys
from jobs.ledger.fields import text, to_ms


@dataclass(frozen=True, slots=True)
class Place:
    """Where a campaign stands. What is taken later stands before it, so what comes after it stays the same."""

    at_ms: int
    campaign_id: str

    def __str__(self) -> str:
        return f"{self.at_ms}-{self.campaign_id}"


def parse_place(written: str) -> Place:
    """The place that was written by `str`; raises ValueError."""
    at_ms, _, campaign_id = written.partition("-")
    return Place(int(at_ms), campaign_id)


def after(redis: Redis, place: Place | None, *, since: datetime | None, most: int) -> list[Place]:
    """At most so many campaigns that come after a place, or the first ones; none that was taken before `since`."""
    newest = str(place.at_ms) if place else "+inf"
    oldest = str(to_ms(since)) if since else "-inf"
    found: list[Place] = []
    start = 0
    while len(found) < most:
        step = redis.zrevrangebyscore(keys.CAMPAIGNS, newest, oldest, start=start, num=most, withscores=True)
        places = [Place(int(pair[1]), text(pair[0])) for pair in step]
        found += [each for each in places if place is None or _key(each) < _key(place)]
        if len(step) < most:
            break
        start += most
    return found[:most]


def _key(place: Place) -> tuple[int, str]:
    """Redis orders alike instants by their members."""
    return place.at_ms, place.campaign_id
