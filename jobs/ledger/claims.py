"""Who asks to be the one sender of a submission, and what it is told: a claim is a lease, and its token a fence."""

from datetime import datetime
from enum import StrEnum

from redis import Redis

from jobs.ledger import amnesia, keys
from jobs.ledger.fields import text, to_ms
from jobs.ledger.moving import COUNTED_MOVE
from jobs.ledger.script import Argument
from jobs.ledger.submissions import campaign_of

_CLAIM = amnesia.script(
    COUNTED_MOVE,
    """
-- KEYS: 1 submission, 2 campaign, 3 due to send, 4 due to control
-- ARGV: 1 submission id, 2 attempt, 3 now (ms), 4 lease until (ms; '' only looks), 5 campaign id
local state, attempt, deadline, not_before =
  unpack(redis.call('HMGET', KEYS[1], 'state', 'attempt', 'deadline_at', 'not_before'))
if state == 'claimed' and attempt == ARGV[2] then return 'claimed' end
if state == 'sending' then return 'busy' end
if state ~= 'planned' and state ~= 'claimed' then
  redis.call('ZREM', KEYS[3], ARGV[1])
  return 'gone'
end
if state == 'claimed' and tonumber(deadline) > tonumber(ARGV[3]) then return 'busy' end
if redis.call('HGET', KEYS[2], 'intent') ~= 'run' then
  -- Carrying out the next intent puts it back, or withdraws it; without one it is withdrawn when it is too late.
  local too_late_at = redis.call('HGET', KEYS[2], 'too_late_at')
  if state == 'claimed' then  -- whoever had claimed it is gone
    moved(KEYS[1], KEYS[2], state, 'planned')
    redis.call('ZADD', KEYS[4], ARGV[3], ARGV[5])
  end
  if not too_late_at then redis.call('ZREM', KEYS[3], ARGV[1]) return 'held' end
  redis.call('ZADD', KEYS[3], too_late_at, ARGV[1])
  if ARGV[4] == '' and tonumber(too_late_at) <= tonumber(ARGV[3]) then return 'free' end
  return 'held'
end
if tonumber(not_before) > tonumber(ARGV[3]) then
  redis.call('ZADD', KEYS[3], not_before, ARGV[1])
  return 'early'
end
local wait = halted()
if wait then
  redis.call('ZADD', KEYS[3], ARGV[3] + wait, ARGV[1])
  return 'halted'
end
if ARGV[4] == '' then return 'free' end
moved(KEYS[1], KEYS[2], state, 'claimed')
redis.call('HSET', KEYS[1], 'attempt', ARGV[2], 'deadline_at', ARGV[4])
redis.call('HINCRBY', KEYS[1], 'tries', 1)
redis.call('ZADD', KEYS[3], ARGV[4], ARGV[1])
return 'claimed'
""",
)


class Claim(StrEnum):
    """What a sender was told when it asked for a submission."""

    CLAIMED = "claimed"
    """It is yours until the lease runs out."""
    FREE = "free"
    """It can be claimed, or withdrawn because it is too late; so far it was only looked at."""
    BUSY = "busy"
    """Somebody else holds it."""
    EARLY = "early"
    """Its time has not come."""
    HELD = "held"
    """Its campaign is paused or ending."""
    HALTED = "halted"
    """Nothing is sent at present, whatever it is."""
    GONE = "gone"
    """It is past sending."""


def claim(redis: Redis, submission_id: str, *, attempt: str, now: datetime, until: datetime) -> Claim:
    """Ask to be the one sender of a planned submission, or of one whose claim ran out."""
    return _claim(redis, submission_id, attempt, now, to_ms(until))


def look(redis: Redis, submission_id: str, *, now: datetime) -> Claim:
    """What a claim would be told; where it could be had, `FREE`, and nobody has it."""
    return _claim(redis, submission_id, "", now, "")


def _claim(redis: Redis, submission_id: str, attempt: str, now: datetime, until: Argument) -> Claim:
    campaign_id = campaign_of(submission_id)
    names = [keys.submission(submission_id), keys.campaign(campaign_id), keys.Due.SEND, keys.Due.CONTROL]
    arguments: list[Argument] = [submission_id, attempt, to_ms(now), until, campaign_id]
    return Claim(text(amnesia.run(_CLAIM, redis, names, arguments, now=now)))
