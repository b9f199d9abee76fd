"""A machine with a ledger, before a gateway that calls nobody."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from redis import Redis

from jobs.campaigns.desk import Desk
from jobs.campaigns.plan import plan
from jobs.campaigns.send import Sent, send
from jobs.campaigns.take import take
from jobs.contacts import Row
from jobs.entrypoints import open_desk
from jobs.gateway.simulator import Fault, FaultKind, Simulator
from jobs.models import Terms
from jobs.outcomes.settle import settle

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
        desk, now = self.desk(), self.simulator.clock.now()
        terms = Terms(caller_id="6175550100", audio_title="Reminder", title="March", start=start or "now")
        planned = plan(Row(line, phone) for line, phone in enumerate(phones, start=1))
        key = f"key {len(self.simulator.truth.sessions)}"
        campaign_id = take(self.redis, terms, planned, key=key, now=now, lead=timedelta(days=90)).campaign_id
        with desk.redis:
            assert send(desk, f"{campaign_id}-1") is Sent.ACCEPTED
        return campaign_id, self.simulator.truth.sessions[-1].id

    def lose(self, *phones: str, title: str = "March", is_taken: bool = True, key: str = "march", **terms: Any) -> str:
        """The id of a submission of ours that nobody knows the gateway to have taken, whether or not it has."""
        desk, now = self.desk(), self.simulator.clock.now()
        stated = Terms(caller_id="6175550100", audio_title="Reminder", title=title, **terms)
        planned = plan(Row(line, phone) for line, phone in enumerate(phones, start=1))
        taken = take(self.redis, stated, planned, key=key, now=now, lead=timedelta(0))
        kind = FaultKind.ACCEPT_THEN_RESET if is_taken else FaultKind.RESET_BEFORE_ACCEPTING
        self.simulator.faults.arm(Fault(kind=kind))
        with desk.redis:
            assert send(desk, f"{taken.campaign_id}-1") is Sent.UNKNOWN
        return f"{taken.campaign_id}-1"

    def send_again(self, submission_id: str) -> None:
        """What a worker does with a submission that is due to be sent."""
        desk = self.desk()
        with desk.redis:
            assert send(desk, submission_id) is Sent.ACCEPTED

    def look(self, submission_id: str, *, at: timedelta | None = None) -> None:
        """Have a worker look for a submission, this much later."""
        self.simulator.clock.jump(at or timedelta(0))
        desk = self.desk()
        with desk.redis:
            settle(desk, submission_id)

    def look_until_absent(self, submission_id: str) -> None:
        """Three looks that make a submission absent, from minute 5 to minute 10 after it was sent."""
        for minutes in (5, 3, 2):
            self.look(submission_id, at=timedelta(minutes=minutes))

    def desk(self) -> Desk:
        """What a worker has, at the simulator's present."""
        return replace(open_desk(self.env), clock=self.simulator.clock.now)
