"""Errands: jobs that the timetable brings up, one for each slot, which stays due until its job is done."""

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import structlog
from redis import Redis
from redis.exceptions import RedisError
from rq.exceptions import DuplicateJobError, InvalidJobOperation, NoSuchJobError
from rq.job import Job, JobStatus
from rq.serializers import JSONSerializer

from config.queues import DAY_S, STATUS, QueueSpec
from jobs.campaigns import balances
from jobs.campaigns.balances import NotNoted
from jobs.ledger import due
from jobs.ledger.keys import Due
from jobs.ringing.queues import open_queue


@dataclass(frozen=True, slots=True)
class Errand:
    """A job that the timetable brings up, once for each of its slots."""

    entry_point: str
    """Its dotted path."""
    queue: QueueSpec
    keywords: Callable[[datetime], dict[str, Any]] = lambda _: {}
    """The JSON keywords of the job for a slot."""
    left: Callable[[Any], dict[str, Any] | None] = lambda _: None
    """The JSON keywords of a job for what is left to do after one that answered so; None where nothing is."""
    left_for: timedelta = timedelta(0)
    """So long after its slot what is left is tried again; then the next slot stands for it."""


def _balances_left(answer: Any) -> dict[str, Any] | None:
    silent = [account for account, said in (answer or {}).items() if said == NotNoted.NO_ANSWER]
    return {"accounts": silent} if silent else None


def _house_left(answer: Any) -> dict[str, Any] | None:
    return {} if (answer or {}).get("left") else None


ERRANDS: Mapping[str, Errand] = {
    "reconcile": Errand("jobs.entrypoints.reconcile_day", STATUS),
    "balances": Errand("jobs.entrypoints.note_balances", STATUS, left=_balances_left, left_for=balances.EVERY),
    "house": Errand("jobs.entrypoints.keep_house", STATUS, left=_house_left, left_for=timedelta(days=1)),
}
"""By the names of their entries in the timetable."""

ERRAND_AGAIN = timedelta(minutes=1)
"""How often it is looked whether an errand's job is done; one that failed is put back into its queue."""
ERRAND_PATIENCE = timedelta(days=1)
"""An errand that has failed for so long is given up."""
ERRAND_KEPT_S = 2 * DAY_S
"""How long a job that is done is kept, so that nobody does it again."""

MOST_ERRANDS = 100

_SLOT = "%Y%m%dT%H%M%SZ"

log = structlog.get_logger()


def errand_id(name: str, slot: datetime) -> str:
    """What an errand is called in the due set, and its job in RQ: the same for everybody who may enqueue it."""
    return f"{name}-{slot:{_SLOT}}"


def run_errands(redis: Redis, errands: Mapping[str, Errand], *, now: datetime) -> int:
    """See to the errands that are due: each stays so until its job is done. Answers how many jobs were enqueued."""
    rung = due.ring(redis, Due.ERRAND, now=now, most=MOST_ERRANDS, again_after=ERRAND_AGAIN)
    return sum(_run_or_say_why_not(redis, errands, each, now) for each in rung)


def _run_or_say_why_not(redis: Redis, errands: Mapping[str, Errand], job_id: str, now: datetime) -> bool:
    """One that is broken must not silence the others. It stays due."""
    try:
        return _run_errand(redis, errands, job_id, now)
    except RedisError:
        raise
    except Exception as error:
        log.error("errand_is_broken", errand=job_id, kind=type(error).__name__)  # noqa: TRY400  # a traceback may tell ids
        return False


def _run_errand(redis: Redis, errands: Mapping[str, Errand], job_id: str, now: datetime) -> bool:
    """Whether a job was enqueued for it."""
    name, _, slot_text = job_id.rpartition("-")
    slot = datetime.strptime(slot_text, _SLOT).replace(tzinfo=UTC)
    errand = errands.get(name)
    if errand is None:
        return _give_up(redis, job_id, "nobody here knows it")
    try:
        job = Job.fetch(job_id, connection=redis, serializer=JSONSerializer)
    except NoSuchJobError:
        return _enqueue_errand(redis, errand, job_id, errand.keywords(slot))
    match job.get_status(refresh=False):
        case JobStatus.FINISHED:
            return _go_on(redis, errand, job, slot, now)
        case _ if now - job.created_at.replace(tzinfo=UTC) > ERRAND_PATIENCE:
            return _give_up(redis, job_id, "it was not done for too long")
        case JobStatus.FAILED:
            with suppress(InvalidJobOperation):  # somebody was quicker
                job.requeue()
                return True
        case JobStatus.CANCELED | JobStatus.STOPPED:
            return _give_up(redis, job_id, "somebody cancelled its job")
    return False


def _go_on(redis: Redis, errand: Errand, job: Job, slot: datetime, now: datetime) -> bool:
    """Whether a job was enqueued for what one that is done has left."""
    left = errand.left(job.return_value())
    if left is not None and now < slot + errand.left_for:
        job.delete()
        return _enqueue_errand(redis, errand, job.id, left)
    if left is not None:
        log.warning("errand_not_done", errand=job.id, left=left, meaning="it is left to the next one")
    due.remove(redis, Due.ERRAND, [job.id])
    return False


def _give_up(redis: Redis, job_id: str, why: str) -> bool:
    log.error("errand_given_up", errand=job_id, why=why)
    due.remove(redis, Due.ERRAND, [job_id])
    return False


def _enqueue_errand(redis: Redis, errand: Errand, job_id: str, keywords: dict[str, Any]) -> bool:
    with suppress(DuplicateJobError):
        open_queue(redis, errand.queue).enqueue_call(
            errand.entry_point,
            kwargs=keywords,
            timeout=errand.queue.timeout_s,
            result_ttl=ERRAND_KEPT_S,
            failure_ttl=errand.queue.failure_ttl_s,
            description=job_id,
            job_id=job_id,
            unique=True,
        )
        return True
    return False
