"""The script: the same for everybody, and fair."""

from collections import Counter

import pytest

from benchmarks.faults.script import MISHAPS, NOTHING, Incident, Trial, draw_script
from jobs.gateway.simulator.faults import UNHEARD


@pytest.fixture(scope="module")
def script() -> list[Trial]:
    return draw_script(600, seed=1)


def test_the_same_seed_draws_the_same_script(script: list[Trial]) -> None:
    assert draw_script(600, seed=1) == script
    assert draw_script(600, seed=2) != script


@pytest.mark.parametrize("campaigns", [1, 17, 30, 600, 1000])
def test_a_script_is_as_long_as_asked(campaigns: int) -> None:
    assert len(draw_script(campaigns, seed=1)) == campaigns


def test_every_mishap_occurs(script: list[Trial]) -> None:
    assert {trial.mishap for trial in script} == set(MISHAPS)


def test_nobody_is_in_two_campaigns(script: list[Trial]) -> None:
    phones = Counter(phone for trial in script for phone in trial.phones)
    assert set(phones.values()) == {1}
    assert len({trial.key for trial in script}) == 600


def test_as_many_are_taken_before_it_goes_wrong_as_are_not(script: list[Trial]) -> None:
    kinds = Counter(trial.mishap.kind in UNHEARD for trial in script if trial.fault and "slow" not in trial.mishap.name)
    assert abs(kinds[True] - kinds[False]) <= 0.05 * kinds.total()


def test_the_shares_are_of_the_whole() -> None:
    assert sum(mishap.share for mishap in MISHAPS) == 1000


def test_a_fault_is_bound_to_its_campaign_and_not_to_an_order(script: list[Trial]) -> None:
    assert all(trial.fault.title == trial.key for trial in script if trial.fault)
    assert all(trial.fault is None for trial in script if trial.mishap is NOTHING)


def test_incidents_come_early_enough_to_recover_from(script: list[Trial]) -> None:
    places = [place for place, trial in enumerate(script) if trial.mishap.incident]
    assert {script[place].mishap.incident for place in places} == set(Incident)
    assert max(places) < 300
