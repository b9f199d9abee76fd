"""Which slots of the timetable are to be run now, and which are passed over.

Law of the room: pure, and all times are instants.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta

from redis import Redis

from config.worded import Worded
from jobs import eastern

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
INSTANT = timedelta(microseconds=1)

CLOCK_SLACK = timedelta(minutes=1)
"""The server's clock may go back by so much before it is more than a correction."""

MOST_AT_ONCE = 10
"""Slots of one entry that are run in one go; the others follow at the next look."""

Tick = Callable[[Redis, datetime], int]
"""Finds what is due at an instant and enqueues it; answers how many."""


@dataclass(frozen=True, slots=True)
class Every:
    """Again and again, on a grid that is the same for all processes: the multiples of `period` since 1970."""

    period: timedelta

    def newest(self, by: datetime) -> datetime:
        """The last slot at or before an instant."""
        return EPOCH + (by - EPOCH) // self.period * self.period

    def after(self, instant: datetime) -> datetime:
        """The first slot after an instant."""
        return self.newest(instant) + self.period

    def count(self, first: datetime, last: datetime) -> int:
        """How many slots there are from one to another."""
        return (last - first) // self.period + 1

    def __str__(self) -> str:
        return f"every {self.period.total_seconds():g} s"


@dataclass(frozen=True, slots=True)
class Daily:
    """Once on each Eastern day, at a wall time."""

    at: time

    def newest(self, by: datetime) -> datetime:
        """The last slot at or before an instant."""
        day = eastern.eastern_date(by)
        today = eastern.appointment(day, self.at)
        return today if today <= by else eastern.appointment(day - timedelta(days=1), self.at)

    def after(self, instant: datetime) -> datetime:
        """The first slot after an instant."""
        return eastern.appointment(eastern.eastern_date(self.newest(instant)) + timedelta(days=1), self.at)

    def count(self, first: datetime, last: datetime) -> int:
        """How many slots there are from one to another."""
        return (eastern.eastern_date(last) - eastern.eastern_date(first)).days + 1

    def __str__(self) -> str:
        return f"daily at {self.at:%H:%M} Eastern"


class Missed(Worded):
    """What becomes of slots that nobody ran in time, and `sentence` for what that means."""

    RUN_LATE = "run_late", "every one is run, the oldest first, however late"
    SKIP = "skip", "one that is later than its grace is not run"
    ONCE = "once", "the newest is run, however late, and stands for those before it"


@dataclass(frozen=True, slots=True)
class Entry:
    """A line of the timetable. Without a `tick` of its own it is an errand of the same name in `jobs.ringing`."""

    name: str
    when: Every | Daily
    grace: timedelta
    """A slot that is run later than this is reported."""
    missed: Missed
    purpose: str
    tick: Tick | None = None


@dataclass(frozen=True, slots=True)
class PassedOver:
    """Slots that are not run, from the oldest to the newest."""

    first: datetime
    last: datetime
    count: int


@dataclass(frozen=True, slots=True)
class Agenda:
    """What is to be done about an entry now: `runs` are the slots to run, the oldest first."""

    runs: tuple[datetime, ...] = ()
    passed_over: PassedOver | None = None
    """All of them are older than the runs."""
    clock_went_back: bool = False


def agenda(entry: Entry, last: datetime | None, now: datetime) -> Agenda:
    """What is to be done at `now`, when `last` is the newest slot that was run or passed over, None where none was.

    Where nothing ever ran nothing was missed but the newest slot. When the clock goes back by more than `CLOCK_SLACK`,
    what happens every so often carries on at once, and a day that has had its slot does not get another.
    """
    went_back = last is not None and now < last - CLOCK_SLACK
    newest = entry.when.newest(now)
    begins_anew = last is None or (went_back and isinstance(entry.when, Every))
    first = newest if begins_anew or last is None else entry.when.after(last)
    if first > newest:
        return Agenda(clock_went_back=went_back)
    begin = _first_to_run(entry, first, newest, now)
    runs = tuple(_slots(entry.when, begin, newest))
    return Agenda(runs, _passed_over(entry.when, first, begin), went_back)


def _first_to_run(entry: Entry, first: datetime, newest: datetime, now: datetime) -> datetime:
    match entry.missed:
        case Missed.RUN_LATE:
            return first
        case Missed.ONCE:
            return newest
        case Missed.SKIP:
            return max(first, entry.when.after(now - entry.grace - INSTANT))


def _slots(when: Every | Daily, first: datetime, last: datetime) -> Iterator[datetime]:
    for _ in range(MOST_AT_ONCE):
        if first > last:
            return
        yield first
        first = when.after(first)


def _passed_over(when: Every | Daily, first: datetime, begin: datetime) -> PassedOver | None:
    if first >= begin:
        return None
    last = when.newest(begin - INSTANT)
    return PassedOver(first, last, when.count(first, last))
