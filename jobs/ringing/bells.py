"""Doorbells: jobs that carry ids of a due set, and as many of them as its queue has room for."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import structlog
from redis import Redis
from redis.exceptions import RedisError
from rq import Queue

from config.queues import BELL_RESULT_TTL_S, CAMPAIGNS, CONTROL, STATUS, QueueSpec
from jobs import entrypoints
from jobs.campaigns import take
from jobs.ledger import due
from jobs.ledger.keys import Due
from jobs.ringing.queues import open_queue


@dataclass(frozen=True, slots=True)
class Bell:
    """Which job rings for the ids of a due set."""

    due: Due
    queue: QueueSpec
    entry_point: Callable[..., Any]
    ids_per_job: int
    again_after: timedelta
    """When to ring again for an id of which no move has been seen."""
    most_waiting: int = 3
    """Jobs of this bell that may wait in the queue. Enough to keep workers busy from ring to ring; the others wait in
    the due set, where campaigns take turns, and not behind a big campaign in a line that nobody can reorder."""

    @property
    def name(self) -> str:
        """How the ids of its jobs begin."""
        return self.entry_point.__name__

    @property
    def path(self) -> str:
        """Its entry point's dotted path."""
        return f"{self.entry_point.__module__}.{self.name}"

    def keywords(self, ids: Sequence[str]) -> dict[str, Any]:
        """The JSON keywords of a job for these ids."""
        match self.due:
            case Due.CONTROL:
                return {"campaign_id": ids[0]}
            case Due.END:
                return {"campaign_ids": list(ids)}
            case Due.DO_NOT_DIAL:
                return {"account": ids[0]}
            case Due.RECONCILE:
                account, _, day = ids[0].partition("/")
                return {"account": account, "day": day}
            case Due.QUESTION:
                return {"question_id": ids[0]}
            case Due.WEBHOOK:
                return {"names": list(ids)}
            case _:
                return {"submission_ids": list(ids)}


BELLS = (
    Bell(Due.CONTROL, CONTROL, entrypoints.control_campaign, 1, timedelta(seconds=10), most_waiting=100),
    Bell(Due.END, CONTROL, entrypoints.end_campaigns, 100, timedelta(seconds=10)),
    Bell(Due.DO_NOT_DIAL, CONTROL, entrypoints.sync_do_not_dial, 1, timedelta(seconds=30)),
    Bell(Due.SEND, CAMPAIGNS, entrypoints.send_submissions, 100, timedelta(seconds=30)),
    Bell(Due.QUESTION, STATUS, entrypoints.call_status, 1, timedelta(seconds=30), most_waiting=30),
    Bell(Due.SETTLE, STATUS, entrypoints.settle_submissions, 20, timedelta(minutes=1)),
    Bell(Due.REFRESH, STATUS, entrypoints.refresh_campaigns, 100, timedelta(minutes=1)),
    Bell(Due.RECONCILE, STATUS, entrypoints.reconcile_account, 1, timedelta(minutes=1), most_waiting=1),
    Bell(Due.WEBHOOK, STATUS, entrypoints.deliver_webhooks, 10, timedelta(minutes=1), most_waiting=1),
)
"""In the order in which they are rung: a stop before a start."""

DEEP = 100
"""Jobs waiting in a queue from which on its bell stays silent: what is behind is not a bell that was lost."""

log = structlog.get_logger()


def ring(redis: Redis, *, now: datetime) -> int:
    """Enqueue jobs for all ids that are due at `now`; answers how many."""
    return sum(_ring_or_say_why_not(redis, bell, now) for bell in BELLS)


def _ring_or_say_why_not(redis: Redis, bell: Bell, now: datetime) -> int:
    """One bell that is broken must not silence the others. What it was to ring for stays due."""
    try:
        return _ring_one(redis, bell, now)
    except RedisError:
        raise
    except Exception as error:
        log.error("bell_is_broken", bell=bell.due, kind=type(error).__name__)  # noqa: TRY400  # a traceback may tell ids
        return 0


def _ring_one(redis: Redis, bell: Bell, now: datetime) -> int:
    if not due.count(redis, bell.due, by=now):
        return 0
    queue = open_queue(redis, bell.queue)
    room = _room(queue, bell)
    if room <= 0:
        return 0
    ids = due.ring(redis, bell.due, now=now, most=room * bell.ids_per_job, again_after=bell.again_after)
    if bell.ids_per_job == 1:
        ids = _not_waiting(queue, bell, ids)
    batches = [ids[start : start + bell.ids_per_job] for start in range(0, len(ids), bell.ids_per_job)]
    queue.enqueue_many([_job_data(bell, batch) for batch in batches])
    return len(batches)


def _room(queue: Queue, bell: Bell) -> int:
    """How many more jobs of this bell may wait. Campaigns handed in raw wait in the same queue, and are not counted."""
    waiting = queue.get_job_ids(0, DEEP)
    own = sum(job_id.startswith(f"{bell.name}-") for job_id in waiting)
    return bell.most_waiting - own if len(waiting) < DEEP else 0


def _not_waiting(queue: Queue, bell: Bell, ids: Sequence[str]) -> list[str]:
    """Those for which no job waits yet: one that waits will do all that is wanted by then, and more stand in the way.

    Looked at after the due set was rung: who leaves the queue later has not yet looked at what is wanted.
    """
    waiting = {job_id.rpartition("-")[0] for job_id in queue.get_job_ids(0, DEEP)}
    return [each for each in ids if _job_name(bell, [each]) not in waiting]


_NO_JOB_ID = re.compile(r"[^A-Za-z0-9_-]")
"""What RQ refuses in a job's id."""


def _job_name(bell: Bell, ids: Sequence[str]) -> str:
    """How a job's id begins: with what it is for, if that is one thing. What follows is new each time, because RQ would
    overwrite a job of the same id that is being worked on.
    """
    what_for = ids if bell.ids_per_job == 1 else ()
    return "-".join([bell.name, *(_NO_JOB_ID.sub("_", each) for each in what_for)])


def _job_data(bell: Bell, ids: Sequence[str]) -> Any:
    return Queue.prepare_data(
        bell.path,
        kwargs=bell.keywords(ids),
        timeout=bell.queue.timeout_s,
        result_ttl=BELL_RESULT_TTL_S,
        failure_ttl=bell.queue.failure_ttl_s,
        description=f"{bell.name} {ids[0]}" + (f" and {len(ids) - 1} more" if len(ids) > 1 else ""),
        job_id=f"{_job_name(bell, ids)}-{take.new_campaign_id()}",
    )
