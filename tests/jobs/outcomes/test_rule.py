"""The rule alone: what listings and records come to, whatever they are."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobs.models import Candidate, Evidence, Finding
from jobs.outcomes.rule import Absence, Likeness, conclude, flaw_of, likeness, search_of, without

NOON = datetime(2026, 3, 2, 17, 0, tzinfo=UTC)
RULE = Absence(after=timedelta(minutes=5), looks=3, apart=timedelta(minutes=5))

phones = st.sets(st.integers(0, 7).map(lambda last: f"617555012{last}"))
strangers = st.dictionaries(st.sampled_from(["500001", "500002", "500003"]), st.sampled_from(Likeness))


@given(phones, phones.filter(bool))
def test_a_stranger_is_ours_only_with_our_phones_alone_and_at_least_half_of_them(
    called: set[str], ours: set[str]
) -> None:
    found = likeness(called, ours)
    assert (found is Likeness.FOREIGN) is bool(called - ours)
    assert (found is Likeness.PHONES) is (bool(called) and called <= ours and 2 * len(called) >= len(ours))
    assert (found is Likeness.UNCLEAR) is (called <= ours and 2 * len(called) < len(ours))


@given(strangers, st.sets(st.sampled_from(["500001", "500002"])), st.sampled_from(["", "flawed"]))
def test_a_conclusion_names_one_session_or_none_and_absence_needs_that_nothing_may_be_it(
    found: dict[str, Likeness], contested: set[str], flaw: str
) -> None:
    conclusion = conclude(found, contested=contested, flaw=flaw)
    if conclusion.finding.names_it:
        (session_id,) = conclusion.session_ids
        assert found[session_id].value == conclusion.finding.value
        rivals = [each for each, how in found.items() if how is found[session_id]]
        assert rivals == [session_id]
        assert conclusion.finding is Finding.MARK or (
            session_id not in contested and Likeness.UNCLEAR not in found.values()
        )
    only_foreign = set(found.values()) <= {Likeness.FOREIGN}
    assert (conclusion.finding is Finding.ABSENT) is (only_foreign and not flaw)
    assert (conclusion.finding is Finding.INCOMPLETE) is (only_foreign and bool(flaw))


@given(st.sets(st.sampled_from("abcd")), st.sets(st.sampled_from("abcd")))
def test_a_listing_counts_only_if_it_shows_something_and_all_that_is_known(listed: set[str], known: set[str]) -> None:
    assert (flaw_of(listed, known) == "") is (bool(listed) and known <= listed)


looks = st.lists(
    st.tuples(st.integers(0, 40), st.sampled_from([Finding.ABSENT, Finding.INCOMPLETE, Finding.UNCLEAR])), max_size=12
)


def seen(told: list[tuple[float, Finding]]) -> list[Evidence]:
    return [Evidence(NOON + timedelta(minutes=at), finding, "") for at, finding in sorted(told)]


@given(looks)
def test_absence_takes_three_looks_late_enough_and_far_enough_apart_since_the_last_hint(
    told: list[tuple[int, Finding]],
) -> None:
    last_hint = max((at for at, finding in told if finding is Finding.UNCLEAR), default=0)
    counted = {at for at, finding in told if finding is Finding.ABSENT and at >= max(5, last_hint)}
    absent = search_of(seen(list(told)), sent_at=NOON, rule=RULE).is_over
    assert absent is (len(counted) >= 3 and max(counted) - min(counted) >= 5)


@pytest.mark.parametrize(
    ("minutes", "absent"),
    [([6, 8, 11], True), ([6, 8, 10], False), ([6, 11], False), ([1, 2, 30], False), ([6, 6.1, 6.2, 11], False)],
)
def test_looks_in_a_row_count_once(minutes: list[float], absent: bool) -> None:
    told = [(at, Finding.ABSENT) for at in minutes]
    assert search_of(seen(told), sent_at=NOON, rule=RULE).is_over is absent


@given(looks)
def test_no_look_before_the_earliest_instant_that_is_named_makes_it_absent(told: list[tuple[int, Finding]]) -> None:
    known = seen(list(told))
    search = search_of(known, sent_at=NOON, rule=RULE)
    now = known[-1].at if known else NOON
    early = search.over_at(now) - timedelta(seconds=1)
    later = [Evidence(early, Finding.ABSENT, "")] if not known or known[-1].at <= early else []
    assert search.is_over or not search_of([*known, *later], sent_at=NOON, rule=RULE).is_over


@pytest.mark.parametrize(
    ("minutes", "now", "over"),
    [([], 0, 10), ([], 7, 12), ([6], 6, 11), ([6], 30, 30 + 5 / 6), ([6, 7, 8], 8, 11), ([6, 7, 8], 20, 20)],
)
def test_the_earliest_instant_is_that_of_looks_that_are_made_as_soon_as_they_count(
    minutes: list[float], now: float, over: float
) -> None:
    told = [(at, Finding.ABSENT) for at in minutes]
    search = search_of(seen(told), sent_at=NOON, rule=RULE)
    assert search.over_at(NOON + timedelta(minutes=now)) == NOON + timedelta(minutes=over)


def test_what_is_known_to_be_anothers_hints_at_nothing() -> None:
    both = Evidence(NOON, Finding.SEVERAL, "", session_ids=("1", "2"), candidates=(Candidate("1"), Candidate("2")))
    hint = Evidence(NOON, Finding.UNCLEAR, "", session_ids=("1",))
    absent = Evidence(NOON, Finding.ABSENT, "")
    (left, same) = without([both, hint, absent], {"1"})
    assert (left.session_ids, left.candidates, same) == (("2",), (Candidate("2"),), absent)
