"""Balances are noted over time, and a floor is watched: one warning for each time it is crossed."""

from dataclasses import replace
from datetime import timedelta

import pytest
from structlog.testing import capture_logs

from jobs.campaigns.balances import NotNoted, note_balance, slots_between
from jobs.campaigns.desk import Desk
from jobs.gateway.simulator import Clock, Fault, FaultKind, Simulator
from jobs.ledger import balances, breaker
from jobs.ledger.balances import KEEP, Low, Noted
from tests.jobs.campaigns.conftest import NOON


def credit(simulator: Simulator, credits_left: int) -> None:
    simulator.change({"accounts": {"demo": {"credits": credits_left}}})


def test_what_the_gateway_says_is_a_series_of_bounded_length(desk: Desk, clock: Clock, simulator: Simulator) -> None:
    for credits_left in (500, 400):
        credit(simulator, credits_left)
        note_balance(desk, "default")
        clock.jump(timedelta(hours=1))
    assert balances.history(desk.redis, "default") == [
        Noted(NOON, 500, 0),
        Noted(NOON + timedelta(hours=1), 400, 0),
    ]
    clock.jump(KEEP - timedelta(hours=1))
    note_balance(desk, "default")
    assert [each.at for each in balances.history(desk.redis, "default")] == [NOON + timedelta(hours=1), clock.now()]


def test_the_same_note_twice_stands_there_once(desk: Desk) -> None:
    for _ in range(2):
        balances.note(desk.redis, "default", Noted(NOON, 7, None))
    assert balances.history(desk.redis, "default") == [Noted(NOON, 7, None)]


def test_a_floor_is_said_to_be_crossed_once_each_way(desk: Desk, simulator: Simulator) -> None:
    watched = replace(desk, balance_floors={"default": 100})
    with capture_logs() as logs:
        for credits_left in (100, 99, 50, 100, 99):
            credit(simulator, credits_left)
            note_balance(watched, "default")
    said = [(each["event"], each["log_level"]) for each in logs if each["event"].startswith("balance")]
    low, enough = ("balance_is_low", "warning"), ("balance_is_enough", "info")
    assert said == [low, enough, low]
    assert balances.low_accounts(desk.redis) == {"default": Low(NOON, 100)}


def test_without_a_floor_nothing_is_low(desk: Desk, simulator: Simulator) -> None:
    credit(simulator, 0)
    note_balance(desk, "default")
    assert balances.low_accounts(desk.redis) == {}


SILENT = {FaultKind.HTML: NotNoted.NO_ANSWER, FaultKind.REFUSE: NotNoted.REFUSED}


@pytest.mark.parametrize("kind", SILENT)
def test_a_gateway_that_does_not_say_leaves_no_note(desk: Desk, simulator: Simulator, kind: FaultKind) -> None:
    simulator.faults.arm(Fault(kind=kind, on="question", text="system busy", times=0))
    assert note_balance(desk, "default") is SILENT[kind]
    assert balances.history(desk.redis, "default") == []


def test_a_gateway_that_gets_a_rest_is_asked_again_later(desk: Desk) -> None:
    rest = timedelta(minutes=10)
    for token in "abcde":
        breaker.fail(desk.redis, "default", token=token, now=NOON, first_rest=rest, longest_rest=rest)
    assert note_balance(desk, "default") is NotNoted.NO_ANSWER


@pytest.mark.parametrize(("minutes", "missing"), [(1, 0), (15, 0), (29, 0), (30, 1), (60, 3), (-1, 0)])
def test_notes_that_are_missing_are_counted_by_slots(minutes: int, missing: int) -> None:
    assert slots_between(NOON, NOON + timedelta(minutes=minutes)) == missing
