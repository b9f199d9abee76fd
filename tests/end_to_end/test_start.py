"""What a worker says when it starts, and which servers it will not work with."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.end_to_end.stage import ROOT, Stage, children_of
from tests.servers import RedisServer

pytestmark = pytest.mark.processes

GATEWAY = {"GATEWAY_URL": "http://127.0.0.1:9/gateway/", "GATEWAY_UID": "demo", "GATEWAY_PASSWORD": "demo"}


def refused(server: RedisServer, *arguments: str, **env: str) -> str:
    """What a worker says that ends at once."""
    environment = {"PATH": os.environ["PATH"], "REDIS_URL": server.url, **GATEWAY, **env}
    command = [sys.executable, "-m", "worker", *arguments]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 2
    return done.stderr


@pytest.mark.parametrize("arguments", [(), ("--queue", "campaigns")], ids=["supervisor", "child"])
def test_no_worker_starts_on_a_server_that_evicts(arguments: tuple[str, ...]) -> None:
    with RedisServer(appendonly=True, flags=("--maxmemory-policy", "volatile-lru")) as server:
        assert "maxmemory-policy is volatile-lru" in refused(server, *arguments)


def test_no_worker_starts_on_a_server_that_offers_less_than_is_asked_for(redis_server: RedisServer) -> None:
    redis_server.start()
    said = refused(redis_server, DURABILITY="standard")
    assert "DURABILITY asks for standard, and the server offers best_effort" in said


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    with Stage(tmp_path) as made:
        yield made


def test_a_worker_says_how_durably_it_works(stage: Stage) -> None:
    stage.start_worker()
    stage.wait_for(lambda: bool(stage.events("worker_starts")))
    (line,) = stage.events("worker_starts")
    assert line["durability"] == "strict"
    assert str(line["server"]).startswith("valkey 9")


def test_a_worker_that_starts_before_its_server_waits_for_it(stage: Stage) -> None:
    stage.redis_server.kill()
    worker = stage.start_worker()
    stage.wait_for(lambda: bool(stage.events("redis_out_of_reach")))
    stage.redis_server.start()
    stage.wait_for(lambda: bool(stage.events("redis_is_back")))
    stage.wait_for(lambda: len(children_of(worker)) == 3)
    assert worker.poll() is None
