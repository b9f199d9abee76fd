"""The breakers of an account, shared by all workers: after failures in a row the gateway gets a rest.

Closed, every call passes. Open, none does until the rest is over; then one call, the probe, finds out. Its success
closes the breaker; its failure begins a rest twice as long. A probe of which nothing is heard is replaced.

An account has one breaker for each `Cause`, and they do not know each other.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from redis import Redis

from jobs.ledger import keys
from jobs.ledger.fields import decoded, from_ms, from_ms_if_any, text, to_ms
from jobs.ledger.script import Argument, Script


class Cause(StrEnum):
    """What a breaker counts as a failure, and so what it keeps back."""

    TROUBLE = "trouble"
    """The gateway was not reached, or did not answer as it should: no call is made."""
    REFUSAL = "refusal"
    """The gateway refuses the account itself, whatever is asked of it: no submission is made."""


FAILURES_TO_OPEN = 5
"""Failures in a row, of all workers together; a refusal of the account is one too many."""
_TO_OPEN = {Cause.TROUBLE: FAILURES_TO_OPEN, Cause.REFUSAL: 1}

SAY_AGAIN = timedelta(hours=1)
"""A breaker that stays open for the same reason is news again after this."""

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
-- KEYS: 1 breaker, 2 accounts with an open one
-- ARGV: 1 now, 2 token, 3 failures that open it, 4 first rest, 5 longest rest (ms), 6 account, 7 about, 8 why,
--       9 time after which the same is news again (ms).  Answers the rest that begins, and whether it is news.
-- Sent twice, the second finds its token, and what was answered; one that comes after 20 others counts once more.
local opened_at, probe, rest, told, about, said_at =
  unpack(redis.call('HMGET', KEYS[1], 'opened_at', 'probe', 'rest', 'told', 'about', 'said_at'))
local known, was_news = string.match(told or '', ARGV[2] .. '=(%d+),(%d)')
if known then return {tonumber(known), tonumber(was_news)} end
local failures = redis.call('HINCRBY', KEYS[1], 'failures', 1)
redis.call('EXPIRE', KEYS[1], 86400)
local begins, news = 0, 0
local was_under_way = opened_at and probe ~= ARGV[2]  -- when the breaker opened
if failures >= tonumber(ARGV[3]) and not was_under_way then
  begins = opened_at and math.min(rest * 2, tonumber(ARGV[5])) or tonumber(ARGV[4])
  if about ~= ARGV[7] or not said_at or ARGV[1] - said_at >= tonumber(ARGV[9]) then news = 1 end
  redis.call('HSET', KEYS[1], 'opened_at', opened_at or ARGV[1], 'probed_at', ARGV[1], 'probe', '')
  redis.call('HSET', KEYS[1], 'rest', string.format('%d', begins), 'about', ARGV[7], 'why', ARGV[8])
  redis.call('HSET', KEYS[1], 'probe_at', string.format('%d', ARGV[1] + begins))
  if news == 1 then redis.call('HSET', KEYS[1], 'said_at', ARGV[1]) end
  redis.call('SADD', KEYS[2], ARGV[6])
end
redis.call('HSET', KEYS[1], 'told', string.sub((told or '') .. string.format('%s=%d,%d ', ARGV[2], begins, news), -900))
return {begins, news}
""")

_SUCCEED = Script("""
-- KEYS: 1 breaker, 2 accounts with an open one, 3 if any, a due set in which the account may have waited for this
-- ARGV: 1 account, 2 '' where nobody can be told of it, 3 now (ms)
-- Answers since when it was open, if it was. Sent twice, the second finds it closed, and nobody says that it was open.
local opened_at, was_open = unpack(redis.call('HMGET', KEYS[1], 'opened_at', 'was_open'))
local since = opened_at or was_open
redis.call('DEL', KEYS[1])
redis.call('SREM', KEYS[2], ARGV[1])
if since and ARGV[2] == '' then
  redis.call('HSET', KEYS[1], 'was_open', since)
  redis.call('EXPIRE', KEYS[1], 86400)
end
if since and KEYS[3] then redis.call('ZADD', KEYS[3], 'XX', 'LT', ARGV[3], ARGV[1]) end
return since
""")

_GIVE_BACK = Script("""
-- KEYS: 1 breaker.  ARGV: 1 now (ms), 2 token.  Sent twice, the second finds another probe, or none.
if redis.call('HGET', KEYS[1], 'probe') == ARGV[2] then
  redis.call('HSET', KEYS[1], 'probe', '', 'probe_at', ARGV[1])
end
""")

_TRY_NOW = Script("""
-- KEYS: 1 breaker.  ARGV: 1 now (ms).  Sent twice, the second writes the same.
if redis.call('HEXISTS', KEYS[1], 'opened_at') == 0 then return end
redis.call('HSET', KEYS[1], 'probe', '', 'probe_at', ARGV[1])
redis.call('HDEL', KEYS[1], 'said_at')
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
    about: str = ""
    """What the failures are about, in a word; '' where there is none for it."""
    why: str = ""
    """The last failure, in a sentence."""


@dataclass(frozen=True, slots=True)
class Rest:
    """What begins with a failure: a rest so long, and whether a person has not heard of it lately."""

    duration: timedelta
    is_news: bool


class Pass(StrEnum):
    """What a call was told that wanted to pass."""

    PASSES = "passes"
    PROBES = "probes"
    """It is the one that finds out; it must say how it went, or be given back."""
    WAITS = "waits"


def read(redis: Redis, account: str, cause: Cause = Cause.TROUBLE) -> Breaker:
    """An account's breaker, for people to look at."""
    return read_breaker(decoded(redis.hgetall(keys.breaker(account, cause))))


def accounts(redis: Redis, cause: Cause) -> list[str]:
    """The accounts whose breaker is open, by name; one that was left alone for a day may be closed."""
    return sorted(map(text, redis.smembers(keys.open_breakers(cause))))


def enter(
    redis: Redis,
    account: str,
    *,
    token: str,
    now: datetime,
    heard_within: timedelta,
    impatient_after: timedelta | None = None,
    cause: Cause = Cause.TROUBLE,
) -> tuple[Pass, datetime]:
    """Whether a call may pass; when it waits, until when it should: for the end of the rest, or a moment for a verdict.

    A probe that is not heard of within `heard_within` is replaced. A call that must not wait for the end of a long rest
    may be a probe `impatient_after` the last one began.
    """
    impatient: Argument = "" if impatient_after is None else impatient_after // _MS
    arguments: list[Argument] = [to_ms(now), token, heard_within // _MS, impatient]
    answer, at = _ENTER(redis, [keys.breaker(account, cause)], arguments)
    return Pass(text(answer)), from_ms(text(at))


def fail(
    redis: Redis,
    account: str,
    *,
    token: str,
    now: datetime,
    first_rest: timedelta,
    longest_rest: timedelta,
    about: str = "",
    why: str = "",
    cause: Cause = Cause.TROUBLE,
) -> Rest | None:
    """Note a call that failed, by its token; answers the rest that begins with it, if one does."""
    arguments: list[Argument] = [to_ms(now), token, _TO_OPEN[cause], first_rest // _MS, longest_rest // _MS]
    arguments += [account, about, why, SAY_AGAIN // _MS]
    rest_ms, is_news = _FAIL(redis, [keys.breaker(account, cause), keys.open_breakers(cause)], arguments)
    return Rest(int(rest_ms) * _MS, bool(is_news)) if rest_ms else None


def succeed(
    redis: Redis,
    account: str,
    cause: Cause = Cause.TROUBLE,
    *,
    now: datetime,
    can_be_told: bool = True,
    wakes: keys.Due | None = None,
) -> datetime | None:
    """Note a call that the gateway answered. If that closed the breaker, answers since when it had been open, and the
    account is due `now` if it waits in the set that this `wakes`; where that cannot be told to anybody, the next
    success answers it, too.
    """
    told: Argument = "yes" if can_be_told else ""
    names = [keys.breaker(account, cause), keys.open_breakers(cause), *([wakes] if wakes else [])]
    opened_at = _SUCCEED(redis, names, [account, told, to_ms(now)])
    return from_ms(text(opened_at)) if opened_at else None


def give_back(redis: Redis, account: str, *, token: str, now: datetime, cause: Cause = Cause.TROUBLE) -> None:
    """The probe of that token was not made: let the next call be it."""
    _GIVE_BACK(redis, [keys.breaker(account, cause)], [to_ms(now), token])


def try_now(redis: Redis, account: str, *, now: datetime, cause: Cause) -> None:
    """End the rest: the next call is the probe, and if it fails, that is news."""
    _TRY_NOW(redis, [keys.breaker(account, cause)], [to_ms(now)])


def read_breaker(fields: Mapping[str, str]) -> Breaker:
    """The breaker that the fields of its hash spell."""
    failures, opened_at = int(fields.get("failures", 0)), from_ms_if_any(fields.get("opened_at"))
    if opened_at is None:
        return Breaker(failures=failures)
    state = BreakerState.PROBING if fields.get("probe") else BreakerState.OPEN
    said = {name: fields.get(name, "") for name in ("about", "why")}
    return Breaker(state, failures, opened_at, from_ms(fields["probe_at"]), **said)
