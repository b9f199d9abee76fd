"""`reconcile`: a day in the ledger beside what the gateway lists for it, compared now or as it was found."""

from collections.abc import Callable, Iterable, Sequence
from datetime import date, datetime, timedelta
from typing import Annotated, Any

import typer
from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table

from jobs import reconciliation
from jobs.campaigns.calling import LEAST_APART
from jobs.campaigns.desk import Desk
from jobs.cli import options
from jobs.cli.asking import PATIENCE, no_turn, why_no_turn
from jobs.cli.exits import Exit
from jobs.cli.failures import NOTHING_CHANGED, Failure
from jobs.cli.instants import parse_day
from jobs.cli.invocation import Invocation, of
from jobs.cli.shown import clean, commands, counted, plain_table, spoken
from jobs.documents.days import day_document
from jobs.ledger import breaker, days, due
from jobs.ledger.breaker import BreakerState
from jobs.ledger.keys import Due
from jobs.models.reports import DayReport, Named, OtherCounts, Outside

MOST_SHOWN = 20
"""Of each kind, to a person; all that are kept are in the document."""

TURN_PATIENCE = timedelta(minutes=1)
"""Without a session compared, the longest that a comparison waits for calls that the workers use; a rest it waits for
as any question does.
"""

WORTH_A_WORD = timedelta(milliseconds=500)
"""Shorter waits for a call are not told."""

Show = Annotated[bool, typer.Option("--show", help="Do not compare: show what was found the last time.")]


def reconcile(
    context: typer.Context,
    day: options.Day,
    account: options.Account = "default",
    show: Show = False,
    as_json: options.Json = False,
) -> None:
    """Compare an Eastern day of an account with what the gateway lists for it.

    Asks for the records of every session of that day, several a second, and notes those that are new. The workers do
    the same for the day before, once a day.

    The exit code says whether the day could be compared (8 where not), and not what was found: scripts read `is_clean`
    of --json.
    """
    invocation = of(context, as_json=as_json)
    on = _begun(parse_day(day, now=invocation.clock()), invocation.clock())
    report = _kept(invocation, account, on) if show else _compared(invocation, account, on)
    invocation.answer(day_document(report))
    invocation.say(_picture(report))
    if report.trouble:
        raise typer.Exit(Exit.NO_ANSWER)


def _begun(day: date, now: datetime) -> date:
    try:
        return reconciliation.check_has_begun(day, now)
    except reconciliation.NotBegun as not_begun:
        raise Failure(Exit.BAD_INPUT, str(not_begun), kept=NOTHING_CHANGED) from None


def _kept(invocation: Invocation, account: str, day: date) -> DayReport:
    report = days.read(invocation.redis, account, day)
    if report is None:
        what = f"{day} of account {clean(account)} was not compared yet"
        raise Failure(Exit.BAD_INPUT, what, todo="Without --show it is compared now.")
    return report


def _compared(invocation: Invocation, account: str, day: date) -> DayReport:
    """Until it is through, or nobody may ask the gateway; raises `Failure` then. What is broken off begins anew."""
    desk = invocation.desk(account)
    _refuse_during_a_rest(desk, account)
    reconciliation.begin(desk.redis, account, day, anew=True)
    known, left = 0, TURN_PATIENCE
    while True:
        step = reconciliation.reconcile(desk, account, day)
        if step.report:
            if step.again_at:  # by the workers
                due.add(desk.redis, Due.RECONCILE, [f"{account}/{day}"], step.again_at)
            return step.report
        before, known = known, len(days.work(desk.redis, account, day)[1])
        left = TURN_PATIENCE if known > before else left
        left -= _wait(invocation, desk, account, step.again_at or desk.clock(), left)


def _refuse_during_a_rest(desk: Desk, account: str) -> None:
    """Before anything is begun."""
    found = breaker.read(desk.redis, account)
    if found.probe_at and found.state is BreakerState.OPEN and found.probe_at > desk.clock() + PATIENCE:
        raise no_turn(found, found.probe_at)


def _wait(invocation: Invocation, desk: Desk, account: str, until: datetime, left: timedelta) -> timedelta:
    """For the next call, with a word about it; answers how long that took. Raises `Failure` where too little is left of
    a person's patience.
    """
    found, wait = breaker.read(desk.redis, account), max(LEAST_APART, until - desk.clock())
    if wait > (left if found.state is BreakerState.CLOSED else min(left, PATIENCE)):
        raise no_turn(found, until, kept="Call records that came in are noted; the next comparison begins anew.")
    if wait >= WORTH_A_WORD:
        invocation.note(f"Waiting for the gateway: {why_no_turn(found, until)}.", style="dim")
    desk.sleep(wait.total_seconds())
    return wait


def _picture(report: DayReport) -> RenderableType:
    parts: list[RenderableType] = [*_failure(report)]
    if report.is_compared:
        parts += _findings(report)
    return Group(*parts)


def _failure(report: DayReport) -> Iterable[str]:
    """What is to be said first where the last comparison failed; what an earlier one found is another matter."""
    if not report.trouble:
        return
    when = f" at {spoken(report.failed_at)}" if report.failed_at else ""
    yield f"{_name(report)}: the comparison{when} failed: {clean(report.trouble)}."
    if report.again_at:
        yield f"Nothing is called missing for that. The workers ask again at {spoken(report.again_at)}."
    else:
        yield "Nothing is called missing for that. The workers do not ask again: run the same command again."
    if report.is_compared:
        yield f"\nWhat follows was found {spoken(report.found_at)} and still stands."
    else:
        yield "The day was never compared as a whole."


def _findings(report: DayReport) -> Iterable[RenderableType]:
    listed = counted(report.listed, "session")
    yield f"{_name(report)}: {listed} listed by the gateway, {report.matched:,} of them ours."
    if report.open:
        yield f"{counted(report.open, 'session')} of ours not over yet; the day is compared again."
    for title, found, columns, row in _KINDS:
        findings = getattr(report, found)
        if findings.total:
            yield Padding(_table(title, findings, columns, row), (1, 0, 0, 0), expand=False)
    if not report.trouble:
        yield _verdict(report)
    if not report.is_over:
        yield "The day was not over then; the workers compare it again when it is."
    if report.missing.total or report.outside.total:
        yield commands(("a session and whose it is", f"sessions {report.day} --account {report.account}"))


def _verdict(report: DayReport) -> str:
    if not report.is_clean:
        return f"Found {spoken(report.found_at)}."
    return "Ledger and gateway say the same." if report.listed else "Nothing on either side: no session here or there."


def _name(report: DayReport) -> str:
    return f"{report.day} (Eastern), account {report.account}"


def _table(title: str, found: Named[Any], columns: Sequence[str], row: Callable[[Any], Iterable[str]]) -> Table:
    table = plain_table(*columns)
    table.title, table.title_justify, table.title_style = f"{found.total:,} {title}", "left", ""
    for each in found.named[:MOST_SHOWN]:
        table.add_row(*map(clean, row(each)))
    if found.total > MOST_SHOWN:
        table.add_row(f"and {found.total - MOST_SHOWN:,} more", *[""] * (len(columns) - 1))
    return table


def _outcomes(found: Outside) -> str:
    return found.refusal or ", ".join(f"{count:,} {words}" for words, count in found.outcomes.items()) or "no record"


def _other_counts(found: OtherCounts) -> tuple[str, ...]:
    taken = "" if found.taken is None else f"{found.taken:,}"
    strange = f" ({found.foreign:,} not ours)" if found.foreign else ""
    return found.submission_id, found.session_id, f"{found.sent:,}", taken, f"{found.recorded:,}{strange}"


def _stranger(found: Outside) -> tuple[str, ...]:
    return found.session_id, _outcomes(found), found.title


_OF_STRANGERS = (("session", "drops", "the gateway's words"), _stranger)

_KINDS: Sequence[tuple[str, str, Sequence[str], Callable[[Any], Iterable[str]]]] = (
    (
        "of ours that the gateway does not list",
        "missing",
        ("submission", "session", "phones"),
        lambda each: (each.submission_id, each.session_id, f"{each.phones:,}"),
    ),
    ("begun outside: no campaign here has them", "outside", *_OF_STRANGERS),
    ("that may be the sessions of unknown submissions of ours", "handed_over", *_OF_STRANGERS),
    ("of earlier attempts of ours, or given up before a stop, which are being stopped", "strays", *_OF_STRANGERS),
    (
        "of submissions that were given up: the gateway had taken them",
        "given_up",
        ("session", "submission", "drops"),
        lambda each: (each.session_id, each.submission_id, _outcomes(each)),
    ),
    (
        "with other phone counts at the gateway",
        "other_counts",
        ("submission", "session", "sent", "taken", "with a record"),
        _other_counts,
    ),
    (
        "drops of which the gateway now says otherwise; what was known first stays",
        "contrary",
        ("submission", "session", "phone", "its place", "here", "there"),
        lambda each: (each.submission_id, each.session_id, each.phone, str(each.place), each.here, each.there),
    ),
    (
        "of ours whose records the gateway would not give",
        "unread",
        ("submission", "session", "the gateway's words"),
        lambda each: (each.submission_id, each.session_id, each.refusal),
    ),
)
"""What there may be to find: in words, in the report, and as a table."""
