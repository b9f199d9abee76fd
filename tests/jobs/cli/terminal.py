"""A machine with a ledger, before a gateway that calls nobody."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from redis import Redis

from jobs.campaigns.plan import plan
from jobs.campaigns.send import Sent, send
from jobs.campaigns.take import take
from jobs.contacts import Row
from jobs.entrypoints import open_desk
from jobs.gateway.simulator import Simulator
from jobs.models import Terms

NOON = datetime(2026, 3, 2, 17, 0, tzinfo=UTC)
"""A Monday, noon in the East."""


@dataclass(frozen=True, slots=True)
class Terminal:
    """Commands are run at the simulator's present, with an environment that has everything."""

    simulator: Simulator
    redis: Redis
    run_command: Callable[..., Any]
    env: Mapping[str, str] = field(repr=False)

    def run(self, *arguments: str, without: tuple[str, ...] = (), **env: str) -> Any:
        """How one command ended; some variables may be missing, others set."""
        environment = {name: value for name, value in {**self.env, **env}.items() if name not in without}
        return self.run_command(*arguments, now=self.simulator.clock.now(), env=environment)

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
