"""A whole Dropline on this machine: a real Redis, a simulated gateway, and real workers that tests may kill."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from types import TracebackType
from typing import Self

from redis import Redis

from jobs.campaigns.plan import plan
from jobs.contacts import Row
from jobs.gateway.simulator import Clock, Settings, Simulator
from jobs.ledger import campaigns
from jobs.models import CampaignView, Terms
from jobs.producer import Producer
from tests.servers import RedisServer, free_port

ROOT = Path(__file__).parents[2]
TERMS = Terms(caller_id="6175550100", audio_title="Reminder", title="March")


class Stage:
    """Servers and workers of one test; everything that was started ends with it."""

    def __init__(
        self, folder: Path, *, speed: float = 60, calls_per_second: float = 100, seed: int = 0, **env: str
    ) -> None:
        self.folder = folder
        self.redis_server = RedisServer(appendonly=True)
        settings = Settings(calls_per_second=calls_per_second, seed=seed)
        self.simulator = Simulator(settings, clock=Clock(speed=speed))
        self.env = env
        self._web_port = free_port()
        self.workers: list[subprocess.Popen[bytes]] = []

    def __enter__(self) -> Self:
        self.redis_server.start()
        self.simulator.start()
        self.redis = Redis.from_url(self.redis_server.url)
        self.producer = Producer(self.redis, lead=timedelta(minutes=10))
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        for worker in self.workers:
            kill_group(worker)
        self.redis.close()
        self.simulator.close()
        self.redis_server.__exit__(None, None, None)

    def start_worker(self, **env: str) -> subprocess.Popen[bytes]:
        """`python -m worker` in a process group of its own, its log in the test's folder."""
        return self._start("worker", env)

    def start_scheduler(self, **env: str) -> subprocess.Popen[bytes]:
        """`python -m scheduler`, likewise."""
        return self._start("scheduler", env)

    def start_web(self, **env: str) -> subprocess.Popen[bytes]:
        """`python -m web`, likewise, at `web_url`."""
        return self._start("web", {"PORT": str(self._web_port), **env})

    @property
    def web_url(self) -> str:
        """Where the web process is, while there is one."""
        return f"http://127.0.0.1:{self._web_port}"

    def _start(self, room: str, env: dict[str, str]) -> subprocess.Popen[bytes]:
        environment = {
            "PATH": os.environ["PATH"],
            "REDIS_URL": self.redis_server.url,
            "GATEWAY_URL": self.simulator.base_url,
            "GATEWAY_UID": "demo",
            "GATEWAY_PASSWORD": "demo",
            "POLL_FIRST_S": "0.5",
            "SETTLE_S": "1",
            "SILENCE_S": "30",
            "LOG_FORMAT": "json",
            **self.env,
            **env,
        }
        with self.log_path.open("ab") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", room],
                cwd=ROOT,
                env=environment,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        self.workers.append(process)
        return process

    @property
    def log_path(self) -> Path:
        return self.folder / "worker.log"

    def events(self, name: str) -> list[dict[str, object]]:
        """The workers' log lines with this event."""
        lines = (json.loads(line) for line in self.log_path.read_text().splitlines() if line.startswith("{"))
        return [line for line in lines if line.get("event") == name]

    def submit(self, phones: list[str], *, key: str, terms: Terms = TERMS) -> str:
        """Hand a campaign in as a Python producer does; its id."""
        rows = (Row(line, phone) for line, phone in enumerate(phones, start=1))
        return self.producer.submit(terms, plan(rows), key=key).campaign_id

    def view(self, campaign_id: str) -> CampaignView:
        found = campaigns.read(self.redis, campaign_id)
        assert found is not None
        return found

    def wait_for(self, what: Callable[[], bool], *, patience_s: float = 90) -> None:
        """Until it is so; a test that waits in vain shows the workers' log."""
        gives_up_at = time.monotonic() + patience_s
        while not what():
            assert time.monotonic() < gives_up_at, self.log_path.read_text()[-6000:]
            time.sleep(0.05)

    def wait_until_over(self, campaign_id: str, *, patience_s: float = 90) -> CampaignView:
        """Until the campaign's status is final or waits for a person."""
        self.wait_for(lambda: _is_over(self.view(campaign_id)), patience_s=patience_s)
        return self.view(campaign_id)

    def accepted(self) -> dict[str, int]:
        """How often the gateway accepted each phone: the only truth."""
        return dict(self.simulator.truth.accepted_phones())


def _is_over(view: CampaignView) -> bool:
    return view.status.is_final or view.status == "needs_decision"


def children_of(worker: subprocess.Popen[bytes]) -> list[int]:
    """The process ids of a supervisor's children."""
    listed = Path(f"/proc/{worker.pid}/task/{worker.pid}/children").read_text()
    return [int(pid) for pid in listed.split()]


def kill_group(worker: subprocess.Popen[bytes]) -> None:
    """SIGKILL to a worker and all its children, as when a machine loses its power."""
    with suppress(ProcessLookupError):  # children may outlive their supervisor
        os.killpg(worker.pid, signal.SIGKILL)
    worker.wait()


def people(count: int, *, area_code: int = 212) -> list[str]:
    """So many different fictitious phones."""
    return [f"{area_code + number // 8_000}555{2000 + number % 8_000}" for number in range(count)]
