"""A judge that finds nothing must find what was put there for it to find."""

from dataclasses import replace

import pytest

from jobs.campaigns import control
from jobs.campaigns.desk import Desk
from jobs.campaigns.send import send
from jobs.gateway.simulator import Simulator
from jobs.models import Intent
from tests.jobs.campaigns.conftest import TERMS, taken
from tests.jobs.campaigns.conftest import clock as clock
from tests.jobs.campaigns.conftest import desk as desk
from tests.jobs.campaigns.conftest import simulator as simulator
from tests.proof.checker import STOP_GRACE_S, Receipt, judge

PHONES = ["6175550101", "6175550102"]


@pytest.fixture
def receipt(desk: Desk) -> Receipt:
    """Of a campaign that nobody has sent yet; its title at the gateway is its key."""
    return Receipt(TERMS.title, PHONES, taken(desk, *PHONES).campaign_id)


def test_a_campaign_that_does_not_go_on_is_lost(desk: Desk, simulator: Simulator, receipt: Receipt) -> None:
    (lost,) = judge(desk.redis, simulator, [receipt]).findings
    assert "is waiting and stays so" in lost


def test_a_campaign_that_is_over_and_all_there_is_not(desk: Desk, simulator: Simulator, receipt: Receipt) -> None:
    control.request(desk.redis, receipt.campaign_id, Intent.STOP, why="", now=desk.clock())
    control.control(desk, receipt.campaign_id)
    assert judge(desk.redis, simulator, [receipt]).findings == []


def test_a_campaign_without_one_of_its_phones_is_lost(desk: Desk, simulator: Simulator, receipt: Receipt) -> None:
    verdict = judge(desk.redis, simulator, [replace(receipt, phones=[*PHONES, "6175550103"])])
    assert any("has not the 3 phones that were handed in" in each for each in verdict.lost)


def test_a_campaign_that_the_ledger_does_not_know_is_lost(desk: Desk, simulator: Simulator) -> None:
    (lost,) = judge(desk.redis, simulator, [Receipt("never", PHONES, "")]).findings
    assert "the ledger does not know it" in lost


def test_what_the_gateway_took_twice_is_found(desk: Desk, simulator: Simulator, receipt: Receipt) -> None:
    send(desk, f"{receipt.campaign_id}-1")
    desk.gateway("default").submit(TERMS, PHONES[:1], title=TERMS.title, postback_url=None, start_at=None)
    verdict = judge(desk.redis, simulator, [receipt])
    assert verdict.twice == ("a phone was accepted 2 times",)
    assert verdict.contradicted


def test_what_starts_after_a_stop_is_found(desk: Desk, simulator: Simulator, receipt: Receipt) -> None:
    send(desk, f"{receipt.campaign_id}-1")
    (post,) = simulator.truth.arrivals
    before, in_flight = post.arrived_s - STOP_GRACE_S - 1, post.arrived_s - STOP_GRACE_S / 2
    assert len(judge(desk.redis, simulator, [replace(receipt, stopped_s=before)]).too_late) == 1
    assert not judge(desk.redis, simulator, [replace(receipt, stopped_s=in_flight)]).too_late
