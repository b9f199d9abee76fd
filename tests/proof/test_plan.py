"""A round is what its seed says, and asks for nothing that could not come to rest."""

import pytest

from tests.proof.plan import LEASE_S, Blow, Ground, Way, draw

SEEDS = range(1, 1 + len(Ground))


@pytest.mark.parametrize("seed", SEEDS)
def test_a_seed_says_all(seed: int) -> None:
    assert draw(seed) == draw(seed)
    assert draw(seed) != draw(seed + len(Ground))


def test_every_ground_has_its_turn() -> None:
    assert {draw(seed).ground for seed in SEEDS} == set(Ground)


@pytest.mark.parametrize("seed", SEEDS)
def test_no_campaign_is_left_paused(seed: int) -> None:
    assert not [order for order in draw(seed).orders if order.verbs and order.verbs[-1][1] == "pause"]


@pytest.mark.parametrize("seed", SEEDS)
def test_who_is_frozen_loses_his_claim(seed: int) -> None:
    freezes = {Blow.FREEZE_WORKER, Blow.FREEZE_MACHINE}
    assert all(strike.lasts_s > LEASE_S for strike in draw(seed).strikes if strike.blow in freezes)


@pytest.mark.parametrize("ground", [Ground.DASHBOARD, Ground.EVERYTHING])
def test_a_job_that_is_the_campaign_is_not_handed_to_whoever_deletes_jobs(ground: Ground) -> None:
    assert Way.RAW not in {order.way for order in draw(1, ground=ground).orders}
