"""What processes count is added up once, whatever happens on the way."""

import pytest
from redis import Redis
from redis.exceptions import RedisError

from config.redis_connection import connect
from jobs.ledger import meter
from jobs.ledger.meter import CALL, Count, Meter, Times
from tests.fault_proxy import Fault, FaultKind, FaultProxy
from tests.servers import RedisServer

INFINITE = float("inf")


def test_what_several_processes_count_is_added_up(fake_redis: Redis) -> None:
    one, other = Meter(), Meter()
    for each in (one, one, other):
        each.count(Count.CALLS, "reads", "answered", "default")
    other.count(Count.CALLS, "verbs", "refused", "west")
    for each in (one, other, one):
        each.flush(fake_redis)
    assert meter.read(fake_redis).counts(Count.CALLS) == {
        ("reads", "answered", "default"): 3,
        ("verbs", "refused", "west"): 1,
    }


def test_times_fall_into_buckets_that_hold_those_below(fake_redis: Redis) -> None:
    own = Meter()
    for seconds in (0.05, 0.06, 3, 60):
        own.time(CALL, "reads", seconds=seconds)
    own.flush(fake_redis)
    (times,) = meter.read(fake_redis).times(CALL).values()
    assert dict(times.buckets) == {
        0.05: 1, 0.1: 2, 0.25: 2, 0.5: 2, 1: 2, 2.5: 2, 5: 3, 10: 3, 20: 3, INFINITE: 4,
    }  # fmt: skip  # a line of numbers
    assert times.sum_s == 63.11


def test_nothing_was_counted_yet(fake_redis: Redis) -> None:
    Meter().flush(fake_redis)
    assert meter.read(fake_redis).counts(Count.CALLS) == {}
    assert meter.read(fake_redis).times(CALL) == {}
    assert not fake_redis.keys()


def test_a_clock_that_goes_back_counts_as_no_time(fake_redis: Redis) -> None:
    own = Meter()
    own.time(CALL, "reads", seconds=-1)
    own.flush(fake_redis)
    assert meter.read(fake_redis).times(CALL)["reads",] == Times(
        (*((bound / 1000, 1) for bound in CALL.bounds_ms), (INFINITE, 1)), 0
    )


def test_a_flush_whose_answer_was_lost_is_told_again_and_counts_once(redis: Redis, redis_server: RedisServer) -> None:
    own = Meter()
    own.count(Count.TURNED_AWAY, "reads")
    with FaultProxy(redis_server.url) as proxy, connect(proxy.url, patience_s=0.01) as unlucky:
        unlucky.ping()
        proxy.arm(Fault(FaultKind.LOSE_REPLY, on=[b"EVAL"], times=50))
        with pytest.raises(RedisError):
            own.flush(unlucky)
        proxy.calm()
        own.count(Count.TURNED_AWAY, "reads")
        own.flush(unlucky)
        own.flush(unlucky)
    assert meter.read(redis).counts(Count.TURNED_AWAY) == {("reads",): 2}
