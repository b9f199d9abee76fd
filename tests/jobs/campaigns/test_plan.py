"""Planning: every row in one chunk or excluded with a reason, and the counts add up."""

from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.messy import PHONE, write_messy_csv
from jobs.campaigns.plan import Excluded, Plan, plan
from jobs.contacts import Row, read_contacts
from jobs.models import MAX_PHONES_PER_SUBMISSION
from jobs.phones import Refusal, normalise


def rows_of(*texts: str) -> list[Row]:
    return [Row(line, text) for line, text in enumerate(texts, start=1)]


def test_good_rows_are_planned_in_their_order() -> None:
    planned = plan(rows_of("(617) 555-0123", "1-212-555-0101"))
    assert planned == Plan(2, (("6175550123", "2125550101"),), ())


def test_a_bad_row_is_excluded_as_it_was_written() -> None:
    assert plan(rows_of("n/a")).excluded == (Excluded(1, "n/a", Refusal.NOT_A_NUMBER),)


def test_of_several_rows_with_one_phone_the_first_counts() -> None:
    planned = plan(rows_of("6175550123", "617-555-0123", "6175550124", "+1 617 555 0123"))
    assert planned.chunks == (("6175550123", "6175550124"),)
    assert planned.excluded == (
        Excluded(2, "617-555-0123", Refusal.DUPLICATE, kept_line=1),
        Excluded(4, "+1 617 555 0123", Refusal.DUPLICATE, kept_line=1),
    )


def test_a_phone_more_than_fits_begins_another_chunk() -> None:
    phones = [f"{area}555{line:04}" for area in (617, 212) for line in range(10_000)]
    planned = plan(rows_of(*phones[: MAX_PHONES_PER_SUBMISSION + 1]))
    assert [len(chunk) for chunk in planned.chunks] == [MAX_PHONES_PER_SUBMISSION, 1]


def test_no_rows_are_no_chunks() -> None:
    assert plan([]) == Plan(0, (), ())


def test_counts_that_do_not_add_up_are_no_plan() -> None:
    with pytest.raises(ValueError, match="2 rows are not 1 phones and 0 exclusions"):
        Plan(2, (("6175550123",),), ())


def test_a_plan_shows_no_phone() -> None:
    planned = plan(rows_of("6175550123", "6175550123"))
    assert "617" not in repr(planned)
    assert "617" not in repr(planned.excluded)


CELLS = st.integers(0, 20).map("61755501{:02}".format) | st.sampled_from(["", "n/a", "6.18E+09"]) | st.text(max_size=12)


@given(st.lists(CELLS, max_size=60))
def test_every_row_ends_in_one_place(texts: list[str]) -> None:
    planned = plan(rows_of(*texts))
    phones = [phone for chunk in planned.chunks for phone in chunk]
    assert planned.row_count == len(texts) == planned.phone_count + len(planned.excluded)
    assert len(set(phones)) == len(phones)
    excluded_lines = {excluded.line for excluded in planned.excluded}
    assert phones == [normalise(text) for line, text in enumerate(texts, start=1) if line not in excluded_lines]


@pytest.mark.parametrize("seed", [1, 2])
def test_a_messy_list_is_planned_as_it_was_written(tmp_path: Path, seed: int) -> None:
    path = tmp_path / "contacts.csv"
    written = write_messy_csv(path, 12_000, seed)
    with path.open("rb") as file:
        planned = plan(read_contacts(file))
    reasons: Counter[str] = Counter(excluded.reason for excluded in planned.excluded)
    assert planned.row_count == 12_000
    assert {PHONE: planned.phone_count, **reasons} == dict(written)
