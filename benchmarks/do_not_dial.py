"""What a do-not-dial list of a million numbers costs: `python -m benchmarks.do_not_dial [--numbers N]`.

Fills a list on a real server and reads the server's own count of its memory; then screens a campaign of 10,000 phones
against it, and looks up the history of one number. The bound is 15 MB for a million numbers with their history.
"""

import argparse
import random
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import TypeVar

from redis import Redis

from benchmarks.machine import machine
from benchmarks.memory import used
from jobs.ledger import do_not_dial
from jobs.ledger.do_not_dial import STEP, Asked, Verb
from jobs.phones import split
from tests.servers import RedisServer

BOUND_BYTES_PER_NUMBER = 15
NOW = datetime(2026, 3, 2, 17, 0, tzinfo=UTC)
ASKED = Asked(by="dana", why="the list of the old system", source="old-system.csv", at=NOW)

Answer = TypeVar("Answer")


def main() -> int:
    """Measure, print, and exit with 1 when the bound is broken."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--numbers", type=int, default=1_000_000)
    count = parser.parse_args().numbers
    with RedisServer() as server, Redis.from_url(server.url) as redis:
        print(f"{machine()}, {count:,} numbers")
        return 0 if measure(redis, phones(count)) <= BOUND_BYTES_PER_NUMBER else 1


def measure(redis: Redis, listed: list[str]) -> float:
    """Bytes per number, with its place in the history."""
    empty = used(redis)
    timed("added", lambda: fill(redis, listed))
    history = redis.memory_usage("dropline:do-not-dial-history:default", samples=0) or 0
    per_number = (used(redis) - empty) / len(listed)
    print(f"list {per_number - history / len(listed):.2f}, history {history / len(listed):.2f} bytes a number")
    campaign = random.Random(2).sample(listed, 5_000) + [f"{999 - number % 9}55{number:05}" for number in range(5_000)]
    found = timed("10,000 phones screened", lambda: do_not_dial.listed(redis, "default", campaign))
    timed("history of one", lambda: list(do_not_dial.history_of(redis, "default", listed[-1])))
    timed("exported", lambda: sum(1 for _ in do_not_dial.numbers(redis, "default")))
    verdict = "within" if per_number <= BOUND_BYTES_PER_NUMBER else "OVER"
    print(
        f"{len(found):,} of 10,000 were on it; {per_number:.1f} bytes, {verdict} the bound of {BOUND_BYTES_PER_NUMBER}"
    )
    return per_number


def fill(redis: Redis, listed: list[str]) -> None:
    """As an import does it."""
    for step in split(listed, STEP):
        do_not_dial.change(redis, "default", Verb.ADD, step, ASKED)


def phones(count: int) -> list[str]:
    """So many different fictitious numbers all over the plan."""
    rng = random.Random(1)
    found: dict[str, None] = {}
    while len(found) < count:
        found[f"{rng.randrange(201, 990)}{rng.randrange(200, 1000)}{rng.randrange(10_000):04}"] = None
    return list(found)


def timed(what: str, work: Callable[[], Answer]) -> Answer:
    """Do it and print how long it took."""
    began = time.perf_counter()
    answer = work()
    print(f"{what}: {time.perf_counter() - began:.2f} s")
    return answer


if __name__ == "__main__":
    sys.exit(main())
