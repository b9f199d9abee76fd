"""Phones of campaigns long over are dropped, their counts are not, and nothing that is not over is touched."""

from datetime import timedelta

import pytest

from jobs.campaigns.desk import Desk
from jobs.campaigns.housekeeping import Cleared, clear_out
from jobs.campaigns.plan import plan
from jobs.campaigns.refresh import refresh
from jobs.campaigns.send import send
from jobs.campaigns.take import take
from jobs.contacts import Row
from jobs.gateway.simulator import Clock, Fault, FaultKind, Simulator
from jobs.ledger import campaigns, dispositions, keys, retention, submissions
from jobs.models import CampaignStatus, DropState
from tests.jobs.campaigns.conftest import TERMS, submission, taken, view
from tests.jobs.campaigns.test_reconciliation import reconcile

KEEP = timedelta(days=90)
DAY = timedelta(days=1)
PHONES = ["6175550101", "6175550104", "n/a", "6175550101"]


@pytest.fixture
def over(desk: Desk, clock: Clock) -> str:
    """A campaign that has just ended, with two phones and two rows that were left out."""
    rows = plan(Row(line, phone) for line, phone in enumerate(PHONES, start=1))
    campaign_id = take(desk.redis, TERMS, rows, key="over", now=desk.clock(), lead=timedelta()).campaign_id
    send(desk, f"{campaign_id}-1")
    clock.jump(timedelta(minutes=1))
    refresh(desk, f"{campaign_id}-1")
    assert view(desk, campaign_id).status is CampaignStatus.FINISHED
    return campaign_id


def cleared(desk: Desk) -> Cleared:
    return clear_out(desk.redis, keep=KEEP, now=desk.clock())


def test_phones_go_when_their_time_is_over_and_counts_stay(desk: Desk, clock: Clock, over: str) -> None:
    clock.jump(KEEP - timedelta(seconds=59))
    assert cleared(desk) == Cleared(looked_at=1, dropped=0)
    assert cleared(desk) == Cleared(0, 0)
    clock.jump(timedelta(minutes=1))
    assert cleared(desk) == Cleared(1, 1)
    assert cleared(desk) == Cleared(0, 0)
    left = view(desk, over)
    assert (left.status, left.phone_count, left.excluded_count) == (CampaignStatus.FINISHED, 2, 2)
    assert left.drops == {DropState.DELIVERED: 1, DropState.FAILED: 1}
    assert left.phones_dropped_at == clock.now()
    assert campaigns.excluded_by_reason(desk.redis, over) == {"not_a_number": 1, "duplicate": 1}
    assert dispositions.tally(desk.redis, over) == {("OK", ""): 1, ("Failure", "Voicemail Busy"): 1}


def test_nothing_that_names_a_phone_is_left(desk: Desk, clock: Clock, over: str) -> None:
    clock.jump(KEEP)
    cleared(desk)
    assert submissions.phones(desk.redis, f"{over}-1") == []
    assert list(dispositions.read(desk.redis, submission(desk, over))) == []
    assert campaigns.excluded(desk.redis, over) == []
    assert list(retention.with_phones(desk.redis)) == []


def test_a_ledger_that_does_not_know_who_has_phones_is_cleared_out_too(desk: Desk, clock: Clock, over: str) -> None:
    desk.redis.delete(keys.WITH_PHONES)
    clock.jump(KEEP)
    assert cleared(desk) == Cleared(1, 1)
    desk.redis.delete(keys.WITH_PHONES)
    dropped = view(desk, over)
    clock.jump(DAY)
    assert cleared(desk).looked_at == 1
    assert (view(desk, over), cleared(desk)) == (dropped, Cleared(0, 0))
    assert campaigns.excluded_by_reason(desk.redis, over) == {"not_a_number": 1, "duplicate": 1}


def test_its_key_stands_for_it_as_long_as_ever(desk: Desk, clock: Clock, over: str) -> None:
    clock.jump(KEEP)
    cleared(desk)
    rows = plan(Row(line, phone) for line, phone in enumerate(PHONES, start=1))
    again = take(desk.redis, TERMS, rows, key="over", now=desk.clock(), lead=timedelta())
    assert (again.campaign_id, again.is_new) == (over, False)


def test_what_is_not_over_is_kept_however_old(desk: Desk, clock: Clock, simulator: Simulator) -> None:
    waiting = taken(desk, "6175550102", key="paused").campaign_id
    simulator.faults.arm(Fault(kind=FaultKind.ACCEPT_THEN_RESET, on="submission"))
    unknown = taken(desk, "6175550103", key="unknown").campaign_id
    send(desk, f"{unknown}-1")
    clock.jump(KEEP * 2)
    assert cleared(desk) == Cleared(looked_at=2, dropped=0)
    assert cleared(desk) == Cleared(0, 0)
    assert not retention.drop(desk.redis, waiting, now=clock.now())
    clock.jump(DAY + timedelta(seconds=1))
    assert cleared(desk) == Cleared(looked_at=2, dropped=0)
    assert submissions.phones(desk.redis, f"{unknown}-1") == ["6175550103"]


def test_a_campaign_that_was_taken_long_before_its_start_is_kept_from_its_end_on(desk: Desk, clock: Clock) -> None:
    campaign_id = taken(
        desk, "6175550101", terms=TERMS.model_copy(update={"start": clock.now() + 80 * DAY})
    ).campaign_id
    clock.jump(80 * DAY)
    send(desk, f"{campaign_id}-1")
    clock.jump(timedelta(minutes=1))
    refresh(desk, f"{campaign_id}-1")
    clock.jump(15 * DAY)
    assert cleared(desk) == Cleared(1, 0)
    clock.jump(75 * DAY)
    assert cleared(desk) == Cleared(1, 1)


def test_a_day_is_still_compared_when_its_phones_are_gone(desk: Desk, over: str) -> None:
    assert retention.drop(desk.redis, over, now=desk.clock())
    assert reconcile(desk).is_clean
