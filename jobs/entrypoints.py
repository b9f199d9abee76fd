"""The functions that RQ calls by dotted path. Law of the room: names and keywords are a wire format, never renamed.

Each may run at any time, twice, or for ids that are long settled: the ledger decides, a job is only the doorbell.
"""

import os
import threading
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from functools import cache, partial
from typing import Any

import structlog
from rq import get_current_job
from rq.exceptions import DeserializationError
from rq.job import Job

from config import durability
from config.accounts import UnknownAccount
from config.redis_connection import connect
from config.settings import Settings
from jobs import reconciliation
from jobs.campaigns import balances, control, do_not_dial, ending, housekeeping, questions, refresh, send, take
from jobs.campaigns.balances import NotNoted
from jobs.campaigns.desk import Desk
from jobs.campaigns.do_not_dial import Synced
from jobs.campaigns.plan import plan
from jobs.contacts import Row
from jobs.desks import desk_at
from jobs.ledger import campaigns, due, retention
from jobs.ledger import do_not_dial as lists
from jobs.ledger.keys import Due
from jobs.models import InvalidCampaign, Problem, parse_campaign
from jobs.outcomes.settle import settle
from jobs.webhooks.deliver import deliver

JOB_BUDGET = timedelta(seconds=5)
"""A job that works on many ids begins no new one after this long, and leaves the rest in the due set: behind it wait
others, and in the due set the campaigns take turns again."""

SYNC_BUDGET = timedelta(seconds=2)
"""Telling the gateway of a do-not-dial list begins no new request after this long: stops wait in the same queue."""

MOST_CONNECTIONS = 3
"""Of a worker's jobs to Redis; it has one more for its vigil, and a small hosted server allows 20 in all."""

MOST_LEFT = 1_000
"""So many campaigns that are left to housekeeping are counted; more are not told apart."""

wind_down = threading.Event()
"""Set when the process is asked to end: jobs begin nothing new, end what they began, and leave the rest due."""

_LEFT, _FAULTY = "left", "faulty"

log = structlog.get_logger(__name__)


def submit_campaign(*, campaign: Mapping[str, Any], key: str | None = None) -> dict[str, Any]:
    """Take a campaign from another system. `campaign` is JSON as `jobs.models.Campaign` reads it.

    Without a key the job's own id stands for the campaign, so that running the job again cannot make a second one.
    Answers `{"campaign_id", "is_new"}`. Raises `InvalidCampaign` or `KeyConflict`; neither is worth another try.
    """
    stated = parse_campaign(campaign)
    job = get_current_job()
    if key is None:
        if job is None:
            raise InvalidCampaign((Problem("key", "is missing"),))
        key = f"job:{job.id}"
    rows = (Row(line, text) for line, text in enumerate(stated.recipients, start=1))
    at = desk()
    _check_account(at, stated.account)
    numbers = {"lead": at.timings.lead, "keep_keys": at.timings.keep_keys}
    taken = take.take(at.redis, stated.terms(), plan(rows), key=key, now=at.clock(), **numbers)
    leave_nothing_behind(job)
    return {"campaign_id": taken.campaign_id, "is_new": taken.is_new}


def send_submissions(*, submission_ids: list[str]) -> dict[str, int]:
    """Send those of the submissions that are due and nobody else has; answers how many came to which end."""
    at = desk()
    return _side_by_side(at, Due.SEND, partial(send.send, at), submission_ids)


def control_campaign(*, campaign_id: str, verb: str | None = None, why: str = "") -> dict[str, int]:
    """Carry out what is wanted of a campaign; with `verb` (pause, resume, stop, cancel) write that down first."""
    at = desk()
    if verb is not None:
        if verb not in control.VERBS:
            raise InvalidCampaign((Problem("verb", f"must be one of {', '.join(control.VERBS)}"),))
        job, now = get_current_job(), at.clock()
        token, asked_at = (job.id, _aware(job.enqueued_at)) if job else ("", None)
        intent = control.VERBS[verb]
        control.request(at.redis, campaign_id, intent, why=why, now=now, asked_at=asked_at, token=token)
        leave_nothing_behind(job, campaign_id=campaign_id)
    done = control.control(at, campaign_id)
    return {"confirmed": done.confirmed, "open": done.open}


def end_campaigns(*, campaign_ids: list[str]) -> dict[str, int]:
    """See that campaigns end at their end time, whatever the gateway does; answers how many came to which end."""
    at = desk()
    return _side_by_side(at, Due.END, partial(ending.end, at), campaign_ids)


def refresh_campaigns(*, campaign_ids: Iterable[str] = (), submission_ids: Iterable[str] = ()) -> dict[str, int]:
    """Ask the gateway for call records: of whole campaigns, of single submissions, or both."""
    at = desk()
    of_campaigns = [each for one in campaign_ids for each in campaigns.submission_ids(at.redis, one)]
    return _side_by_side(at, Due.REFRESH, partial(refresh.refresh, at), [*submission_ids, *of_campaigns])


def settle_submissions(*, submission_ids: list[str]) -> dict[str, int]:
    """Look what became of submissions of which nobody knows; answers how many came to which end."""
    at = desk()
    return _side_by_side(at, Due.SETTLE, partial(settle, at), submission_ids)


def call_status(*, question_id: str) -> dict[str, str]:
    """Ask the gateway how one drop ended. Session and phone wait in the ledger, under the question's id, and the answer
    does afterwards: `jobs.campaigns.questions` says why.
    """
    return {"answer": questions.answer(desk(), question_id)}


def sync_do_not_dial(*, account: str) -> dict[str, int]:
    """Tell the gateway what it has not confirmed of an account's do-not-dial list; answers how much is left."""
    at = desk()
    end_at = at.clock() + SYNC_BUDGET
    came_to = Synced.MORE
    while came_to is Synced.MORE and at.clock() < end_at and not wind_down.is_set():
        came_to = do_not_dial.sync(at, account)
    if came_to is Synced.MORE:
        due.add(at.redis, Due.DO_NOT_DIAL, [account], at.clock())
    return {"unconfirmed": lists.read(at.redis, account).unconfirmed}


def reconcile_day(*, day: str | None = None) -> dict[str, str]:
    """Compare a day of every account with what the gateway lists: an Eastern day, `YYYY-MM-DD`, anew; without one,
    yesterday and the days that were missed. What does not fit into a job is gone on with by `reconcile_account`.
    Answers how far each day is: `done`, `open` or `later`. Raises `NotBegun` for a day that has not come yet.
    """
    at = desk()
    wanted = reconciliation.check_has_begun(date.fromisoformat(day), at.clock()) if day else None
    begun = []
    for account in at.accounts:
        for each in [wanted] if wanted else reconciliation.missed_days(at.redis, account, now=at.clock()):
            reconciliation.begin(at.redis, account, each, anew=wanted is not None)
            begun.append((account, each))
    end_at = at.clock() + JOB_BUDGET
    # When this job's time is over, and not before: nobody need compare the same day beside it.
    due.add(at.redis, Due.RECONCILE, [f"{account}/{each}" for account, each in begun], end_at)
    return {f"{account}/{each}": _reconcile(at, account, each, end_at) for account, each in begun}


def reconcile_account(*, account: str, day: str) -> dict[str, str]:
    """Go on comparing a day of one account; answers as `reconcile_day`."""
    at = desk()
    return {f"{account}/{day}": _reconcile(at, account, date.fromisoformat(day), at.clock() + JOB_BUDGET)}


def keep_house() -> dict[str, int]:
    """Drop the phones of campaigns that are over for longer than RETENTION_DAYS; answers of how many, and how many may
    be left for the next time.
    """
    at, dropped = desk(), 0
    housekeeping.clear_out_events(at.redis, keep=at.timings.retention, now=at.clock())
    end_at = at.clock() + JOB_BUDGET
    while at.clock() < end_at and not wind_down.is_set():
        cleared = housekeeping.clear_out(at.redis, keep=at.timings.retention, now=at.clock())
        dropped += cleared.dropped
        if not cleared.looked_at:
            return {"dropped": dropped, "left": 0}
    left = retention.to_look_at(at.redis, before=at.clock() - at.timings.retention, most=MOST_LEFT)
    return {"dropped": dropped, "left": len(left)}


def note_balances(*, accounts: list[str] | None = None) -> dict[str, int | str]:
    """Note what accounts can still send, every one unless they are named; answers it by account, and where there is no
    note `no_answer` or `refused`.
    """
    at = desk()
    noted = {account: balances.note_balance(at, account) for account in accounts or at.accounts}
    return {account: str(each) if isinstance(each, NotNoted) else each.remaining for account, each in noted.items()}


def deliver_webhooks(*, names: list[str]) -> dict[str, int]:
    """Tell webhooks what happened; answers how many came to which end."""
    at = desk()
    return _side_by_side(at, Due.WEBHOOK, partial(deliver, at), names)


def _reconcile(at: Desk, account: str, day: date, end_at: datetime) -> str:
    """Until the job's time is over; what is left stands in the due set."""
    if at.clock() >= end_at or wind_down.is_set():
        return "later"
    step = reconciliation.reconcile(at, account, day, may_go_on=lambda: at.clock() < end_at and not wind_down.is_set())
    name = f"{account}/{day}"
    if step.again_at:
        due.add(at.redis, Due.RECONCILE, [name], step.again_at)
    else:
        due.remove(at.redis, Due.RECONCILE, [name])
    if step.report is None:
        return "later"
    reconciliation.tell(step.report)
    return "done" if step.report.is_final and not step.report.trouble else "open"


def leave_nothing_behind(job: Job | None, **harmless: str) -> None:
    """Take what another system handed in out of RQ: the ledger has it now, or it was refused. `harmless` stays."""
    if job is None:
        return
    job.data = job.serializer.dumps((_name_of(job), None, [], harmless))
    job.description = handed_in(job.id)
    job.save()


def handed_in(job_id: str) -> str:
    """How a job is described of which nothing was left behind."""
    return f"handed in as job {job_id}"


def _name_of(job: Job) -> str:
    """The function's dotted path, for whoever looks at it later. A job in another serializer does not tell."""
    try:
        return str(job.func_name)
    except DeserializationError:
        return "unreadable"


def _aware(instant: datetime | None) -> datetime | None:
    """RQ's instants are UTC, with or without saying so."""
    return instant.replace(tzinfo=UTC) if instant and instant.tzinfo is None else instant


def _check_account(at: Desk, account: str) -> None:
    """Whoever knows the accounts refuses a campaign for none of them; taken in elsewhere, it waits and says so."""
    try:
        at.gateway(account)
    except UnknownAccount as unknown:
        raise InvalidCampaign((Problem("account", str(unknown)),)) from None


@cache
def desk() -> Desk:
    """This process's desk, from its environment; made once, before the first job."""
    return open_desk(os.environ)


def open_desk(env: Mapping[str, str]) -> Desk:
    """Connections and numbers as the environment states them; raises `InvalidSettings` or `UnfitServer`."""
    settings = Settings.from_env(env)
    settings.require_gateway()
    url, tls_verify = settings.redis_url.get_secret_value(), settings.redis_tls_verify
    redis = connect(url, name="jobs", max_connections=MOST_CONNECTIONS, tls_verify=tls_verify)
    keeps = durability.require(redis, settings.durability).used_for(settings.durability)
    at = desk_at(settings, redis, clock=lambda: datetime.now(UTC))
    return replace(at, durability=keeps, is_ending=wind_down.is_set)


def _side_by_side(at: Desk, left_to: Due, work: Callable[[str], str], ids: list[str]) -> dict[str, int]:
    """Work on many ids at once, within the job's budget; those that were not begun are due again at once.

    A fault that befalls one id is logged with it and counted; it is rung for again, and the others go on.
    """
    end_at = at.clock() + JOB_BUDGET

    def begin(each: str) -> str:
        if wind_down.is_set() or at.clock() >= end_at:
            return _LEFT
        try:
            return str(work(each))
        except Exception:
            log.exception("work_failed", id=each)
            return _FAULTY

    with ThreadPoolExecutor(max_workers=at.concurrency) as pool:
        ends = list(pool.map(begin, ids))
    due.add(at.redis, left_to, [each for each, end in zip(ids, ends, strict=True) if end == _LEFT], at.clock())
    return dict(Counter(ends))
