"""How RQ's queues are, read without touching anything: RQ's own counting cleans up as it goes."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from redis import Redis
from rq.job import Job
from rq.utils import utcparse
from rq.worker_registration import WORKERS_BY_QUEUE_KEY

from config.queues import QUEUES
from jobs.ledger.fields import text
from jobs.ringing.queues import open_queue


@dataclass(frozen=True, slots=True)
class QueueVitals:
    """One queue: jobs that wait, how long the first of them has, jobs that failed, and workers that live."""

    waiting: int
    oldest: timedelta
    failed: int
    workers: int


def read(redis: Redis, *, now: datetime) -> Mapping[str, QueueVitals]:
    """All queues, by name, in two round trips. Raises `RedisError`."""
    with redis.pipeline(transaction=False) as pipeline:
        for spec in QUEUES:
            queue = open_queue(redis, spec)
            pipeline.llen(queue.key)
            pipeline.lindex(queue.key, 0)
            pipeline.zcard(queue.failed_job_registry.key)
            pipeline.smembers(WORKERS_BY_QUEUE_KEY % spec.name)
        answers = pipeline.execute()
        waiting, first, failed, workers = (answers[place::4] for place in range(4))
        for job_id, names in zip(first, workers, strict=True):
            pipeline.hget(Job.key_for(text(job_id or "")), "enqueued_at")
            pipeline.exists(*(names or ["-"]))  # who was killed stands among the workers, and its own key is gone
        answers = pipeline.execute()
        since, living = answers[::2], answers[1::2]
    rows = zip(waiting, (_age(each, now) for each in since), failed, living, strict=True)
    return {spec.name: QueueVitals(*row) for spec, row in zip(QUEUES, rows, strict=True)}


def _age(enqueued_at: bytes | None, now: datetime) -> timedelta:
    """Nothing for what another system wrote without an instant, or with one that cannot be read."""
    try:
        since = utcparse(text(enqueued_at)) if enqueued_at else now
    except ValueError:
        since = now
    return max(timedelta(), now - since)
