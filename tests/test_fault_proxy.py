"""Each fault is what it says it is, seen from both sides."""

import socket
import threading
import time
from collections.abc import Iterator
from random import Random

import pytest
from redis import Redis
from redis.backoff import NoBackoff
from redis.exceptions import ConnectionError as Disconnected
from redis.exceptions import TimeoutError as TooSlow
from redis.retry import Retry

from tests.fault_proxy import Fault, FaultKind, FaultProxy, Storm
from tests.servers import RedisServer


@pytest.fixture
def proxy(redis_server: RedisServer, redis: Redis) -> Iterator[FaultProxy]:
    with FaultProxy(redis_server.url) as made:
        yield made


@pytest.fixture
def client(proxy: FaultProxy) -> Iterator[Redis]:
    """A client that tries once."""
    with client_of(proxy, waits_s=60) as made:
        made.ping()
        yield made


def client_of(proxy: FaultProxy, *, waits_s: float) -> Redis:
    return Redis.from_url(proxy.url, retry=Retry(NoBackoff(), 0), socket_timeout=waits_s)


def test_without_faults_everything_passes(client: Redis, proxy: FaultProxy) -> None:
    value = Random(1).randbytes(1_000_000)
    client.set("k", value)
    assert client.get("k") == value
    assert not proxy.happened


def test_a_lost_reply_leaves_the_command_done(client: Redis, redis: Redis, proxy: FaultProxy) -> None:
    proxy.arm(Fault(FaultKind.LOSE_REPLY, on=[b"INCR"]))
    assert client.get("n") is None
    with pytest.raises(Disconnected):
        client.incr("n")
    assert redis.get("n") == b"1"
    assert client.incr("n") == 2


def test_a_request_that_is_cut_leaves_nothing_done(client: Redis, redis: Redis, proxy: FaultProxy) -> None:
    proxy.arm(Fault(FaultKind.CUT_REQUEST, on=[b"INCR"], first_bytes=12))
    with pytest.raises(Disconnected):
        client.incr("n")
    assert redis.get("n") is None


def test_a_reply_that_is_cut_arrives_in_part(proxy: FaultProxy) -> None:
    proxy.arm(Fault(FaultKind.CUT_REPLY, first_bytes=3))
    with socket.create_connection(proxy.url.split("/")[2].split(":"), timeout=60) as raw:  # type: ignore[arg-type]  # a port as text is fine
        raw.sendall(b"PING\r\n")
        assert raw.recv(100) == b"+PO"
        with pytest.raises(ConnectionResetError):
            raw.recv(100)


@pytest.mark.parametrize("kind", [FaultKind.HALF_OPEN, FaultKind.DELAY])
def test_silence_and_delay_are_timeouts(proxy: FaultProxy, kind: FaultKind) -> None:
    proxy.arm(Fault(kind, seconds=60))
    began = time.monotonic()
    with client_of(proxy, waits_s=1) as client, pytest.raises(TooSlow):
        client.ping()
    assert 0.9 < time.monotonic() - began < 30


def test_a_reply_may_drip(client: Redis, proxy: FaultProxy) -> None:
    proxy.arm(Fault(FaultKind.DRIP, seconds=0.02))
    began = time.monotonic()
    assert client.ping()
    assert time.monotonic() - began > 0.1


def test_a_reply_is_held_until_it_is_released(client: Redis, redis: Redis, proxy: FaultProxy) -> None:
    proxy.arm(Fault(FaultKind.HOLD, on=[b"INCR"]))
    answers: list[object] = []
    waiting = threading.Thread(target=lambda: answers.append(client.incr("n")))
    waiting.start()
    proxy.wait_until_it_holds()
    assert redis.get("n") == b"1"
    assert not answers
    proxy.release()
    waiting.join()
    assert answers == [1]


def test_a_storm_does_the_same_to_the_same_connection_again() -> None:
    storm = Storm(seed=7, rate=0.3)
    first, again, other = (Random(text) for text in ("7/1", "7/1", "7/2"))
    weather = [storm.fault(first) for _ in range(200)]
    assert weather == [storm.fault(again) for _ in range(200)]
    assert weather != [storm.fault(other) for _ in range(200)]
    assert 40 < sum(fault is not None for fault in weather) < 80


def test_a_storm_passes(client: Redis, proxy: FaultProxy) -> None:
    proxy.blow(Storm(seed=1, rate=1, kinds=(FaultKind.LOSE_REPLY,)))
    with pytest.raises(Disconnected):
        client.ping()
    proxy.calm()
    assert client.ping()
    assert proxy.happened[FaultKind.LOSE_REPLY] >= 1
