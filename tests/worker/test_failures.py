"""Which failed jobs come back, and what the others leave behind."""

import zlib
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from redis import Redis
from redis.exceptions import BusyLoadingError, OutOfMemoryError
from redis.exceptions import ConnectionError as RedisConnectionError
from rq import Queue
from rq.exceptions import AbandonedJobError
from rq.job import Job
from rq.timeouts import JobTimeoutException

from config.queues import CAMPAIGNS
from jobs import entrypoints
from jobs.campaigns.take import KeyConflict
from jobs.ledger import due
from jobs.ledger.keys import Due
from jobs.models import InvalidCampaign
from jobs.ringing.queues import open_queue, requeue_failed
from tests.servers import RedisServer
from worker.chores import rescue
from worker.failures import carries_work, is_bell, sort_failure, wait_before

NOW = datetime(2026, 3, 2, 17, 0, tzinfo=UTC)
PAYLOAD = {"campaign": {"recipients": ["6175550142"]}}


def raw_job(redis: Redis, function: str = "jobs.entrypoints.submit_campaign", **kwargs: object) -> Job:
    return open_queue(redis, CAMPAIGNS).enqueue(function, kwargs=kwargs or PAYLOAD)


def sorted_wait(redis: Redis, job: Job, error: BaseException) -> timedelta | None:
    return sort_failure(redis, job, error, spec=CAMPAIGNS, now=NOW, random=Random(1))


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
    wait = sorted_wait(fake_redis, job, passing)
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
    assert sorted_wait(fake_redis, job, lasting) is None
    stored = Job.fetch(job.id, connection=fake_redis, serializer="json")
    assert (stored.kwargs, list(stored.args)) == ({}, [])
    assert stored.description == f"handed in as job {job.id}"
    assert due.count(fake_redis, Due.REQUEUE) == 0


def test_after_the_last_try_a_job_is_given_up(fake_redis: Redis) -> None:
    job = raw_job(fake_redis)
    waits = []
    for number in range(6):
        job.enqueued_at = NOW + timedelta(minutes=number)
        waits.append(sorted_wait(fake_redis, job, TimeoutError()))
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


class Impatient(Redis):
    """Fails a job again, and has it come back a minute later, in the moment in which it is back in its queue."""

    def zrem(self, name: Any, *values: Any) -> Any:
        removed = super().zrem(name, *values)
        if name == open_queue(self, CAMPAIGNS).failed_job_registry.key:
            due.add(self, Due.REQUEUE, values, NOW + timedelta(minutes=1))
        return removed


def test_a_job_that_fails_again_at_once_keeps_its_next_try(redis: Redis, redis_server: RedisServer) -> None:
    job = failed(redis)
    due.add(redis, Due.REQUEUE, [job.id], NOW)
    with Impatient.from_url(redis_server.url) as impatient:
        assert requeue_failed(impatient, now=NOW) == 1
    assert open_queue(redis, CAMPAIGNS).job_ids == [job.id]
    assert due.count(redis, Due.REQUEUE) == 1


def test_a_person_who_was_quicker_is_not_disturbed(fake_redis: Redis) -> None:
    job = failed(fake_redis)
    rescue(fake_redis, now=NOW, random=Random(1))
    job.delete()
    requeue_failed(fake_redis, now=NOW + timedelta(minutes=1))
    assert open_queue(fake_redis, CAMPAIGNS).job_ids == []
    assert due.count(fake_redis, Due.REQUEUE) == 0


def everything_about(redis: Redis, job: Job) -> bytes:
    """The job's hash, unpacked where RQ packs."""
    fields = redis.hgetall(job.key)
    return b"".join([*fields.values(), zlib.decompress(fields[b"data"])])  # type: ignore[list-item, arg-type]  # bytes


def unreadable(redis: Redis) -> Job:
    """As RQ's default serializer leaves it, read as JSON."""
    queue = Queue("campaigns", connection=redis)
    made = queue.enqueue("jobs.entrypoints.submit_campaign", kwargs=PAYLOAD, meta={"phones": ["6175550142"]})
    return Job.fetch(made.id, connection=redis, serializer="json")


def test_an_unreadable_job_is_given_up_and_leaves_nothing(fake_redis: Redis) -> None:
    job = unreadable(fake_redis)
    assert b"6175550142" in everything_about(fake_redis, job)
    assert not carries_work(job)
    assert not is_bell(job)
    assert sorted_wait(fake_redis, job, AbandonedJobError()) is None
    assert b"6175550142" not in everything_about(fake_redis, job)
    assert job.failure_ttl == CAMPAIGNS.failure_ttl_s


@pytest.mark.parametrize("function", ["submit_campaign", "control_campaign", "send_submissions"])
def test_a_job_with_null_for_keywords_is_given_up(fake_redis: Redis, function: str) -> None:
    job = raw_job(fake_redis, f"jobs.entrypoints.{function}")
    job.kwargs = None
    assert sorted_wait(fake_redis, job, TypeError()) is None


def test_a_job_is_sorted_whatever_origin_it_names(fake_redis: Redis) -> None:
    job = raw_job(fake_redis)
    job.origin = "nowhere"
    assert sorted_wait(fake_redis, job, TimeoutError()) is not None


@pytest.mark.parametrize("meta", [[], "text", {"tries": "many"}])
def test_a_job_is_sorted_whatever_its_meta_is(fake_redis: Redis, meta: object) -> None:
    job = raw_job(fake_redis)
    job.meta = meta  # type: ignore[assignment]  # other systems write this JSON
    assert sorted_wait(fake_redis, job, TimeoutError()) is not None
    assert job.meta["tries"] == 1


def test_the_same_failure_shown_again_and_again_is_one_try(fake_redis: Redis) -> None:
    job = raw_job(fake_redis)
    for _ in range(10):
        seen = Job.fetch(job.id, connection=fake_redis, serializer="json")
        assert sorted_wait(fake_redis, seen, AbandonedJobError()) is not None
    assert Job.fetch(job.id, connection=fake_redis, serializer="json").meta["tries"] == 1


def test_a_mistyped_function_leaves_its_name_and_nothing_else(fake_redis: Redis) -> None:
    job = raw_job(fake_redis, "jobs.entrypoints.submit_campain")
    assert sorted_wait(fake_redis, job, AttributeError()) is None
    assert b"6175550142" not in everything_about(fake_redis, job)
    assert job.func_name == "jobs.entrypoints.submit_campain"
    assert job.failure_ttl == CAMPAIGNS.failure_ttl_s


def test_a_bell_is_known_by_its_function_and_its_id(fake_redis: Redis) -> None:
    queue, bell = open_queue(fake_redis, CAMPAIGNS), "jobs.entrypoints.send_submissions"
    assert is_bell(queue.enqueue(bell, job_id="send_submissions-bcdf"))
    assert not is_bell(queue.enqueue(bell, job_id="another-bcdf"))
    assert not is_bell(queue.enqueue("jobs.entrypoints.submit_campaign", job_id="send_submissions-dfgh"))


def test_a_campaign_behind_a_thousand_sorted_failures_is_rescued(fake_redis: Redis) -> None:
    queue = open_queue(fake_redis, CAMPAIGNS)
    for number in range(1_000):
        id_ = f"old-{number}"
        fake_redis.hset(Job.key_for(id_), "description", entrypoints.handed_in(id_))
        fake_redis.zadd(queue.failed_job_registry.key, {id_: 4_000_000_000})
    job = failed(fake_redis)
    fake_redis.zadd(queue.failed_job_registry.key, {job.id: 5_000_000_000})
    assert rescue(fake_redis, now=NOW, random=Random(1)) == 1
    assert due.stands(fake_redis, Due.REQUEUE, job.id)


def test_a_job_that_cannot_even_be_fetched_keeps_no_other_from_rescue(fake_redis: Redis) -> None:
    queue = open_queue(fake_redis, CAMPAIGNS)
    fake_redis.hset(Job.key_for("broken"), mapping={"data": b"?", "timeout": "soon"})
    fake_redis.zadd(queue.failed_job_registry.key, {"broken": 1})
    secret = unreadable(fake_redis)
    fake_redis.zadd(queue.failed_job_registry.key, {secret.id: 2})
    job = failed(fake_redis)
    assert rescue(fake_redis, now=NOW, random=Random(1)) == 2
    assert due.stands(fake_redis, Due.REQUEUE, job.id)
    assert b"6175550142" not in everything_about(fake_redis, secret)
    assert rescue(fake_redis, now=NOW, random=Random(1)) == 0
