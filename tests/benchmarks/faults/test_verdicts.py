"""The judge: every combination of what a system says and what the gateway took has one verdict."""

from collections import Counter
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.faults.script import MISHAPS, NOTHING, Trial
from benchmarks.faults.verdicts import DUPLICATES, FALSE_STATES, LOSSES, Said, Verdict, judge, score

SILENCE = next(mishap for mishap in MISHAPS if mishap.name == "taken, then silence")
PHONES = ("2125552000", "2125552001", "2125552002")


@pytest.mark.parametrize(
    ("said", "times", "verdict"),
    [
        (Said.ACCEPTED, 1, Verdict.RIGHT),
        (Said.ACCEPTED, 0, Verdict.WRONGLY_DONE),
        (Said.FAILED, 1, Verdict.WRONGLY_FAILED),
        (Said.FAILED, 0, Verdict.FAILED),
        (Said.UNKNOWN, 1, Verdict.HELD),
        (Said.UNKNOWN, 0, Verdict.HELD),
        (Said.OPEN, 1, Verdict.LEFT_OPEN),
        (Said.OPEN, 0, Verdict.LOST),
    ],
)
def test_what_is_said_is_judged_by_what_was_taken(said: Said, times: int, verdict: Verdict) -> None:
    assert judge(said, [times] * 3) is verdict


@given(st.sampled_from(Said), st.lists(st.integers(0, 3), min_size=1, max_size=4))
def test_whoever_was_accepted_twice_makes_a_duplicate_whatever_is_said(said: Said, times: list[int]) -> None:
    assert (judge(said, times) in DUPLICATES) == (max(times) > 1)


@given(st.sampled_from(Said))
def test_a_campaign_with_one_phone_left_out_was_not_accepted(said: Said) -> None:
    assert judge(said, [1, 1, 0]) is judge(said, [0, 0, 0])


def test_done_and_never_accepted_is_a_loss_and_a_false_state() -> None:
    assert {Verdict.WRONGLY_DONE} == LOSSES & FALSE_STATES


def test_saying_that_nobody_knows_is_neither_a_loss_nor_false() -> None:
    assert Verdict.HELD not in DUPLICATES | LOSSES | FALSE_STATES


def trial(key: str, place: int, *, befallen: bool = True) -> Trial:
    phones = tuple(str(int(phone) + 10 * place) for phone in PHONES)
    return Trial(key, phones, SILENCE if befallen else NOTHING)


def test_rates_are_per_thousand_faults_and_count_what_befell_the_others() -> None:
    """Four faults; a campaign without one is accepted twice all the same, as when workers are killed beside it."""
    script = [trial(f"befallen-{place}", place) for place in range(4)] + [trial("spared", 4, befallen=False)]
    accepted = Counter({phone: 2 for each in script[3:] for phone in each.phones})
    found = score(script, {each.key: Said.ACCEPTED for each in script[3:]}, accepted)
    assert found.faults == 4
    assert found.rate(DUPLICATES) == 500
    assert found.rate(LOSSES) == 750
    assert found.verdicts["nothing"] == {Verdict.TWICE: 1}


def test_a_campaign_that_nothing_is_said_of_is_lost() -> None:
    assert score([trial("unheard", 0)], {}, {}).total == {Verdict.LOST: 1}


def test_of_what_is_held_it_is_known_how_much_was_taken() -> None:
    script = [trial("taken", 0), trial("not-taken", 1)]
    said = dict.fromkeys(("taken", "not-taken"), Said.UNKNOWN)
    found = score(script, said, dict.fromkeys(script[0].phones, 1))
    assert (found.count({Verdict.HELD}), found.held_and_taken) == (2, 1)


def test_no_faults_are_no_reason_to_divide_by_them() -> None:
    found = score([replace(trial("spared", 0), mishap=NOTHING)], {}, {})
    assert found.rate(DUPLICATES) == 0
