"""What becomes of jobs that fail, and of those whose worker was killed."""

from datetime import UTC, datetime, timedelta
from random import Random

import pytest
from redis import Redis
from rq import Queue, Retry, Worker
from rq.job import Job, JobStatus

from config.queues import CAMPAIGNS
from jobs.ledger import due
from jobs.ledger.keys import Due
from jobs.ringing.queues import is_anybody_at_work, open_queue, requeue_failed
from worker.queue_worker import QueueWorker

CAMPAIGN = {"campaign": {"recipients": ["6175550142"]}}


def worker(redis: Redis) -> QueueWorker:
    return QueueWorker(redis, CAMPAIGNS, name="cleaner", random=Random(1))


def begun_and_abandoned(queue: Queue, *, retry: Retry | None = None) -> Job:
    job = queue.enqueue("jobs.entrypoints.submit_campaign", kwargs=CAMPAIGN, retry=retry)
    queue.connection.delete(queue.key)
    job.set_status(JobStatus.STARTED)
    queue.connection.zadd(queue.started_job_registry.key, {f"{job.id}:execution": 1})
    return job


def test_an_unreadable_job_that_was_abandoned_takes_no_good_one_with_it(redis: Redis) -> None:
    queue = open_queue(redis, CAMPAIGNS)
    good, bad = begun_and_abandoned(queue), begun_and_abandoned(Queue("campaigns", connection=redis))
    worker(redis).clean_registries()  # type: ignore[no-untyped-call]  # rq leaves it without types
    assert set(queue.failed_job_registry.get_job_ids()) == {good.id, bad.id}
    assert queue.started_job_registry.get_job_ids() == []
    assert Job.fetch(good.id, connection=redis, serializer="json").kwargs == CAMPAIGN
    assert due.stands(redis, Due.REQUEUE, good.id)
    assert not due.stands(redis, Due.REQUEUE, bad.id)
    assert Job.fetch(bad.id, connection=redis, serializer="json").kwargs == {}


WITH_RETRIES = [Retry(max=3), Retry(max=3, interval=60)]
BY_RQ = ["at_once", "later"]


def waits_with_rq(queue: Queue, job: Job) -> bool:
    """Whether RQ would run it again by itself, now or when its scheduler, which nobody runs, comes round to it."""
    return job.id in queue.job_ids or job.id in queue.scheduled_job_registry.get_job_ids()


@pytest.mark.parametrize("retry", WITH_RETRIES, ids=BY_RQ)
def test_the_retries_that_rq_was_asked_for_do_not_come_on_top_of_ours(redis: Redis, retry: Retry) -> None:
    queue = open_queue(redis, CAMPAIGNS)
    job = begun_and_abandoned(queue, retry=retry)
    worker(redis).clean_registries()  # type: ignore[no-untyped-call]  # rq leaves it without types
    assert not waits_with_rq(queue, job)
    assert due.stands(redis, Due.REQUEUE, job.id)
    assert requeue_failed(redis, now=datetime.now(UTC) + timedelta(minutes=1)) == 1
    assert queue.job_ids == [job.id]


@pytest.mark.parametrize("retry", WITH_RETRIES, ids=BY_RQ)
def test_a_job_that_was_given_up_is_not_run_again_without_its_payload(redis: Redis, retry: Retry) -> None:
    queue = open_queue(redis, CAMPAIGNS)
    job = queue.enqueue("jobs.entrypoints.submit_campaign", kwargs=CAMPAIGN, retry=retry)  # it has no terms
    redis.delete(queue.key)
    worker(redis).execute_job(job, queue)
    assert not waits_with_rq(queue, job)
    assert queue.failed_job_registry.get_job_ids() == [job.id]
    assert not due.stands(redis, Due.REQUEUE, job.id)


def test_a_worker_of_a_server_that_was_emptied_comes_back_into_the_register(redis: Redis) -> None:
    living = worker(redis)
    living.register_birth()  # type: ignore[no-untyped-call]  # rq leaves it without types
    redis.flushall()
    assert not is_anybody_at_work(redis)
    living.heartbeat()
    assert is_anybody_at_work(redis)
    (seen,) = Worker.all(queue=open_queue(redis, CAMPAIGNS))
    assert (seen.name, seen.queue_names()) == ("cleaner", ["campaigns"])
