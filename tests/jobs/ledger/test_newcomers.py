"""Every campaign that comes in is told, however late it stands, and not all of them again and again."""

from collections.abc import Sequence
from datetime import timedelta

from fakeredis import FakeRedis, FakeServer
from hypothesis import given, settings
from hypothesis import strategies as st
from redis import Redis

from jobs.ledger import keys, newcomers
from jobs.ledger.fields import to_ms
from jobs.ledger.newcomers import LATE
from tests.jobs.ledger.conftest import NOW


def add(redis: Redis, campaign_id: str, at_s: float) -> None:
    redis.zadd(keys.CAMPAIGNS, {campaign_id: to_ms(NOW + timedelta(seconds=at_s))})


def test_what_is_new_is_told_once_and_what_stands_a_little_back_too(ledger: Redis) -> None:
    for campaign_id, at_s in (("old", -3600), ("newest", 0)):
        add(ledger, campaign_id, at_s)
    first = newcomers.look(ledger, None)
    assert (first.ids, first.is_all) == (["newest", "old"], True)
    add(ledger, "late", -100)
    add(ledger, "next", 50)
    second = newcomers.look(ledger, first.mark)
    assert (second.ids, second.is_all) == (["next", "late"], False)
    assert newcomers.look(ledger, second.mark).ids == []


def test_what_stands_far_back_has_all_of_them_told_and_only_once(ledger: Redis) -> None:
    add(ledger, "newest", 0)
    first = newcomers.look(ledger, None)
    add(ledger, "very late", -2 * LATE.total_seconds())
    second = newcomers.look(ledger, first.mark)
    assert (second.ids, second.is_all) == (["newest", "very late"], True)
    assert newcomers.look(ledger, second.mark).ids == []


def test_a_look_that_came_to_nothing_loses_none(ledger: Redis) -> None:
    first = newcomers.look(ledger, None)
    add(ledger, "new", 0)
    newcomers.look(ledger, first.mark)  # and whoever asked could not read what was told
    assert newcomers.look(ledger, first.mark).ids == ["new"]


@settings(max_examples=50)
@given(st.lists(st.lists(st.integers(-2_000, 2_000), max_size=3), max_size=6), st.sampled_from([0, 4]))
def test_whoever_reads_what_is_told_knows_the_newest(rounds: Sequence[Sequence[int]], most: int) -> None:
    with FakeRedis(server=FakeServer()) as redis:
        known: set[str] = set()
        mark = None
        for number, instants in enumerate(rounds):
            for at_s in instants:
                add(redis, f"c{number}-{at_s}", at_s)
            found = newcomers.look(redis, mark, most=most)
            mark, known = found.mark, known | set(found.ids)
            newest = redis.zrevrange(keys.CAMPAIGNS, 0, most - 1)
            assert {each.decode() for each in newest} <= known
