"""What a scrape of /metrics costs: `python -m benchmarks.scrape [--campaigns N]`.

Fills a real server with campaigns, and reads what a scrape reads: the first time, then with all of them unfinished,
then with a hundred unfinished. Commands and their time are the server's own count, without INFO. Bounds: a second of
the process's time for the scrapes after the first, and a tenth of a second of the server's.
"""

import argparse
import sys
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from prometheus_client import CollectorRegistry, generate_latest
from redis import Redis

from benchmarks.machine import machine
from jobs.ledger import campaigns, keys
from jobs.ledger.campaigns import NewCampaign
from jobs.models import Terms
from tests.servers import RedisServer
from tests.web.front_door import make_site
from web.metrics.routes import Ledger

NOW = datetime(2026, 3, 2, 17, 0, tzinfo=UTC)
TERMS = Terms(caller_id="6175550100", audio_title="Reminder", title="March")

BOUND_S, BOUND_SERVER_S = 1.0, 0.1
UNFINISHED = 100


@dataclass(frozen=True, slots=True)
class Cost:
    """Of one scrape: its time, and the commands and the time of the server."""

    took_s: float
    commands: int
    server_s: float

    def __str__(self) -> str:
        return f"{self.took_s * 1e3:7.1f} ms, {self.commands:6,} commands, {self.server_s * 1e3:6.1f} ms of the server"


def main() -> int:
    """Measure, print, and exit with 1 when a bound is broken."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--campaigns", type=int, default=10_000)
    count = parser.parse_args().campaigns
    with RedisServer() as server, Redis.from_url(server.url) as redis:
        fill(redis, count)
        costs = measure(redis, count)
        print(f"{machine()}, {count:,} campaigns")
        for name, cost in costs.items():
            print(f"{name:26} {cost}")
        later = list(costs.values())[1:]
        return 0 if all(each.took_s <= BOUND_S and each.server_s <= BOUND_SERVER_S for each in later) else 1


def fill(redis: Redis, count: int) -> None:
    """Campaigns of two submissions each."""
    for number in range(count):
        new = NewCampaign(
            id=f"c{number:07}",
            key=f"key {number}",
            fingerprint={},
            terms=TERMS,
            rows=2,
            chunks=[["6175550123"], ["6175550124"]],
            excluded=[],
            due_at=NOW,
        )
        campaigns.take(redis, new, now=NOW + timedelta(milliseconds=number), keep_key=timedelta(days=180))


def measure(redis: Redis, count: int) -> dict[str, Cost]:
    """What each kind of scrape costs."""
    registry = CollectorRegistry(auto_describe=False)
    ledger = Ledger(make_site(redis), {})
    registry.register(ledger)
    costs = {"the first": scrape(redis, registry), f"{count:,} unfinished": scrape(redis, registry)}
    redis.zremrangebyrank(keys.UNFINISHED, UNFINISHED, -1)
    for _ in range(count // 500 + 1):  # those that are over now are met once more
        scrape(redis, registry)
    return costs | {f"{UNFINISHED} unfinished": scrape(redis, registry)}


def scrape(redis: Redis, registry: CollectorRegistry) -> Cost:
    """Read and write it all out once."""
    before, began = _served(redis), time.perf_counter()
    generate_latest(registry)
    took_s = time.perf_counter() - began
    after = _served(redis)
    commands, server_us = (late - early for early, late in zip(before, after, strict=True))
    return Cost(took_s, int(commands), server_us / 1e6)


def _served(redis: Redis) -> tuple[float, float]:
    """Commands and microseconds, those of asking left out."""
    rows = [row for name, row in redis.info("commandstats").items() if name not in {"cmdstat_info"}]
    return sum(row["calls"] for row in rows), sum(row["usec"] for row in rows)


if __name__ == "__main__":
    sys.exit(main())
