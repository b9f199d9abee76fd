"""What it costs that nothing is sent before it is on the server's disk: `python -m benchmarks.durable_send`.

Sends submissions of 10,000 phones through the real use case and the real ledger to a gateway that answers at once, so
that what is measured is everything but the gateway. Three ways take turns, so that all meet the same weather:

    plain        the move to `sending` is written
    last look    and the ledger is asked once more, just before the first byte
    durable      and the server has said that the move is on its disk

The bound: at the 99th percentile a durable send takes at most 50 ms more than a plain one, on a server with
`appendfsync always`. With `everysec` the server flushes when it gets to it; that is shown, and is what it is.
"""

import argparse
import logging
import os
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from random import Random
from statistics import quantiles
from typing import Any

import structlog
from redis import Redis

from benchmarks.machine import machine
from config.durability import Durability, examine
from config.redis_connection import connect
from jobs.campaigns.desk import Desk
from jobs.campaigns.send import Sent, send
from jobs.gateway.replies import Accepted
from jobs.ledger import campaigns
from jobs.models import MAX_PHONES_PER_SUBMISSION, Terms
from tests.servers import RedisServer

BOUND_MS = 50
WAYS = ("plain", "last look", "durable")
PHONES = [str(2_125_550_000 + number) for number in range(MAX_PHONES_PER_SUBMISSION)]


class Instant:
    """A gateway that takes no time. `looks` says whether the sender's last look is taken."""

    def __init__(self, *, looks: bool) -> None:
        self._looks = looks
        self._number = 0

    def submit(self, *_: Any, before_send: Callable[[], None], **__: Any) -> Accepted:
        if self._looks:
            before_send()
        self._number += 1
        return Accepted(session_id=str(4_294_967_296 + self._number), phone_count=MAX_PHONES_PER_SUBMISSION)


def main() -> int:
    """Measure, print, and exit with 1 when the bound is broken."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.durable_send", description="Measure durable sends.")
    parser.add_argument("--submissions", type=int, default=300, help="of each way and server")
    count = parser.parse_args().submissions
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
    print(f"{machine()}, load {os.getloadavg()[0]:.1f}, {count} submissions of {len(PHONES):,} phones each way, in ms")
    more, _ = (report(policy, count) for policy in ("always", "everysec"))
    is_within = more <= BOUND_MS
    print(f"\n{'PASS' if is_within else 'FAIL'}: {more:.1f} ms more at p99 with appendfsync always, at most {BOUND_MS}")
    return 0 if is_within else 1


def report(appendfsync: str, count: int) -> float:
    """Measure on a server with this policy and print a table; how many ms the p99 of durable sends is above plain."""
    with RedisServer(appendonly=True, flags=("--appendfsync", appendfsync)) as server, connect(server.url) as redis:
        print(f"\n{examine(redis).name}, appendfsync {appendfsync}")
        times = measure(redis, count)
    print(f"{'':<12}{'p50':>8}{'p99':>8}{'most':>8}{'p50 more':>12}{'p99 more':>10}{'p50 ratio':>11}")
    p50, p99 = ({way: percentile(times[way], hundredth) for way in WAYS} for hundredth in (50, 99))
    for way in WAYS:
        more, ratio = (p50[way] - p50["plain"], p99[way] - p99["plain"]), p50[way] / p50["plain"]
        figures = (
            f"{p50[way]:>8.1f}{p99[way]:>8.1f}{max(times[way]):>8.1f}{more[0]:>12.1f}{more[1]:>10.1f}{ratio:>11.2f}"
        )
        print(f"{way:<12}{figures}")
    return p99["durable"] - p99["plain"]


def percentile(times: list[float], hundredth: int) -> float:
    """The value below which so many hundredths lie."""
    return quantiles(times, n=100, method="inclusive")[hundredth - 1]


def measure(redis: Redis, count: int) -> dict[str, list[float]]:
    """How long each send took, in ms, by its way; the first of each is not counted."""
    desks = {way: desk(redis, way) for way in WAYS}
    times: dict[str, list[float]] = {way: [] for way in WAYS}
    ids = submission_ids(redis)
    for _ in range(count + 1):
        for way in WAYS:
            submission_id = next(ids)
            began = time.perf_counter()
            end = send(desks[way], submission_id)
            times[way].append((time.perf_counter() - began) * 1000)
            if end is not Sent.ACCEPTED:
                raise RuntimeError(f"a send that should be accepted ended as {end}")
    return {way: each[1:] for way, each in times.items()}


def desk(redis: Redis, way: str) -> Desk:
    """A desk that sends in this way."""
    gateway: Any = Instant(looks=way != "plain")
    plain = Desk(redis=redis, gateway=lambda _account: gateway, clock=lambda: datetime.now(UTC), random=Random(1))
    return replace(plain, durability=Durability.STRICT) if way == "durable" else plain


def submission_ids(redis: Redis) -> Iterator[str]:
    """The ids of submissions that wait to be sent, one campaign each, taken as they are asked for."""
    terms = Terms(caller_id="6175550100", audio_title="Reminder")
    number = 0
    while True:
        number += 1
        now = datetime.now(UTC)
        new = campaigns.NewCampaign(
            id=f"benchmark{number}",
            key=str(number),
            fingerprint={},
            terms=terms,
            rows=len(PHONES),
            chunks=[PHONES],
            excluded=[],
            due_at=now,
        )
        yield f"{campaigns.take(redis, new, now=now, keep_key=timedelta(days=1)).campaign_id}-1"


if __name__ == "__main__":
    sys.exit(main())
