"""Counts of postbacks and their quarantine: they add up, and stay small whatever comes."""

from dataclasses import replace
from datetime import timedelta

import pytest
from redis import Redis

from config.redis_connection import connect
from jobs.ledger import arrivals, keys, quarantine
from jobs.ledger.arrivals import Count
from jobs.ledger.durability import NotDurable
from jobs.ledger.quarantine import KEPT_FOR, LONGEST_ENTRY, MOST_KEPT, Quarantined
from tests.jobs.ledger.conftest import NOW
from tests.servers import RedisServer


def refused(number: int = 0, *, kind: str = "unreadable", at: timedelta = timedelta(), said: str = "") -> Quarantined:
    return Quarantined(NOW + at, kind, "kcfwqvzt", "192.0.2.1", number, said)


def note(ledger: Redis, *entries: Quarantined, lags: tuple[float, ...] = (), **ends: int) -> None:
    seconds = [timedelta(seconds=each) for each in lags]
    now = max((each.at for each in entries), default=NOW)
    arrivals.store(ledger, [], Count(ends, seconds, entries), now=now, durably=False)


def test_a_ledger_that_heard_nothing_says_so(ledger: Redis) -> None:
    found = arrivals.read(ledger)
    assert (found.ends, found.lag.sum_s) == ({}, 0)
    assert {count for _, count in found.lag.buckets} == {0}
    assert quarantine.read(ledger, ["unreadable"], now=NOW) == []


def test_batches_add_up(ledger: Redis) -> None:
    note(ledger, recorded=3, lags=(0.5, 1.5, 200_000))
    note(ledger, recorded=1, adopted=1, lags=(-3, 1.5))
    found = arrivals.read(ledger)
    assert found.ends == {"recorded": 4, "adopted": 1}
    assert [count for _, count in found.lag.buckets] == [2, *[4] * 9, 5]
    assert found.lag.buckets[-1] == (float("inf"), 5)
    assert found.lag.sum_s == 200_003.5


def test_the_newest_of_each_kind_are_kept_and_a_flood_of_one_leaves_the_others(ledger: Redis) -> None:
    note(ledger, refused(kind="foreign_phone"))
    for number in range(0, MOST_KEPT * 2, 50):
        note(ledger, *(refused(each) for each in range(number, number + 50)))
    kept = quarantine.read(ledger, ["unreadable"], now=NOW)
    assert sorted(each.size for each in kept) == list(range(MOST_KEPT, MOST_KEPT * 2))
    assert len(quarantine.read(ledger, ["foreign_phone"], now=NOW)) == 1


def test_nothing_is_kept_for_ever(ledger: Redis) -> None:
    note(ledger, refused(1))
    note(ledger, refused(2, at=timedelta(days=1)))
    note(ledger, refused(3, at=KEPT_FOR + timedelta(hours=1)))
    assert [each.size for each in quarantine.read(ledger, ["unreadable"], now=NOW)] == [3, 2]
    assert 0 < ledger.ttl(keys.quarantine("unreadable")) <= KEPT_FOR.total_seconds()
    assert ledger.llen(keys.quarantine("unreadable")) == 2


@pytest.mark.parametrize("letter", ["a", "\0", '"', "\N{SNOWMAN}", "\N{GRINNING FACE}"])
def test_an_entry_has_a_most(ledger: Redis, letter: str) -> None:
    note(ledger, replace(refused(said=letter * 4_096), source="2" * 4_096, session_id="5" * 4_096))
    (packed,) = ledger.lrange(keys.quarantine("unreadable"), 0, -1)
    assert len(packed) <= LONGEST_ENTRY
    (entry,) = quarantine.read(ledger, ["unreadable"], now=NOW)
    assert set(entry.said) == {letter}


def test_who_waits_for_the_disk_is_told_where_there_is_none(redis_server: RedisServer, redis: Redis) -> None:
    with connect(redis_server.url) as connection, pytest.raises(NotDurable):
        arrivals.store(connection, [], Count({"recorded": 1}), now=NOW, durably=True)
