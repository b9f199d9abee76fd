"""Which failed jobs come back, and what the others leave behind."""

from datetime import UTC, datetime, timedelta
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from redis import Redis
from redis.exceptions import BusyLoadingError, OutOfMemoryError
from redis.exceptions import ConnectionError as RedisConnectionError
from rq.exceptions import AbandonedJobError
from rq.job import Job
from rq.timeouts import JobTimeoutException

from config.queues import CAMPAIGNS
from jobs.campaigns.take import KeyConflict
from jobs.ledger import due
from jobs.ledger.keys import Due
from jobs.models import InvalidCampaign
from jobs.producer import open_queue, requeue_failed
from worker.chores import rescue
from worker.failures import carries_work, sort_failure, wait_before

NOW = datetime(2026, 3, 2, 17, 0, tzinfo=UTC)
PAYLOAD = {"campaign": {"recipients": ["6175550142"]}}


def raw_job(redis: Redis, function: str = "jobs.entrypoints.submit_campaign", **kwargs: object) -> Job:
    return open_queue(redis, CAMPAIGNS).enqueue(function, kwargs=kwargs or PAYLOAD)


@pytest.mark.parametrize(
    "passing",
    [
        RedisConnectionError(),
        BusyLoadingError(),
        OutOfMemoryError(),
        TimeoutError(),
        ConnectionResetError(),
        JobTimeoutException(),
        AbandonedJobError(),
        MemoryError(),
    ],
    ids=lambda error: type(error).__name__,
)
def test_what_may_pass_comes_back_with_its_payload(fake_redis: Redis, passing: BaseException) -> None:
    job = raw_job(fake_redis)
    wait = sort_failure(fake_redis, job, passing, now=NOW, random=Random(1))
    assert wait is not None
    assert due.count(fake_redis, Due.REQUEUE, by=NOW + wait) == 1
    assert Job.fetch(job.id, connection=fake_redis, serializer="json").kwargs == PAYLOAD


@pytest.mark.parametrize(
    "lasting",
    [InvalidCampaign(()), KeyConflict("bcdf", ("title",)), TypeError(), KeyError()],
    ids=lambda error: type(error).__name__,
)
def test_what_stays_wrong_is_given_up_and_leaves_no_payload(fake_redis: Redis, lasting: BaseException) -> None:
    job = raw_job(fake_redis)
    assert sort_failure(fake_redis, job, lasting, now=NOW, random=Random(1)) is None
    stored = Job.fetch(job.id, connection=fake_redis, serializer="json")
    assert (stored.kwargs, list(stored.args)) == ({}, [])
    assert stored.description == f"handed in as job {job.id}"
    assert due.count(fake_redis, Due.REQUEUE) == 0


def test_after_the_last_try_a_job_is_given_up(fake_redis: Redis) -> None:
    job = raw_job(fake_redis)
    waits = [sort_failure(fake_redis, job, TimeoutError(), now=NOW, random=Random(1)) for _ in range(6)]
    assert [wait is None for wait in waits] == [False] * 5 + [True]
    assert not carries_work(Job.fetch(job.id, connection=fake_redis, serializer="json"))


@given(st.integers(1, 8), st.integers(0, 2**32))
def test_waits_are_jittered_within_their_bounds(next_try: int, seed: int) -> None:
    wait = wait_before(next_try, CAMPAIGNS.retry_waits_s, Random(seed))
    if next_try > len(CAMPAIGNS.retry_waits_s):
        assert wait is None
    else:
        most = timedelta(seconds=CAMPAIGNS.retry_waits_s[next_try - 1])
        assert wait is not None
        assert most / 2 <= wait <= most


@pytest.mark.parametrize(
    ("function", "kwargs", "carries"),
    [
        ("submit_campaign", PAYLOAD, True),
        ("control_campaign", {"campaign_id": "bcdf", "verb": "stop"}, True),
        ("control_campaign", {"campaign_id": "bcdf"}, False),
        ("send_submissions", {"submission_ids": ["bcdf-1"]}, False),
        ("refresh_campaigns", {"campaign_ids": ["bcdf"]}, False),
    ],
)
def test_only_what_is_not_in_the_ledger_needs_to_come_back(
    fake_redis: Redis, function: str, kwargs: dict[str, object], *, carries: bool
) -> None:
    assert carries_work(raw_job(fake_redis, f"jobs.entrypoints.{function}", **kwargs)) is carries


def failed(redis: Redis) -> Job:
    job = raw_job(redis)
    redis.delete("rq:queue:campaigns")
    open_queue(redis, CAMPAIGNS).failed_job_registry.add(job, ttl=3600)
    return job


def test_a_failed_job_that_waits_for_nobody_is_rescued_once_and_requeued(fake_redis: Redis) -> None:
    job = failed(fake_redis)
    assert rescue(fake_redis, now=NOW, random=Random(1)) == 1
    assert rescue(fake_redis, now=NOW, random=Random(1)) == 0
    assert requeue_failed(fake_redis, now=NOW) == 0
    assert requeue_failed(fake_redis, now=NOW + timedelta(seconds=2)) == 1
    queue = open_queue(fake_redis, CAMPAIGNS)
    assert queue.job_ids == [job.id]
    assert queue.failed_job_registry.get_job_count(cleanup=False) == 0
    assert due.count(fake_redis, Due.REQUEUE) == 0


def test_a_person_who_was_quicker_is_not_disturbed(fake_redis: Redis) -> None:
    job = failed(fake_redis)
    rescue(fake_redis, now=NOW, random=Random(1))
    job.delete()
    requeue_failed(fake_redis, now=NOW + timedelta(minutes=1))
    assert open_queue(fake_redis, CAMPAIGNS).job_ids == []
    assert due.count(fake_redis, Due.REQUEUE) == 0
