"""Eastern time: the two nights of the year, whole seconds, and times that the gateway reports."""

from datetime import UTC, date, datetime, timedelta, timezone

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from jobs.eastern import (
    AmbiguousInstant,
    AmbiguousWallTime,
    NonexistentWallTime,
    UnclearTime,
    UnreadableWallTime,
    eastern_date,
    end_of,
    from_wall,
    read_wire,
    to_wire,
)

# In 2026 Eastern clocks skip 02:00-03:00 on 8 March and show 01:00-02:00 twice on 1 November.
FIRST_PASS = datetime(2026, 11, 1, 5, 30, tzinfo=UTC)
SECOND_PASS = datetime(2026, 11, 1, 6, 30, tzinfo=UTC)
SUMMER_NOON = datetime(2026, 7, 1, 16, 0, tzinfo=UTC)

INSTANTS = st.datetimes(datetime(2007, 1, 1), datetime(2080, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 (hypothesis takes naive bounds)


def test_the_wire_has_eastern_wall_time() -> None:
    assert to_wire(SUMMER_NOON) == "2026-07-01 12:00:00"
    assert to_wire(datetime(2026, 1, 1, 3, 4, 5, tzinfo=UTC)) == "2025-12-31 22:04:05"


def test_the_zone_an_instant_comes_in_does_not_matter() -> None:
    assert to_wire(SUMMER_NOON.astimezone(timezone(timedelta(hours=9)))) == "2026-07-01 12:00:00"


def test_a_start_is_never_early_and_an_end_never_late() -> None:
    between = SUMMER_NOON + timedelta(microseconds=1)
    assert to_wire(between) == "2026-07-01 12:00:01"
    assert to_wire(between, round_down=True) == "2026-07-01 12:00:00"


@pytest.mark.parametrize("instant", [FIRST_PASS, SECOND_PASS, FIRST_PASS - timedelta(minutes=30)])
def test_an_instant_of_the_repeated_hour_cannot_be_sent(instant: datetime) -> None:
    with pytest.raises(AmbiguousInstant, match=r"before 01:00 or from 02:00 on"):
        to_wire(instant)


def test_an_instant_that_rounds_into_the_repeated_hour_cannot_be_sent() -> None:
    just_before = FIRST_PASS - timedelta(minutes=30, milliseconds=1)
    assert to_wire(just_before, round_down=True) == "2026-11-01 00:59:59"
    with pytest.raises(AmbiguousInstant):
        to_wire(just_before)


def test_both_edges_of_the_repeated_hour_can_be_sent() -> None:
    assert to_wire(FIRST_PASS - timedelta(minutes=30, seconds=1)) == "2026-11-01 00:59:59"
    assert to_wire(SECOND_PASS + timedelta(minutes=30)) == "2026-11-01 02:00:00"


def test_a_naive_instant_is_refused() -> None:
    with pytest.raises(ValueError, match="aware"):
        to_wire(datetime(2026, 7, 1, 12, 0))  # noqa: DTZ001 (the mistake under test)


@pytest.mark.parametrize("text", ["2026-07-01 12:00:00", "2026-07-01 12:00", "2026-07-01T12:00", " 2026-7-1 12:00 "])
def test_a_wall_time_is_read_from_text(text: str) -> None:
    assert from_wall(text) == SUMMER_NOON
    assert from_wall(text).tzinfo is UTC


def test_a_wall_time_is_read_from_a_naive_datetime() -> None:
    assert from_wall(datetime(2026, 7, 1, 12, 0)) == SUMMER_NOON  # noqa: DTZ001 (a wall time)


@pytest.mark.parametrize(
    ("wall", "error"),
    [
        ("2026-03-08 02:00", NonexistentWallTime),
        ("2026-03-08 02:59:59", NonexistentWallTime),
        ("2026-11-01 01:00", AmbiguousWallTime),
        ("2026-11-01 01:59:59", AmbiguousWallTime),
        ("2026-07-01", UnreadableWallTime),
        ("2026-07-01 12:00Z", UnreadableWallTime),
        ("2026-07-01 12:00-04:00", UnreadableWallTime),
        ("2026-02-30 12:00", UnreadableWallTime),
        ("tomorrow", UnreadableWallTime),
        ("", UnreadableWallTime),
        (SUMMER_NOON, UnreadableWallTime),
    ],
)
def test_a_wall_time_that_is_not_one_instant_is_refused(wall: str | datetime, error: type[UnclearTime]) -> None:
    with pytest.raises(error):
        from_wall(wall)


@pytest.mark.parametrize(
    ("near", "read"),
    [
        (FIRST_PASS + timedelta(minutes=5), FIRST_PASS),
        (SECOND_PASS - timedelta(seconds=1), FIRST_PASS),
        (SECOND_PASS, SECOND_PASS),
        (SECOND_PASS + timedelta(days=3), SECOND_PASS),
        (FIRST_PASS - timedelta(hours=1), FIRST_PASS),
    ],
)
def test_a_reported_time_of_the_repeated_hour_is_its_latest_pass_before_the_report(
    near: datetime, read: datetime
) -> None:
    assert read_wire("2026-11-01 01:30:00", near=near) == read


@pytest.mark.parametrize("text", ["2026-07-01 12:00:00", '"2026-07-01 12:00:00"', "2026-07-01T12:00:00\r\n"])
def test_a_reported_time_is_read_tolerantly(text: str) -> None:
    assert read_wire(text, near=SUMMER_NOON) == SUMMER_NOON


@pytest.mark.parametrize("text", ["", "soon", "0000-00-00 00:00:00", "9999-12-31 23:59:59", "2026-03-08 02:30:00"])
def test_a_reported_time_that_cannot_be_read_is_none(text: str) -> None:
    assert read_wire(text, near=SUMMER_NOON) is None


@given(st.text())
def test_reading_a_reported_time_never_raises(text: str) -> None:
    read_wire(text, near=SUMMER_NOON)


@given(INSTANTS)
def test_an_unambiguous_instant_survives_the_wire(instant: datetime) -> None:
    whole = instant.replace(microsecond=0)
    try:
        text = to_wire(whole)
    except AmbiguousInstant:
        assume(False)
    assert from_wall(text) == whole
    assert read_wire(text, near=SUMMER_NOON) == whole


@given(INSTANTS)
def test_every_instant_lies_in_the_bounds_of_its_day(instant: datetime) -> None:
    day = eastern_date(instant)
    assert end_of(day - timedelta(days=1)) <= instant < end_of(day)


@pytest.mark.parametrize(
    ("day", "hours"),
    [(date(2026, 3, 8), 23), (date(2026, 7, 1), 24), (date(2026, 11, 1), 25), (date(2026, 12, 31), 24)],
)
def test_a_day_has_the_hours_that_its_clocks_show(day: date, hours: int) -> None:
    start, end = end_of(day - timedelta(days=1)), end_of(day)
    assert end - start == timedelta(hours=hours)
    assert eastern_date(start) == day == eastern_date(end - timedelta(microseconds=1))


def test_the_day_changes_at_eastern_midnight() -> None:
    assert eastern_date(datetime(2026, 7, 2, 3, 59, 59, tzinfo=UTC)) == date(2026, 7, 1)
    assert eastern_date(datetime(2026, 7, 2, 4, 0, tzinfo=UTC)) == date(2026, 7, 2)
