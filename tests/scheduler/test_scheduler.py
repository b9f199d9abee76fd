"""One scheduler and three: who leads, what is late, what fails, and a clock that goes back."""

from datetime import date, datetime, time, timedelta

import pytest
from redis import Redis
from redis.exceptions import ConnectionError as RedisConnectionError
from structlog.testing import capture_logs

from jobs import eastern
from jobs.ledger import leadership, ticks
from jobs.ringing.errands import errand_id
from scheduler.agenda import Entry, Every, Missed
from scheduler.scheduler import Scheduler
from tests.scheduler.world import HOUR, LEASE, MINUTE, START, World


def ids(name: str, at: time, days: range) -> list[str]:
    march = date(2026, 3, 1)
    slots = [eastern.appointment(march + timedelta(days=day - 1), at) for day in days]
    return [errand_id(name, slot) for slot in slots]


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
    assert (missed["log_level"], missed["meaning"]) == ("info", "made up for by the next")
    (missed,) = [line for line in logs if line["event"] == "ticks_missed" and line["tick"] == "strict"]
    assert (missed["log_level"], missed["meaning"]) == ("warning", "not made up for")


def test_at_a_first_start_nothing_was_late(world: World) -> None:
    with capture_logs() as logs:
        world.everyone_attends()
    assert errand_id("newest_day", START - 3 * HOUR) in [line.get("errand") for line in logs]
    assert not {line["event"] for line in logs} & {"tick_late", "ticks_missed"}


def test_who_stands_by_runs_nothing_until_the_leader_resigns(world: World) -> None:
    leader, other, _ = world.schedulers
    (often,) = [entry for entry in world.timetable if entry.name == "often"]
    assert leader.attend(often) == 1
    world.now += 5 * MINUTE
    leadership.hold(world.redis, leader.name, now=world.now, lasts=LEASE)
    assert other.attend(often) == 0
    leader.resign()
    assert other.attend(often) == 1


@pytest.mark.parametrize("frozen", [timedelta(milliseconds=5), 10 * MINUTE])
def test_a_healthy_leader_is_not_thrown_out_by_one_that_looked_at_the_clock_before_it(
    world: World, frozen: timedelta
) -> None:
    (often,) = [entry for entry in world.timetable if entry.name == "often"]
    leader = world.schedulers[0]
    leader.attend(often)

    def clock() -> datetime:
        read = world.now
        world.now += frozen
        leader.attend(often)
        return read

    late = Scheduler(world.redis, name="late", clock=clock, lease=LEASE)
    with capture_logs() as logs:
        assert late.attend(often) == 0
    assert leadership.holder(world.redis, now=world.now) == leader.name
    assert {"event": "scheduler_stands_by", "log_level": "info"} in logs


def test_redis_out_of_reach_is_for_the_caller_to_tell(world: World) -> None:
    world.server.connected = False
    with pytest.raises(RedisConnectionError):
        world.schedulers[0].attend(world.timetable[0])
    world.server.connected = True
    assert world.schedulers[0].attend(world.timetable[0]) == 1
    assert ticks.last(world.redis, "often") == world.now
