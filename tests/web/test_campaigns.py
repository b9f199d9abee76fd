"""The register of campaigns: what is new is in it at once, what is over is read once, and it does not grow for ever."""

from datetime import timedelta

import pytest
from redis import Redis

from jobs.ledger import newcomers, submissions
from jobs.models import CampaignStatus, SubmissionState
from tests.jobs.ledger.conftest import NOW
from tests.web.samples import MINUTE, Sample, read, take
from web.pages.campaigns import FRESH_S, Register


def sample(number: int) -> Sample:
    return Sample(f"bcdf{number}", f"Letter {number}", [2], timedelta(minutes=100 - number))


def test_what_is_new_is_found_at_once_newest_first(fake_redis: Redis) -> None:
    register = Register(fake_redis, stopwatch=lambda: 0)
    for number in (1, 2):
        take(fake_redis, sample(number), NOW)
        assert register.find()[0] == f"bcdf{number}"
    assert register.find(text="LETTER 1") == ["bcdf1"]
    assert register.by_status() == {CampaignStatus.WAITING: 2}


def test_what_has_changed_is_read_again_after_a_while(fake_redis: Redis) -> None:
    now_s = [0.0]
    register = Register(fake_redis, stopwatch=lambda: now_s[0])
    take(fake_redis, sample(1), NOW)
    register.find()
    withdrawn = read(fake_redis, "bcdf1-1")
    submissions.move(fake_redis, withdrawn, SubmissionState.WITHDRAWN, now=NOW + MINUTE)
    assert register.find(status=CampaignStatus.EXPIRED) == []
    now_s[0] += FRESH_S
    register.begin().join()
    assert register.find(status=CampaignStatus.EXPIRED) == ["bcdf1"]


def test_the_oldest_give_way(fake_redis: Redis) -> None:
    register = Register(fake_redis, most=3, stopwatch=lambda: 0)
    for number in range(5):
        take(fake_redis, sample(number), NOW)
        register.find()
    assert register.find() == ["bcdf4", "bcdf3", "bcdf2"]


def late(ago: timedelta) -> Sample:
    """A campaign whose producer's clock stood so long before the newest campaign's when it began to pack."""
    return Sample("late", "Late writer", [2], ago)


@pytest.mark.parametrize("by", [timedelta(seconds=1), newcomers.LATE + MINUTE])
def test_one_that_was_written_after_others_of_a_later_clock_is_found_in_its_place(
    fake_redis: Redis, by: timedelta
) -> None:
    register = Register(fake_redis, stopwatch=lambda: 0)
    take(fake_redis, Sample("oldest", "Oldest", [2], timedelta(hours=1)), NOW)
    take(fake_redis, Sample("newest", "Newest", [2], timedelta(0)), NOW)
    register.find()
    take(fake_redis, late(by), NOW)
    assert register.find() == ["newest", "late", "oldest"]
    assert register.find() == ["newest", "late", "oldest"]


def test_another_ledger_is_read_anew(fake_redis: Redis) -> None:
    register = Register(fake_redis, stopwatch=lambda: 0)
    take(fake_redis, sample(1), NOW)
    register.find()
    fake_redis.flushall()
    take(fake_redis, sample(2), NOW)
    assert register.find() == ["bcdf2"]
