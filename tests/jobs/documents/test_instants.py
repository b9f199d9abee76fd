"""Times as people write them: an instant, or a sentence that says what to write."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobs.documents.instants import parse_instant, parse_start
from jobs.models import InvalidCampaign

MORNING = datetime(2026, 3, 2, 14, 30, tzinfo=UTC)
OFFSETS = st.integers(-12 * 60, 14 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))


@pytest.mark.parametrize(
    "written",
    [
        "2026-03-02T14:30Z",
        "2026-03-02 14:30:00+00:00",
        "2026-03-02T09:30-05:00",
        "2026-03-02 09:30 ET",
        "2026-03-02 09:30 et",
        "2026-03-02T09:30:00 Eastern",
        "2026-03-02 09:30 US/Eastern",
        "  2026-03-02 09:30 Eastern time ",
        "2026-03-02 09:30ET",
    ],
)
def test_one_instant_may_be_written_in_many_ways(written: str) -> None:
    assert parse_instant(written, field="ends_at") == MORNING


@given(st.datetimes(datetime(2000, 1, 1), datetime(2080, 1, 1), timezones=OFFSETS))  # noqa: DTZ001 (hypothesis takes naive bounds)
def test_every_iso_text_with_an_offset_is_read(instant: datetime) -> None:
    assert parse_instant(instant.isoformat(), field="start") == instant


def test_a_start_may_be_now() -> None:
    assert parse_start(" Now") == "now"
    assert parse_start("2026-03-02T14:30Z") == MORNING


@pytest.mark.parametrize(
    ("written", "sentence"),
    [
        ("2026-03-02 09:30", "does not say in which time zone it is; write it as 2026-03-02T14:30Z"),
        ("2026-03-02", "does not say in which time zone it is"),
        ("tomorrow", "cannot be read as a time"),
        ("", "cannot be read as a time"),
        ("tomorrow ET", "cannot be read as an Eastern time"),
        ("2026-03-02 ET", "cannot be read as an Eastern time"),
        ("2026-03-02T09:30Z ET", "cannot be read as an Eastern time"),
        ("2026-11-01 01:30 ET", "comes twice that night"),
        ("2026-03-08 02:30 ET", "does not exist"),
    ],
)
def test_what_names_no_single_instant_is_refused_with_what_to_write(written: str, sentence: str) -> None:
    with pytest.raises(InvalidCampaign) as refused:
        parse_instant(written, field="ends_at")
    (problem,) = refused.value.problems
    assert problem.field == "ends_at"
    assert sentence in problem.message
