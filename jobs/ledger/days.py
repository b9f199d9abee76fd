"""Days compared with the gateway: how far each is, what its sessions came to, and the report that is kept.

Every write here is a plain one that may arrive twice. Nothing in here decides what is sent.
"""

from datetime import date, timedelta

from pydantic import BaseModel, ConfigDict
from redis import Redis

from jobs.ledger import keys
from jobs.ledger.fields import decoded, text
from jobs.models.reports import Contrary, DayReport

KEEP_REPORTS = timedelta(days=400)
KEEP_WORK = timedelta(days=20)
"""Longer than a day is tried again."""

_DONE, _OPEN = "done", "open"
_RUN = "run"


class Compared(BaseModel):
    """What one listed session came to."""

    model_config = ConfigDict(frozen=True, hide_input_in_errors=True)

    session_id: str
    run: str
    """The comparison in which it was looked at."""
    is_final: bool
    """Whether it need not be looked at again: it was over."""
    submission_id: str = ""
    """Of ours; '' while it was a stranger."""
    merged: int = 0
    """Call records that were new to the ledger."""
    recorded: int = 0
    foreign: int = 0
    contrary: tuple[Contrary, ...] = ()
    outcomes: dict[str, int] = {}
    """Of a stranger: drops by the gateway's status and reason."""
    given_up_id: str = ""
    """Of a stranger: the given-up submission of ours that it is."""
    refusal: str = ""


def begin(redis: Redis, account: str, day: date, *, run: str, anew: bool) -> None:
    """Note that a comparison of the day begins; `anew` forgets what earlier ones found of its sessions."""
    work = keys.day_work(account, day)
    with redis.pipeline() as pipeline:
        if anew:
            pipeline.delete(work)
        pipeline.hset(work, _RUN, run)
        pipeline.expire(work, KEEP_WORK)
        pipeline.hset(keys.days(account), day.isoformat(), _OPEN)
        pipeline.execute()


def note(redis: Redis, account: str, day: date, compared: Compared) -> None:
    """Write down what a session came to."""
    redis.hset(keys.day_work(account, day), compared.session_id, compared.model_dump_json())


def work(redis: Redis, account: str, day: date) -> tuple[str, dict[str, Compared]]:
    """The comparison that is under way, '' for none, and what is known of single sessions, by their id."""
    found = decoded(redis.hgetall(keys.day_work(account, day)))
    run = found.pop(_RUN, "")
    return run, {session_id: Compared.model_validate_json(each) for session_id, each in found.items()}


def keep(redis: Redis, report: DayReport) -> DayReport:
    """Keep a report; answers what is kept then, with the instant since when it was found to be so."""
    kept = read(redis, report.account, report.day)
    if kept and kept.says_the_same(report):
        report = report.model_copy(update={"found_at": kept.found_at})
    with redis.pipeline() as pipeline:
        pipeline.set(keys.day_report(report.account, report.day), report.model_dump_json(), ex=KEEP_REPORTS)
        pipeline.hset(keys.days(report.account), report.day.isoformat(), _DONE if report.is_final else _OPEN)
        if report.is_final:
            pipeline.delete(keys.day_work(report.account, report.day))
        pipeline.execute()
    return report


def read(redis: Redis, account: str, day: date) -> DayReport | None:
    """The report that is kept of a day, if there is one."""
    kept = redis.get(keys.day_report(account, day))
    return DayReport.model_validate_json(text(kept)) if kept else None


def newest(redis: Redis, account: str, *, most: int) -> list[DayReport]:
    """The reports that are kept of an account's last days, newest first."""
    known = sorted(decoded(redis.hgetall(keys.days(account))), reverse=True)[:most]
    found = redis.mget([keys.day_report(account, date.fromisoformat(each)) for each in known]) if known else []
    return [DayReport.model_validate_json(text(kept)) for kept in found if kept]


def open_days(redis: Redis, account: str, *, last: date, most: int) -> list[date]:
    """The days up to `last` that are not done, oldest first: at most the `most` newest, and of those before `last` none
    from before the first that was ever begun. Those whose reports are gone are forgotten.
    """
    states = {date.fromisoformat(day): state for day, state in decoded(redis.hgetall(keys.days(account))).items()}
    earliest = last - timedelta(days=most - 1)
    begin_on = max(earliest, min([last, *states]))
    if forgotten := [day.isoformat() for day in states if day < last - KEEP_REPORTS]:
        redis.hdel(keys.days(account), *forgotten)
    wanted = (begin_on + timedelta(days=number) for number in range((last - begin_on).days + 1))
    return [day for day in wanted if states.get(day) != _DONE]
