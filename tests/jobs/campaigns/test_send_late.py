"""A sender that comes too late, or that the ledger does not back, sends nothing."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import count
from typing import Any

import pytest
from redis import Redis

from config.durability import Durability
from jobs.campaigns.control import control
from jobs.campaigns.desk import Desk
from jobs.campaigns.send import Sent, send
from jobs.gateway.replies import Accepted
from jobs.gateway.simulator import Clock, Fault, FaultKind, Simulator
from jobs.ledger import amnesia, campaigns, due, evidence, submissions
from jobs.ledger.keys import Due
from jobs.models import Intent, SubmissionState
from tests.jobs.campaigns.conftest import submission, taken
from tests.servers import RedisServer


class Frozen:
    """The real gateway, before which something happens while the sender is frozen with its connection open."""

    def __init__(self, desk: Desk, meanwhile: Callable[[], None]) -> None:
        self._client = desk.gateway("default")
        self._meanwhile = meanwhile

    def submit(self, *arguments: Any, before_send: Callable[[], None], **options: Any) -> Accepted:
        def wake_up() -> None:
            self._meanwhile()
            before_send()

        return self._client.submit(*arguments, before_send=wake_up, **options)


def frozen(desk: Desk, meanwhile: Callable[[], None]) -> Desk:
    gateway: Any = Frozen(desk, meanwhile)
    return replace(desk, gateway=lambda _account: gateway)


@pytest.fixture
def campaign_id(desk: Desk) -> str:
    return taken(desk, "6175550123", "2125550101").campaign_id


def test_a_sender_that_wakes_up_after_it_was_given_up_sends_nothing_and_says_that_nothing_left(
    desk: Desk, simulator: Simulator, clock: Clock, campaign_id: str
) -> None:
    """Nobody knew; it does: its request never left, and as long as its attempt holds the submission, that is proof."""

    def give_up() -> None:
        clock.jump(desk.timings.answer_within)
        assert send(desk, f"{campaign_id}-1") is Sent.UNKNOWN
        assert due.stands(desk.redis, Due.SETTLE, f"{campaign_id}-1")

    assert send(frozen(desk, give_up), f"{campaign_id}-1") is Sent.LATER
    assert submission(desk, campaign_id).state is SubmissionState.PLANNED
    assert not due.stands(desk.redis, Due.SETTLE, f"{campaign_id}-1")
    assert simulator.truth.arrivals == []
    clock.jump(desk.timings.resend_first)
    assert send(desk, f"{campaign_id}-1") is Sent.ACCEPTED
    assert simulator.truth.accepted_more_than_once() == {}


def test_a_late_proof_moves_nothing_that_was_sent_again_meanwhile(
    desk: Desk, simulator: Simulator, clock: Clock, campaign_id: str
) -> None:
    def send_again() -> None:
        clock.jump(desk.timings.answer_within)
        assert send(desk, f"{campaign_id}-1") is Sent.UNKNOWN
        unknown = submission(desk, campaign_id)
        assert submissions.move(desk.redis, unknown, SubmissionState.PLANNED, now=desk.clock(), attempt=unknown.attempt)
        assert send(desk, f"{campaign_id}-1") is Sent.ACCEPTED

    assert send(frozen(desk, send_again), f"{campaign_id}-1") is Sent.PASSED_OVER
    assert submission(desk, campaign_id).state is SubmissionState.ACCEPTED
    assert len(simulator.truth.sessions) == 1


def test_a_late_proof_for_a_campaign_that_was_stopped_is_withdrawn_by_its_control(
    desk: Desk, simulator: Simulator, clock: Clock, campaign_id: str
) -> None:
    def stop() -> None:
        clock.jump(desk.timings.answer_within)
        assert send(desk, f"{campaign_id}-1") is Sent.UNKNOWN
        campaigns.intend(desk.redis, campaign_id, Intent.STOP, note="", now=desk.clock())
        control(desk, campaign_id)
        assert not due.stands(desk.redis, Due.CONTROL, campaign_id)

    assert send(frozen(desk, stop), f"{campaign_id}-1") is Sent.LATER
    assert due.stands(desk.redis, Due.CONTROL, campaign_id)
    control(desk, campaign_id)
    assert submission(desk, campaign_id).state is SubmissionState.WITHDRAWN
    assert simulator.truth.arrivals == []


def test_a_sender_that_wakes_up_when_it_is_too_late_withdraws_nothing_that_was_sent_meanwhile(
    desk: Desk, simulator: Simulator, clock: Clock, campaign_id: str
) -> None:
    """It holds no attempt yet: only the state tells it that the gateway may have its submission."""
    readings = count(1)

    def frozen_clock() -> datetime:
        if next(readings) == 2:  # it was free at the first
            simulator.faults.arm(Fault(kind=FaultKind.ACCEPT_THEN_RESET))
            assert send(desk, f"{campaign_id}-1") is Sent.UNKNOWN
            clock.jump(timedelta(hours=24))
        return clock.now()

    assert send(replace(desk, clock=frozen_clock), f"{campaign_id}-1") is Sent.PASSED_OVER
    assert submission(desk, campaign_id).state is SubmissionState.UNKNOWN
    assert due.stands(desk.redis, Due.SETTLE, f"{campaign_id}-1")
    assert evidence.in_doubt(desk.redis) == [f"{campaign_id}-1"]


def test_a_sender_that_wakes_up_before_anybody_noticed_plans_it_again(
    desk: Desk, simulator: Simulator, campaign_id: str
) -> None:
    """Its clock says that it is too late, and the ledger that nobody has acted on it: proof that nothing left."""
    readings = iter([0.0, desk.timings.leave_within.total_seconds() + 1])
    late = replace(desk, stopwatch=lambda: next(readings))
    assert send(late, f"{campaign_id}-1") is Sent.LATER
    assert submission(desk, campaign_id).state is SubmissionState.PLANNED
    assert simulator.truth.arrivals == []


def test_a_sender_whose_ledger_forgets_before_the_first_byte_sends_nothing(
    desk: Desk, simulator: Simulator, campaign_id: str
) -> None:
    def forget() -> None:
        desk.redis.flushall()

    assert send(frozen(desk, forget), f"{campaign_id}-1") is Sent.PASSED_OVER
    assert simulator.truth.arrivals == []
    assert amnesia.look(desk.redis, now=desk.clock()) is not None


def test_while_sending_is_halted_nothing_is_claimed(desk: Desk, simulator: Simulator, campaign_id: str) -> None:
    desk.redis.hset("dropline:memory", "count", 0)
    assert send(desk, f"{campaign_id}-1") is Sent.PASSED_OVER
    assert submission(desk, campaign_id).state is SubmissionState.PLANNED
    assert due.count(desk.redis, Due.SEND, by=desk.clock()) == 0
    assert due.count(desk.redis, Due.SEND) == 1
    amnesia.forgive(desk.redis, why="a test", now=desk.clock(), after_data_loss=True)
    assert send(desk, f"{campaign_id}-1") is Sent.ACCEPTED
    assert len(simulator.truth.sessions) == 1


@pytest.fixture
def strict_desk(desk: Desk, request: pytest.FixtureRequest) -> Iterator[Desk]:
    """A desk on a real server that says what is on its disk; with `indirect` flags of that server."""
    with (
        RedisServer(appendonly=True, flags=getattr(request, "param", ())) as server,
        Redis.from_url(server.url) as redis,
    ):
        yield replace(desk, redis=redis, durability=Durability.STRICT)


def test_what_is_on_disk_is_sent(strict_desk: Desk, simulator: Simulator) -> None:
    campaign_id = taken(strict_desk, "6175550123").campaign_id
    assert send(strict_desk, f"{campaign_id}-1") is Sent.ACCEPTED
    assert len(simulator.truth.sessions) == 1


@pytest.mark.parametrize("strict_desk", [("--appendfsync", "no"), ("--appendonly", "no")], indirect=True)
def test_what_does_not_get_onto_the_disk_is_not_sent(strict_desk: Desk, simulator: Simulator) -> None:
    campaign_id = taken(strict_desk, "6175550123").campaign_id
    assert send(strict_desk, f"{campaign_id}-1") is Sent.LATER
    (waiting,) = submissions.read(strict_desk.redis, [f"{campaign_id}-1"])
    assert waiting.state is SubmissionState.PLANNED
    assert "disk" in waiting.reason
    assert due.count(strict_desk.redis, Due.SEND) == 1
    assert simulator.truth.arrivals == []
