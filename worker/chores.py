"""What the supervisor does between two looks at its children: ring what is due, and find what RQ gave up."""

import time
from collections.abc import Callable
from datetime import UTC, datetime
from random import Random

import structlog
from redis import Redis
from redis.exceptions import RedisError
from rq.exceptions import AbandonedJobError
from rq.job import Job
from rq.serializers import JSONSerializer

from config.queues import QUEUES
from jobs import producer
from jobs.ledger import due
from jobs.ledger.keys import Due
from worker.failures import carries_work, sort_failure

RESCUE_EVERY_S = 15.0
MOST_RESCUED = 100

log = structlog.get_logger()


class Outage:
    """Says once that Redis is out of reach, and once that it is back; in between, chores are skipped quietly."""

    def __init__(self) -> None:
        self._since: float | None = None

    def guard(self, chore: Callable[[], object]) -> Callable[[], None]:
        """The chore, unable to fail for want of Redis."""

        def guarded() -> None:
            try:
                chore()
            except RedisError as error:
                self._down(error)
            else:
                self._up()

        return guarded

    def _down(self, error: RedisError) -> None:
        if self._since is None:
            self._since = time.monotonic()
            log.error("redis_out_of_reach", error=str(error), meaning="nothing is lost; work goes on when it is back")

    def _up(self) -> None:
        if self._since is not None:
            log.info("redis_is_back", after_s=round(time.monotonic() - self._since, 1))
            self._since = None


def ring(redis: Redis) -> None:
    """Ring for all that is due."""
    producer.ring(redis, now=datetime.now(UTC))


def every(seconds: float, chore: Callable[[], None]) -> Callable[[], None]:
    """The chore, done at most once in so many seconds."""
    next_at = 0.0

    def seldom() -> None:
        nonlocal next_at
        if time.monotonic() >= next_at:
            next_at = time.monotonic() + seconds
            chore()

    return seldom


def rescue(redis: Redis, *, now: datetime, random: Random) -> int:
    """Have failed jobs that still carry their work come back: those whose worker was killed in the middle, above all.

    A job that failed in a living worker is sorted there. Whoever is found here waits for nobody.
    """
    found = 0
    for spec in QUEUES:
        registry = producer.open_queue(redis, spec).failed_job_registry
        ids = registry.get_job_ids(0, MOST_RESCUED - 1, cleanup=False)
        for job in Job.fetch_many(ids, connection=redis, serializer=JSONSerializer):
            if job is not None and carries_work(job) and not due.stands(redis, Due.REQUEUE, job.id):
                sort_failure(redis, job, AbandonedJobError(), now=now, random=random)
                found += 1
    return found
