"""Which scheduler ticks: a lease with a holder, a term and an end.

It saves the others the trouble and guarantees nothing; that no slot is run twice is for `jobs.ledger.ticks` to say.
"""

from datetime import datetime, timedelta

from redis import Redis

from jobs.ledger import keys
from jobs.ledger.fields import text, to_ms
from jobs.ledger.script import Script

_MS = timedelta(milliseconds=1)

_STATE = """
-- An end that lies further ahead than the lease lasts is that of a clock that has gone back since.
local function is_held(now)
  local holder, ends, lasts = unpack(redis.call('HMGET', KEYS[1], 'holder', 'ends_at', 'lasts'))
  if not holder or tonumber(ends) <= now or tonumber(ends) > now + tonumber(lasts) then return nil end
  return holder
end
"""

_HOLD = Script(
    _STATE,
    """
-- KEYS: 1 leadership.  ARGV: 1 who, 2 now (ms), 3 how long (ms)
-- Sent twice, the second prolongs what the first has taken.
local holder = is_held(tonumber(ARGV[2]))
if holder and holder ~= ARGV[1] then return 0 end
if redis.call('HGET', KEYS[1], 'holder') ~= ARGV[1] then redis.call('HINCRBY', KEYS[1], 'term', 1) end
redis.call('HSET', KEYS[1], 'holder', ARGV[1], 'ends_at', ARGV[2] + ARGV[3], 'lasts', ARGV[3])
return tonumber(redis.call('HGET', KEYS[1], 'term'))
""",
)

_RELEASE = Script("""
-- KEYS: 1 leadership.  ARGV: 1 who.  Sent twice, the second finds somebody else or nobody.
if redis.call('HGET', KEYS[1], 'holder') == ARGV[1] then redis.call('HDEL', KEYS[1], 'holder', 'ends_at') end
""")

_HOLDER = Script(_STATE, "return is_held(tonumber(ARGV[1])) or ''  -- KEYS: 1 leadership.  ARGV: 1 now (ms)")


def hold(redis: Redis, who: str, *, now: datetime, lasts: timedelta) -> int:
    """Take the lease, or prolong it; answers the term, which each new holder begins, 0 where somebody else holds it."""
    return int(_HOLD(redis, [keys.LEADERSHIP], [who, to_ms(now), lasts // _MS]))


def release(redis: Redis, who: str) -> None:
    """Give the lease up, if it is held."""
    _RELEASE(redis, [keys.LEADERSHIP], [who])


def holder(redis: Redis, *, now: datetime) -> str:
    """Who holds it; '' for nobody."""
    return text(_HOLDER(redis, [keys.LEADERSHIP], [to_ms(now)]))
