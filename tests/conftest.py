"""What the whole suite shares: a real Redis server per test process, and a fake one for plain units."""

import os
import signal
import sys
import threading
import time
from collections.abc import Iterator
from itertools import islice

import fakeredis
import pytest
import structlog
from hypothesis import Phase, settings
from redis import Redis
from redis.client import PubSubWorkerThread

from tests.servers import RedisServer

SUITE = "suite"
"""The profile of every run that asks for no other."""
FIRST_FIND = "first-find"
"""The profile of runs that only ask whether anything is found at all."""
THREADS_END_WITHIN_S = 10.0

settings.register_profile(SUITE, deadline=None)  # how long a case takes says more of the machine than of us
settings.load_profile(SUITE)
settings.register_profile(FIRST_FIND, phases=(Phase.explicit, Phase.generate), database=None)
settings.register_profile("many")  # of what is made by chance: for the proof, which has the time


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What takes long comes first, and what is over at once comes last, so that in the end nobody waits for one test.

    xdist gives each of its processes an equal share of this order, and who has done all of his takes from the ends of
    the others'. Of two shares one begins with tests that wait for processes and the other with tests that compute.
    """
    shares = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
    waiting = [each for each in items if each.get_closest_marker("processes")]
    computing = [each for each in items if each.get_closest_marker("thorough") and each not in waiting]
    slow = {*waiting, *computing}
    quick = (each for each in items if each not in slow)
    left = len(items)
    ordered: list[pytest.Item] = []
    for number in range(shares):
        size = left // (shares - number)
        left -= size
        first, second = (waiting, computing) if number % 2 else (computing, waiting)
        share = [*first[number::shares], *second[number::shares]]
        ordered += [*share, *islice(quick, max(0, size - len(share)))]
    items[:] = [*ordered, *quick]


@pytest.fixture(scope="session")
def redis_server() -> Iterator[RedisServer]:
    """A real server without persistence, one per test process. A test may kill, freeze or restart it."""
    with RedisServer() as server:
        yield server


@pytest.fixture
def redis(redis_server: RedisServer) -> Iterator[Redis]:
    """A client on the real server, all its data gone; replies are bytes, as in production."""
    redis_server.start()
    with Redis.from_url(redis_server.url) as client:
        client.flushall()
        yield client


@pytest.fixture
def fake_redis() -> Iterator[Redis]:
    """An in-process fake with Lua, fresh for each test. RQ takes other paths on it than on a server."""
    with fakeredis.FakeRedis(server=fakeredis.FakeServer()) as client:
        yield client


@pytest.fixture(scope="session", autouse=True)
def logs_apart_from_answers() -> None:
    """What use cases log in the test's own process goes to its stderr: a command's stdout is its answer alone."""
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))


@pytest.fixture(scope="session", autouse=True)
def ctrl_c_reaches_our_children() -> None:
    """A suite that a shell started in the background was told to ignore SIGINT, and its children would be born so."""
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(autouse=True)
def no_thread_outlives_its_test() -> Iterator[None]:
    """One that works on would take connections, log, and change the state of `random` under whatever test comes next.

    Python waits for those that are no daemons, which in a pool rest; RQ tells its own to end and does not wait for it.
    """
    before = set(threading.enumerate())
    yield
    gives_up_at = time.monotonic() + THREADS_END_WITHIN_S
    for each in set(threading.enumerate()) - before:
        if each.daemon and not isinstance(each, PubSubWorkerThread):
            each.join(timeout=max(0, gives_up_at - time.monotonic()))
            assert not each.is_alive(), f"the thread {each.name} goes on"
