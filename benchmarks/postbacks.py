"""What the door for postbacks takes: `python -m benchmarks.postbacks`, and a storm: `... --storm 1000000`.

A web process, a Redis server with an append-only file and the sender share this machine. First postbacks come at a
pace, whether or not the last ones were answered, and each one's time runs from the instant at which it was due; then as
fast as 64 connections carry them. Ways take turns, so that all meet the same weather.

The bound: at 2,000 a second and `appendfsync always`, each on the disk before its `OK`, the 99th percentile is at most
50 ms. Then anybody posts anything by the thousand, and nothing may change or grow.
"""

import argparse
import os
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from statistics import quantiles
from tempfile import TemporaryDirectory

from redis import Redis

from benchmarks.machine import machine
from config.durability import examine
from jobs.ledger import arrivals
from tests.servers import RedisServer
from tests.web.herald import CONNECTIONS, Delivered, Parcel, deliver
from tests.web.processes import WebProcess
from tests.web.storm import Storm

PACE_PER_S = 2_000
BOUND_MS = 50
MANY = 512
"""Connections enough for the pace, where each is answered within a quarter of a second."""
LIBRARIES = ("uvicorn", "httptools", "uvloop", "starlette", "fastapi", "redis", "hiredis")
HEADINGS = f"{'':<12}{'answered/s':>12}{'p50':>9}{'p99':>9}{'p99.9':>9}{'most':>9}{'CPU':>10}"


def main() -> int:
    """Measure, print, and exit with 1 when a bound is broken."""
    arguments = _arguments()
    print(f"{machine()}, load {os.getloadavg()[0]:.1f}. {', '.join(f'{each} {version(each)}' for each in LIBRARIES)}")
    if arguments.storm:
        storm(arguments.storm, arguments.seed)
        return 0
    is_within = paces(arguments.count)
    full_speed("always", ("ours", "one by one"), arguments.count)
    full_speed("no", _servers(), arguments.count)
    is_flat = flood(arguments.flood)
    return 0 if is_within and is_flat else 1


def paces(count: int) -> bool:
    """At a pace that both must keep, whatever the disk does; whether ours does on the stricter server."""
    within = []
    for appendfsync in ("always", "everysec"):
        for way in ("ours", "one by one"):
            delivered, cpu_us = measure(way, count, appendfsync=appendfsync, per_s=PACE_PER_S)
            heading = (
                f"\nat {PACE_PER_S:,} a second, appendfsync {appendfsync}; ms\n{HEADINGS}\n" if way == "ours" else ""
            )
            print(heading + row(way, delivered, cpu_us))
            within.append(percentile_ms(delivered, 0.99))
    print(f"\n{'PASS' if within[0] <= BOUND_MS else 'FAIL'}: p99 is {within[0]:.1f} ms, at most {BOUND_MS}")
    return within[0] <= BOUND_MS


def full_speed(appendfsync: str, ways: Sequence[str], count: int) -> None:
    """As fast as they can, with 64 connections; two rounds, and the better of each."""
    print(f"\nas fast as 64 connections carry them, appendfsync {appendfsync}; ms\n{HEADINGS}")
    rounds = [{way: measure(way, count, appendfsync=appendfsync) for way in ways} for _ in range(2)]
    for way in ways:
        print(row(way, *max((each[way] for each in rounds), key=lambda found: found[0].per_s)))


def measure(way: str, count: int, *, appendfsync: str, per_s: float = 0) -> tuple[Delivered, float]:
    """Post to a door built this way; what came of it, and the microseconds of CPU that each cost the door."""
    with opened(way, appendfsync=appendfsync) as (redis, web):
        storm = Storm(redis, count, seed=1)
        deliver(web.address, list(storm.parcels())[:500])  # the first ones find cold caches
        before_s = cpu_s(web)
        parcels = storm.parcels(per_s=per_s, began_s=time.perf_counter() + 1, duplicated=0)
        delivered = deliver(web.address, parcels, connections=MANY if per_s else CONNECTIONS)
        cpu_us = (cpu_s(web) - before_s) / count * 1e6
        storm.check()
    return delivered, cpu_us


@contextmanager
def opened(way: str, *, appendfsync: str) -> Iterator[tuple[Redis, WebProcess]]:
    """An empty ledger and a door before it."""
    flags = ("--appendfsync", appendfsync)
    with (
        TemporaryDirectory() as folder,
        RedisServer(appendonly=appendfsync != "no", flags=flags) as server,
        Redis.from_url(server.url) as redis,
        WebProcess(server.url, Path(folder) / "log", command=(sys.executable, "-m", "benchmarks.doors", way)) as web,
    ):
        yield redis, web


def flood(count: int) -> bool:
    """Anything but a postback, by the thousand; whether nothing changed and nothing grew."""
    print(f"\n{count:,} of each that nobody should post")
    with opened("ours", appendfsync="always") as (redis, web):
        storm = Storm(redis, 3_000, seed=1, phones_each=1_000)
        nonsense = {name: [*parcels] for name, parcels in _nonsense(storm, count).items()}
        for parcels in nonsense.values():
            deliver(web.address, parcels[:500], until_ok=False)
        before_mb, before = memory_mb(web), redis.hgetall("dropline:campaign:storm0")
        for name, parcels in nonsense.items():
            delivered = deliver(web.address, parcels, until_ok=False)
            print(f"{name:<24}{dict(delivered.answers)!s:<24}{memory_mb(web):>8.1f} MB")
        grown_mb, changed = memory_mb(web) - before_mb, redis.hgetall("dropline:campaign:storm0") != before
        kept = sum(int(redis.memory_usage(each) or 0) for each in redis.scan_iter("dropline:quarantine:*"))
        print(f"memory grew by {grown_mb:.1f} MB; the quarantine has {kept / 1e3:.0f} kB; {arrivals.read(redis).ends}")
        deliver(web.address, storm.parcels())
        storm.check()
    is_flat = grown_mb < 20 and not changed
    print("PASS: nothing changed and nothing grew" if is_flat else "FAIL: something changed or grew")
    return is_flat


def _nonsense(storm: Storm, count: int) -> dict[str, Iterator[Parcel]]:
    token, (record, *_) = storm.sent[0].token, (each.body for each in storm.parcels())
    return {
        "forged token": (Parcel(f"{number:032x}", record) for number in range(count)),
        "foreign phone": (
            Parcel(token, b"var=%s|9995550100|OK|||" % storm.sent[0].session_id.encode()) for _ in range(count)
        ),
        "foreign session": (Parcel(token, b"var=77%07d|2015550100|OK|||" % number) for number in range(count)),
        "no record": (Parcel(token, b"\xff|\x00" * 99) for _ in range(count)),
        "too long": (Parcel(token, record + b"x" * 60_000) for _ in range(count)),
    }


def storm(count: int, seed: int) -> None:
    """So many calls, a fifth of them told twice, in any order; the table that is left must be the one there is."""
    with opened("ours", appendfsync="always") as (redis, web):
        began_s = time.perf_counter()
        whole = Storm(redis, count, seed=seed)
        print(
            f"{count:,} calls in {len(whole.sent)} submissions, seed {seed}, appendfsync always; {examine(redis).name}"
        )
        delivered = deliver(web.address, whole.parcels())
        print(f"{HEADINGS}\n{row('storm', delivered, cpu_s(web) / len(delivered.seconds) * 1e6)}")
        print(f"memory of the web process: {memory_mb(web):.0f} MB; {arrivals.read(redis).ends}")
        whole.check()
        took_s = time.perf_counter() - began_s
        print(f"PASS: every one of the {count:,} is as told, and the counts add up ({took_s:.0f} s)")


def row(way: str, delivered: Delivered, cpu_us: float) -> str:
    """A line of the table."""
    at = [percentile_ms(delivered, each) for each in (0.5, 0.99, 0.999)]
    times = "".join(f"{each:>9.1f}" for each in (*at, max(delivered.seconds) * 1e3))
    return f"{way:<12}{delivered.per_s:>12,.0f}{times}{cpu_us:>7.0f} us"


def percentile_ms(delivered: Delivered, share: float) -> float:
    """The time within which this share was answered."""
    return quantiles(delivered.seconds, n=1_000, method="inclusive")[round(share * 1_000) - 1] * 1e3


def cpu_s(web: WebProcess) -> float:
    """What the process has used so far, in user and system together."""
    fields = Path(f"/proc/{web.pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def memory_mb(web: WebProcess) -> float:
    """What the process holds at present."""
    pages = int(Path(f"/proc/{web.pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


def _servers() -> tuple[str, ...]:
    return ("ours", "fastapi", *(["granian"] if find_spec("granian") else []))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.postbacks", description="Measure the door for postbacks."
    )
    parser.add_argument("--count", type=int, default=20_000, help="postbacks of each measurement")
    parser.add_argument("--flood", type=int, default=5_000, help="of each kind that nobody should post")
    parser.add_argument("--storm", type=int, default=0, help="only a storm, of so many calls")
    parser.add_argument("--seed", type=int, default=20261123, help="of the storm")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
