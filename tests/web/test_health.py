"""Alive and ready, as machines ask it: quick, whatever Redis does, and nothing that helps a stranger."""

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import requests
from redis import Redis

from config.queues import CAMPAIGNS
from config.redis_connection import connect
from jobs.ledger import amnesia, keys, leadership
from jobs.producer import open_queue
from tests.fault_proxy import Fault, FaultKind, FaultProxy
from tests.servers import RedisServer
from tests.web.front_door import front_door, make_site

DAY = timedelta(days=1)
WHOLE = dict.fromkeys(("redis", "persistence", "scheduler", "queues", "sending"), True)


def asked(address: str) -> tuple[int, dict[str, Any]]:
    answer = requests.get(f"{address}/readyz", timeout=10)
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


@pytest.fixture
def frozen(redis_server: RedisServer) -> Iterator[str]:
    """A front door before a Redis that takes everything and answers nothing."""
    with FaultProxy(redis_server.url) as proxy, connect(proxy.url, patience_s=2) as redis:
        proxy.arm(Fault(FaultKind.HALF_OPEN, times=1_000))
        with front_door(make_site(redis)) as address:
            yield address


def test_answers_come_in_time_however_many_ask_while_redis_hangs(frozen: str) -> None:
    began = time.monotonic()
    with ThreadPoolExecutor(60) as many:
        answers = list(many.map(asked, [frozen] * 60))
        alive = requests.get(f"{frozen}/healthz", timeout=10)
    assert answers == [(503, {"ready": False, "checks": {**dict.fromkeys(WHOLE), "redis": False}})] * 60
    assert (alive.status_code, alive.text) == (200, "alive\n")
    assert time.monotonic() - began < 9  # one patience, and a slow machine; one after the other they would take 120


def test_redis_is_asked_once_however_many_ask(led: Redis) -> None:
    frozen_clock = datetime.now(UTC)
    site = replace(make_site(led), desk=replace(make_site(led).desk, clock=lambda: frozen_clock))
    with front_door(site) as address:
        asked(address)
        before = led.info("commandstats")["cmdstat_time"]["calls"]
        with ThreadPoolExecutor(8) as many:
            list(many.map(asked, [address] * 40))
        assert led.info("commandstats")["cmdstat_time"]["calls"] - before <= 5  # one for each second that it took
