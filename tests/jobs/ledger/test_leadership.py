"""One scheduler leads, another does when it is gone, and each that comes to lead begins a term."""

from datetime import timedelta

from redis import Redis

from jobs.ledger import leadership
from tests.jobs.ledger.conftest import NOW

LASTS = timedelta(seconds=15)


def hold(ledger: Redis, who: str, *, after: timedelta = timedelta()) -> int:
    return leadership.hold(ledger, who, now=NOW + after, lasts=LASTS)


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
    assert hold(ledger, "second", after=-timedelta(hours=1)) == 2
