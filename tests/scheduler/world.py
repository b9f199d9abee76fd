"""Three schedulers on one ledger, to whom things happen at any command, and a clock that stands until it is moved."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, time, timedelta
from random import Random
from typing import Any

import fakeredis
from redis import Redis

from config.queues import STATUS
from jobs.ringing.errands import Errand, run_errands
from jobs.ringing.queues import open_queue
from scheduler.agenda import Daily, Entry, Every, Missed
from scheduler.scheduler import Scheduler

START = datetime(2026, 3, 5, 17, 0, tzinfo=UTC)
"""A Thursday, so that the week has the night in which Eastern clocks skip an hour."""
LEASE = timedelta(seconds=15)
HOUR = timedelta(hours=1)
MINUTE = timedelta(minutes=1)


class Killed(BaseException):
    """A process ends between two commands, as by SIGKILL."""


@dataclass
class World:
    """A clock, a ledger, a timetable that notes what is run, and three schedulers to whom things happen."""

    seed: int
    now: datetime = START
    fates: bool = True
    ran: Counter[tuple[str, datetime]] = field(default_factory=Counter)
    """How often each slot was run of what happens every so often."""
    latest: dict[str, timedelta] = field(default_factory=dict)
    """How late each of them was run at worst."""
    befell: Counter[str] = field(default_factory=Counter)
    """What happened to the schedulers."""

    def __post_init__(self) -> None:
        self.random = Random(self.seed)
        self.server = fakeredis.FakeServer()
        self.redis = fakeredis.FakeRedis(server=self.server)
        self.timetable = [
            Entry(
                "often", Every(timedelta(minutes=5)), MINUTE, Missed.ONCE, "", self._note("often", Every(5 * MINUTE))
            ),
            Entry("strict", Every(HOUR), 20 * MINUTE, Missed.SKIP, "", self._note("strict", Every(HOUR))),
            Entry("errands", Every(MINUTE), MINUTE, Missed.ONCE, "", self._run_errands),
            Entry("midnight", Daily(time(0, 20)), HOUR, Missed.RUN_LATE, ""),
            Entry("skipped_hour", Daily(time(2, 30)), HOUR, Missed.RUN_LATE, ""),
            Entry("repeated_hour", Daily(time(1, 30)), HOUR, Missed.RUN_LATE, ""),
            Entry("newest_day", Daily(time(9)), HOUR, Missed.ONCE, ""),
        ]
        self.errands = {
            entry.name: Errand("jobs.entrypoints.refresh_campaigns", STATUS)
            for entry in self.timetable
            if entry.tick is None
        }
        self.schedulers = [self.new_scheduler() for _ in range(3)]
        self.busy: list[Scheduler] = []
        self.down: dict[int, datetime] = {}

    def new_scheduler(self) -> Scheduler:
        connection = Fateful(self)
        return Scheduler(connection, name=f"s{self.random.random()}", clock=lambda: self.now, lease=LEASE)

    def _note(self, name: str, when: Every) -> Callable[[Redis, datetime], int]:
        def tick(redis: Redis, now: datetime) -> int:
            slot = when.newest(now)
            self.ran[name, slot] += 1
            self.latest[name] = max(self.latest.get(name, timedelta()), now - slot)
            return 1

        return tick

    def _run_errands(self, redis: Redis, now: datetime) -> int:
        return run_errands(redis, self.errands, now=now)

    def live(self, until: datetime, *, step: timedelta = HOUR) -> None:
        while self.now < until:
            self.now += step * self.random.random()
            self.everyone_attends()

    def everyone_attends(self) -> None:
        for place in range(3):
            if self.now >= self.down.get(place, START) and self.schedulers[place] not in self.busy:
                self._attend(place)

    def _attend(self, place: int) -> None:
        scheduler = self.schedulers[place]
        self.busy.append(scheduler)
        try:
            for entry in self.timetable:
                scheduler.attend(entry)
        except Killed:
            self.schedulers[place] = self.new_scheduler()
            self.down[place] = self.now + 2 * HOUR * self.random.random()
        finally:
            self.busy.remove(scheduler)

    def strike(self) -> None:
        """Before a command: the process may be killed, or frozen while the others go on, or its command comes late."""
        fate = self.random.random() if self.fates else 1
        if fate < 0.01:
            self.befell["killed"] += 1
            raise Killed
        if fate < 0.02:
            self.befell["frozen"] += 1
            self.now += 30 * MINUTE * self.random.random()
            self.everyone_attends()

    def jobs(self, name: str) -> list[str]:
        """Every job that was ever enqueued for an errand, in order."""
        return [each for each in open_queue(self.redis, STATUS).job_ids if each.startswith(f"{name}-")]


class Fateful(fakeredis.FakeRedis):
    """A client to which the world happens before each of its commands."""

    def __init__(self, world: World) -> None:
        super().__init__(server=world.server)
        self._world = world

    def execute_command(self, *arguments: Any, **options: Any) -> Any:
        self._world.strike()
        return super().execute_command(*arguments, **options)  # type: ignore[no-untyped-call]  # redis-py leaves it without types
