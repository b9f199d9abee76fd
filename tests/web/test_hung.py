"""A Redis server that takes connections and says nothing: each door says so in time, and the process ends when told."""

import signal
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import requests
from redis import Redis

from jobs.ledger import tokens
from jobs.models.scopes import Scope
from tests.servers import RedisServer
from tests.web.conftest import CAMPAIGN, PHONES, Caller
from tests.web.processes import WebProcess

pytestmark = pytest.mark.processes

HAND_IN: dict[str, Any] = {"json": {**CAMPAIGN, "recipients": PHONES}, "headers": {"Idempotency-Key": "k"}}
DOORS: list[tuple[str, str, dict[str, Any]]] = [
    ("GET", "/v1/campaigns", {}),
    ("POST", "/v1/campaigns", HAND_IN),
    ("POST", f"/postbacks/{'0' * 32}", {"data": b"var="}),
    ("GET", "/rq/", {}),
    ("GET", "/metrics", {}),
    ("GET", "/", {}),
]
ENDS_WITHIN_S = 20
"""A dyno is killed 30 s after its SIGTERM."""


def test_every_door_says_so_in_time_and_a_sigterm_meanwhile_ends_the_process(tmp_path: Path) -> None:
    with RedisServer() as server, WebProcess(server.url, tmp_path / "log") as web, ThreadPoolExecutor(20) as many:
        with Redis.from_url(server.url) as redis:
            token = tokens.create(redis, "crm", [Scope.READ, Scope.SEND], now=datetime.now(UTC))
        server.freeze()
        caller = Caller(web.address, token)
        asked = [many.submit(caller, method, path, **options) for method, path, options in DOORS]
        assert requests.get(f"{web.address}/healthz", timeout=60).status_code == 200
        assert requests.get(f"{web.address}/readyz", timeout=60).status_code == 503
        told_at = time.monotonic()
        assert web.process
        web.process.send_signal(signal.SIGTERM)
        answers = [each.result() for each in asked]
        assert [(each.status_code, each.headers["Retry-After"]) for each in answers] == [(503, "5")] * len(DOORS)
        web.process.wait(ENDS_WITHIN_S - (time.monotonic() - told_at))
