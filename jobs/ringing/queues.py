"""RQ's queues: how they are opened, who is at work on them, and failed jobs put back."""

from contextlib import suppress
from datetime import datetime, timedelta

from redis import Redis
from rq import Queue, Worker
from rq.exceptions import InvalidJobOperation, NoSuchJobError
from rq.job import Job
from rq.serializers import JSONSerializer

from config.queues import CAMPAIGNS, QueueSpec
from jobs.ledger import due
from jobs.ledger.keys import Due

MOST_REQUEUED = 5_000


def is_anybody_at_work(redis: Redis) -> bool:
    """Whether a worker is there that sends campaigns. One that was killed counts a little longer than it lived."""
    workers = Worker.all_keys(queue=open_queue(redis, CAMPAIGNS))
    return bool(workers) and bool(redis.exists(*workers))


def open_queue(redis: Redis, spec: QueueSpec) -> Queue:
    """The RQ queue of a spec; JSON, always, for RQ's own default is pickle."""
    return Queue(spec.name, connection=redis, serializer=JSONSerializer)


def requeue_failed(redis: Redis, *, now: datetime) -> int:
    """Put failed jobs whose wait is over back into their queue; answers how many.

    Each leaves the due set first: once it is back it may fail again, and what stands there then is its next try. One
    that is lost in between is found among the failed jobs.
    """
    rung = due.ring(redis, Due.REQUEUE, now=now, most=MOST_REQUEUED, again_after=timedelta(minutes=1))
    for job_id in rung:
        due.remove(redis, Due.REQUEUE, [job_id])
        # A person may have been quicker, and deleted it, or requeued it from the dashboard.
        with suppress(NoSuchJobError, InvalidJobOperation):
            Job.fetch(job_id, connection=redis, serializer=JSONSerializer).requeue()
    return len(rung)
