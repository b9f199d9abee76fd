"""A ring takes the oldest first, but one of each campaign before the second of any."""

from datetime import timedelta

from redis import Redis

from jobs.ledger import due
from jobs.ledger.keys import Due
from tests.jobs.ledger.conftest import NOW

SECOND = timedelta(seconds=1)


def ring(ledger: Redis, most: int) -> list[str]:
    return due.ring(ledger, Due.SEND, now=NOW, most=most, again_after=30 * SECOND)


def test_a_small_campaign_that_came_later_does_not_wait_behind_a_big_one(ledger: Redis) -> None:
    due.add(ledger, Due.SEND, [f"big-{number}" for number in range(1, 1_001)], NOW - 60 * SECOND)
    due.add(ledger, Due.SEND, ["small-1", "small-2"], NOW - SECOND)
    rung = ring(ledger, 100)
    assert len(rung) == 100
    assert [each.partition("-")[0] for each in rung[:5]] == ["big", "small", "big", "small", "big"]


def test_among_campaigns_the_one_that_waited_longest_is_first(ledger: Redis) -> None:
    for age, each in enumerate(["new-1", "older-1", "oldest-7"]):
        due.add(ledger, Due.SEND, [each], NOW - age * SECOND)
    assert ring(ledger, 2) == ["oldest-7", "older-1"]
    assert ring(ledger, 2) == ["new-1"]
    assert due.count(ledger, Due.SEND, by=NOW) == 0
    assert due.count(ledger, Due.SEND) == 3


def test_ids_without_a_campaign_stand_for_themselves(ledger: Redis) -> None:
    due.add(ledger, Due.CONTROL, ["bcdf", "ghjk"], NOW)
    assert due.ring(ledger, Due.CONTROL, now=NOW, most=9, again_after=SECOND) == ["bcdf", "ghjk"]
