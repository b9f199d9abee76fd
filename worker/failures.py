"""Which failures of a job earn it another try, and when.

Only jobs that carry their own work need one: a campaign or a request handed in raw by another system. Our doorbells
need none, for the ledger rings again by itself; all else leaves nothing behind. Law of the room: other systems write
these jobs, so whatever is read from one may be anything.
"""

from contextlib import suppress
from datetime import datetime, timedelta
from random import Random

from redis import Redis
from redis.exceptions import RedisError
from rq.exceptions import AbandonedJobError
from rq.job import Job
from rq.timeouts import JobTimeoutException

from config.queues import QueueSpec
from jobs import entrypoints
from jobs.ledger import due
from jobs.ledger.keys import Due
from jobs.ringing.bells import BELLS
from jobs.ringing.errands import ERRANDS

PASSING: tuple[type[BaseException], ...] = (
    RedisError,  # the ledger was out of reach, full or busy
    OSError,  # so was something else that we talk to
    JobTimeoutException,  # slow today
    AbandonedJobError,  # its worker was killed; nothing is known against the job
    MemoryError,
)
"""What may be over by the next try. All else stays as it is however often it is tried: a person must see it."""

_TRIES, _COUNTED = "tries", "counted"

_BELLS = {*(bell.path for bell in BELLS), *(errand.entry_point for errand in ERRANDS.values())}
BELL_IDS = tuple(f"{name}-" for name in [*(bell.name for bell in BELLS), *ERRANDS])
"""How the ids of our bells begin."""


def is_bell(job: Job) -> bool:
    """Whether this is a doorbell of ours: it holds ids and nothing else."""
    with suppress(Exception):
        return job.func_name in _BELLS and job.id.startswith(BELL_IDS)
    return False


def carries_work(job: Job) -> bool:
    """Whether losing this job would lose something that is not in the ledger, and that another try could save."""
    with suppress(Exception):
        match job.func_name:
            case "jobs.entrypoints.submit_campaign":
                return bool(job.kwargs or job.args)
            case "jobs.entrypoints.control_campaign":
                return "verb" in job.kwargs
    return False


def wait_before(next_try: int, waits_s: tuple[int, ...], random: Random) -> timedelta | None:
    """The jittered wait before try `next_try` (the first retry is 1); None when there is none left."""
    if next_try > len(waits_s):
        return None
    return timedelta(seconds=waits_s[next_try - 1] * random.uniform(0.5, 1))


def sort_failure(
    redis: Redis, job: Job, error: BaseException, *, spec: QueueSpec, now: datetime, random: Random
) -> timedelta | None:
    """Decide on a job that is no bell: have it come back after a wait, or take its payload out of RQ for good.

    Answers the wait, or None when it was given up. Sorting the same failure again changes nothing but the wait.
    """
    job.failure_ttl = spec.failure_ttl_s
    wait = None
    if isinstance(error, PASSING) and carries_work(job):
        wait = wait_before(_count(job), spec.retry_waits_s, random)
    if wait is None:
        job.meta = {}
    job.save_meta()  # type: ignore[no-untyped-call]  # rq leaves this one method without types
    if wait is None:
        entrypoints.leave_nothing_behind(job)
    else:
        due.add(redis, Due.REQUEUE, [job.id], now + wait)
    return wait


def _count(job: Job) -> int:
    """Note this failure in the job's meta; answers how many there were.

    RQ's cleaning may be cut short and then shows the same failure again: between two enqueueings there is but one.
    """
    meta = job.meta if isinstance(job.meta, dict) else {}
    tries = meta.get(_TRIES, 0) if isinstance(meta.get(_TRIES, 0), int) else 0
    enqueued = str(job.enqueued_at)
    if meta.get(_COUNTED) != enqueued:
        tries += 1
    job.meta = {**meta, _TRIES: tries, _COUNTED: enqueued}
    return tries
