"""Which failures of a job earn it another try, and when.

Only jobs that carry their own work need one: a campaign or a request handed in raw by another system. All others are
doorbells, and the ledger rings again by itself.
"""

from datetime import datetime, timedelta
from random import Random

from redis import Redis
from redis.exceptions import RedisError
from rq.exceptions import AbandonedJobError
from rq.job import Job
from rq.timeouts import JobTimeoutException

from config.queues import queue_named
from jobs import entrypoints
from jobs.ledger import due
from jobs.ledger.keys import Due

PASSING: tuple[type[BaseException], ...] = (
    RedisError,  # the ledger was out of reach, full or busy
    OSError,  # so was something else that we talk to
    JobTimeoutException,  # slow today
    AbandonedJobError,  # its worker was killed; nothing is known against the job
    MemoryError,
)
"""What may be over by the next try. All else stays as it is however often it is tried: a person must see it."""

_TRIES = "tries"


def carries_work(job: Job) -> bool:
    """Whether losing this job would lose something that is not in the ledger."""
    match job.func_name:
        case "jobs.entrypoints.submit_campaign":
            return bool(job.kwargs or job.args)
        case "jobs.entrypoints.control_campaign":
            return "verb" in job.kwargs
        case _:
            return False


def wait_before(next_try: int, waits_s: tuple[int, ...], random: Random) -> timedelta | None:
    """The jittered wait before try `next_try` (the first retry is 1); None when there is none left."""
    if next_try > len(waits_s):
        return None
    return timedelta(seconds=waits_s[next_try - 1] * random.uniform(0.5, 1))


def sort_failure(redis: Redis, job: Job, error: BaseException, *, now: datetime, random: Random) -> timedelta | None:
    """Decide on a job that carries work: have it come back after a wait, or take its payload out of RQ for good.

    Answers the wait, or None when it was given up.
    """
    tries = int(job.get_meta(refresh=False).get(_TRIES, 0)) + 1
    waits_s = queue_named(job.origin).retry_waits_s
    wait = wait_before(tries, waits_s, random) if isinstance(error, PASSING) else None
    if wait is None:
        entrypoints.leave_nothing_behind(job)
        return None
    job.meta[_TRIES] = tries
    job.save_meta()  # type: ignore[no-untyped-call]  # rq leaves this one method without types
    due.add(redis, Due.REQUEUE, [job.id], now + wait)
    return wait
