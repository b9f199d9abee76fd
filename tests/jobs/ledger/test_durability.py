"""What the server says of its disk is believed only where it speaks of our own write."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from redis import Redis

from config.redis_connection import connect
from jobs.ledger import campaigns, claims, submissions
from jobs.ledger.durability import NotDurable, run_durably
from jobs.ledger.script import Script
from jobs.models import SubmissionState
from tests.fault_proxy import Fault, FaultKind, FaultProxy
from tests.jobs.ledger.conftest import NOW, taken
from tests.servers import RedisServer

WRITE = Script("return redis.call('INCR', KEYS[1])")


@pytest.fixture(scope="module")
def never_flushing() -> Iterator[RedisServer]:
    """Writes its append-only file and never flushes it, so that the true answer to WAITAOF is always no."""
    with RedisServer(appendonly=True, flags=("--appendfsync", "no")) as server:
        yield server


@pytest.fixture
def flushing() -> Iterator[RedisServer]:
    with RedisServer(appendonly=True) as server:
        yield server


def test_a_connection_that_wrote_nothing_is_told_that_all_is_on_disk(never_flushing: RedisServer) -> None:
    """Why a wait on any connection of a pool would be worth nothing."""
    with (
        Redis.from_url(never_flushing.url, single_connection_client=True) as writer,
        Redis.from_url(never_flushing.url, single_connection_client=True) as other,
    ):
        writer.set("k", "v")
        assert other.waitaof(1, 0, 200) == [1, 0]
        assert writer.waitaof(1, 0, 200) == [0, 0]


def test_on_a_pool_the_wait_is_for_the_write(never_flushing: RedisServer) -> None:
    redis = connect(never_flushing.url, max_connections=4)

    def write(number: int) -> str:
        with pytest.raises(NotDurable) as error:
            run_durably(WRITE, redis, [f"n:{number}"], [])
        return str(error.value)

    with redis, ThreadPoolExecutor(4) as threads:
        assert set(threads.map(write, range(4))) == {"the Redis server did not get a write onto its disk within 4 s"}


def test_what_is_on_disk_is_answered_for(flushing: RedisServer) -> None:
    with connect(flushing.url) as redis:
        assert run_durably(WRITE, redis, ["n"], []) == 1  # the server had to learn the text
        assert run_durably(WRITE, redis, ["n"], []) == 2
        flushing.restart()
        assert redis.get("n") == b"2"


def test_a_server_that_keeps_no_file_promises_nothing(redis: Redis) -> None:
    with pytest.raises(NotDurable, match="cannot say"):
        run_durably(WRITE, redis, ["n"], [])


def test_a_durable_move_whose_reply_is_lost_is_sent_again_whole(flushing: RedisServer) -> None:
    with FaultProxy(flushing.url) as proxy, connect(proxy.url) as redis:
        taken(redis, ["6175550123"])
        claims.claim(redis, "bcdf-1", attempt="a", now=NOW, until=NOW)
        (claimed,) = submissions.read(redis, ["bcdf-1"])
        proxy.arm(Fault(FaultKind.LOSE_REPLY, on=[b"WAITAOF"]))
        assert submissions.move(redis, claimed, SubmissionState.SENDING, now=NOW, attempt="a", durably=True)
        assert proxy.happened == {FaultKind.LOSE_REPLY: 1}
        view = campaigns.read(redis, "bcdf")
        assert view is not None
        assert view.submissions == {SubmissionState.SENDING: 1}


def test_a_repeated_move_on_another_connection_is_not_taken_for_durable(never_flushing: RedisServer) -> None:
    """The second sending finds the move done. It must write all the same, or its connection would be told yes."""
    with FaultProxy(never_flushing.url) as proxy, connect(proxy.url) as redis:
        redis.flushall()
        taken(redis, ["6175550123"])
        claims.claim(redis, "bcdf-1", attempt="a", now=NOW, until=NOW)
        (claimed,) = submissions.read(redis, ["bcdf-1"])
        proxy.arm(Fault(FaultKind.LOSE_REPLY, on=[b"WAITAOF"]))
        with pytest.raises(NotDurable):
            submissions.move(redis, claimed, SubmissionState.SENDING, now=NOW, attempt="a", durably=True)
        assert proxy.happened == {FaultKind.LOSE_REPLY: 1}
