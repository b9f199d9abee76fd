"""What is shown shows no phone, and draws nothing that was not meant."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobs.cli.shown import LONGEST_ROW, both_times, clean, counted, iso, masked_row


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("6175550123", "••••••0123"),
        ("+1 (617) 555-0123 x4", "+• (•••) •••-•123 x4"),
        ("555-0123", "•••-••23"),
        ("6.17E+09", "•.••E+09"),
        ("ask reception", "ask reception"),
        ("", ""),
        ("two\nlines", "two\N{REPLACEMENT CHARACTER}lines"),
    ],
)
def test_a_row_is_shown_by_its_shape_and_its_last_digits(text: str, shown: str) -> None:
    assert masked_row(text) == shown


@given(st.text(alphabet=st.sampled_from("0123456789 ().-+x\x1b\x9b\n") | st.characters()))
def test_no_row_shows_more_than_four_digits_nor_moves_the_cursor(text: str) -> None:
    shown = masked_row(text)
    assert sum(map(str.isdigit, shown)) <= 4
    assert shown.isprintable()
    assert len(shown) <= LONGEST_ROW


def test_counts_agree_with_their_nouns() -> None:
    assert [counted(1, "phone"), counted(0, "phone"), counted(25_000, "phone")] == [
        "1 phone",
        "0 phones",
        "25,000 phones",
    ]


def test_an_instant_is_shown_as_both_clocks_have_it() -> None:
    late = datetime(2026, 3, 3, 2, 5, 6, tzinfo=UTC)
    assert both_times(late) == "2026-03-02 21:05:06 Eastern   2026-03-03 02:05:06 UTC"
    assert iso(late) == "2026-03-03T02:05:06Z"
    assert iso(None) is None


def test_text_from_outside_cannot_write_escape_sequences() -> None:
    assert "\x1b" not in clean("Voicemail \x1b[2J Busy")
