"""A clock that is wrong is told of, and a slow answer is not taken for one."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from itertools import chain, repeat

import pytest
from redis import Redis

from config.clocks import disagreement


def telling(*offsets: timedelta) -> Callable[[], datetime]:
    """A clock that is so far ahead, at the first look, at the second, and from then on."""
    ahead = chain(offsets, repeat(offsets[-1]))
    return lambda: datetime.now(UTC) + next(ahead)


@pytest.mark.parametrize(("minutes", "way"), [(2, "s fast"), (-2, "s slow")])
def test_a_clock_that_is_wrong_is_told_of(fake_redis: Redis, minutes: int, way: str) -> None:
    assert way in disagreement(fake_redis, telling(timedelta(minutes=minutes)))


def test_clocks_that_agree_are_no_news(fake_redis: Redis) -> None:
    assert disagreement(fake_redis, telling(timedelta(seconds=1))) == ""


def test_a_slow_answer_is_not_a_wrong_clock(fake_redis: Redis) -> None:
    assert disagreement(fake_redis, telling(timedelta(minutes=-1), timedelta(minutes=1))) == ""
