"""What RQ has in no place any more is found, and nothing else is touched."""

from collections.abc import Callable
from datetime import timedelta
from random import Random

import pytest
from redis import Redis
from rq.executions import Execution
from rq.job import Job

from config.queues import CAMPAIGNS
from jobs.ledger import due
from jobs.ledger.keys import Due
from jobs.ringing.queues import open_queue, requeue_failed
from tests.worker.test_failures import NOW, PAYLOAD, raw_job
from worker.chores import rescue
from worker.lost_jobs import Search

SOON = NOW + timedelta(seconds=15)


def list_is_gone(redis: Redis, job: Job) -> None:
    redis.delete(open_queue(redis, CAMPAIGNS).key)


def popped_and_not_begun(redis: Redis, job: Job) -> None:
    queue = open_queue(redis, CAMPAIGNS)
    redis.lmove(queue.key, queue.intermediate_queue_key)


def begun_by_somebody_who_is_gone(redis: Redis, job: Job) -> None:
    popped_and_not_begun(redis, job)
    redis.delete(open_queue(redis, CAMPAIGNS).intermediate_queue_key)
    redis.hset(job.key, "status", "started")
    redis.zadd(open_queue(redis, CAMPAIGNS).started_job_registry.key, {f"{job.id}:x": (NOW.timestamp() - 1)})


@pytest.mark.parametrize("how", [list_is_gone, popped_and_not_begun, begun_by_somebody_who_is_gone])
def test_a_campaign_that_rq_forgot_comes_back(redis: Redis, how: Callable[[Redis, Job], None]) -> None:
    job = raw_job(redis)
    how(redis, job)
    search = Search(redis)
    assert search.look(now=NOW) == 0  # it may be on its way from one place to the next
    assert search.look(now=SOON) == 1
    assert search.look(now=SOON) == 0
    assert rescue(redis, now=SOON, random=Random(1)) == 1
    assert requeue_failed(redis, now=SOON + timedelta(seconds=2)) == 1
    queue = open_queue(redis, CAMPAIGNS)
    assert queue.job_ids == [job.id]
    assert queue.intermediate_queue.get_job_ids() == []
    assert Job.fetch(job.id, connection=redis, serializer="json").kwargs == PAYLOAD
    assert [search.look(now=SOON) for _ in range(3)] == [0, 0, 0]


def test_what_stands_somewhere_is_left_alone(redis: Redis) -> None:
    queue = open_queue(redis, CAMPAIGNS)
    first, running, failed, waiting, last = (raw_job(redis) for _ in range(5))
    for each in (running, failed, waiting):
        redis.lrem(queue.key, 0, each.id)
    redis.hset(running.key, "status", "started")
    with redis.pipeline() as pipeline:
        Execution.create(running, ttl=600, pipeline=pipeline)
        pipeline.execute()
    queue.failed_job_registry.add(failed, ttl=3600)
    due.add(redis, Due.REQUEUE, [waiting.id], NOW)
    search = Search(redis)
    assert [search.look(now=NOW) for _ in range(3)] == [0, 0, 0]
    assert queue.job_ids == [first.id, last.id]
    assert redis.zrange(queue.failed_job_registry.key, 0, -1) == [failed.id.encode()]


def test_bells_are_not_looked_for(redis: Redis) -> None:
    queue = open_queue(redis, CAMPAIGNS)
    queue.enqueue("jobs.entrypoints.send_submissions", job_id="send_submissions-x", kwargs={"submission_ids": []})
    redis.delete(queue.key)
    search = Search(redis)
    assert [search.look(now=NOW) for _ in range(3)] == [0, 0, 0]
