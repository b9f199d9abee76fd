"""Storms: whatever is doubled, overtakes or is killed, the ledger ends with the one table there is."""

import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from random import Random

import pytest
from redis import Redis

from jobs.campaigns.desk import Desk
from jobs.campaigns.send import Sent, send
from jobs.gateway.simulator import Fault, FaultKind, Settings, Simulator
from jobs.models import DropState
from tests import oracle
from tests.end_to_end.stage import people
from tests.jobs.campaigns.conftest import client_of, submission, taken
from tests.servers import RedisServer
from tests.web.herald import Delivered, deliver
from tests.web.processes import WebProcess
from tests.web.storm import Storm

pytestmark = pytest.mark.processes


@pytest.fixture
def kept() -> Iterator[RedisServer]:
    """A server that has on its disk what it has answered for."""
    with RedisServer(appendonly=True) as server:
        yield server


@pytest.fixture
def web(kept: RedisServer, tmp_path: Path) -> Iterator[WebProcess]:
    with WebProcess(kept.url, tmp_path / "web.log") as process:
        yield process


def test_a_storm_with_doubles_in_any_order_and_kills_leaves_the_one_table(kept: RedisServer, web: WebProcess) -> None:
    blows: list[tuple[int, Callable[[], None]]] = [(1_200, web.restart), (2_700, kept.restart), (4_200, web.restart)]

    def strike(delivered: Delivered) -> None:
        if blows and len(delivered.seconds) > blows[0][0]:
            blows.pop(0)[1]()

    with Redis.from_url(kept.url) as redis:
        storm = Storm(redis, 6_000, seed=5, phones_each=600)
        delivered = deliver(web.address, storm.parcels(), meanwhile=strike)
        assert len(delivered.seconds) == 7_200
        assert not blows
        assert set(delivered.answers) <= {"200", "503", "none"}
        storm.check()


def desk_before(simulator: Simulator, redis: Redis, postbacks_url: str) -> Desk:
    client = client_of(simulator.base_url)
    clock = lambda: datetime.now(UTC)  # noqa: E731 -- the present, as the other processes have it
    return Desk(redis, gateway=lambda _: client, clock=clock, random=Random(1), postbacks_url=postbacks_url)


def test_a_gateway_that_posts_until_it_hears_ok_loses_nothing_to_kills(kept: RedisServer, web: WebProcess) -> None:
    """Its answer to the submission is lost as well, so that all is known by postbacks alone."""
    postbacks = {"attempts": 0, "backoff_s": 0.05, "duplicated": 0.2, "reordered": 0.2, "reordered_s": 0.5}
    settings = Settings.model_validate({"calls_per_second": 300, "postbacks": postbacks})
    with Simulator(settings) as simulator, Redis.from_url(kept.url) as redis:
        desk = desk_before(simulator, redis, f"{web.address}/postbacks/")
        campaign_id = taken(desk, *people(600)).campaign_id
        simulator.faults.arm(Fault(kind=FaultKind.ACCEPT_THEN_RESET))
        assert send(desk, f"{campaign_id}-1") is Sent.UNKNOWN
        (session,) = simulator.truth.sessions
        for count, strike in ((100, web.restart), (250, kept.restart), (400, web.restart)):
            wait_until(lambda count=count: session.postbacks["confirmed"] >= count)  # type: ignore[misc]  # bound at once
            strike()
        wait_until(lambda: not simulator.postman.waiting and session.state(simulator.now).is_over)
        assert session.postbacks["given_up"] == 0
        oracle.check(redis, simulator)
        drops = submission(desk, campaign_id).drops
        assert drops[DropState.DELIVERED] + drops[DropState.FAILED] == session.postbacks["confirmed"]


def wait_until(holds: Callable[[], bool], patience_s: float = 60) -> None:
    gives_up_at = time.monotonic() + patience_s
    while not holds():
        assert time.monotonic() < gives_up_at
        time.sleep(0.02)
