"""Which scheduler ticks: a lease with a holder, a term and an end.

It saves the others the trouble and guarantees nothing; that no slot is run twice is for `jobs.ledger.ticks` to say.
"""

from datetime import datetime, timedelta

from redis import Redis

from jobs.ledger import keys
from jobs.ledger.fields import text, to_ms
from jobs.ledger.script import Script

_MS = timedelta(milliseconds=1)

SLACK = timedelta(minutes=1)
"""A lease that ends this much later than it can is taken for one of before the clock went back, by those who look."""

_HOLD = Script("""
-- KEYS: 1 leadership.  ARGV: 1 who, 2 now (ms), 3 how long (ms), 4 the end that was read before `now` was, '' for none
-- Only such an end proves, where it lies further ahead than the lease lasts, that the clock has gone back since: any
-- other may just be newer than `now`, which is that of somebody who was slow, or frozen, since he looked at the clock.
-- Sent twice, the second prolongs what the first has taken.
local now = tonumber(ARGV[2])
local holder, ends, lasts = unpack(redis.call('HMGET', KEYS[1], 'holder', 'ends_at', 'lasts'))
local went_back = ends and ends == ARGV[4] and tonumber(ends) > now + tonumber(lasts)
if holder and holder ~= ARGV[1] and tonumber(ends) > now and not went_back then return 0 end
if holder ~= ARGV[1] then redis.call('HINCRBY', KEYS[1], 'term', 1) end
redis.call('HSET', KEYS[1], 'holder', ARGV[1], 'ends_at', string.format('%d', now + ARGV[3]), 'lasts', ARGV[3])
return tonumber(redis.call('HGET', KEYS[1], 'term'))
""")

_RELEASE = Script("""
-- KEYS: 1 leadership.  ARGV: 1 who.  Sent twice, the second finds somebody else or nobody.
if redis.call('HGET', KEYS[1], 'holder') == ARGV[1] then redis.call('HDEL', KEYS[1], 'holder', 'ends_at') end
""")

_HOLDER = Script("""
-- KEYS: 1 leadership.  ARGV: 1 now (ms), 2 slack (ms)
local holder, ends, lasts = unpack(redis.call('HMGET', KEYS[1], 'holder', 'ends_at', 'lasts'))
local now = tonumber(ARGV[1])
if not holder or tonumber(ends) <= now or tonumber(ends) > now + tonumber(lasts) + ARGV[2] then return '' end
return holder
""")


def end_on_record(redis: Redis) -> str:
    """The end of the lease as it is written down, for `hold`, '' for none; to be read before the clock is."""
    return text(redis.hget(keys.LEADERSHIP, "ends_at") or "")


def hold(redis: Redis, who: str, *, now: datetime, lasts: timedelta, end_before: str = "") -> int:
    """Take the lease, or prolong it; answers the term, which each new holder begins, 0 where somebody else holds it.

    `end_before` is the `end_on_record` from before `now` was read; without it a clock that went back is not noticed.
    """
    return int(_HOLD(redis, [keys.LEADERSHIP], [who, to_ms(now), lasts // _MS, end_before]))


def release(redis: Redis, who: str) -> None:
    """Give the lease up, if it is held."""
    _RELEASE(redis, [keys.LEADERSHIP], [who])


def holder(redis: Redis, *, now: datetime) -> str:
    """Who holds it; '' for nobody."""
    return text(_HOLDER(redis, [keys.LEADERSHIP], [to_ms(now), SLACK // _MS]))
