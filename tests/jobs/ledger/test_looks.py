"""Looks at whole phones are remembered for a year, newest first."""

from datetime import timedelta

from redis import Redis

from jobs.ledger import looks
from tests.jobs.ledger.conftest import NOW


def test_every_look_is_remembered_and_none_for_ever(fake_redis: Redis) -> None:
    for days in (0, 1, 1):
        looks.note_look(fake_redis, "dana", "submission bcdf-1", NOW + timedelta(days=days))
    assert [each.at for each in looks.newest(fake_redis, most=2)] == [NOW + timedelta(days=1)] * 2
    looks.note_look(fake_redis, "alex", "the list of default", NOW + looks.KEEP + timedelta(hours=12))
    assert [each.who for each in looks.newest(fake_redis, most=9)] == ["alex", "dana", "dana"]
