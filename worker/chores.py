"""What the supervisor does between two looks at its children: ring what is due, and find what RQ gave up."""

import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from itertools import islice
from random import Random

import structlog
from redis import Redis
from redis.exceptions import RedisError
from rq.exceptions import AbandonedJobError, NoSuchJobError
from rq.job import Job
from rq.serializers import JSONSerializer

from config.queues import QUEUES, QueueSpec
from jobs import entrypoints, producer
from jobs.campaigns import sweep as sweeping
from jobs.ledger import leadership
from jobs.ledger.clock import server_time
from jobs.ledger.fields import text
from jobs.ledger.keys import Due
from jobs.ringing.queues import open_queue
from worker.failures import BELL_IDS, sort_failure

SWEEP_EVERY_S = 10.0
RESCUE_EVERY_S = 15.0
SEARCH_EVERY_S = 30.0
"""The search reads the names of all keys: 0.05 s for 100,000 of them."""
MOST_RESCUED = 1_000
"""Of one queue, at one time; those that were rescued are not found again, so the next time finds the others."""
PAGE = 500

log = structlog.get_logger()


def ring(redis: Redis) -> None:
    """Ring for all that is due, unless a scheduler does: a worker alone gets a campaign done, too."""
    if not leadership.holder(redis, now=server_time(redis)):
        producer.ring(redis, now=datetime.now(UTC))


def sweep(redis: Redis) -> None:
    """Make due what the ledger has unfinished and nobody would look at."""
    sweeping.sweep(redis, now=datetime.now(UTC))


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
    """Sort the failed jobs that nobody has sorted: those whose worker was killed in the middle, above all.

    A job that failed in a living worker is sorted there. Whoever is found here waits for nobody.
    """
    return sum(_rescue_some(redis, spec, now, random) for spec in QUEUES)


def _rescue_some(redis: Redis, spec: QueueSpec, now: datetime, random: Random) -> int:
    rescued = (job_id for job_id in _unsorted(redis, spec) if _rescue(redis, spec, job_id, now, random))
    return len(list(islice(rescued, MOST_RESCUED)))


def _unsorted(redis: Redis, spec: QueueSpec) -> Iterator[str]:
    """Failed jobs of a queue, bells aside, that neither wait for another try nor have left nothing behind.

    Looks through all of them, for one that is lost may stand behind any number of others.
    """
    key = open_queue(redis, spec).failed_job_registry.key
    everyone = (text(member) for member, _ in redis.zscan_iter(key, count=PAGE))
    others = (job_id for job_id in everyone if not job_id.startswith(BELL_IDS))
    while page := list(islice(others, PAGE)):
        with redis.pipeline(transaction=False) as pipe:
            for job_id in page:
                pipe.zscore(Due.REQUEUE, job_id)
                pipe.hget(Job.key_for(job_id), "description")
            answers = pipe.execute()
        for job_id, due_at, description in zip(page, answers[::2], answers[1::2], strict=True):
            if due_at is None and description != entrypoints.handed_in(job_id).encode():
                yield job_id


def _rescue(redis: Redis, spec: QueueSpec, job_id: str, now: datetime, random: Random) -> bool:
    """One that cannot even be fetched is left to its time to live."""
    try:
        job = Job.fetch(job_id, connection=redis, serializer=JSONSerializer)
        sort_failure(redis, job, AbandonedJobError(), spec=spec, now=now, random=random)
    except RedisError:
        raise
    except NoSuchJobError:
        return False  # a person was quicker
    except Exception as error:
        log.error("job_not_rescued", job_id=job_id, kind=type(error).__name__)  # noqa: TRY400  # a traceback may tell phones
        return False
    return True
