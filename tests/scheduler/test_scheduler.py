"""Three schedulers, killed and frozen at any command for a week: each slot is run at most once, as its rule says."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from random import Random
from typing import Any

import fakeredis
import pytest
from redis import Redis
from redis.exceptions import ConnectionError as RedisConnectionError
from structlog.testing import capture_logs

from config.queues import STATUS
from jobs import eastern, producer
from jobs.ledger import leadership, ticks
from jobs.producer import Errand
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
            self.ran[name, when.newest(now)] += 1
            return 1

        return tick

    def _run_errands(self, redis: Redis, now: datetime) -> int:
        return producer.run_errands(redis, self.errands, now=now)

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
            raise Killed
        if fate < 0.02:
            self.now += 30 * MINUTE * self.random.random()
            self.everyone_attends()

    def jobs(self, name: str) -> list[str]:
        """Every job that was ever enqueued for an errand, in order."""
        return [each for each in producer.open_queue(self.redis, STATUS).job_ids if each.startswith(f"{name}-")]


class Fateful(fakeredis.FakeRedis):
    """A client to which the world happens before each of its commands."""

    def __init__(self, world: World) -> None:
        super().__init__(server=world.server)
        self._world = world

    def execute_command(self, *arguments: Any, **options: Any) -> Any:
        self._world.strike()
        return super().execute_command(*arguments, **options)  # type: ignore[no-untyped-call]  # redis-py leaves it without types


def ids(name: str, at: time, days: range) -> list[str]:
    march = date(2026, 3, 1)
    slots = [eastern.appointment(march + timedelta(days=day - 1), at) for day in days]
    return [producer.errand_id(name, slot) for slot in slots]


@pytest.mark.parametrize("seed", range(3))
def test_each_slot_is_run_once_or_not_at_all(seed: int) -> None:
    world = World(seed)
    with capture_logs() as logs:
        world.live(START + timedelta(days=3))
        world.now += timedelta(hours=26)
        world.live(START + timedelta(days=7))
        world.fates = False
        for _ in range(5):
            world.now += 2 * MINUTE
            world.everyone_attends()
    assert len([line for line in logs if line["event"] == "scheduler_leads"]) > 3
    assert set(world.ran.values()) == {1}
    strict = [slot for name, slot in world.ran if name == "strict"]
    assert 0 < len(strict) < 7 * 24
    assert world.jobs("midnight") == ids("midnight", time(0, 20), range(5, 13))
    assert world.jobs("skipped_hour") == ids("skipped_hour", time(2, 30), range(5, 13))
    newest = world.jobs("newest_day")
    assert len(newest) == len(set(newest)) >= 7
    assert [line for line in logs if line["event"] == "ticks_missed"]


@pytest.fixture
def world() -> World:
    return World(0, fates=False)


def test_when_the_servers_clock_goes_back_days_are_not_had_twice_and_the_rest_carries_on(world: World) -> None:
    world.live(START + timedelta(days=1))
    ran = sum(world.ran.values())
    with capture_logs() as logs:
        world.now -= 20 * HOUR
        world.everyone_attends()
        assert sum(world.ran.values()) > ran
        world.live(START + timedelta(days=1))
    assert {line["tick"] for line in logs if line["event"] == "clock_went_back"} >= {"often", "strict", "midnight"}
    assert world.jobs("midnight") == ids("midnight", time(0, 20), range(5, 7))


def test_a_tick_that_fails_is_told_once_and_the_others_go_on(world: World) -> None:
    def fail(redis: Redis, now: datetime) -> int:
        raise LookupError("6175550142")

    broken = Entry("broken", Every(MINUTE), MINUTE, Missed.ONCE, "", fail)
    world.timetable.insert(0, broken)
    with capture_logs() as logs:
        world.live(START + 3 * HOUR)
    (told,) = [line for line in logs if line["event"] == "tick_failed" and line["log_level"] == "error"][:1]
    assert (told["tick"], told["kind"]) == ("broken", "LookupError")
    assert "6175550142" not in str(logs)
    assert sum(world.ran.values()) > 3


def test_late_runs_are_told_with_their_lateness(world: World) -> None:
    world.live(START + HOUR)
    world.now = eastern.appointment(date(2026, 3, 8), time(2, 20))
    with capture_logs() as logs:
        world.everyone_attends()
    late = {
        line["due_at"]: line["late_s"] for line in logs if line["event"] == "tick_late" and line["tick"] == "midnight"
    }
    assert late == {
        "2026-03-06T05:20:00+00:00": 2 * 86_400 + 2 * 3_600,
        "2026-03-07T05:20:00+00:00": 1 * 86_400 + 2 * 3_600,
        "2026-03-08T05:20:00+00:00": 2 * 3_600,
    }
    (missed,) = [line for line in logs if line["event"] == "ticks_missed" and line["tick"] == "newest_day"]
    assert (missed["missed"], missed["rule"]) == (1, "once")


def test_who_stands_by_runs_nothing_until_the_leader_resigns(world: World) -> None:
    leader, other, _ = world.schedulers
    (often,) = [entry for entry in world.timetable if entry.name == "often"]
    assert leader.attend(often) == 1
    world.now += 5 * MINUTE
    leadership.hold(world.redis, leader.name, now=world.now, lasts=LEASE)
    assert other.attend(often) == 0
    leader.resign()
    assert other.attend(often) == 1


def test_redis_out_of_reach_is_for_the_caller_to_tell(world: World) -> None:
    world.server.connected = False
    with pytest.raises(RedisConnectionError):
        world.schedulers[0].attend(world.timetable[0])
    world.server.connected = True
    assert world.schedulers[0].attend(world.timetable[0]) == 1
    assert ticks.last(world.redis, "often") == world.now
