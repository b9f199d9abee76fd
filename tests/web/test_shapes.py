"""Numbers into shapes: nothing is lost on the way, and nothing stands outside its frame."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jobs.ledger.balances import Noted
from jobs.ledger.dispositions import SPAN
from jobs.models import DropState
from web.pages import shapes, words

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
COUNTS = st.dictionaries(st.sampled_from([DropState.DELIVERED, DropState.FAILED]), st.integers(1, 10**6), min_size=1)


@settings(max_examples=60)
@given(st.dictionaries(st.integers(0, 40_000), COUNTS, min_size=1, max_size=80))
def test_columns_are_few_lie_side_by_side_and_add_up(found: dict[int, dict[DropState, int]]) -> None:
    timeline = {NOON + SPAN * number: counts for number, counts in found.items()}
    drawn = shapes.columns(timeline)
    assert drawn is not None
    assert len(drawn.columns) <= shapes.MOST_COLUMNS
    assert sum(each.delivered + each.failed for each in drawn.columns) == sum(
        sum(each.values()) for each in found.values()
    )
    assert all(0 <= each.delivered_height + each.failed_height <= 1000.2 for each in drawn.columns)
    steps = {later.at - earlier.at for earlier, later in zip(drawn.columns, drawn.columns[1:], strict=False)}
    assert steps <= {drawn.width}
    assert drawn.end_at >= max(timeline) + SPAN


def test_without_drops_there_are_no_columns() -> None:
    assert shapes.columns({}) is None


@settings(max_examples=40)
@given(st.lists(st.integers(0, 10**9), min_size=2, max_size=500))
def test_a_line_keeps_within_its_frame_and_has_few_points(remaining: list[int]) -> None:
    series = [Noted(NOON + timedelta(hours=hour), each, None) for hour, each in enumerate(remaining)]
    line = shapes.line(series)
    assert line is not None
    points = [tuple(map(float, each.split(","))) for each in line.points.split()]
    assert len(points) <= shapes.MOST_POINTS + 1
    assert all(0 <= x <= 1000 and 0 <= y <= 1000 for x, y in points)


def test_a_bar_is_as_long_as_its_phones() -> None:
    pieces = shapes.bar({"delivered": 50, "failed": 25, "not_sent_yet": 25}, 100)
    assert [(each.kind, each.begin, each.width) for each in pieces] == [("delivered", 0, 500), ("failed", 500, 250)]


@pytest.mark.parametrize(
    ("found", "said"),
    [
        (
            {"delivered": 9_453, "failed": 1_111, "no_record": 19_436},
            "35% with a record · 9,453 delivered, 1,111 failed, 19,436 without a record",
        ),
        ({"delivered": 1, "no_record_yet": 9_999}, "under 1% with a record · 1 delivered, 9,999 with the gateway"),
        ({"delivered": 3}, "100% with a record · 3 delivered"),
        ({"rejected": 2, "withdrawn": 4}, "6 not called"),
        ({"no_record": 500}, "500 without a record"),
        ({"being_sent": 2_500}, "2,500 being sent"),
    ],
)
def test_how_far_it_is_counts_call_records_and_names_where_all_others_are(found: dict[str, int], said: str) -> None:
    assert shapes.how_far(found, sum(found.values())).replace("\N{NO-BREAK SPACE}", " ") == said


def test_in_a_list_what_is_on_its_way_is_left_to_the_bar_once_calls_have_ended() -> None:
    found = {"delivered": 3, "unknown": 1, "no_record_yet": 4, "not_sent_yet": 2}
    assert shapes.in_brief(found, 10) == "30% with a record · 3\N{NO-BREAK SPACE}delivered, 1\N{NO-BREAK SPACE}unknown"
    assert shapes.in_brief({"not_sent_yet": 2}, 2) == "2\N{NO-BREAK SPACE}not sent yet"


def test_every_colour_of_a_bar_has_a_name() -> None:
    drawn = shapes.bar(dict.fromkeys(words.PLACES, 1), len(words.PLACES))
    assert all(each.word in words.COLOURS[each.kind] for each in drawn)
    assert "not sent yet" in words.COLOURS["rest"]


def test_widths_are_told_as_people_say_them() -> None:
    assert [shapes.in_words(width) for width in shapes.WIDTHS][:6] == [
        "5 minutes",
        "10 minutes",
        "15 minutes",
        "30 minutes",
        "1 hour",
        "2 hours",
    ]
