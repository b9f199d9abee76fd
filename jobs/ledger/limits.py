"""How much is asked of the gateway: an account's calls per second and phones per minute, shared by all workers.

A limit is one instant, from which on its next slot is free; who takes a slot moves it on. So slots are evenly spaced,
and after a submission its account rests for as long as its phones are worth. There is no burst to save up for, and one
to borrow: what ends a session need not wait while the account owes less than `BORROWED`, and the others wait for it.

What holds is that no two slots are closer than the limit says, verbs aside, which pass the others, and that no call
leaves before its slot. One that is late on its way may arrive together with those of the slots after its own.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from math import ceil

from redis import Redis

from jobs.ledger import keys
from jobs.ledger.fields import from_ms, to_ms
from jobs.ledger.script import Argument, Script
from jobs.models import MAX_PHONES_PER_SUBMISSION

_MS = timedelta(milliseconds=1)

BORROWED = timedelta(seconds=20)
"""What an account makes of calls in this time, ends may make at once: at five a second, the sessions of a million
phones. Without it the last of them would go on ringing for so long after a stop."""

_TAKE = Script("""
-- KEYS: 1 an account's slots
-- ARGV: 1 now, 2 token, 3 'first' to pass the others, 4 patience, 5 time between two calls, 6 time that the phones are
--       worth, 7 the most that phones can be worth, 8 how long before its slot it may go (all ms).
-- Answers the wait; beyond the patience nothing was taken.
-- Sent twice, the second finds its token; one that comes after 40 others costs a slot that nobody uses, and no more.
local now, patience, apart, worth = tonumber(ARGV[1]), tonumber(ARGV[4]), tonumber(ARGV[5]), tonumber(ARGV[6])
local taken = redis.call('HGET', KEYS[1], 'taken') or ''
local known = string.match(' ' .. taken, ' ' .. ARGV[2] .. '=(%d+)')
if known then return math.max(0, tonumber(known) - now) end
local function free_at(limit, most)
  local stored = tonumber(redis.call('HGET', KEYS[1], limit) or 0)
  if stored > now + 60000 + most then return now end  -- no slot lies so far ahead: a clock that is wrong wrote it
  return math.max(now, stored)
end
local function set(limit, at) redis.call('HSET', KEYS[1], limit, string.format('%d', at)) end
local own = ARGV[3] == 'first' and 'verbs' or 'calls'
local slot = free_at(own, 20 * apart)
if worth > 0 then slot = math.max(slot, free_at('phones', tonumber(ARGV[7]))) end
local goes_at = math.max(now, slot - tonumber(ARGV[8]))
if goes_at - now > patience then return goes_at - now end
set(own, slot + apart)
if own == 'verbs' then set('calls', free_at('calls', 20 * apart) + apart) end
if worth > 0 then set('phones', slot + worth) end
redis.call('HSET', KEYS[1], 'taken', string.sub(taken .. string.format('%s=%d ', ARGV[2], goes_at), -1880))
return goes_at - now
""")

_GET_IN_LINE = Script("""
-- KEYS: 1 a line
-- ARGV: 1 now, 2 earliest, 3 campaign, 4 time for one of the line (ms), 5 jitter (a factor), 6 longest wait (ms)
-- Sent twice, the campaign's next one is told to come a little later.
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', ARGV[1])
local before = tonumber(redis.call('ZSCORE', KEYS[1], ARGV[3]) or 0)
local campaigns = redis.call('ZCARD', KEYS[1]) + (before == 0 and 1 or 0)
local at = math.max(before, tonumber(ARGV[2])) + campaigns * ARGV[4] * ARGV[5]
local last = math.max(ARGV[1], ARGV[2]) + ARGV[6] * ARGV[5]
at = string.format('%d', math.floor(math.min(at, last)))
redis.call('ZADD', KEYS[1], at, ARGV[3])
return tonumber(at)
""")


class Lane(StrEnum):
    """Four kinds of calls, which wait apart from one another."""

    ENDS = "ends"
    """Stop and cancel. They are verbs that may go before their slot, for people are being called meanwhile."""
    VERBS = "verbs"
    """Pause, resume, and what else is told. They pass the lanes below; what they use is taken from those' slots."""
    SUBMISSIONS = "submissions"
    READS = "reads"

    @property
    def passes_others(self) -> bool:
        """Whether its calls go before submissions and reads."""
        return self in {Lane.ENDS, Lane.VERBS}


@dataclass(frozen=True, slots=True)
class Limits:
    """What one account may ask of the gateway; None is no limit."""

    calls_per_s: float | None = None
    phones_per_min: int | None = None

    def time_for(self, phones: int = 0) -> timedelta:
        """How long the account is busy with one call that carries so many phones."""
        return max(self.call_ms, self.phones_ms(phones)) * _MS

    @property
    def call_ms(self) -> int:
        """Milliseconds from one call to the next."""
        return ceil(1_000 / self.calls_per_s) if self.calls_per_s else 0

    def phones_ms(self, phones: int) -> int:
        """Milliseconds that so many phones are worth."""
        return ceil(phones * 60_000 / self.phones_per_min) if self.phones_per_min else 0


UNLIMITED = Limits()


@dataclass(frozen=True, slots=True)
class Slot:
    """The right to make one call of an account from an instant on."""

    at: datetime

    def is_missed(self, now: datetime, *, by: timedelta) -> bool:
        """Whether a call that is made now would come later than agreed."""
        return now > self.at + by


@dataclass(frozen=True, slots=True)
class NoSlot:
    """Nothing was taken, because the next slot is beyond the patience: it is `at` that instant for now."""

    at: datetime


def take(
    redis: Redis,
    account: str,
    limits: Limits,
    lane: Lane,
    *,
    token: str,
    phones: int = 0,
    now: datetime,
    patience: timedelta,
) -> Slot | NoSlot:
    """Take the account's next free slot, unless the wait for it is longer than `patience`.

    `token` names this taking, so that one that is sent twice takes one slot.
    """
    if not limits.time_for(phones):
        return Slot(now)
    arguments: list[Argument] = [to_ms(now), token, "first" if lane.passes_others else "", patience // _MS]
    arguments += [limits.call_ms, limits.phones_ms(phones), limits.phones_ms(MAX_PHONES_PER_SUBMISSION)]
    arguments.append(BORROWED // _MS if lane is Lane.ENDS else 0)
    wait = int(_TAKE(redis, [keys.slots(account)], arguments)) * _MS
    return Slot(now + wait) if wait <= patience else NoSlot(now + wait)


def get_in_line(
    redis: Redis,
    account: str,
    lane: Lane,
    campaign_id: str,
    *,
    now: datetime,
    earliest: datetime,
    each: timedelta,
    jitter: float,
    longest: timedelta,
) -> datetime:
    """When one of a campaign that was turned away should come back, not before `earliest`.

    The line moves by `each`, and in every round by one of each campaign: a campaign with a thousand waiting spreads
    them over a thousand rounds, one with a single one is back after the first. Nobody stays away longer than `longest`
    after `earliest`, because by then the line may have changed. A `jitter` below 1 brings them a little early: better
    some of them turned away once more than slots without takers.
    """
    arguments: list[Argument] = [to_ms(now), to_ms(max(now, earliest)), campaign_id]
    arguments += [each / _MS, jitter, longest / _MS]
    return from_ms(str(_GET_IN_LINE(redis, [keys.line(account, lane)], arguments)))
