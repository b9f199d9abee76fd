"""What the polling tick costs while many sessions run: `python -m benchmarks.live_sessions [--most N]`.

The tick is a scheduler's whole look at its entry `ring`: lease, claim, and a bell for whatever is due. Three ledgers on
one server have a thousand, ten thousand and a hundred thousand live sessions, and take turns, so that all meet the same
weather; in each tick so many sessions are due as the row says. Commands are counted by the server, those inside its
scripts with the others.

The bounds: for the same number due, ticks make the same commands and one range read of the sessions' due set however
many sessions are live, and take at most twice as long with a hundred times as many; each session more that is due costs
the same.
"""

import argparse
import logging
import os
import sys
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from random import Random
from statistics import median

import structlog
from redis import Redis

from benchmarks.live import go_live
from benchmarks.machine import machine
from benchmarks.memory import used
from config.durability import examine
from config.queues import STATUS
from jobs.campaigns import sweep
from jobs.eastern import eastern_date
from jobs.ledger import campaigns, due, submissions
from jobs.ledger.keys import Due
from jobs.models import Terms
from jobs.ringing.queues import open_queue
from scheduler.agenda import Every
from scheduler.scheduler import Scheduler
from scheduler.timetable import TIMETABLE
from tests.servers import RedisServer

DUE = (0, 10, 100, 200, 300)
"""300 is as many as one tick rings for: the rest waits in the due set, where campaigns take turns."""
TICKS = 40
PER_CAMPAIGN = 100
MOST_RATIO = 2.0
MOST_UNEVEN = 0.05
LATER = timedelta(days=1)
RING = next(entry for entry in TIMETABLE if entry.name == "ring")

RANGE_READS = ("cmdstat_zrange", "cmdstat_zrangebyscore", "cmdstat_zscan", "cmdstat_scan", "cmdstat_keys")

Costs = Mapping[tuple[int, int], "Cost"]
"""By how many sessions are live and how many are due."""


def main() -> int:
    """Measure, print, and exit with 1 when a bound is broken."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.live_sessions", description="Measure the polling tick.")
    parser.add_argument("--most", type=int, default=100_000, help="live sessions of the largest ledger")
    most = parser.parse_args().most
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
    with RedisServer() as server, Redis.from_url(server.url) as first:
        print(f"{machine()}, {examine(first).name}, load {os.getloadavg()[0]:.1f}, {TICKS} ticks of each kind")
        empty, began = used(first), time.perf_counter()
        ledgers = [Ledger(client(server, db), live) for db, live in enumerate((most // 100, most // 10, most))]
        count, took_s = sum(len(each.ids) for each in ledgers), time.perf_counter() - began
        print(f"{count:,} sessions made in {took_s:.0f} s, {(used(first) - empty) / count:.0f} bytes of memory each")
        is_within = verdict(measure(ledgers))
        show_all_due(ledgers[1])
        show_sweeps(ledgers)
    return 0 if is_within else 1


class Ledger:
    """A ledger with live sessions, none of them due, and the scheduler that ticks for it."""

    def __init__(self, redis: Redis, live: int) -> None:
        self.redis = redis
        self.now = datetime.now(UTC)
        self.ids = list(fill(redis, live, self.now))
        self.scheduler = Scheduler(redis, name="s", clock=lambda: self.now, lease=timedelta(seconds=15))

    def tick(self) -> None:
        """Half a second later, all that the scheduler does then."""
        self.now += RING.when.period if isinstance(RING.when, Every) else timedelta()
        if not self.scheduler.attend(RING):
            raise RuntimeError("the scheduler did not tick")

    def be_done(self) -> int:
        """What workers do between two ticks: every job is taken, and its sessions wait for later; how many jobs."""
        queue = open_queue(self.redis, STATUS)
        jobs = queue.count
        self.redis.delete(queue.key)
        return jobs


class Meter:
    """What the server counts; what asking it costs is taken off."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis
        self._asking = Counter[str]()
        self._asking = min((self.since(self.read()) for _ in range(5)), key=lambda each: each["bytes"])

    def read(self) -> Counter[str]:
        """Commands, range reads among them, and bytes in and out, so far."""
        commands, stats = self._redis.info("commandstats"), self._redis.info("stats")
        calls = {name: int(of["calls"]) for name, of in commands.items()}
        traffic = int(stats["total_net_input_bytes"]) + int(stats["total_net_output_bytes"])
        ranges = sum(calls.get(name, 0) for name in RANGE_READS)
        return Counter({"commands": sum(calls.values()), "range reads": ranges, "bytes": traffic})

    def since(self, before: Counter[str]) -> Counter[str]:
        """What was counted since."""
        now = self.read()
        now.subtract(before)
        now.subtract(self._asking)
        return now


@dataclass(frozen=True, slots=True)
class Cost:
    """What a tick costs, in the middle of all of its kind."""

    ms: float
    worst_ms: float
    commands: float
    range_reads: float
    kilobytes: float


def client(server: RedisServer, db: int) -> Redis:
    """A connection to one of the server's databases."""
    return Redis.from_url(f"{server.url.removesuffix('/0')}/{db}")


def fill(redis: Redis, live: int, now: datetime) -> Iterator[str]:
    """Take campaigns and have the gateway accept all of them; the ids of their submissions."""
    terms = Terms(caller_id="6175550100", audio_title="Reminder")
    for start in range(0, live, PER_CAMPAIGN):
        chunks = [[str(2_125_552_000 + number)] for number in range(start, min(start + PER_CAMPAIGN, live))]
        name = f"benchmark{start}"
        new = campaigns.NewCampaign(name, name, {}, terms, len(chunks), chunks, [], now)
        campaigns.take(redis, new, now=now, keep_key=LATER)
        for each in submissions.read(redis, campaigns.submission_ids(redis, name)):
            session_id = str(4_294_967_296 + start + int(each.id.rpartition("-")[2]))
            go_live(redis, each, session_id, days=[eastern_date(now)], now=now, gateway_count=1, look_at=now + LATER)
            yield each.id


def measure(ledgers: Sequence[Ledger]) -> Costs:
    """Tick with so many due, each ledger in turn, and print what it cost."""
    print(f"\n{'live':>8}{'due':>6}{'p50 ms':>9}{'worst':>8}{'commands':>10}{'range reads':>13}{'kB':>8}")
    costs = {}
    for count in DUE:
        found: dict[int, list[Cost]] = {len(each.ids): [] for each in ledgers}
        for number in range(TICKS):
            for each in ledgers:
                found[len(each.ids)].append(one_tick(each, Random(number).sample(each.ids, count)))
        for live, ticks in found.items():
            cost = costs[live, count] = middle(ticks)
            figures = f"{cost.ms:>9.2f}{cost.worst_ms:>8.2f}{cost.commands:>10.0f}{cost.range_reads:>13.0f}"
            print(f"{live:>8,}{count:>6}{figures}{cost.kilobytes:>8.1f}")
    return costs


def one_tick(ledger: Ledger, ids: Sequence[str]) -> Cost:
    """The cost of one tick with these sessions due."""
    due.add(ledger.redis, Due.REFRESH, ids, ledger.now)
    meter = Meter(ledger.redis)
    before, began = meter.read(), time.perf_counter()
    ledger.tick()
    took_ms = (time.perf_counter() - began) * 1000
    counted = meter.since(before)
    ledger.be_done()
    due.add(ledger.redis, Due.REFRESH, ids, ledger.now + LATER)
    return Cost(took_ms, took_ms, counted["commands"], counted["range reads"], counted["bytes"] / 1000)


def middle(ticks: Sequence[Cost]) -> Cost:
    """The median of each figure, and the worst time."""
    of = {
        name: median(getattr(each, name) for each in ticks) for name in ("ms", "commands", "range_reads", "kilobytes")
    }
    return Cost(worst_ms=max(each.ms for each in ticks), **of)


def verdict(costs: Costs) -> bool:
    """Say whether the bounds hold."""
    lives = sorted({live for live, _ in costs})
    ratios = {count: costs[lives[-1], count].ms / costs[lives[0], count].ms for count in DUE}
    said = ", ".join(f"{ratio:.2f} with {count} due" for count, ratio in ratios.items())
    print(f"time with {lives[-1]:,} live : time with {lives[0]:,}: {said}")
    each_more = [
        (costs[live, more].commands - costs[live, some].commands) / (more - some)
        for live in lives
        for some, more in pairwise(DUE[1:])
    ]
    print(f"each session more that is due: {min(each_more):.2f} to {max(each_more):.2f} commands")
    is_one_read = all(
        cost.range_reads == costs[lives[0], 0].range_reads + (count > 0) for (_, count), cost in costs.items()
    )
    is_same = all(len({costs[live, count].commands for live in lives}) == 1 for count in DUE)
    is_even = max(each_more) <= min(each_more) * (1 + MOST_UNEVEN)
    is_within = is_one_read and is_same and is_even and max(ratios.values()) <= MOST_RATIO
    verdict = "PASS" if is_within else "FAIL"
    print(
        f"{verdict}: the same commands however many are live, one range read of the due sessions, linear in those due"
    )
    return is_within


def show_all_due(ledger: Ledger) -> None:
    """Every session due at once: tick until each was rung for, with workers that keep up."""
    due.add(ledger.redis, Due.REFRESH, ledger.ids, ledger.now)
    times, jobs = [], 0
    meter = Meter(ledger.redis)
    before = meter.read()
    while due.count(ledger.redis, Due.REFRESH, by=ledger.now):
        began = time.perf_counter()
        ledger.tick()
        times.append((time.perf_counter() - began) * 1000)
        jobs += ledger.be_done()
    commands = meter.since(before)["commands"] / len(ledger.ids)
    print(
        f"\nall {len(ledger.ids):,} due at once: {len(times)} ticks, {jobs} jobs, p50 {median(times):.1f} ms", end=", "
    )
    print(f"worst {max(times):.1f} ms, {sum(times):.0f} ms in all, {commands:.1f} commands a session")


def show_sweeps(ledgers: Sequence[Ledger]) -> None:
    """The other look, four times a minute, at all that is unfinished; and what a session takes of memory."""
    for each in ledgers:
        began = time.perf_counter()
        found = sweep.sweep(each.redis, now=each.now)
        took_ms = (time.perf_counter() - began) * 1000
        print(f"sweep of {len(each.ids):,} live sessions, every 15 s: {took_ms:.0f} ms, {found.count} forgotten")


if __name__ == "__main__":
    sys.exit(main())
