"""The processes of the show: a Redis server, a gateway that calls nobody, a worker and the page. All end with it."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from redis import Redis
from rq import Worker

from config.queues import QUEUES
from config.settings import Settings, variables
from jobs.ledger import people
from jobs.ledger.people import Role
from tests.servers import RedisServer, free_port

PATIENCE_S = 60
"""How long a process may take to start, and to end."""


@dataclass(frozen=True)
class Stage:
    """Where everything is: `environment` is all that a process of Dropline must be told."""

    redis: Redis
    gateway_url: str
    environment: Mapping[str, str]
    page_url: str
    password: str
    """Of `PERSON`, who may do everything on the page."""


PERSON = "demo"
"""Who may sign in to the page."""


class DidNotStart(Exception):
    """One of the processes ended at once or took too long; its log says why."""


@contextmanager
def open_stage(folder: Path, *, calls_per_second: float) -> Iterator[Stage]:
    """Start everything, with data and logs in `folder`, and end it again whatever happens in between.

    The gateway calls so many phones a second in each session.
    """
    simulator = ["jobs.gateway.simulator", "--port", "0", "--rate", str(calls_per_second)]
    ready, data = folder / "gateway.url", folder / "redis"
    data.mkdir()
    with ExitStack() as opened:
        server = opened.enter_context(RedisServer(appendonly=True, data_dir=data))
        gateway = opened.enter_context(
            _process([*simulator, "--ready-file", str(ready)], os.environ, folder / "gateway.log")
        )
        environment = _environment(server.url, _first_text(ready, gateway))
        redis = opened.enter_context(Redis.from_url(server.url))
        worker = opened.enter_context(_process(["worker"], environment, folder / "worker.log"))
        web = opened.enter_context(_process(["web"], environment, folder / "web.log"))
        _wait_until(lambda: Worker.count(connection=redis) == len(QUEUES), worker)
        _wait_until(lambda: _listens(int(environment["PORT"])), web)
        password = people.new_password()
        people.add(redis, PERSON, Role.OPERATE, password, sees_phones=True, now=datetime.now(UTC))
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            opened.callback(signal.signal, number, signal.SIG_IGN)  # who is impatient waits until all have ended
        page_url = f"http://127.0.0.1:{environment['PORT']}"
        yield Stage(redis, environment["GATEWAY_URL"], environment, page_url, password)


def _environment(redis_url: str, gateway_url: str) -> dict[str, str]:
    """This process's environment, without whatever it says about a real account."""
    ours = {variable for name in Settings.model_fields for variable in variables(name)}
    return {name: value for name, value in os.environ.items() if name not in ours} | {
        "REDIS_URL": redis_url,
        "GATEWAY_URL": gateway_url,
        "GATEWAY_UID": "demo",
        "GATEWAY_PASSWORD": "demo",
        "POLL_FIRST_S": "1",
        "POLL_MAX_S": "1",
        "SILENCE_S": "4",  # a few numbers never get a record, and nobody wants to wait a day for them here
        "LOG_FORMAT": "json",
        "PORT": str(free_port()),
    }


def _listens(port: int) -> bool:
    """Whether somebody answers at a port of this machine."""
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


@contextmanager
def _process(module: list[str], environment: Mapping[str, str], log: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A module of ours as a process out of the terminal's reach, so that Ctrl-C comes to us and we end it in order."""
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", *module],
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
    try:
        yield process
    finally:
        _end(process)


def _end(process: subprocess.Popen[bytes]) -> None:
    process.send_signal(signal.SIGTERM)
    try:
        process.wait(PATIENCE_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _first_text(path: Path, writer: subprocess.Popen[bytes]) -> str:
    """What the process writes into a file once it is ready."""
    _wait_until(lambda: path.exists() and bool(path.read_text()), writer)
    return path.read_text()


def _wait_until(is_so: Callable[[], bool], process: subprocess.Popen[bytes]) -> None:
    gives_up_at = time.monotonic() + PATIENCE_S
    while not is_so():
        if process.poll() is not None or time.monotonic() > gives_up_at:
            raise DidNotStart("a process did not start")
        time.sleep(0.05)
