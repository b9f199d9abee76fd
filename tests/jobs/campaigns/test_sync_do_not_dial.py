"""The gateway's own list is brought in step with ours, whatever comes in between."""

from dataclasses import replace
from datetime import timedelta

import pytest

from jobs.campaigns import do_not_dial, refusals
from jobs.campaigns.desk import Desk
from jobs.campaigns.do_not_dial import Synced, Verb
from jobs.campaigns.send import Sent, send
from jobs.gateway.simulator import Clock, Fault, FaultKind, Simulator
from jobs.ledger import do_not_dial as lists
from jobs.ledger import due
from jobs.ledger.keys import Due
from jobs.ledger.limits import Limits
from tests.jobs.campaigns.conftest import at_gateway, take_a_slot, taken
from tests.jobs.campaigns.test_do_not_dial import ANNA, BOB, add, change
from tests.servers import free_port


def sync_all(desk: Desk, account: str = "default") -> list[Synced]:
    came_to: list[Synced] = []
    while not came_to or came_to[-1] is Synced.MORE:
        came_to.append(do_not_dial.sync(desk, account))
    return came_to


def test_the_gateway_is_told_who_came_and_who_left(desk: Desk, simulator: Simulator) -> None:
    add(desk, ANNA, BOB)
    change(desk, Verb.REMOVE, ANNA)
    assert due.count(desk.redis, Due.DO_NOT_DIAL, by=desk.clock()) == 1
    assert sync_all(desk) == [Synced.MORE, Synced.MORE, Synced.IN_STEP]
    assert simulator.gateway.do_not_dial == {"demo": {BOB}}
    found = lists.read(desk.redis, "default")
    assert (found.unconfirmed, found.confirmed_at) == (0, desk.clock())
    assert not due.stands(desk.redis, Due.DO_NOT_DIAL, "default")


def test_a_long_list_goes_in_several_requests(desk: Desk, simulator: Simulator) -> None:
    phones = [f"617555{number:04}" for number in range(2_500)]
    add(desk, *phones)
    assert len(sync_all(desk)) == 4
    assert simulator.gateway.do_not_dial == {"demo": set(phones)}


@pytest.mark.parametrize(
    "kind",
    [
        FaultKind.ACCEPT_THEN_RESET,
        FaultKind.HTML,
        FaultKind.RESET_BEFORE_ACCEPTING,
        FaultKind.ANSWER_502_AFTER_ACCEPTING,
    ],
)
def test_what_was_not_confirmed_is_told_again(desk: Desk, simulator: Simulator, kind: FaultKind) -> None:
    add(desk, ANNA)
    simulator.faults.arm(Fault(kind=kind, on="control"))
    assert do_not_dial.sync(desk, "default") is Synced.LATER
    found = lists.read(desk.redis, "default")
    assert found.unconfirmed == 1
    assert found.trouble
    assert ANNA[-7:] not in found.trouble
    later = desk.clock() + timedelta(seconds=4)
    assert due.count(desk.redis, Due.DO_NOT_DIAL, by=desk.clock()) == 0
    assert due.count(desk.redis, Due.DO_NOT_DIAL, by=later) == 1
    sync_all(desk)
    assert simulator.gateway.do_not_dial == {"demo": {ANNA}}
    assert lists.read(desk.redis, "default").trouble == ""


def test_waits_for_a_gateway_that_is_down_grow(desk: Desk, clock: Clock) -> None:
    nobody = at_gateway(desk, f"http://127.0.0.1:{free_port()}/gateway/")
    add(desk, ANNA)
    for _ in range(12):
        clock.jump(desk.timings.resend_most)
        do_not_dial.sync(nobody, "default")
    assert due.count(desk.redis, Due.DO_NOT_DIAL, by=desk.clock() + desk.timings.resend_most / 3) == 0
    assert due.count(desk.redis, Due.DO_NOT_DIAL, by=desk.clock() + desk.timings.resend_most) == 1


def test_a_refusal_is_kept_in_the_gateways_words_and_tried_slowly(desk: Desk, simulator: Simulator) -> None:
    wrong = at_gateway(desk, simulator.base_url, password="not the password")
    add(desk, ANNA)
    assert do_not_dial.sync(wrong, "default") is Synced.LATER
    assert "c_password" in lists.read(desk.redis, "default").trouble
    assert due.count(desk.redis, Due.DO_NOT_DIAL, by=desk.clock() + desk.timings.resend_most) == 1


def test_after_workers_are_started_with_another_password_the_next_try_is_at_once(
    desk: Desk, simulator: Simulator
) -> None:
    wrong = at_gateway(desk, simulator.base_url, password="not the password")
    add(desk, ANNA)
    do_not_dial.sync(wrong, "default")
    next_try_at = lists.read(desk.redis, "default").next_try_at
    assert next_try_at == desk.clock() + desk.timings.resend_most
    refusals.try_now(desk.redis, ["default", "west"], now=desk.clock())
    assert due.count(desk.redis, Due.DO_NOT_DIAL, by=desk.clock()) == 1
    sync_all(desk)
    assert lists.read(desk.redis, "default").next_try_at is None
    refusals.try_now(desk.redis, ["default", "west"], now=desk.clock())
    assert due.count(desk.redis, Due.DO_NOT_DIAL) == 0


def test_when_the_account_is_taken_again_its_list_is_due_at_once(desk: Desk, simulator: Simulator) -> None:
    wrong = at_gateway(desk, simulator.base_url, password="not the password")
    add(desk, ANNA)
    campaign_id = taken(desk, BOB).campaign_id
    assert send(wrong, f"{campaign_id}-1") is Sent.LATER
    do_not_dial.sync(wrong, "default")
    assert due.count(desk.redis, Due.DO_NOT_DIAL, by=desk.clock()) == 0
    simulator.clock.jump(desk.timings.refusal_first * 2)
    assert send(desk, f"{campaign_id}-1") is Sent.ACCEPTED
    assert due.count(desk.redis, Due.DO_NOT_DIAL, by=desk.clock()) == 1


def test_one_number_that_the_gateway_refuses_does_not_keep_the_others_out(desk: Desk, simulator: Simulator) -> None:
    phones = [f"617555{number:04}" for number in range(50)]
    add(desk, *phones)
    # Down to a single number: 50, 5, 1.
    simulator.faults.arm(Fault(kind=FaultKind.REFUSE, text="c_phone: invalid number", on="control", times=3))
    sync_all(desk)
    assert simulator.gateway.do_not_dial == {"demo": set(phones[1:])}
    found = lists.read(desk.redis, "default")
    assert (found.refused, found.unconfirmed) == (1, 0)
    assert do_not_dial.is_listed(desk.redis, "default", phones[0])


def test_the_gateway_is_told_when_its_turn_comes(desk: Desk, simulator: Simulator) -> None:
    limited = replace(desk, limits=Limits(calls_per_s=0.1))
    add(desk, ANNA)
    change(desk, Verb.REMOVE, BOB)
    assert do_not_dial.sync(limited, "default") is Synced.MORE
    take_a_slot(limited)
    assert do_not_dial.sync(limited, "default") is Synced.LATER
    assert lists.read(desk.redis, "default").trouble == ""
    assert due.count(desk.redis, Due.DO_NOT_DIAL, by=desk.clock()) == 0
    assert due.count(desk.redis, Due.DO_NOT_DIAL, by=desk.clock() + timedelta(seconds=30)) == 1


def test_an_account_without_a_list_needs_no_telling(desk: Desk) -> None:
    due.add(desk.redis, Due.DO_NOT_DIAL, ["nobody"], desk.clock())
    assert do_not_dial.sync(desk, "nobody") is Synced.IN_STEP
    assert not due.stands(desk.redis, Due.DO_NOT_DIAL, "nobody")
