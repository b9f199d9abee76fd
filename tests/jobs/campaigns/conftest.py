"""The use cases at a desk of their own: the real client, a real simulator, a ledger, and a clock that tests move."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from random import Random

import pytest
from pydantic import SecretStr
from redis import Redis

from jobs.campaigns.desk import Desk, Timings
from jobs.campaigns.plan import Plan, plan
from jobs.campaigns.take import Taken, take
from jobs.contacts import Row
from jobs.gateway.client import Credentials, GatewayClient, Timeouts
from jobs.gateway.simulator import Clock, Settings, Simulator
from jobs.ledger import campaigns, limits, submissions
from jobs.ledger.limits import Lane
from jobs.models import CampaignView, Submission, Terms

TERMS = Terms(caller_id="6175550100", audio_title="Reminder", title="March")


NOON = datetime(2026, 3, 2, 17, 0, tzinfo=UTC)
"""A Monday, noon in the East."""


@pytest.fixture
def clock() -> Clock:
    """Stands at noon until a test moves it. The simulator's and ours are the same."""
    return Clock(starts_at=NOON, stopped=True)


@pytest.fixture
def simulator(clock: Clock) -> Iterator[Simulator]:
    """A gateway that has accepted nothing yet, and places a call each second of the clock."""
    with Simulator(Settings(calls_per_second=1), clock=clock) as running:
        yield running


IMPATIENT = Timeouts(connect_s=1, read_s=0.8, deadline_s=1.6)
"""For a gateway that is waited for in vain; of any other a slow machine must not lose the answer."""
PATIENT = Timeouts(connect_s=30, read_s=30, deadline_s=60)


def client_of(base_url: str, *, password: str = "demo", timeouts: Timeouts = PATIENT) -> GatewayClient:
    """The real client."""
    return GatewayClient(base_url=base_url, credentials=Credentials("demo", SecretStr(password)), timeouts=timeouts)


@pytest.fixture
def desk(fake_redis: Redis, simulator: Simulator, clock: Clock) -> Desk:
    client = client_of(simulator.base_url)
    return Desk(
        redis=fake_redis,
        gateway=lambda _account: client,
        clock=clock.now,
        random=Random(1),
        timings=Timings(),
        sleep=lambda seconds: clock.jump(timedelta(seconds=seconds)),
    )


def at_gateway(desk: Desk, base_url: str, *, password: str = "demo", timeouts: Timeouts = PATIENT) -> Desk:
    """The same desk before another gateway, or with another client."""
    client = client_of(base_url, password=password, timeouts=timeouts)
    return replace(desk, gateway=lambda _account: client)


def taken(desk: Desk, *phones: str, terms: Terms = TERMS, key: str = "march") -> Taken:
    """A campaign to these phones, taken in at the desk's present."""
    return take(desk.redis, terms, planned(phones), key=key, now=desk.clock(), lead=desk.timings.lead)


def planned(phones: Sequence[str]) -> Plan:
    return plan(Row(line, phone) for line, phone in enumerate(phones, start=1))


def view(desk: Desk, campaign_id: str) -> CampaignView:
    found = campaigns.read(desk.redis, campaign_id)
    assert found is not None
    return found


def submission(desk: Desk, campaign_id: str, index: int = 1) -> Submission:
    (found,) = submissions.read(desk.redis, [f"{campaign_id}-{index}"])
    return found


def take_a_slot(desk: Desk, account: str = "default") -> None:
    """Somebody else has the account's next slot; the one after it is too far off to be waited for."""
    lane, day = Lane.VERBS, timedelta(days=1)
    limits.take(desk.redis, account, desk.limits_of(account), lane, token="other", now=desk.clock(), patience=day)
