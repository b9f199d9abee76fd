"""Who has seen what a server has forgotten says so in time, also when the server that it talked to is silent."""

import threading
import time
from datetime import UTC, datetime, timedelta

from redis import Redis

from config.redis_connection import connect
from jobs.ledger import amnesia
from jobs.ledger.meter import Meter
from tests.fault_proxy import Fault, FaultKind, FaultProxy
from tests.servers import RedisServer
from worker.vigil import keep_vigil, open_eye


def is_halted(redis: Redis, *, within: timedelta) -> bool:
    gives_up_at = time.monotonic() + within.total_seconds()
    while not (found := amnesia.look(redis, now=datetime.now(UTC))) and time.monotonic() < gives_up_at:
        time.sleep(0.05)
    return found is not None


def test_who_waits_for_a_lost_server_shows_its_successor_what_it_has_seen_while_that_is_doubted() -> None:
    with RedisServer() as server, FaultProxy(server.url) as way, Redis.from_url(server.url) as newcomer:
        redis = connect(way.url)
        amnesia.halt(redis, why="an important write", by="dana", now=datetime.now(UTC))
        with keep_vigil(open_eye(way.url, redis, tls_verify=False), Meter()):
            way.arm(Fault(FaultKind.HALF_OPEN, on=(b"EVALSHA",)))
            while not way.happened[FaultKind.HALF_OPEN]:
                time.sleep(0.05)
            newcomer.flushall()
            assert is_halted(newcomer, within=amnesia.DOUBT)


def test_a_vigil_ends_with_its_work_also_while_the_server_is_away() -> None:
    with RedisServer() as server, Redis.from_url(server.url) as redis:
        with keep_vigil(open_eye(server.url, redis, tls_verify=False), Meter()):
            server.kill()
            (watching,) = (each for each in threading.enumerate() if each.name == "vigil")
        watching.join(timeout=10)
        assert not watching.is_alive()
