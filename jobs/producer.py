"""The only way in for Python, and the only caller of `Queue.enqueue`: campaigns, requests, and bells.

A job carries ids. What must happen is in the ledger before its bell rings, so a bell may be lost, doubled or late.
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence, Set
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import structlog
from redis import Redis
from redis.exceptions import RedisError
from rq import Queue, Worker
from rq.exceptions import DuplicateJobError, InvalidJobOperation, NoSuchJobError
from rq.job import Job, JobStatus
from rq.serializers import JSONSerializer

from config.queues import BELL_RESULT_TTL_S, CAMPAIGNS, CONTROL, DAY_S, STATUS, QueueSpec
from jobs import entrypoints
from jobs.campaigns import balances, control, do_not_dial, questions, refresh, take
from jobs.campaigns.balances import NotNoted
from jobs.campaigns.desk import Timings
from jobs.campaigns.do_not_dial import Changed, Verb
from jobs.campaigns.plan import Plan
from jobs.campaigns.take import Taken
from jobs.contacts import Row
from jobs.ledger import due
from jobs.ledger.keys import Due
from jobs.models import Terms
from jobs.outcomes import decide
from jobs.outcomes.decide import Asked, Decided


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


@dataclass(frozen=True, slots=True)
class Errand:
    """A job that the timetable brings up, once for each of its slots."""

    entry_point: str
    """Its dotted path."""
    queue: QueueSpec
    keywords: Callable[[datetime], dict[str, Any]] = lambda _: {}
    """The JSON keywords of the job for a slot."""
    left: Callable[[Any], dict[str, Any]] = lambda _: {}
    """The JSON keywords of a job for what is left to do after one that answered so; none where nothing is."""
    left_for: timedelta = timedelta(0)
    """So long after its slot what is left is tried again; then the next slot stands for it."""


def _balances_left(answer: Any) -> dict[str, Any]:
    silent = [account for account, said in (answer or {}).items() if said == NotNoted.NO_ANSWER]
    return {"accounts": silent} if silent else {}


ERRANDS: Mapping[str, Errand] = {
    "reconcile": Errand("jobs.entrypoints.reconcile_day", STATUS),
    "balances": Errand("jobs.entrypoints.note_balances", STATUS, left=_balances_left, left_for=balances.EVERY),
    "house": Errand("jobs.entrypoints.keep_house", STATUS),
}
"""By the names of their entries in the timetable."""

ERRAND_AGAIN = timedelta(minutes=1)
"""How often it is looked whether an errand's job is done; one that failed is put back into its queue."""
ERRAND_PATIENCE = timedelta(days=1)
"""An errand that has failed for so long is given up."""
ERRAND_KEPT_S = 2 * DAY_S
"""How long a job that is done is kept, so that nobody does it again."""

DEEP = 100
"""Jobs waiting in a queue from which on its bell stays silent: what is behind is not a bell that was lost."""

MOST_REQUEUED = 5_000
MOST_ERRANDS = 100

TIMINGS = Timings()

_SLOT = "%Y%m%dT%H%M%SZ"

log = structlog.get_logger()


class Producer:
    """Hands campaigns and requests in: writes the ledger, then rings."""

    def __init__(
        self,
        redis: Redis,
        *,
        lead: timedelta,
        keep_keys: timedelta = take.KEEP_KEYS,
        timings: Timings = TIMINGS,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._redis = redis
        self._lead = lead
        self._keep_keys = keep_keys
        self._clock = clock
        self._timings = timings

    def submit(self, terms: Terms, plan: Plan, *, key: str) -> Taken:
        """Hand in a planned campaign; the same key and payload give the same campaign again, and nothing is sent twice.

        Raises `InvalidCampaign` and `KeyConflict`; whatever else is raised (no Redis), the same call may be repeated.
        """
        taken = self._take(terms, plan, key)
        self.ring()
        return taken

    def submit_many(self, campaigns: Iterable[tuple[Terms, Plan, str]]) -> list[Taken]:
        """Hand in many campaigns with their keys, and ring once. One that is refused ends the call with its error;
        those before it are in, and repeating the call finds them by their keys.
        """
        try:
            return [self._take(terms, plan, key) for terms, plan, key in campaigns]
        finally:
            self.ring()

    def control(self, campaign_id: str, verb: str, *, why: str = "", by: str = "") -> None:
        """Pause, resume, stop or cancel a campaign; when this returns, the request holds.

        Raises `UnknownCampaign` or `CampaignIsOver`.
        """
        control.request(self._redis, campaign_id, control.VERBS[verb], why=why, now=self._clock(), by=by)
        self.ring()

    def refresh(self, campaign_id: str) -> int:
        """Have the gateway asked for a campaign's call records now; answers of how many sessions.

        Raises `UnknownCampaign`.
        """
        asked = refresh.request(self._redis, campaign_id, now=self._clock())
        self.ring()
        return asked

    def do_not_dial(
        self,
        account: str,
        verb: Verb,
        rows: Iterable[Row],
        *,
        by: str,
        why: str,
        source: str,
        durably: bool = False,
    ) -> Changed:
        """Put phones on an account's do-not-dial list, or take them off; when this returns, it holds, and with
        `durably`, for servers that can say so, it is on the server's disk.

        Raises `UnexplainedRequest` or `UnknownAccount`; whatever else is raised, the same call may be repeated.
        """
        asked = do_not_dial.Asked(by, why, source, self._clock())
        try:
            return do_not_dial.change(self._redis, account, verb, rows, asked, durably=durably)
        finally:
            self.ring()

    def adopt(
        self, submission_id: str, session_id: str, *, by: str, why: str, called: Set[str] | None, force: bool = False
    ) -> Decided:
        """Decide that a session of the gateway is an unknown submission. `called` are the phones of its call records,
        None where nobody could ask.

        Raises `UnknownSubmission`, `NotInDoubt`, `UnexplainedDecision`, and `Inadvisable` unless `force`.
        """
        asked = Asked(by, why, self._clock())
        return self._ringing(
            decide.adopt_session(
                self._redis, self._timings, submission_id, session_id, asked, called=called, force=force
            )
        )

    def resend(self, submission_id: str, *, by: str, why: str, force: bool = False) -> Decided:
        """Decide that an unknown submission is sent once more. Raises as `adopt` does."""
        asked = Asked(by, why, self._clock())
        return self._ringing(decide.resend(self._redis, self._timings, submission_id, asked, force=force))

    def give_up(self, submission_id: str, *, by: str, why: str, force: bool = False) -> Decided:
        """Decide that nobody looks for an unknown submission any more. Raises as `adopt` does."""
        asked = Asked(by, why, self._clock())
        return self._ringing(decide.give_up(self._redis, submission_id, asked, force=force, timings=self._timings))

    def ask_call_status(self, session_id: str, phone: str, *, account: str = "default") -> str:
        """Have a worker ask the gateway how the drop of a session to a phone of 10 digits ended; the question's id.

        Raises ValueError for what is no session id or no phone.
        """
        question_id = questions.ask(self._redis, session_id, phone, account=account, now=self._clock())
        self.ring()
        return question_id

    def ring(self) -> int:
        """Ring for everything that is due; answers how many jobs that made."""
        return ring(self._redis, now=self._clock())

    def _ringing(self, decided: Decided) -> Decided:
        self.ring()
        return decided

    def _take(self, terms: Terms, plan: Plan, key: str) -> Taken:
        now = self._clock()
        return take.take(self._redis, terms, plan, key=key, now=now, lead=self._lead, keep_keys=self._keep_keys)


def ring(redis: Redis, *, now: datetime) -> int:
    """Enqueue jobs for all ids that are due at `now`; safe to be called by anyone, any number of times."""
    rung = sum(_ring_or_say_why_not(redis, bell, now) for bell in BELLS)
    return requeue_failed(redis, now=now) + rung + run_errands(redis, ERRANDS, now=now)


def _ring_or_say_why_not(redis: Redis, bell: Bell, now: datetime) -> int:
    """One bell that is broken must not silence the others. What it was to ring for stays due."""
    try:
        return _ring_one(redis, bell, now)
    except RedisError:
        raise
    except Exception as error:
        log.error("bell_is_broken", bell=bell.due, kind=type(error).__name__)  # noqa: TRY400  # a traceback may tell ids
        return 0


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


def errand_id(name: str, slot: datetime) -> str:
    """What an errand is called in the due set, and its job in RQ: the same for everybody who may enqueue it."""
    return f"{name}-{slot:{_SLOT}}"


def run_errands(redis: Redis, errands: Mapping[str, Errand], *, now: datetime) -> int:
    """See to the errands that are due: each stays so until its job is done. Answers how many jobs were enqueued."""
    rung = due.ring(redis, Due.ERRAND, now=now, most=MOST_ERRANDS, again_after=ERRAND_AGAIN)
    return sum(_run_errand(redis, errands, each, now) for each in rung)


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
    if left and now < slot + errand.left_for:
        job.delete()
        return _enqueue_errand(redis, errand, job.id, left)
    if left:
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
    own = sum(job_id.startswith(f"{bell.entry_point.__name__}-") for job_id in waiting)
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
    return "-".join([bell.entry_point.__name__, *(_NO_JOB_ID.sub("_", each) for each in what_for)])


def _job_data(bell: Bell, ids: Sequence[str]) -> Any:
    name = bell.entry_point.__name__
    return Queue.prepare_data(
        f"{bell.entry_point.__module__}.{name}",
        kwargs=bell.keywords(ids),
        timeout=bell.queue.timeout_s,
        result_ttl=BELL_RESULT_TTL_S,
        failure_ttl=bell.queue.failure_ttl_s,
        description=f"{name} {ids[0]}" + (f" and {len(ids) - 1} more" if len(ids) > 1 else ""),
        job_id=f"{_job_name(bell, ids)}-{take.new_campaign_id()}",
    )
