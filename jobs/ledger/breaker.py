"""The breaker of an account, shared by all workers: after failures in a row the gateway gets a rest.

Closed, every call passes. Open, none does until the rest is over; then one call, the probe, finds out. Its success
closes the breaker; its failure begins a rest twice as long. A probe of which nothing is heard is replaced.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from redis import Redis

from jobs.ledger import keys
from jobs.ledger.fields import decoded, from_ms, from_ms_if_any, text, to_ms
from jobs.ledger.script import Argument, Script

FAILURES_TO_OPEN = 5
"""Failures in a row, of all workers together."""

_MS = timedelta(milliseconds=1)

_ENTER = Script("""
-- KEYS: 1 breaker
-- ARGV: 1 now, 2 token, 3 time in which a probe must be heard of, 4 time after a probe began until a call that may not
--       wait may be the next ('' for calls that may) (ms)
-- Sent twice, the second finds itself to be the probe.
local opened_at, probe_at, probed_at, probe =
  unpack(redis.call('HMGET', KEYS[1], 'opened_at', 'probe_at', 'probed_at', 'probe'))
if not opened_at then return {'passes', ARGV[1]} end
if probe == ARGV[2] then return {'probes', ARGV[1]} end
local from = tonumber(probe_at)
if ARGV[4] ~= '' then from = math.min(from, probed_at + ARGV[4]) end
if from > tonumber(ARGV[1]) then
  if probe ~= '' then return {'waits', ARGV[1]} end  -- its verdict may come at any moment
  return {'waits', string.format('%d', from)}
end
redis.call('HSET', KEYS[1], 'probe', ARGV[2], 'probed_at', ARGV[1])
redis.call('HSET', KEYS[1], 'probe_at', string.format('%d', ARGV[1] + ARGV[3]))
return {'probes', ARGV[1]}
""")

_FAIL = Script("""
-- KEYS: 1 breaker
-- ARGV: 1 now, 2 token, 3 failures that open it, 4 first rest, 5 longest rest (ms).  Answers the rest that begins.
-- Sent twice, the second finds its token.
local opened_at, probe, rest, told = unpack(redis.call('HMGET', KEYS[1], 'opened_at', 'probe', 'rest', 'told'))
if told == ARGV[2] then return 0 end
local failures = redis.call('HINCRBY', KEYS[1], 'failures', 1)
redis.call('HSET', KEYS[1], 'told', ARGV[2])
redis.call('EXPIRE', KEYS[1], 86400)
if opened_at and probe ~= ARGV[2] then return 0 end  -- it was under way when the breaker opened
if failures < tonumber(ARGV[3]) then return 0 end
rest = opened_at and math.min(rest * 2, tonumber(ARGV[5])) or tonumber(ARGV[4])
redis.call('HSET', KEYS[1], 'opened_at', opened_at or ARGV[1], 'probed_at', ARGV[1], 'probe', '')
redis.call('HSET', KEYS[1], 'rest', string.format('%d', rest), 'probe_at', string.format('%d', ARGV[1] + rest))
return rest
""")

_SUCCEED = Script("""
-- KEYS: 1 breaker.  Answers since when it was open, if it was. Sent twice, the second finds it closed.
local opened_at = redis.call('HGET', KEYS[1], 'opened_at')
redis.call('DEL', KEYS[1])
return opened_at
""")

_GIVE_BACK = Script("""
-- KEYS: 1 breaker.  ARGV: 1 now (ms), 2 token.  Sent twice, the second finds another probe, or none.
if redis.call('HGET', KEYS[1], 'probe') == ARGV[2] then
  redis.call('HSET', KEYS[1], 'probe', '', 'probe_at', ARGV[1])
end
""")


class BreakerState(StrEnum):
    """Whether an account's calls go to the gateway."""

    CLOSED = "closed"
    OPEN = "open"
    PROBING = "probing"
    """Open, and one call is finding out whether it still must be."""


@dataclass(frozen=True, slots=True)
class Breaker:
    """What a breaker looks like. `failures` are those in a row; unless closed, the next call may try at `probe_at`."""

    state: BreakerState = BreakerState.CLOSED
    failures: int = 0
    opened_at: datetime | None = None
    probe_at: datetime | None = None


class Pass(StrEnum):
    """What a call was told that wanted to pass."""

    PASSES = "passes"
    PROBES = "probes"
    """It is the one that finds out; it must say how it went, or be given back."""
    WAITS = "waits"


def read(redis: Redis, account: str) -> Breaker:
    """An account's breaker, for people to look at."""
    return _breaker(decoded(redis.hgetall(keys.breaker(account))))


def enter(
    redis: Redis,
    account: str,
    *,
    token: str,
    now: datetime,
    heard_within: timedelta,
    impatient_after: timedelta | None = None,
) -> tuple[Pass, datetime]:
    """Whether a call may pass; when it waits, until when it should: for the end of the rest, or a moment for a verdict.

    A probe that is not heard of within `heard_within` is replaced. A call that must not wait for the end of a long rest
    may be a probe `impatient_after` the last one began.
    """
    impatient: Argument = "" if impatient_after is None else impatient_after // _MS
    arguments: list[Argument] = [to_ms(now), token, heard_within // _MS, impatient]
    answer, at = _ENTER(redis, [keys.breaker(account)], arguments)
    return Pass(text(answer)), from_ms(text(at))


def fail(
    redis: Redis, account: str, *, token: str, now: datetime, first_rest: timedelta, longest_rest: timedelta
) -> timedelta:
    """Note a call that failed, by its token; answers the rest that begins with it, if one does."""
    arguments: list[Argument] = [to_ms(now), token, FAILURES_TO_OPEN, first_rest // _MS, longest_rest // _MS]
    return int(_FAIL(redis, [keys.breaker(account)], arguments)) * _MS


def succeed(redis: Redis, account: str) -> datetime | None:
    """Note a call that the gateway answered. If that closed the breaker, answers since when it had been open."""
    opened_at = _SUCCEED(redis, [keys.breaker(account)], [])
    return from_ms(text(opened_at)) if opened_at else None


def give_back(redis: Redis, account: str, *, token: str, now: datetime) -> None:
    """The probe of that token was not made: let the next call be it."""
    _GIVE_BACK(redis, [keys.breaker(account)], [to_ms(now), token])


def _breaker(fields: Mapping[str, str]) -> Breaker:
    failures, opened_at = int(fields.get("failures", 0)), from_ms_if_any(fields.get("opened_at"))
    if opened_at is None:
        return Breaker(failures=failures)
    state = BreakerState.PROBING if fields.get("probe") else BreakerState.OPEN
    return Breaker(state, failures, opened_at, from_ms(fields["probe_at"]))
