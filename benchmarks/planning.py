"""How long planning a messy contact list takes and how much memory: `python -m benchmarks.planning [--rows N]`.

The list is written first; then a fresh process reads and plans it, so that only planning is measured.
"""

import argparse
import json
import resource
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from benchmarks.machine import machine
from benchmarks.messy import PHONE, write_messy_csv
from jobs.campaigns.plan import plan
from jobs.contacts import read_contacts

MOST_SECONDS = 60
MOST_MEGABYTES = 400


def main() -> None:
    arguments = _arguments()
    if arguments.measure:
        print(json.dumps(measure(arguments.measure)))
        return
    with TemporaryDirectory() as folder:
        path = Path(folder) / "contacts.csv"
        written = write_messy_csv(path, arguments.rows, arguments.seed)
        print(f"{arguments.rows:,} rows, {path.stat().st_size / 1e6:.0f} MB, seed {arguments.seed}")
        command = [sys.executable, "-m", "benchmarks.planning", "--measure", str(path)]
        measured = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    _show(measured)
    sys.exit(0 if verdict(measured, written) else 1)


def measure(path: Path) -> dict[str, Any]:
    """Plan the file in this process. Megabytes are of 10^6 bytes; the peak is that of the whole process."""
    began_s, cpu_began_s = time.perf_counter(), time.process_time()
    with path.open("rb") as file:
        planned = plan(read_contacts(file))
    wall_s, cpu_s = time.perf_counter() - began_s, time.process_time() - cpu_began_s
    return {
        "wall_s": wall_s,
        "cpu_s": cpu_s,
        "peak_mb": _peak_bytes() / 1e6,
        "rows": planned.row_count,
        "chunks": len(planned.chunks),
        "kinds": {PHONE: planned.phone_count, **Counter(excluded.reason for excluded in planned.excluded)},
    }


def _peak_bytes() -> int:
    """The most memory this process held, or its parent when it was started, so the list is not kept there."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024  # Linux counts in kibibytes


def _show(measured: dict[str, Any]) -> None:
    print(machine())
    print(f"{measured['rows']:,} rows in {measured['chunks']} chunks")
    for kind, count in sorted(measured["kinds"].items(), key=lambda item: -item[1]):
        print(f"  {kind:<20}{count:>10,}")
    print(f"wall {measured['wall_s']:.2f} s, CPU {measured['cpu_s']:.2f} s", end=", ")
    print(f"peak {measured['peak_mb']:.0f} MB, {measured['rows'] / measured['wall_s']:,.0f} rows/s")


def verdict(measured: dict[str, Any], written: Counter[str]) -> bool:
    """Say whether the plan matches what was written and keeps within the bounds."""
    is_right: bool = measured["kinds"] == dict(written)
    is_within: bool = measured["wall_s"] <= MOST_SECONDS and measured["peak_mb"] <= MOST_MEGABYTES
    bounds = f"at most {MOST_SECONDS} s and {MOST_MEGABYTES} MB"
    print(
        f"{'PASS' if is_right and is_within else 'FAIL'}: {bounds}; the counts are {'right' if is_right else 'WRONG'}"
    )
    return is_right and is_within


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.planning", description="Measure planning.")
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--seed", type=int, default=20_261_101)
    parser.add_argument("--measure", type=Path, help=argparse.SUPPRESS)
    return parser.parse_args()


if __name__ == "__main__":
    main()
