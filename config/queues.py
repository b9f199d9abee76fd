"""The queues as data: names, patience and memory. Law of the room: no rq here, so that anything may read it."""

from dataclasses import dataclass

HOUR_S = 3600
DAY_S = 24 * HOUR_S


@dataclass(frozen=True, slots=True)
class QueueSpec:
    """One queue and how its jobs are treated. All times in seconds."""

    name: str
    timeout_s: int
    """A job that runs longer is stopped. Also bounds how late a killed worker's job is found again."""
    retry_waits_s: tuple[int, ...] = (2, 10, 60, 300, 900)
    """The wait before each further try of a failed job, and by its length how many there are. The first two bridge a
    restart, the next two an outage; after the last, 21 minutes on, a person should look."""
    result_ttl_s: int = HOUR_S
    """How long a finished job is kept: long enough to look at it, while the ledger remembers what it did."""
    failure_ttl_s: int = 7 * DAY_S
    """How long a failed job is kept: somebody is on duty within a week. RQ's own default is a year."""


BELL_RESULT_TTL_S = 60
"""How long a finished doorbell is kept. Thousands ring in an hour, and the ledger has all that they did."""

CONTROL = QueueSpec("control", timeout_s=120)
"""Pause, resume, stop, cancel: one short call per session of a campaign, always served first by a worker of its own."""

CAMPAIGNS = QueueSpec("campaigns", timeout_s=300)
"""Submissions: a job may carry hundreds, sent several at a time, each cut off at the gateway's deadline."""

STATUS = QueueSpec("status", timeout_s=180)
"""Polls and the daily reconciliation: many small reads, repeated anyway at the next tick."""

QUEUES = (CONTROL, CAMPAIGNS, STATUS)
"""Every queue, in the order in which they are drained."""


def queue_named(name: str) -> QueueSpec:
    """The queue of that name; raises `LookupError` naming those that exist."""
    for queue in QUEUES:
        if queue.name == name:
            return queue
    raise LookupError(f"no queue is named {name!r}; there are {', '.join(queue.name for queue in QUEUES)}")
