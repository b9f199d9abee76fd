"""What is shown beside the campaigns: who is at work, what is held and why, what waits for a person."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from redis import Redis
from rq import Worker
from rq.worker import BaseWorker, WorkerStatus

from jobs.campaigns.balances import slots_between
from jobs.documents.rests import AccountAtRest, of_all
from jobs.ledger import amnesia, balances, days, evidence, leadership, submissions
from jobs.ledger.amnesia import Halt
from jobs.ledger.balances import Low, Noted
from jobs.models import Submission, SubmissionState
from jobs.models.reports import DayReport
from web.pages import shapes
from web.pages.shapes import Line
from web.site import Site

MOST_WORKERS = 40
MOST_DAYS = 5
SILENCE = timedelta(seconds=45)
"""An idle worker is heard of every few seconds; for so long none that lives is silent."""
MISSED = 2
"""So many notes of a balance may fail to come before the last one is called old."""
SHOWN = timedelta(days=30)
"""So far back a balance is drawn."""


@dataclass(frozen=True, slots=True)
class AtWork:
    """One worker as rq's register has it: the queue that it serves, and whether it has a job."""

    queue: str
    state: str
    born_at: datetime | None
    busy_since: datetime | None
    """When its job began, where rq says so."""
    heard_at: datetime | None
    is_silent: bool
    """Whether it should have been heard of since: it may have been killed, and rq keeps it for minutes."""


@dataclass(frozen=True, slots=True)
class Money:
    """What an account can still send, over time, and whether that is too little."""

    account: str
    series: Sequence[Noted]
    line: Line | None
    low: Low | None
    is_aged: bool
    """Whether the last reading is older than it would be if the gateway were asked, and answered."""


@dataclass(frozen=True, slots=True)
class Facts:
    """All of it, at one instant."""

    at: datetime
    halt: Halt | None
    at_rest: Sequence[AccountAtRest]
    unknown: Sequence[Submission]
    workers: Sequence[AtWork]
    worker_count: int
    """Of those that are heard of."""
    is_anybody_at_work: bool
    leader: str
    money: Sequence[Money]
    days: Sequence[DayReport]

    @property
    def unknown_phones(self) -> int:
        """Phones of which nobody knows."""
        return sum(each.sent_count for each in self.unknown)

    @property
    def unknown_since(self) -> datetime | None:
        """Since when the oldest is unknown."""
        return min((each.changed_at for each in self.unknown if each.changed_at), default=None)


def look(site: Site) -> Facts:
    """All of it, now."""
    redis, now = site.redis, site.now
    workers = at_work(redis, now)
    count = sum(not each.is_silent for each in workers)
    return Facts(
        at=now,
        halt=amnesia.look(redis, now=now),
        at_rest=of_all(redis),
        unknown=unknown(redis),
        workers=workers[:MOST_WORKERS],
        worker_count=count,
        is_anybody_at_work=count > 0,
        leader=leadership.holder(redis, now=now),
        money=money(site),
        days=[each for account in accounts(site) for each in days.newest(redis, account, most=MOST_DAYS)],
    )


def accounts(site: Site) -> Sequence[str]:
    """Those that this process knows by its settings; where it knows none, the one that every setup has."""
    return site.desk.accounts or ("default",)


def unknown(redis: Redis) -> list[Submission]:
    """The submissions that wait for evidence, or for a person."""
    found = submissions.read(redis, evidence.in_doubt(redis))
    return [each for each in found if each.state is SubmissionState.UNKNOWN]


def at_work(redis: Redis, now: datetime) -> list[AtWork]:
    """Every worker of rq's register, by its queue."""
    return sorted((_at_work(each, now) for each in Worker.all(connection=redis)), key=lambda each: each.queue)


def is_anybody_at_work(redis: Redis, now: datetime) -> bool:
    """Whether any worker is heard of."""
    return any(not each.is_silent for each in at_work(redis, now))


def _at_work(worker: BaseWorker, now: datetime) -> AtWork:
    """`idle`, `busy`; rq has `?` for one that has not said anything yet. Ours say nothing while they have a job."""
    state, heard_at = str(worker.get_state()).replace("?", "starting"), worker.last_heartbeat
    is_busy = state == WorkerStatus.BUSY
    execution = worker.execution if is_busy else None
    is_silent = not is_busy and heard_at is not None and now - heard_at > SILENCE
    began_at = execution.created_at if execution else None
    return AtWork(", ".join(worker.queue_names()), state, worker.birth_date, began_at, heard_at, is_silent)


def money(site: Site) -> list[Money]:
    """Of every account of which something was noted."""
    now, low = site.now, balances.low_accounts(site.redis)
    series = {account: balances.history(site.redis, account, since=now - SHOWN) for account in accounts(site)}
    return [
        Money(account, found, shapes.line(found), low.get(account), slots_between(found[-1].at, now) >= MISSED)
        for account, found in series.items()
        if found
    ]
