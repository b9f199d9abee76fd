"""The command line as a person or a script runs it: arguments and an environment in, text and an exit code out."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from redis import Redis

from jobs.__main__ import main
from jobs.campaigns.plan import plan
from jobs.campaigns.send import Sent, send
from jobs.campaigns.take import take
from jobs.contacts import Row
from jobs.entrypoints import open_desk
from jobs.gateway.simulator import Clock, Settings, Simulator
from jobs.models import Terms
from tests.servers import RedisServer

NOON = datetime(2026, 3, 2, 17, 0, tzinfo=UTC)
"""A Monday, noon in the East."""


@dataclass(frozen=True, slots=True)
class Said:
    """How a command ended, and what it wrote."""

    code: int
    out: str
    err: str

    @property
    def document(self) -> Any:
        return json.loads(self.out)


@dataclass
class Terminal:
    """A machine with this environment, before this gateway and ledger."""

    simulator: Simulator
    redis: Redis
    capsys: pytest.CaptureFixture[str]
    env: Mapping[str, str] = field(repr=False)

    def run(self, *arguments: str, without: tuple[str, ...] = (), **env: str) -> Said:
        """One command, at the simulator's present."""
        environment = {name: value for name, value in {**self.env, **env}.items() if name not in without}
        code = main(arguments, environment, self.simulator.clock.now)
        out, err = self.capsys.readouterr()
        return Said(code, out, err)

    def send(self, *phones: str, start: datetime | None = None) -> tuple[str, str]:
        """A campaign of ours that the gateway has accepted: its id, and that of its session."""
        desk = replace(open_desk(self.env), clock=self.simulator.clock.now)
        now = self.simulator.clock.now()
        terms = Terms(caller_id="6175550100", audio_title="Reminder", title="March", start=start or "now")
        planned = plan(Row(line, phone) for line, phone in enumerate(phones, start=1))
        key = f"key {len(self.simulator.truth.sessions)}"
        campaign_id = take(self.redis, terms, planned, key=key, now=now, lead=timedelta(days=90)).campaign_id
        with desk.redis:
            assert send(desk, f"{campaign_id}-1") is Sent.ACCEPTED
        return campaign_id, self.simulator.truth.sessions[-1].id


@pytest.fixture
def terminal(redis_server: RedisServer, redis: Redis, capsys: pytest.CaptureFixture[str]) -> Iterator[Terminal]:
    clock = Clock(starts_at=NOON, stopped=True)
    with Simulator(Settings(calls_per_second=1), clock=clock) as simulator:
        env = {
            "REDIS_URL": redis_server.url,
            "GATEWAY_URL": simulator.base_url,
            "GATEWAY_UID": "demo",
            "GATEWAY_PASSWORD": "demo",
        }
        yield Terminal(simulator, redis, capsys, env)
