"""Alive and ready, as machines ask it: quick, whatever Redis does, and nothing that helps a stranger."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import requests
from redis import Redis

from config.queues import CAMPAIGNS
from config.redis_connection import connect
from jobs.ledger import amnesia, keys, leadership
from jobs.ringing.queues import open_queue
from tests.fault_proxy import Fault, FaultKind, FaultProxy
from tests.servers import RedisServer
from tests.web.front_door import front_door, make_site
from web.health import FRESH_S, Check, Readiness

DAY = timedelta(days=1)
WHOLE = dict.fromkeys(("redis", "persistence", "scheduler", "queues", "sending"), True)


def asked(address: str) -> tuple[int, dict[str, Any]]:
    answer = requests.get(f"{address}/readyz", timeout=60)
    return answer.status_code, answer.json()


def readiness(redis: Redis, **env: str) -> tuple[int, dict[str, Any]]:
    with front_door(make_site(redis, env)) as address:
        return asked(address)


def without(*checks: str) -> tuple[int, dict[str, Any]]:
    return 503, {"ready": False, "checks": {**WHOLE, **dict.fromkeys(checks, False)}}


@pytest.fixture
def led(redis: Redis) -> Redis:
    """A ledger with a scheduler."""
    leadership.hold(redis, "a scheduler", now=datetime.now(UTC), lasts=DAY)
    return redis


def test_ready_where_all_is_well(led: Redis) -> None:
    assert readiness(led) == (200, {"ready": True, "checks": WHOLE})


def test_not_ready_without_a_scheduler(redis: Redis) -> None:
    assert readiness(redis) == without("scheduler")


def test_a_lease_that_ran_out_is_no_scheduler(redis: Redis) -> None:
    leadership.hold(redis, "a scheduler", now=datetime.now(UTC) - DAY, lasts=timedelta(seconds=15))
    assert readiness(redis) == without("scheduler")


def test_not_ready_where_less_is_kept_than_wanted(led: Redis) -> None:
    assert readiness(led, DURABILITY="strict") == without("persistence")


def test_not_ready_where_a_job_has_waited_too_long(led: Redis) -> None:
    job = open_queue(led, CAMPAIGNS).enqueue("jobs.entrypoints.keep_house")
    led.hset(job.key, "enqueued_at", (datetime.now(UTC) - DAY).strftime("%Y-%m-%dT%H:%M:%S.%fZ"))
    assert readiness(led) == without("queues")


def test_a_job_without_an_age_that_can_be_read_is_not_old(led: Redis) -> None:
    job = open_queue(led, CAMPAIGNS).enqueue("jobs.entrypoints.keep_house")
    led.hset(job.key, "enqueued_at", "yesterday")
    assert readiness(led)[0] == 200


def test_not_ready_while_a_person_has_sending_halted(led: Redis) -> None:
    amnesia.halt(led, why="a wrong script", by="dana", now=datetime.now(UTC))
    assert readiness(led) == without("sending")


def test_not_ready_where_the_ledger_has_forgotten_something(led: Redis) -> None:
    led.hset(keys.HALT, mapping={"since": 1, "reason": "told so"})
    assert readiness(led) == without("sending")


def test_nothing_that_helps_a_stranger_is_said(led: Redis) -> None:
    with front_door(make_site(led)) as address:
        answers = [requests.get(f"{address}/{path}", timeout=10) for path in ("healthz", "readyz")]
    told = "".join(answer.text + str(answer.headers) for answer in answers)
    assert not any(
        word in told.lower() for word in ("redis://", "localhost", "127.0.0.1", "uvicorn", "valkey", "version")
    )


def test_answers_come_however_many_ask_while_redis_hangs(redis_server: RedisServer) -> None:
    with FaultProxy(redis_server.url) as proxy, connect(proxy.url, patience_s=60) as redis:
        proxy.arm(Fault(FaultKind.HOLD, times=1_000))
        with front_door(make_site(redis)) as address, ThreadPoolExecutor(60) as many:
            try:
                answers = list(many.map(asked, [address] * 60))
                alive = requests.get(f"{address}/healthz", timeout=60)
            finally:
                proxy.calm()
                proxy.release()
    assert answers == [(503, {"ready": False, "checks": {**dict.fromkeys(WHOLE), "redis": False}})] * 60
    assert (alive.status_code, alive.text) == (200, "alive\n")


def test_redis_is_asked_once_a_second_however_many_ask(led: Redis) -> None:
    now_s = [0.0]
    readiness = Readiness(make_site(led), lambda: now_s[0])

    async def cost(visitors: int) -> int:
        """Commands of so many who ask within the next second."""
        now_s[0] += FRESH_S
        before = _asked_for_the_time(led)
        await asyncio.gather(*(readiness.ask() for _ in range(visitors)))
        while not (await readiness.ask())[Check.REDIS]:  # the look goes on when nobody waits for it any more
            pass
        return _asked_for_the_time(led) - before

    async def costs() -> list[int]:
        return [await cost(visitors) for visitors in (1, 40, 1)]

    first, many, one = asyncio.run(costs())
    assert first >= many == one > 0


def _asked_for_the_time(redis: Redis) -> int:
    """By every look, and by nobody else here."""
    return int(redis.info("commandstats").get("cmdstat_time", {}).get("calls", 0))
