"""What happens when: the timetable as data. docs/scheduler.md shows it."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from redis import Redis

from jobs import producer
from scheduler.agenda import Entry, Every, Missed


def _ring(redis: Redis, now: datetime) -> int:
    return producer.ring(redis, now=now)


TIMETABLE: Sequence[Entry] = (
    Entry(
        "ring",
        Every(timedelta(seconds=0.5)),
        grace=timedelta(seconds=5),
        missed=Missed.ONCE,
        purpose="Rings for all that is due: submissions, sessions to follow, requests, end times, errands.",
        tick=_ring,
    ),
)
