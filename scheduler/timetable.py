"""What happens when: the timetable as data. docs/scheduler.md shows it."""

from collections.abc import Sequence
from datetime import datetime, time, timedelta

from redis import Redis

from jobs import producer
from jobs.campaigns import balances, sweep
from scheduler.agenda import Daily, Entry, Every, Missed


def _ring(redis: Redis, now: datetime) -> int:
    return producer.ring(redis, now=now)


def _sweep(redis: Redis, now: datetime) -> int:
    return sweep.sweep(redis, now=now).count


TIMETABLE: Sequence[Entry] = (
    Entry(
        "ring",
        Every(timedelta(seconds=0.5)),
        grace=timedelta(seconds=5),
        missed=Missed.ONCE,
        purpose="Rings for all that is due: submissions, sessions to follow, requests, end times, errands.",
        tick=_ring,
    ),
    Entry(
        "sweep",
        Every(timedelta(seconds=15)),
        grace=timedelta(minutes=1),
        missed=Missed.ONCE,
        purpose="Finds unfinished work that stands in no due set, and makes it due.",
        tick=_sweep,
    ),
    Entry(
        "balances",
        Every(balances.EVERY),
        grace=balances.EVERY,
        missed=Missed.ONCE,
        purpose="Notes what each account can still send, and says when that falls below its floor.",
    ),
    Entry(
        "reconcile",
        Daily(time(4)),
        grace=timedelta(hours=1),
        missed=Missed.ONCE,
        purpose="Compares yesterday, and the days that were missed, with what the gateway lists.",
    ),
    Entry(
        "house",
        Daily(time(3, 30)),
        grace=timedelta(hours=1),
        missed=Missed.ONCE,
        purpose="Drops the phones of campaigns that are over for longer than `RETENTION_DAYS`.",
    ),
)
