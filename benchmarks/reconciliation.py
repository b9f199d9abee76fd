"""How long comparing a day takes: `python -m benchmarks.reconciliation [--sessions N] [--phones N]`.

The gateway is the simulator in a process of its own, asked without limits: the waiting that GATEWAY_CALLS_PER_S asks
for (at five a second, 200 s for a thousand sessions) is left out. The day is gone through as workers do it: in jobs of
five seconds, with the half second between two rings in between. In it three sessions are strangers, two are missing at
the gateway, and of one it says that it took another count.

The bound: a thousand sessions take at most a minute beyond the time in which the gateway was answering.
"""

import argparse
import multiprocessing
import os
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from multiprocessing.connection import Connection
from random import Random

from pydantic import SecretStr
from redis import Redis

from benchmarks.live import go_live
from benchmarks.machine import machine
from config.durability import examine
from jobs import reconciliation
from jobs.campaigns.days import days_of
from jobs.campaigns.desk import Desk
from jobs.eastern import eastern_date
from jobs.gateway.client import Credentials, GatewayClient
from jobs.gateway.simulator import Settings, Simulator
from jobs.ledger import campaigns, submissions
from jobs.models import Terms
from jobs.models.reports import DayReport
from tests.servers import RedisServer

BOUND_S = 60
JOB_S, RING_S = 5.0, 0.5
STRANGERS, MISSING = 3, 2
END = "end"
TERMS = Terms(caller_id="6175550100", audio_title="Reminder")


def main() -> int:
    """Measure, print, and exit with 1 when the bound is broken or something else is found than was hidden."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.reconciliation", description="Measure a day's comparison."
    )
    parser.add_argument("--sessions", type=int, default=1_000)
    parser.add_argument("--phones", type=int, default=1_000, help="of each session")
    arguments = parser.parse_args()
    ours, theirs = multiprocessing.Pipe()
    gateway = multiprocessing.get_context("spawn").Process(target=serve, args=(theirs,))
    gateway.start()
    try:
        with RedisServer() as server, Redis.from_url(server.url) as redis:
            sizes = f"{arguments.sessions:,} sessions of {arguments.phones:,} phones"
            print(f"{machine()}, {examine(redis).name}, load {os.getloadavg()[0]:.1f}, {sizes}")
            at = desk(redis, ours.recv())
            return 0 if measure(at, ours, arguments.sessions, arguments.phones) else 1
    finally:
        ours.send(END)
        gateway.join()


def serve(told: Connection) -> None:
    """A gateway that says how long it was answering since it was last asked, until it is told to end."""
    with Simulator(Settings(calls_per_second=1_000_000)) as simulator:
        told.send(simulator.base_url)
        seen = 0
        while told.recv() != END:
            arrivals = simulator.truth.arrivals
            told.send(busy_s([(each.arrived_s, each.answered_s or each.arrived_s) for each in arrivals[seen:]]))
            seen = len(arrivals)


def busy_s(spans: list[tuple[float, float]]) -> float:
    """For how many seconds at least one of the spans lasted."""
    total = until = 0.0
    for begun_s, ended_s in sorted(spans):
        total += max(0.0, ended_s - max(begun_s, until))
        until = max(until, ended_s)
    return total


def desk(redis: Redis, base_url: str) -> Desk:
    """A worker's desk without limits."""
    client = GatewayClient(base_url=base_url, credentials=Credentials("demo", SecretStr("demo")))
    return Desk(redis=redis, gateway=lambda _account: client, clock=lambda: datetime.now(UTC), random=Random(1))


def measure(at: Desk, gateway: Connection, sessions: int, phones: int) -> bool:
    """Make the day, compare it twice, and say whether both found what was hidden, in time."""
    began = time.perf_counter()
    day = make_day(at, sessions, phones)
    print(f"made in {time.perf_counter() - began:.1f} s")
    first, first_s = compare(at, gateway, day, "compared")
    second, second_s = compare(at, gateway, day, "again")
    is_right = first == second and (first.missing.total, first.outside.total) == (MISSING, STRANGERS)
    is_right &= (first.other_counts.total, first.contrary.total, first.is_done) == (1, 0, True)
    is_within = max(first_s, second_s) <= BOUND_S
    verdict, found = "PASS" if is_right and is_within else "FAIL", "found" if is_right else "NOT FOUND"
    print(f"{verdict}: at most {BOUND_S} s beyond the gateway's; what was hidden was {found}, twice the same")
    return is_right and is_within


def compare(at: Desk, gateway: Connection, day: datetime, what: str) -> tuple[DayReport, float]:
    """The day from its beginning to its report, and how many seconds that took beyond the gateway's."""
    answered_s(gateway)
    began, jobs, cpu_began = time.perf_counter(), 0, time.process_time()
    on = eastern_date(day)
    reconciliation.begin(at.redis, "default", on, anew=True)
    while True:
        jobs += 1
        step = reconciliation.reconcile(at, "default", on, may_go_on=time_is_left(JOB_S))
        if step.report:
            took_s, cpu_s = time.perf_counter() - began, time.process_time() - cpu_began
            beyond_s = took_s - (gateway_s := answered_s(gateway))
            print(
                f"{what}: {took_s:.1f} s in {jobs} jobs, the gateway answering for {gateway_s:.1f} s of them;", end=" "
            )
            print(f"{beyond_s:.1f} s beyond, {cpu_s:.1f} s of CPU")
            return step.report, beyond_s
        time.sleep(RING_S)


def time_is_left(seconds: float) -> Callable[[], bool]:
    """Whether fewer seconds have passed since now."""
    end_at = time.perf_counter() + seconds
    return lambda: time.perf_counter() < end_at


def answered_s(gateway: Connection) -> float:
    """How long the gateway was answering since it was last asked."""
    gateway.send("how long")
    told: float = gateway.recv()
    return told


def make_day(at: Desk, sessions: int, phones: int) -> datetime:
    """A campaign of which the gateway has all but a few sessions, and has some of its own; answers an instant of it."""
    now = at.clock()
    numbers = [str(2_125_552_000 + number) for number in range(sessions * phones)]
    chunks = [numbers[start : start + phones] for start in range(0, len(numbers), phones)]
    for start in range(0, sessions, 100):  # a campaign of all would be one write of many megabytes
        part = chunks[start : start + 100]
        campaign_id = f"benchmark{start}"
        new = campaigns.NewCampaign(campaign_id, campaign_id, {}, TERMS, len(part) * phones, part, [], now)
        campaigns.take(at.redis, new, now=now, keep_key=timedelta(days=1))
        for index, chunk in enumerate(part, start=1):
            is_missing = start + index <= MISSING
            session_id = str(1_000_000 + index) if is_missing else begin_session(at, chunk)
            accept(at, f"{campaign_id}-{index}", session_id, len(chunk) - (start + index == MISSING + 1))
    for number in range(STRANGERS):
        begin_session(at, [f"{312 + number}5550101"])
    return now


def begin_session(at: Desk, phones: list[str]) -> str:
    """A session at the gateway."""
    return at.gateway("default").submit(TERMS, phones, title="", postback_url=None, start_at=None).session_id


def accept(at: Desk, submission_id: str, session_id: str, gateway_count: int) -> None:
    """As a sender moves it."""
    now, (found,) = at.clock(), submissions.read(at.redis, [submission_id])
    campaign = campaigns.read(at.redis, found.campaign_id)
    days = days_of(campaign, sent_at=now, until=now) if campaign else []
    go_live(at.redis, found, session_id, days=days, now=now, gateway_count=gateway_count)


if __name__ == "__main__":
    sys.exit(main())
