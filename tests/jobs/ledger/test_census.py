"""Campaigns are counted as they are, at a cost that has a bound."""

from datetime import timedelta

import pytest
from redis import Redis
from redis.exceptions import ResponseError

from jobs.ledger import campaigns, claims, dispositions, keys, submissions
from jobs.ledger.census import Census
from jobs.models import CampaignStatus, Disposition, DropState, Intent, SubmissionState
from tests.jobs.ledger.conftest import NOW, new_campaign

WAITING, PAUSED = CampaignStatus.WAITING, CampaignStatus.PAUSED


def take(redis: Redis, count: int, *, first: int = 0, ago: timedelta = timedelta(0)) -> None:
    for number in range(first, first + count):
        new = new_campaign(["6175550123"], ["6175550124"], campaign_id=f"c{number:04}", key=f"key {number}")
        at = NOW + timedelta(seconds=number) - ago
        campaigns.take(redis, new, now=at, keep_key=timedelta(days=1))


def pause(redis: Redis, number: int) -> None:
    campaigns.intend(redis, f"c{number:04}", Intent.PAUSE, note="", now=NOW)


def test_what_is_new_and_what_has_changed_is_counted(ledger: Redis) -> None:
    counting = Census()
    assert not any(counting.count(ledger).campaigns.values())
    take(ledger, 3)
    assert counting.count(ledger).campaigns[WAITING] == 3
    pause(ledger, 1)
    take(ledger, 1, first=3)
    counted = counting.count(ledger)
    assert (counted.campaigns[WAITING], counted.campaigns[PAUSED], counted.not_yet) == (3, 1, 0)
    assert counted.submissions[SubmissionState.PLANNED] == 8


def test_drops_without_a_record_yet_are_those_that_the_gateway_has(ledger: Redis) -> None:
    take(ledger, 1)
    claims.claim(ledger, "c0000-1", attempt="a", now=NOW, until=NOW)
    for state in (SubmissionState.SENDING, SubmissionState.ACCEPTED):
        (found,) = submissions.read(ledger, ["c0000-1"])
        assert submissions.move(ledger, found, state, now=NOW)
    assert Census().count(ledger).drops[DropState.PENDING] == 1
    (found,) = submissions.read(ledger, ["c0000-1"])
    dispositions.record(ledger, found, [Disposition("6175550123", DropState.DELIVERED, "OK")], now=NOW)
    counted = Census().count(ledger).drops
    assert (counted[DropState.PENDING], counted[DropState.DELIVERED]) == (0, 1)


def test_a_campaign_that_leaves_the_unfinished_is_looked_at_once_more(ledger: Redis) -> None:
    counting = Census()
    take(ledger, 2)
    counting.count(ledger)
    pause(ledger, 0)
    ledger.zrem(keys.UNFINISHED, "c0000")
    assert counting.count(ledger).campaigns[PAUSED] == 1
    campaigns.intend(ledger, "c0000", Intent.RUN, note="", now=NOW)  # as it never would, being over
    assert counting.count(ledger).campaigns[PAUSED] == 1


def test_of_many_unfinished_each_has_its_turn(fake_redis: Redis) -> None:
    counting = Census(most_again=10)
    take(fake_redis, 25)
    counting.count(fake_redis)
    for number in range(25):
        pause(fake_redis, number)
    counts = [counting.count(fake_redis).campaigns[PAUSED] for _ in range(4)]
    assert counts == [10, 20, 25, 25]


def test_what_no_count_has_met_yet_is_told(fake_redis: Redis) -> None:
    counting = Census(most_new=10, most_again=1)
    take(fake_redis, 25)
    fake_redis.delete(keys.UNFINISHED)
    counts = [counting.count(fake_redis) for _ in range(3)]
    assert [(each.campaigns[WAITING], each.not_yet) for each in counts] == [(10, 15), (20, 5), (25, 0)]


def test_another_ledger_is_counted_anew(fake_redis: Redis) -> None:
    counting = Census()
    take(fake_redis, 3)
    counting.count(fake_redis)
    fake_redis.flushall()
    take(fake_redis, 1, first=7)
    assert counting.count(fake_redis).campaigns[WAITING] == 1


def test_a_campaign_that_was_written_late_is_counted(ledger: Redis) -> None:
    counting = Census()
    take(ledger, 3)
    counting.count(ledger)
    take(ledger, 1, first=3, ago=timedelta(minutes=1))
    take(ledger, 1, first=4, ago=timedelta(hours=1))
    assert counting.count(ledger).campaigns[WAITING] == 5


def test_what_a_count_reads_does_not_grow_with_what_it_knows(redis: Redis) -> None:
    counting = Census()
    redis.zadd(
        keys.CAMPAIGNS, {f"old{number:07}": number * 1_000 for number in range(20_000)}
    )  # long over; their names suffice
    counting.count(redis)
    take(redis, 1)
    before = redis.info()["total_net_output_bytes"]
    assert counting.count(redis).campaigns[WAITING] == 1
    assert redis.info()["total_net_output_bytes"] - before < 20_000


def test_a_count_that_came_to_nothing_is_made_up_for(fake_redis: Redis) -> None:
    counting = Census()
    take(fake_redis, 3)
    fake_redis.rename(keys.campaign("c0001"), "away")
    fake_redis.set(keys.campaign("c0001"), "not a campaign")
    with pytest.raises(ResponseError):
        counting.count(fake_redis)
    fake_redis.rename("away", keys.campaign("c0001"))
    assert counting.count(fake_redis).campaigns[WAITING] == 3
