"""The due set: what must be looked at, and when. Whatever is not final stands in it.

A ring does not take an id out: it moves it a little into the future, so that a doorbell that is lost rings again. Only
the move that makes another look needless takes it out.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta

from redis import Redis

from jobs.ledger.fields import from_ms, text, to_ms
from jobs.ledger.keys import Due
from jobs.ledger.script import Script

_RING = Script("""
-- KEYS: 1 due set.  ARGV: 1 now (ms), 2 most ids, 3 ring again at (ms), 4 most ids to choose from
local rounds, seen, rung = {}, {}, {}
for _, id in ipairs(redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', ARGV[1], 'LIMIT', 0, ARGV[4])) do
  local campaign = string.match(id, '^(.*)%-') or id
  local round = (seen[campaign] or 0) + 1
  seen[campaign] = round
  rounds[round] = rounds[round] or {}
  table.insert(rounds[round], id)
end
for _, ids in ipairs(rounds) do
  for _, id in ipairs(ids) do
    if #rung == tonumber(ARGV[2]) then return rung end
    redis.call('ZADD', KEYS[1], ARGV[3], id)
    rung[#rung + 1] = id
  end
end
return rung
""")

LOOKED_THROUGH = 2_000
"""From how many of the ids that are due longest a ring chooses; about 5 ms of the server's time."""


def add(redis: Redis, due: Due, ids: Iterable[str], at: datetime) -> None:
    """Have somebody look at `ids` at `at`; an id that stands there already gets the new instant."""
    scores = dict.fromkeys(ids, to_ms(at))
    if scores:
        redis.zadd(due, scores)


def add_missing(redis: Redis, due: Due, ids: Iterable[str], at: datetime) -> int:
    """Have somebody look at those of `ids` at `at` that do not stand there; answers how many they are."""
    scores = dict.fromkeys(ids, to_ms(at))
    return int(redis.zadd(due, scores, nx=True) or 0) if scores else 0


def sooner(redis: Redis, due: Due, ids: Iterable[str], at: datetime) -> None:
    """Have somebody look at those of `ids` that stand there at `at` at the latest."""
    scores = dict.fromkeys(ids, to_ms(at))
    if scores:
        redis.zadd(due, scores, xx=True, lt=True)


def remove(redis: Redis, due: Due, ids: Iterable[str]) -> None:
    """Nobody needs to look at `ids` any more."""
    if members := list(ids):
        redis.zrem(due, *members)


def ring(redis: Redis, due: Due, *, now: datetime, most: int, again_after: timedelta) -> list[str]:
    """Up to `most` ids that are due; due again after `again_after` unless a move says otherwise.

    Campaigns take turns: the oldest id of each, then the second of each, and so on, so that one with a thousand waiting
    does not stand before a small one that came later.
    """
    rung = _RING(redis, [due], [to_ms(now), most, to_ms(now + again_after), max(most, LOOKED_THROUGH)])
    return [text(member) for member in rung]


def count(redis: Redis, due: Due, *, by: datetime | None = None) -> int:
    """How many ids stand there; with `by`, only those due at that instant."""
    return int(redis.zcount(due, "-inf", to_ms(by) if by else "+inf"))


def members(redis: Redis, due: Due) -> list[str]:
    """Every id that stands there, in the order in which they are due."""
    return [text(member) for member in redis.zrange(due, 0, -1)]


def instant_of(redis: Redis, due: Due, member: str) -> datetime | None:
    """When an id is looked at next; None where it does not stand there."""
    score = redis.zscore(due, member)
    return None if score is None else from_ms(str(int(score)))


def stands(redis: Redis, due: Due, member: str) -> bool:
    """Whether an id stands there."""
    return redis.zscore(due, member) is not None
