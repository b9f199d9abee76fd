"""What a webhook is still to be told for the first time: what lies behind its bookmark. Nothing is written here."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from redis import Redis

from jobs.ledger import bookmarks, events, subscriptions
from jobs.ledger.bookmarks import Bookmark
from jobs.ledger.events import Place
from jobs.ledger.keys import Events
from jobs.ledger.subscriptions import Subscription

MOST_LOOKED_AT = 1_000
"""Entries of a stream of which some only are told: some 100 kB."""


@dataclass(frozen=True, slots=True)
class Backlog:
    """How many events, and when the first of them happened. With `is_more` there may be more than were counted."""

    count: int = 0
    is_more: bool = False
    since: datetime | None = None


@dataclass(frozen=True, slots=True)
class Standing:
    """A webhook, and how it does."""

    webhook: Subscription
    bookmark: Bookmark
    backlog: Backlog

    @property
    def waiting(self) -> int:
        """Events that it is still to be told: for the first time, or again because it did not take them."""
        return self.backlog.count + self.bookmark.again

    def rests_at(self, now: datetime) -> bool:
        """Whether nothing is tried now because it takes nothing."""
        return self.bookmark.rests_until is not None and self.bookmark.rests_until > now


def everyone(redis: Redis) -> list[Standing]:
    """Every webhook, by name."""
    return [stand(redis, each) for each in subscriptions.everyone(redis)]


def stand(redis: Redis, webhook: Subscription) -> Standing:
    """How this one does."""
    bookmark = bookmarks.read(redis, webhook)
    return Standing(webhook, bookmark, read(redis, webhook, bookmark))


def read(redis: Redis, webhook: Subscription, bookmark: Bookmark) -> Backlog:
    """By the numbers that events have, where all of a stream is told; otherwise by looking at the first of them."""
    newest = events.ends(redis, bookmark.places)
    parts = [
        _of_stream(redis, webhook, stream, place, newest[stream].number)
        for stream, place in bookmark.places.items()
        if newest[stream].number > place.number
    ]
    return Backlog(
        count=sum(part.count for part in parts),
        is_more=any(part.is_more for part in parts),
        since=_first(part.since for part in parts),
    )


def _of_stream(redis: Redis, webhook: Subscription, stream: Events, place: Place, newest: int) -> Backlog:
    wants_all = webhook.wants_all_of(stream)
    found = events.after(redis, stream, place.entry, most=1 if wants_all else MOST_LOOKED_AT)
    if wants_all:
        return Backlog(newest - place.number, since=_first(each.at for each in found))
    wanted = [each.at for each in found if webhook.wants(each)]
    return Backlog(len(wanted), len(found) == MOST_LOOKED_AT, _first(wanted))


def _first(instants: Iterable[datetime | None]) -> datetime | None:
    return min((each for each in instants if each), default=None)
