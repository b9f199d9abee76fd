"""A key decides whether a campaign is new, and what is wrong with a campaign is said before anything is stored."""

from datetime import UTC, datetime, timedelta

import pytest

from jobs.campaigns.desk import Desk
from jobs.campaigns.take import KeyConflict
from jobs.ledger import campaigns
from jobs.models import ExcludedRow, InvalidCampaign, Terms
from tests.jobs.campaigns.conftest import NOON, TERMS, taken, view


def with_terms(**changes: object) -> Terms:
    return TERMS.model_copy(update=changes)


def test_the_same_key_and_people_give_the_same_campaign(desk: Desk) -> None:
    first = taken(desk, "6175550123", "2125550101")
    again = taken(desk, "+1 (212) 555-0101", "617-555-0123", "not a phone")
    assert (first.is_new, again.is_new) == (True, False)
    assert again.campaign_id == first.campaign_id
    assert len(campaigns.newest(desk.redis, most=10)) == 1


def test_a_conflict_names_every_field_that_differs_and_nobodys_number(desk: Desk) -> None:
    first = taken(desk, "6175550123")
    with pytest.raises(KeyConflict) as conflict:
        taken(desk, "2125550101", terms=with_terms(title="April", mobile_only=True))
    assert conflict.value.fields == ("mobile_only", "recipients", "title")
    assert conflict.value.campaign_id == first.campaign_id
    assert "5550" not in str(conflict.value)


def test_a_key_gives_its_campaign_again_even_when_its_start_has_passed(desk: Desk) -> None:
    terms = with_terms(start=NOON - timedelta(minutes=1))
    with pytest.raises(InvalidCampaign, match="start: lies in the past"):
        taken(desk, "6175550123", terms=terms)
    terms = with_terms(start=NOON + timedelta(minutes=1))
    first = taken(desk, "6175550123", terms=terms)
    desk.clock.__self__.jump(timedelta(hours=1))  # type: ignore[attr-defined]  # the desk's clock is a method of the simulator's
    assert taken(desk, "6175550123", terms=terms).campaign_id == first.campaign_id


@pytest.mark.parametrize(
    ("changes", "complaint"),
    [
        ({"start": NOON - timedelta(seconds=1)}, "start: lies in the past"),
        ({"start": NOON + timedelta(days=91)}, "start: lies more than 90 days ahead"),
        ({"ends_at": NOON}, "ends_at: must come after the start"),
        ({"expires_at": NOON}, "expires_at: must come after the start"),
    ],
)
def test_times_that_cannot_be_are_refused_by_name(desk: Desk, changes: dict[str, object], complaint: str) -> None:
    with pytest.raises(InvalidCampaign, match=complaint):
        taken(desk, "6175550123", terms=with_terms(**changes))
    assert campaigns.newest(desk.redis, most=1) == []


def test_an_instant_in_the_repeated_hour_is_refused_because_the_wire_cannot_say_it(desk: Desk) -> None:
    desk.clock.__self__.jump_to(datetime(2026, 10, 31, 12, tzinfo=UTC))  # type: ignore[attr-defined]  # as above
    for hour in (5, 6):
        start = datetime(2026, 11, 1, hour, 30, tzinfo=UTC)
        with pytest.raises(InvalidCampaign, match="start: 2026-11-01 01:30:00 Eastern comes twice"):
            taken(desk, "6175550123", terms=with_terms(start=start))


def test_an_end_is_checked_as_it_will_be_written(desk: Desk) -> None:
    """Rounded up, half a second before two o'clock is out of the repeated hour; an end is rounded down, into it."""
    desk.clock.__self__.jump_to(datetime(2026, 10, 31, 12, tzinfo=UTC))  # type: ignore[attr-defined]  # as above
    ends_at = datetime(2026, 11, 1, 6, 59, 59, 500_000, tzinfo=UTC)
    with pytest.raises(InvalidCampaign, match="ends_at: 2026-11-01 01:59:59 Eastern comes twice"):
        taken(desk, "6175550123", terms=with_terms(ends_at=ends_at))


def test_a_list_without_a_single_phone_is_refused(desk: Desk) -> None:
    with pytest.raises(InvalidCampaign, match="none of the 2 rows holds a phone number"):
        taken(desk, "n/a", "")


@pytest.mark.parametrize("key", ["", "a" * 201, "two\nlines"])
def test_a_key_that_cannot_be_a_key_is_refused(desk: Desk, key: str) -> None:
    with pytest.raises(InvalidCampaign, match="key: must be 1 to 200 printable characters"):
        taken(desk, "6175550123", key=key)


def test_every_row_is_in_a_submission_or_in_the_report(desk: Desk) -> None:
    campaign_id = taken(desk, "6175550123", "6175550123", "n/a", "2125550101").campaign_id
    found = view(desk, campaign_id)
    assert (found.rows, found.phone_count, found.excluded_count) == (4, 2, 2)
    assert campaigns.excluded(desk.redis, campaign_id) == [
        ExcludedRow(2, "6175550123", "duplicate", kept_line=1),
        ExcludedRow(3, "n/a", "not_a_number"),
    ]


def test_more_than_ten_thousand_are_split_under_one_handle(desk: Desk) -> None:
    campaign_id = taken(desk, *(f"212555{number:04}" for number in range(10_000)), "6175550123").campaign_id
    assert view(desk, campaign_id).submission_count == 2
