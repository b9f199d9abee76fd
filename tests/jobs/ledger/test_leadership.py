"""One scheduler leads, another does when it is gone, and each that comes to lead begins a term."""

from datetime import timedelta

import pytest
from redis import Redis

from jobs.ledger import leadership
from tests.jobs.ledger.conftest import NOW

LASTS = timedelta(seconds=15)


def hold(ledger: Redis, who: str, *, after: timedelta = timedelta(), end_before: str = "") -> int:
    return leadership.hold(ledger, who, now=NOW + after, lasts=LASTS, end_before=end_before)


def test_one_leads_until_its_lease_runs_out(ledger: Redis) -> None:
    assert leadership.holder(ledger, now=NOW) == ""
    assert hold(ledger, "first") == 1
    assert hold(ledger, "second") == 0
    assert hold(ledger, "first", after=timedelta(seconds=10)) == 1
    assert hold(ledger, "second", after=timedelta(seconds=24)) == 0
    assert leadership.holder(ledger, now=NOW + timedelta(seconds=24)) == "first"
    assert leadership.holder(ledger, now=NOW + timedelta(seconds=25)) == ""
    assert hold(ledger, "second", after=timedelta(seconds=25)) == 2
    assert hold(ledger, "first", after=timedelta(seconds=26)) == 0


def test_who_resigns_is_followed_at_once_and_cannot_resign_for_another(ledger: Redis) -> None:
    hold(ledger, "first")
    leadership.release(ledger, "second")
    assert hold(ledger, "second") == 0
    leadership.release(ledger, "first")
    assert hold(ledger, "second") == 2


def test_a_clock_that_goes_back_prolongs_no_lease(ledger: Redis) -> None:
    hold(ledger, "first")
    assert leadership.holder(ledger, now=NOW - timedelta(hours=1)) == ""
    end_before = leadership.end_on_record(ledger)
    assert hold(ledger, "second", after=-timedelta(hours=1), end_before=end_before) == 2


@pytest.mark.parametrize("slow", [timedelta(milliseconds=5), timedelta(seconds=14), timedelta(hours=1)])
def test_who_was_slow_since_it_looked_at_the_clock_takes_no_lease(ledger: Redis, slow: timedelta) -> None:
    hold(ledger, "first", after=-timedelta(seconds=5))
    end_before = leadership.end_on_record(ledger)
    hold(ledger, "first", after=slow)
    assert hold(ledger, "second", end_before=end_before) == 0
    assert hold(ledger, "second") == 0
    assert leadership.holder(ledger, now=NOW + slow) == "first"


def test_who_looks_with_a_clock_a_little_behind_sees_the_leader(ledger: Redis) -> None:
    hold(ledger, "first", after=timedelta(milliseconds=5))
    assert leadership.holder(ledger, now=NOW) == "first"
