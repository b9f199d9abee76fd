"""Postbacks that arrive: their records, counts of what came of them, how late they were, and the quarantine.

A batch of them is one round trip, and its last script the one that always writes: whoever waits for the disk waits for
all of it.
"""

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import accumulate

from redis import Redis

from jobs.ledger import dispositions, keys
from jobs.ledger.dispositions import Batch, Recorded
from jobs.ledger.durability import Call, run_all
from jobs.ledger.fields import decoded, to_ms
from jobs.ledger.meter import Times
from jobs.ledger.quarantine import KEPT_FOR, MOST_KEPT, Quarantined, packed_entry
from jobs.ledger.script import Argument, Script

LAGS_S = (1, 2, 5, 10, 30, 60, 300, 1_800, 7_200, 86_400)
"""Upper bounds of the lags that are counted together; what is later than the last is counted as beyond."""

_NOTE = Script("""
-- KEYS: 1 counts, 2... quarantine of each kind
-- ARGV: 1 token, 2 most kept of each kind, 3 an entry from before this (ms) goes, 4 for how long a list is kept (s),
--       5 how many counts, then name and number of each, then the key's place and the entry of each that is quarantined
-- Sent twice, the second finds its token; it writes all the same, so that whoever waits for the disk waits for it.
local tokens = redis.call('HGET', KEYS[1], 'tokens') or ''
if string.find(tokens, ARGV[1], 1, true) then return redis.call('HSET', KEYS[1], 'tokens', tokens) end
redis.call('HSET', KEYS[1], 'tokens', string.sub(tokens .. ARGV[1] .. ' ', -170))
local first = 6 + ARGV[5] * 2
for at = 6, first - 1, 2 do redis.call('HINCRBYFLOAT', KEYS[1], ARGV[at], ARGV[at + 1]) end
for at = first, #ARGV, 2 do
  local kept = KEYS[tonumber(ARGV[at])]
  redis.call('LPUSH', kept, ARGV[at + 1])
  redis.call('LTRIM', kept, 0, ARGV[2] - 1)
  redis.call('EXPIRE', kept, ARGV[4])
  local oldest = redis.call('LINDEX', kept, -1)
  while tonumber(string.match(oldest, '^%d+')) < tonumber(ARGV[3]) do
    redis.call('RPOP', kept)
    oldest = redis.call('LINDEX', kept, -1) or 'none'
    if oldest == 'none' then break end
  end
end
return 1
""")


@dataclass(frozen=True, slots=True)
class Arrivals:
    """All postbacks since the ledger began."""

    ends: Mapping[str, int]
    """How many came to which end, by the words of `jobs.outcomes.heard.Heard`."""
    lag: Times
    """From the time that a record states to its arrival; of those that were taken in and state one."""


@dataclass(frozen=True, slots=True)
class Count:
    """What a batch of postbacks adds to the counts and to the quarantine."""

    ends: Mapping[str, int]
    lags: Sequence[timedelta] = ()
    quarantined: Sequence[Quarantined] = ()


def store(redis: Redis, batches: Sequence[Batch], count: Count, *, now: datetime, durably: bool) -> list[Recorded]:
    """Record calls and count them, in one round trip. With `durably`, all that anybody has written before it is on the
    server's disk, too, when this returns; raises `NotDurable`.
    """
    calls = [*dispositions.record_calls(batches, now=now), _note_call(count, now)]
    return dispositions.recorded(batches, run_all(redis, calls, durably=durably)[:-1])


def _note_call(count: Count, now: datetime) -> Call:
    counted = {f"n:{end}": float(number) for end, number in count.ends.items()}
    for lag_s in (max(0.0, each.total_seconds()) for each in count.lags):
        bound = next((each for each in LAGS_S if lag_s <= each), float("inf"))
        counted[f"lag:{bound}"] = counted.get(f"lag:{bound}", 0) + 1
        counted["lag_s"] = counted.get("lag_s", 0) + lag_s
    names = [keys.POSTBACKS, *sorted({keys.quarantine(each.kind) for each in count.quarantined})]
    arguments: list[Argument] = [secrets.token_hex(8), MOST_KEPT, to_ms(now - KEPT_FOR)]
    arguments += [KEPT_FOR // timedelta(seconds=1), len(counted)]
    arguments += [part for pair in counted.items() for part in pair]
    for each in count.quarantined:
        arguments += [names.index(keys.quarantine(each.kind)) + 1, packed_entry(each)]
    return _NOTE, names, arguments


def read(redis: Redis) -> Arrivals:
    """How many postbacks there were, and how late."""
    found = decoded(redis.hgetall(keys.POSTBACKS))
    ends = {name[2:]: int(float(count)) for name, count in found.items() if name.startswith("n:")}
    return Arrivals({end: count for end, count in ends.items() if count}, _lag(found))


def _lag(found: Mapping[str, str]) -> Times:
    bounds = (*LAGS_S, float("inf"))
    within = accumulate(int(float(found.get(f"lag:{bound}", 0))) for bound in bounds)
    return Times(tuple(zip(bounds, within, strict=True)), float(found.get("lag_s", 0)))
