"""`reconcile`: a day in the ledger beside what the gateway lists for it, compared now or as it was found."""

import time
from collections.abc import Callable, Iterable, Sequence
from datetime import date
from typing import Annotated, Any

import typer
from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table

from jobs import reconciliation
from jobs.cli import options
from jobs.cli.exits import Exit
from jobs.cli.failures import Failure
from jobs.cli.instants import parse_day
from jobs.cli.invocation import Invocation, of
from jobs.cli.shown import both_times, clean, commands, counted, plain_table
from jobs.documents.days import day_document
from jobs.ledger import days
from jobs.models.reports import DayReport, Named, OtherCounts, Outside

MOST_SHOWN = 20
"""Of each kind, to a person; all that are kept are in the document."""

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
    """
    invocation = of(context, as_json=as_json)
    on = parse_day(day, now=invocation.clock())
    report = _kept(invocation, account, on) if show else _compared(invocation, account, on)
    invocation.answer(day_document(report))
    invocation.say(_picture(report))
    if report.trouble:
        raise typer.Exit(Exit.NO_ANSWER)


def _kept(invocation: Invocation, account: str, day: date) -> DayReport:
    report = days.read(invocation.redis, account, day)
    if report is None:
        what = f"{day} of account {clean(account)} was not compared yet"
        raise Failure(Exit.BAD_INPUT, what, todo="Without --show it is compared now.")
    return report


def _compared(invocation: Invocation, account: str, day: date) -> DayReport:
    """Until it is through. A comparison that is broken off has lost nothing, and the next one begins anew."""
    desk = invocation.desk(account)
    reconciliation.begin(desk.redis, account, day, anew=True)
    while True:
        step = reconciliation.reconcile(desk, account, day)
        if step.report:
            return step.report
        if step.again_at:
            time.sleep(max(0.0, (step.again_at - desk.clock()).total_seconds()))


def _picture(report: DayReport) -> RenderableType:
    head = (
        f"{report.day} (Eastern), account {report.account}: {counted(report.listed, 'session')} listed by the gateway, "
    )
    parts: list[RenderableType] = [f"{head}{report.matched:,} of them ours."]
    if report.trouble:
        parts.append(
            f"It could not be compared as a whole: {clean(report.trouble)}. Nothing is called missing for that."
        )
    if report.open:
        parts.append(f"{counted(report.open, 'session')} of ours not over yet; the day is compared again.")
    for title, found, columns, row in _KINDS:
        findings = getattr(report, found)
        if findings.total:
            parts.append(Padding(_table(title, findings, columns, row), (1, 0, 0, 0), expand=False))
    parts.append("Ledger and gateway say the same." if report.is_clean else f"Found {both_times(report.found_at)}.")
    if report.missing.total or report.outside.total:
        parts.append(commands(("a session and whose it is", f"sessions {report.day} --account {report.account}")))
    return Group(*parts)


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


_KINDS: Sequence[tuple[str, str, Sequence[str], Callable[[Any], Iterable[str]]]] = (
    (
        "of ours that the gateway does not list",
        "missing",
        ("submission", "session", "phones"),
        lambda each: (each.submission_id, each.session_id, f"{each.phones:,}"),
    ),
    (
        "begun outside: no campaign here has them",
        "outside",
        ("session", "drops", "the gateway's words"),
        lambda each: (each.session_id, _outcomes(each), each.title),
    ),
    (
        "that may be the sessions of unknown submissions of ours",
        "handed_over",
        ("session", "drops", "the gateway's words"),
        lambda each: (each.session_id, _outcomes(each), each.title),
    ),
    (
        "of earlier attempts of ours, or given up before a stop, which are being stopped",
        "strays",
        ("session", "drops", "the gateway's words"),
        lambda each: (each.session_id, _outcomes(each), each.title),
    ),
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
