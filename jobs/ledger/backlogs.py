"""What a webhook is still to be told for the first time: what lies behind its bookmark. Nothing is written here."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from redis import Redis

from jobs.ledger import bookmarks, events, subscriptions
from jobs.ledger.bookmarks import Bookmark
from jobs.ledger.events import Event, Place
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
    """Every webhook, by name, in four round trips."""
    return _stand(redis, subscriptions.everyone(redis))


def stand(redis: Redis, webhook: Subscription) -> Standing:
    """How this one does."""
    (found,) = _stand(redis, [webhook])
    return found


def _stand(redis: Redis, webhooks: Sequence[Subscription]) -> list[Standing]:
    if not webhooks:
        return []
    marks = bookmarks.read_all(redis, webhooks)
    newest = events.ends(redis, Events)
    behind = [
        _Behind(webhook, stream, place, newest[stream].number)
        for webhook, mark in zip(webhooks, marks, strict=True)
        for stream, place in mark.places.items()
        if newest[stream].number > place.number
    ]
    found = events.after_each(redis, [(each.stream, each.place.entry, each.most) for each in behind])
    parts = [(each.webhook, each.backlog(first)) for each, first in zip(behind, found, strict=True)]
    return [
        Standing(webhook, mark, _sum([part for of, part in parts if of is webhook]))
        for webhook, mark in zip(webhooks, marks, strict=True)
    ]


@dataclass(frozen=True, slots=True)
class _Behind:
    """A webhook that is to be told something of a stream, whose newest event has this number."""

    webhook: Subscription
    stream: Events
    place: Place
    newest: int

    @property
    def most(self) -> int:
        """Events to look at: where all of a stream is told, their numbers say how many there are."""
        return 1 if self.webhook.wants_all_of(self.stream) else MOST_LOOKED_AT

    def backlog(self, found: Sequence[Event]) -> Backlog:
        """What the first of them come to."""
        if self.webhook.wants_all_of(self.stream):
            return Backlog(self.newest - self.place.number, since=_first(each.at for each in found))
        wanted = [each.at for each in found if self.webhook.wants(each)]
        return Backlog(len(wanted), len(found) == MOST_LOOKED_AT, _first(wanted))


def _sum(parts: Sequence[Backlog]) -> Backlog:
    return Backlog(
        count=sum(part.count for part in parts),
        is_more=any(part.is_more for part in parts),
        since=_first(part.since for part in parts),
    )


def _first(instants: Iterable[datetime | None]) -> datetime | None:
    return min((each for each in instants if each), default=None)
