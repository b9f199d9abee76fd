"""Jobs of other systems that RQ has in no place any more: put among the failed ones, where `rescue` finds them.

A doorbell that is lost is no loss, for the ledger rings again; a campaign handed in raw is nowhere but in its job.
Whoever has begun a job may still be at it: running one twice changes nothing.
"""

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from itertools import islice
from typing import Any

import structlog
from redis import Redis
from rq import Queue
from rq.job import Job

from config.queues import QUEUES
from jobs.ledger.fields import text
from jobs.ledger.keys import Due
from jobs.ringing.queues import open_queue
from worker.failures import BELL_IDS

PAGE = 1_000

log = structlog.get_logger()


class Search:
    """Looks for jobs that say they wait or run, and stand in no queue and under no living worker.

    Two looks in a row must miss a job: between a queue and its worker it stands nowhere for a moment.
    """

    def __init__(self, redis: Redis) -> None:
        self._redis = redis
        self._missed: set[tuple[str, str]] = set()

    def look(self, *, now: datetime) -> int:
        """One look; answers how many jobs were found to be lost, and are among the failed ones now."""
        missed = set(_standing_nowhere(self._redis, now))
        lost = missed & self._missed
        for queue_name, job_id in lost:
            _put_among_failed(self._redis, _queues(self._redis)[queue_name], job_id, now)
        self._missed = missed - lost
        if lost:
            log.warning("lost_jobs_found", count=len(lost), meaning="a queue had forgotten them; they are tried again")
        return len(lost)


def _queues(redis: Redis) -> dict[str, Queue]:
    return {spec.name: open_queue(redis, spec) for spec in QUEUES}


def _standing_nowhere(redis: Redis, now: datetime) -> Iterator[tuple[str, str]]:
    """Queue and id of each. The jobs are read before the places, so that one that comes in meanwhile is seen there."""
    claiming = list(_claiming_to_stand(redis))
    if not claiming:
        return
    places = {name: _standing_in(queue, now) for name, queue in _queues(redis).items()}
    for queue_name, job_id in claiming:
        if job_id not in places[queue_name] and not _waits_for_another_try(redis, queue_name, job_id):
            yield queue_name, job_id


def _claiming_to_stand(redis: Redis) -> Iterator[tuple[str, str]]:
    """Queue and id of each job, bells aside, that says it waits or runs."""
    keys = map(text, redis.scan_iter(match=f"{Job.redis_job_namespace_prefix}*", count=PAGE, _type="HASH"))
    ids = (key.removeprefix(Job.redis_job_namespace_prefix) for key in keys)
    names = {spec.name for spec in QUEUES}
    others = (each for each in ids if not each.startswith(BELL_IDS))
    while page := list(islice(others, PAGE)):
        for job_id, (status, origin) in zip(page, _told_by(redis, page), strict=True):
            if status in {b"queued", b"started"} and origin and text(origin) in names:
                yield text(origin), job_id


def _told_by(redis: Redis, job_ids: Iterable[str]) -> list[Any]:
    with redis.pipeline(transaction=False) as pipeline:
        for job_id in job_ids:
            pipeline.hmget(Job.key_for(job_id), "status", "origin")
        return pipeline.execute()


def _standing_in(queue: Queue, now: datetime) -> set[str]:
    """The ids that wait in a queue, or are worked on by somebody who was heard of. RQ's place between is none."""
    running = queue.connection.zrangebyscore(queue.started_job_registry.key, f"({now.timestamp()}", "+inf")
    return {*queue.get_job_ids(), *(text(entry).rpartition(":")[0] for entry in running)}


def _waits_for_another_try(redis: Redis, queue_name: str, job_id: str) -> bool:
    failed = _queues(redis)[queue_name].failed_job_registry.key
    return redis.zscore(failed, job_id) is not None or redis.zscore(Due.REQUEUE, job_id) is not None


def _put_among_failed(redis: Redis, queue: Queue, job_id: str, now: datetime) -> None:
    """And out of RQ's place between, lest its own cleaning fails the job once more when it waits again."""
    (spec,) = (each for each in QUEUES if each.name == queue.name)
    until = now + timedelta(seconds=spec.failure_ttl_s)
    with redis.pipeline() as pipeline:
        pipeline.lrem(queue.intermediate_queue_key, 0, job_id)
        pipeline.zadd(queue.failed_job_registry.key, {job_id: until.timestamp()})
        pipeline.execute()
