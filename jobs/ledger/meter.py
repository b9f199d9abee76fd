"""What processes count while they work, added up in the ledger for those who watch: calls, waits, lateness.

Law of the room: counting costs the work nothing. It happens in memory, and a thread of its own adds it to the totals
about once a second; a process that is killed takes at most the last moment's with it. Nothing is decided by a total.
"""

import secrets
from bisect import bisect_left
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from threading import Lock

from redis import Redis

from jobs.ledger import keys
from jobs.ledger.fields import decoded, text
from jobs.ledger.script import Argument, Script

_ADD = Script("""
-- KEYS: 1 totals, 2 the newest batches.  ARGV: 1 token of a batch, 2... field, how many
-- Sent twice, the second finds its token; one that comes after 60 others counts once more.
local batches = redis.call('GET', KEYS[2]) or ''
if string.find(batches, ARGV[1], 1, true) then return end
for at = 2, #ARGV, 2 do redis.call('HINCRBY', KEYS[1], ARGV[at], ARGV[at + 1]) end
redis.call('SET', KEYS[2], string.sub(batches .. ARGV[1] .. ' ', -1020))
""")

_SUM, _BEYOND = "sum_ms", "beyond"


class Count(StrEnum):
    """What is counted, and after the colon by what."""

    CALLS = "calls"
    """Calls to the gateway: lane, end, account."""
    TURNED_AWAY = "turned_away"
    """Calls that were told to come back later, by a limit or an open breaker: lane."""


@dataclass(frozen=True, slots=True)
class Clocked:
    """What is measured in seconds: how many were how long, up to each bound."""

    name: str
    bounds_ms: tuple[int, ...]


CALL = Clocked("call", (50, 100, 250, 500, 1_000, 2_500, 5_000, 10_000, 20_000))
"""From before a call to the gateway until its end is known, by lane."""
SLOT_WAIT = Clocked("slot_wait", (10, 100, 250, 500, 1_000, 2_500, 5_000))
"""What a call waits for its account's next slot, by lane."""
END_LATE = Clocked("end_late", (1_000, 5_000, 15_000, 30_000, 60_000, 300_000, 900_000, 3_600_000))
"""By how much the gateway's first confirmation of a stop came after a campaign's end time."""


class Meter:
    """The counts of one process that are not in the ledger yet. Any thread may count."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._flushing = Lock()
        self._counts: Counter[str] = Counter()
        self._batch: tuple[str, Counter[str]] | None = None

    def count(self, what: Count, *labels: str) -> None:
        """One more."""
        with self._lock:
            self._counts[_field(what, *labels)] += 1

    def time(self, what: Clocked, *labels: str, seconds: float) -> None:
        """One more, which took so long."""
        milliseconds = max(0, round(seconds * 1000))
        place = bisect_left(what.bounds_ms, milliseconds)
        bucket = str(what.bounds_ms[place]) if place < len(what.bounds_ms) else _BEYOND
        with self._lock:
            self._counts[_field(what.name, bucket, *labels)] += 1
            self._counts[_field(what.name, _SUM, *labels)] += milliseconds

    def flush(self, redis: Redis) -> None:
        """Add what was counted to the totals. Raises `RedisError`; nothing is lost, and the next flush tells it."""
        with self._flushing:
            if self._batch is None:
                with self._lock:
                    counts, self._counts = self._counts, Counter()
                self._batch = secrets.token_hex(8), counts
            token, counts = self._batch
            if counts:
                arguments: list[Argument] = [token, *(part for pair in counts.items() for part in pair)]
                _ADD(redis, [keys.TOTALS, keys.TOTALS_BATCHES], arguments)
            self._batch = None


@dataclass(frozen=True, slots=True)
class Times:
    """How many were at most so long, for each bound in seconds, the last of which is infinite; and how long in all."""

    buckets: tuple[tuple[float, int], ...]
    sum_s: float


@dataclass(frozen=True, slots=True)
class Totals:
    """What all processes have counted, by its field."""

    fields: Mapping[str, int]

    def counts(self, what: Count) -> dict[tuple[str, ...], int]:
        """How many, by their labels."""
        return {labels: count for (name, *rest), count in self._split() if name == what and (labels := tuple(rest))}

    def times(self, what: Clocked) -> dict[tuple[str, ...], Times]:
        """How long, by their labels."""
        found: dict[tuple[str, ...], dict[str, int]] = {}
        for (name, *rest), count in self._split():
            if name == what.name:
                found.setdefault(tuple(rest[1:]), {})[rest[0]] = count
        return {labels: _times(what, buckets) for labels, buckets in found.items()}

    def _split(self) -> list[tuple[list[str], int]]:
        return [(field.split(":"), count) for field, count in self.fields.items()]


def read(redis: Redis) -> Totals:
    """The totals."""
    return totals(decoded(redis.hgetall(keys.TOTALS)))


def totals(fields: Mapping[str, str]) -> Totals:
    """The totals that the ledger's fields spell."""
    return Totals({name: int(text(count)) for name, count in fields.items()})


def _field(*parts: str) -> str:
    return ":".join(parts)


def _times(what: Clocked, buckets: Mapping[str, int]) -> Times:
    """Buckets as they are asked for: each holds those below it."""
    so_far, found = 0, []
    for bound in what.bounds_ms:
        so_far += buckets.get(str(bound), 0)
        found.append((bound / 1000, so_far))
    found.append((float("inf"), so_far + buckets.get(_BEYOND, 0)))
    return Times(tuple(found), buckets.get(_SUM, 0) / 1000)
