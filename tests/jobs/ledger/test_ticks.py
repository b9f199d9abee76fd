"""A slot is claimed once, by whoever knows what went before."""

from datetime import timedelta

from redis import Redis

from jobs.ledger import due, ticks
from jobs.ledger.keys import Due
from tests.jobs.ledger.conftest import NOW

LATER = NOW + timedelta(seconds=15)


def test_a_slot_is_claimed_by_one_alone(ledger: Redis) -> None:
    assert ticks.last(ledger, "sweep") is None
    assert ticks.claim(ledger, "sweep", NOW, seen=None)
    assert not ticks.claim(ledger, "sweep", NOW, seen=None)
    assert ticks.last(ledger, "sweep") == NOW
    assert ticks.last(ledger, "another") is None


def test_who_has_not_seen_the_newest_claim_may_claim_nothing(ledger: Redis) -> None:
    ticks.claim(ledger, "sweep", NOW, seen=None)
    assert ticks.claim(ledger, "sweep", LATER, seen=NOW)
    assert not ticks.claim(ledger, "sweep", LATER + timedelta(seconds=15), seen=NOW)
    assert ticks.claim(ledger, "sweep", NOW, seen=LATER)


def test_the_errand_of_a_slot_is_due_with_its_claim_and_only_with_it(ledger: Redis) -> None:
    assert ticks.claim(ledger, "reconcile", NOW, seen=None, errand="reconcile-1")
    assert not ticks.claim(ledger, "reconcile", NOW, seen=None, errand="reconcile-2")
    assert due.stands(ledger, Due.ERRAND, "reconcile-1")
    assert not due.stands(ledger, Due.ERRAND, "reconcile-2")
