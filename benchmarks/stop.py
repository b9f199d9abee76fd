"""How long a stop takes to reach the gateway while a million phones wait: `python -m benchmarks.stop [--stops N]`.

Real workers, a real scheduler, a real server that writes every command to its disk, and the simulated gateway, all with
the settings that they come with: five calls a second, whatever they are for. A hundred campaigns run at the gateway;
behind them a hundred of 10,000 phones each are queued and being sent. Then those that run are told to stop, one after
another at random intervals. What is measured begins when the request is acknowledged, `Producer.control` having
returned, and ends when the verb arrives in the gateway's own log. One that arrives sooner counts as no time.

The bound: 2 s at the 99th percentile. With `--gap 0` all are asked for at once; with `--stops 1 --sessions 100` it is
one campaign that has as many sessions as a million phones. Each session of it is counted.
"""

import argparse
import logging
import os
import sys
import time
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from statistics import quantiles
from tempfile import TemporaryDirectory

import structlog

from benchmarks.machine import machine
from config.durability import examine
from jobs.campaigns.plan import Plan
from jobs.ledger import amnesia, campaigns, submissions
from jobs.models import SubmissionState
from tests.end_to_end.stage import TERMS, Stage, people

BOUND_S = 2.0
QUEUED, PHONES = 100, 10_000
PATIENCE_S = 300
DEFAULTS = {"POLL_FIRST_S": "5", "SETTLE_S": "60", "SILENCE_S": "86400"}
"""What the stage would otherwise set for tests in a hurry."""


def main() -> int:
    """Measure, print, and exit with 1 when the bound is broken."""
    arguments = _arguments()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    with TemporaryDirectory() as folder, Stage(Path(folder), calls_per_second=0.01, speed=1) as stage:
        print(f"{machine()}, {examine(stage.redis).name} with appendfsync always, load {os.getloadavg()[0]:.1f}")
        stage.start_scheduler()
        stage.start_worker(**DEFAULTS)
        running = run_some(stage, arguments.stops, arguments.sessions)
        queue_many(stage, arguments.campaigns)
        run = f"{arguments.stops} campaigns run in {arguments.stops * arguments.sessions} sessions"
        print(f"{run}, {arguments.campaigns} of {PHONES:,} phones wait to be sent")
        took = measure(stage, running, arguments.gap)
    return 0 if verdict(took, arguments.gap) else 1


def run_some(stage: Stage, count: int, sessions: int) -> list[str]:
    """Campaigns of so many sessions that the gateway is calling for and will be for long; their ids."""
    phones = people(count * sessions * 10, area_code=312)
    tens = [tuple(phones[at : at + 10]) for at in range(0, len(phones), 10)]
    plans = [Plan(sessions * 10, tuple(tens[at : at + sessions]), ()) for at in range(0, len(tens), sessions)]
    taken = stage.producer.submit_many((TERMS, each, f"runs{number}") for number, each in enumerate(plans))
    stage.wait_for(lambda: len(stage.simulator.truth.sessions) == len(tens), patience_s=PATIENCE_S)
    return [each.campaign_id for each in taken]


def queue_many(stage: Stage, count: int) -> None:
    """Hand many in while sending is halted, and let it go on: from here on they are being sent."""
    amnesia.halt(stage.redis, why="until all are in", by="benchmark", now=datetime.now(UTC))
    before = len(stage.simulator.truth.sessions)
    for number in range(count):
        stage.submit(people(PHONES, area_code=212 + number % 90), key=f"waits{number}")
    amnesia.forgive(stage.redis, why="all are in", now=datetime.now(UTC))
    stage.wait_for(lambda: len(stage.simulator.truth.sessions) > before, patience_s=PATIENCE_S)


def measure(stage: Stage, running: Sequence[str], gap_s: float) -> list[float]:
    """Ask each to stop, about so many seconds apart; how long each took from there to the gateway, in seconds."""
    random, acknowledged, asked_s = Random(1), dict[str, float](), 0.0
    print(f"{waiting(stage):,} phones wait at the first stop", end=", ", flush=True)
    for campaign_id in running:
        began = time.time()
        stage.producer.control(campaign_id, "stop", why="benchmark")
        acknowledged[campaign_id] = time.time()
        asked_s = max(asked_s, acknowledged[campaign_id] - began)
        time.sleep(gap_s * 2 * random.random())
    print(f"{waiting(stage):,} at the last; a request is acknowledged within {asked_s:.3f} s")
    sessions = {session_id: at for each, at in acknowledged.items() for session_id in sessions_of(stage, each)}
    stage.wait_for(lambda: arrivals(stage).keys() >= sessions.keys(), patience_s=PATIENCE_S)
    arrived = arrivals(stage)
    return [max(0.0, arrived[session_id] - at) for session_id, at in sessions.items()]


def waiting(stage: Stage) -> int:
    """Phones that are in the ledger and not with the gateway."""
    found = campaigns.newest(stage.redis, most=1_000)
    return sum(each.phones.get(SubmissionState.PLANNED, 0) for each in found)


def arrivals(stage: Stage) -> Mapping[str, float]:
    """When the gateway was first told to stop each session, seconds since the epoch, by its own log."""
    found = [each for each in stage.simulator.truth.arrivals if each.option == "stop"]
    return {each.session_id: each.arrived_s for each in reversed(found)}


def sessions_of(stage: Stage, campaign_id: str) -> list[str]:
    """The sessions of a campaign's submissions."""
    found = submissions.read(stage.redis, campaigns.submission_ids(stage.redis, campaign_id))
    return [each.session_id for each in found]


def verdict(took: Sequence[float], gap_s: float) -> bool:
    """Say whether the bound holds."""
    hundredths, stops = quantiles(took, n=100, method="inclusive"), f"{len(took)} sessions, stops {gap_s:g} s apart"
    p50, p99 = hundredths[49], hundredths[98]
    print(f"{stops}: p50 {p50:.3f} s, p99 {p99:.3f} s, max {max(took):.3f} s")
    said = "PASS" if p99 <= BOUND_S else "FAIL"
    print(f"{said}: from the acknowledged stop to the gateway at most {BOUND_S:g} s at p99")
    return p99 <= BOUND_S


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.stop", description="Measure how soon a stop arrives.")
    parser.add_argument("--stops", type=int, default=100)
    parser.add_argument("--sessions", type=int, default=1, help="that each of those has")
    parser.add_argument("--campaigns", type=int, default=QUEUED, help="that wait, of 10,000 phones each")
    parser.add_argument("--gap", type=float, default=0.3, help="seconds between two stops, on average")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
