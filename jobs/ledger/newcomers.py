"""Campaigns that come in, for those who remember the ones before: what a look costs does not grow with the ledger.

A campaign stands where its producer's clock was before it was packed and written, and clocks differ; so a new one may
stand before others that are known already. Law of the room: among what is told is every new one.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from redis import Redis

from jobs.ledger import keys
from jobs.ledger.fields import text

LATE = timedelta(minutes=5)
"""How far before the newest it is looked for others. One that stands further back shows in the number of all, and then
all are told."""
_LATE_MS = LATE // timedelta(milliseconds=1)


@dataclass(frozen=True, slots=True)
class Mark:
    """Up to where somebody has looked: how many campaigns there were, the newest's place, and who stood close to it."""

    total: int
    newest_ms: float
    late: frozenset[str]


@dataclass(frozen=True, slots=True)
class Newcomers:
    """What a look has found; whoever has read these keeps the mark for the next one."""

    ids: Sequence[str]
    """Newest first: those that are new, or all."""
    is_all: bool
    mark: Mark


def look(redis: Redis, since: Mark | None, *, most: int = 0) -> Newcomers:
    """What has come in since a mark; of all campaigns, at first and where the number of all says that some came or went
    unseen, the newest so many (0: every one). Raises `RedisError`.
    """
    if since:
        total, found = _read(redis, since.newest_ms - _LATE_MS, most)
        new = [each for each in found if each not in since.late]
        if since.total + len(new) == total:
            return Newcomers(new, is_all=False, mark=_mark(total, found))
    total, found = _read(redis, "-inf", most)
    return Newcomers([*found], is_all=True, mark=_mark(total, found))


def _read(redis: Redis, oldest: float | str, most: int) -> tuple[int, dict[str, float]]:
    """How many there are, and the places of those from `oldest` on, newest first: both of one instant."""
    with redis.pipeline(transaction=True) as pipeline:
        pipeline.zcard(keys.CAMPAIGNS)
        pipeline.zrevrangebyscore(keys.CAMPAIGNS, "+inf", oldest, start=0, num=most or -1, withscores=True)
        total, found = pipeline.execute()
    return int(total), {text(member): at_ms for member, at_ms in found}


def _mark(total: int, found: dict[str, float]) -> Mark:
    newest_ms = max(found.values(), default=0.0)
    return Mark(total, newest_ms, frozenset(each for each, at_ms in found.items() if at_ms >= newest_ms - _LATE_MS))
