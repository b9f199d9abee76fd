"""An answer whose attempt was given up meanwhile: the gateway took it all the same, and no phone may ring twice."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import count
from typing import Any

import pytest

from jobs.campaigns.desk import Desk
from jobs.campaigns.send import Sent, send
from jobs.gateway.replies import Accepted
from jobs.gateway.simulator import Clock, Fault, FaultKind, Simulator
from jobs.ledger import claims, due, evidence
from jobs.ledger.keys import Due
from jobs.models import Finding, SubmissionState
from jobs.outcomes.settle import Settled, settle
from tests.jobs.campaigns.conftest import at_gateway, submission, taken
from tests.jobs.outcomes.conftest import PHONES, RESEND, TITLED, known_session, settle_for, until_planned
from tests.servers import free_port


class Late:
    """The real gateway, after whose answer something happens while the sender is frozen."""

    def __init__(self, desk: Desk, meanwhile: Callable[[], None]) -> None:
        self._client = desk.gateway("default")
        self._meanwhile = meanwhile

    def submit(self, *arguments: Any, **options: Any) -> Accepted:
        accepted = self._client.submit(*arguments, **options)
        self._meanwhile()
        return accepted


def late(desk: Desk, meanwhile: Callable[[], None]) -> Desk:
    gateway: Any = Late(desk, meanwhile)
    return replace(desk, gateway=lambda _account: gateway)


@pytest.fixture
def campaign_id(desk: Desk, simulator: Simulator, clock: Clock) -> str:
    """Is sent again when it is not listed, by a gateway that lists an hour late."""
    simulator.change({"listing_lag_s": 3600})
    known_session(desk)
    clock.jump(timedelta(hours=1))
    return taken(desk, *PHONES, terms=RESEND).campaign_id


def plan_again(desk: Desk, clock: Clock, campaign_id: str) -> None:
    clock.jump(desk.timings.answer_within)
    assert send(desk, f"{campaign_id}-1") is Sent.UNKNOWN
    until_planned(desk, clock, campaign_id)


def try_in_vain(desk: Desk, campaign_id: str) -> None:
    nobody = at_gateway(desk, f"http://127.0.0.1:{free_port()}/gateway/")
    assert send(nobody, f"{campaign_id}-1") is Sent.LATER


def claim(desk: Desk, campaign_id: str) -> None:
    now = desk.clock()
    claims.claim(desk.redis, f"{campaign_id}-1", attempt="second", now=now, until=now + desk.timings.lease)


@pytest.mark.parametrize("second", [try_in_vain, claim])
def test_an_answer_that_comes_before_it_is_sent_again_is_adopted_and_nothing_is_sent(
    desk: Desk, simulator: Simulator, clock: Clock, campaign_id: str, second: Callable[[Desk, str], None]
) -> None:
    def meanwhile() -> None:
        plan_again(desk, clock, campaign_id)
        second(desk, campaign_id)

    assert send(late(desk, meanwhile), f"{campaign_id}-1") is Sent.ACCEPTED
    known = submission(desk, campaign_id)
    assert (known.state, known.session_id) == (SubmissionState.ACCEPTED, simulator.truth.sessions[-1].id)
    assert known.gateway_count == len(PHONES)
    assert evidence.read(desk.redis, known.id)[-1].finding is Finding.ANSWER
    assert evidence.strays(desk.redis, campaign_id) == {}
    clock.jump(timedelta(hours=1))
    assert send(desk, known.id) is Sent.PASSED_OVER
    assert simulator.truth.accepted_more_than_once() == {}


def test_an_answer_for_a_session_that_was_found_meanwhile_still_says_how_many_phones_were_taken(
    desk: Desk, simulator: Simulator, clock: Clock
) -> None:
    simulator.change(TITLED)
    campaign_id = taken(desk, *PHONES).campaign_id

    def find() -> None:
        clock.jump(desk.timings.answer_within)
        assert send(desk, f"{campaign_id}-1") is Sent.UNKNOWN
        assert settle(desk, f"{campaign_id}-1") is Settled.ADOPTED
        assert submission(desk, campaign_id).gateway_count is None

    assert send(late(desk, find), f"{campaign_id}-1") is Sent.ACCEPTED
    assert submission(desk, campaign_id).gateway_count == len(PHONES)


def test_an_answer_is_not_lost_when_another_claims_while_it_is_judged(
    desk: Desk, simulator: Simulator, clock: Clock, campaign_id: str
) -> None:
    readings = count(-1000)

    def meanwhile() -> None:
        nonlocal readings
        plan_again(desk, clock, campaign_id)
        try_in_vain(desk, campaign_id)
        clock.jump(desk.timings.resend_most)
        readings = count(1)

    def frozen_clock() -> datetime:
        if next(readings) == 2:  # after the submission was read
            claim(desk, campaign_id)
        return clock.now()

    assert send(late(replace(desk, clock=frozen_clock), meanwhile), f"{campaign_id}-1") is Sent.ACCEPTED
    assert submission(desk, campaign_id).session_id == simulator.truth.sessions[-1].id


def test_an_answer_that_comes_after_it_was_sent_again_names_a_stray(
    desk: Desk, simulator: Simulator, clock: Clock, campaign_id: str
) -> None:
    def meanwhile() -> None:
        plan_again(desk, clock, campaign_id)
        assert send(desk, f"{campaign_id}-1") is Sent.ACCEPTED

    assert send(late(desk, meanwhile), f"{campaign_id}-1") is Sent.PASSED_OVER
    assert list(evidence.strays(desk.redis, campaign_id)) == [simulator.truth.sessions[-2].id]
    assert submission(desk, campaign_id).session_id == simulator.truth.sessions[-1].id


def test_a_late_answer_for_the_second_attempt_does_not_end_the_search_for_the_first(
    desk: Desk, simulator: Simulator, clock: Clock, campaign_id: str
) -> None:
    simulator.faults.arm(Fault(kind=FaultKind.ACCEPT_THEN_RESET))
    assert send(desk, f"{campaign_id}-1") is Sent.UNKNOWN
    until_planned(desk, clock, campaign_id)

    def give_up() -> None:
        clock.jump(desk.timings.answer_within)
        assert send(desk, f"{campaign_id}-1") is Sent.UNKNOWN

    assert send(late(desk, give_up), f"{campaign_id}-1") is Sent.ACCEPTED
    assert due.stands(desk.redis, Due.SETTLE, f"{campaign_id}-1")
    simulator.change(TITLED)
    assert Settled.STRAY in settle_for(desk, clock, campaign_id, during=timedelta(hours=3))
    assert list(evidence.strays(desk.redis, campaign_id)) == [simulator.truth.sessions[-2].id]
