"""Submissions in doubt in front of people and programs. Law of the room: pure, and no phone at all."""

from collections.abc import Callable, Hashable, Sequence
from datetime import datetime
from itertools import groupby
from typing import TypeVar

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from config.masking import mask_text
from jobs import eastern
from jobs.campaigns.marks import mark_of
from jobs.cli.shown import both_times, clean, commands, counted, plain_table
from jobs.documents.unknowns import named, said
from jobs.models import Attempt, Candidate, Evidence, SubmissionState
from jobs.outcomes.cases import Case, how_far, in_words, ways_out
from jobs.outcomes.courses import what_happens_by_itself
from jobs.outcomes.decide import Decided, Decision

MOST_NAMED = 3
"""Of several submissions of which the same is said."""

Said = TypeVar("Said", bound=Hashable)

_HOLDS = {
    Decision.ADOPT: "is session {session} from now on, and is followed.",
    Decision.RESEND: "is sent once more. A first session, if there is one, goes on ringing until it is found, and is "
    "stopped only then: by the mark {marks} where the gateway's listings show titles, by a postback, or by its late "
    "answer. One that merely calls these phones may be somebody else's: it is logged, and not stopped.",
    Decision.GIVE_UP: "is given up: its phones count as without a record. A session that shows up all the "
    "same is in the log and in `sessions DATE`, and its records are taken; it is not stopped unless its campaign is.",
}


def cases_picture(cases: Sequence[Case], now: datetime) -> RenderableType:
    """A table of all that is unknown, and what to run next."""
    table = plain_table("title at the gateway", "submission", "phones", "sent (Eastern)", "evidence", right=("phones",))
    for each in cases:
        sent, title = (
            (eastern.wall_text(each.attempt.sent_at), _title(each, each.attempt)) if each.attempt else ("", "")
        )
        table.add_row(title, each.submission.id, f"{each.submission.sent_count:,}", sent, said(in_words(each)))
    head = Text(f"Nobody knows whether the gateway took {counted(len(cases), 'submission')}.", style="bold")
    reasons = _alike(cases, lambda each: said(each.submission.reason))
    told = [Text(f"{_names(alike)}: {reason}", style="dim") for reason, alike in reasons.items()]
    return Group(head, Text(), table, Text(), *told, Text(), _next_steps(cases, now))


def case_picture(case: Case, now: datetime) -> RenderableType:
    """Everything about one submission, oldest first."""
    submission = case.submission
    heading = Text.assemble((submission.id, "bold"), f"  {submission.state}, {counted(submission.sent_count, 'phone')}")
    known = plain_table("", "")
    for name, value in [*_facts(case), ("to be absent", _how_far(case, now))]:
        if value:
            known.add_row(Text(name, style="dim"), value)
    parts: list[RenderableType] = [heading, known, Text(), _evidence_table(case.evidence)]
    ways = ways_out(case)
    if ways and case.last_look and case.last_look.candidates:
        parts += [Text(), _candidates_table(case, case.last_look.candidates)]
    if ways:
        parts += [Text(), Text(what_happens_by_itself(case, now)), _ways_table(ways)]
    return Group(*parts)


def decided_sentence(decided: Decided) -> str:
    """What holds now."""
    submission = decided.case.submission
    marks = " or ".join(f"[{mark_of(each.token)}]" for each in submission.former)
    holds = _HOLDS[decided.decision].format(session=submission.session_id, marks=marks)
    before = "" if decided.is_new else "This was decided before, and nothing was changed: "
    return f"{before}{decided.case.submission.id} {holds}"


def _facts(case: Case) -> list[tuple[str, str]]:
    """What is known for certain, by name; some of it may be ''."""
    submission, attempt = case.submission, case.attempt
    return [
        ("title at the gateway", _title(case, attempt) if attempt else ""),
        ("why", said(submission.reason)),
        ("session", submission.session_id),
        ("sent", both_times(attempt.sent_at) if attempt else ""),
        *(("also sent", f"{both_times(each.sent_at)}   {_title(case, each)}") for each in submission.former),
        ("since", both_times(submission.changed_at) if submission.changed_at else ""),
        ("balance", _balance(case)),
    ]


def _title(case: Case, attempt: Attempt) -> str:
    return named(case.title_of(attempt))


def _how_far(case: Case, now: datetime) -> str:
    is_open = case.submission.state is SubmissionState.UNKNOWN and not case.is_named and not case.is_absent
    return how_far(case, now) if is_open else ""


def _balance(case: Case) -> str:
    """What the account had before and has after; a hint, with all that keeps it from being more."""
    after = next((each for each in reversed(case.current) if each.balance), None)
    if after is None:
        return ""
    noted = case.balance_before
    now = f"{after.balance} at {eastern.wall_text(after.at)}"
    if noted is None:
        return (
            f"{now}; none was noted before it was sent (a scheduler notes it), so there is nothing to compare it with"
        )
    pending = "" if noted.pending is None else f", {noted.pending:,} pending"
    before = f"{noted.remaining:,} left{pending} at {eastern.wall_text(noted.at)}, before it was sent"
    phones = counted(case.submission.sent_count, "phone")
    return f"{before}; {now}; it has {phones}. Others may send through the account, too"


def _candidates_table(case: Case, candidates: Sequence[Candidate]) -> RenderableType:
    """The sessions that may be it, side by side."""
    headers = ("may be it", "first seen (Eastern)", "dated by the gateway", "first call (Eastern)", "calls", "title")
    return _filled_table(headers, [_candidate_cells(case, each) for each in candidates])


def _filled_table(headers: Sequence[str], rows: Sequence[Sequence[str]], *, right: tuple[str, ...] = ()) -> Table:
    """A table without the columns in which nothing stands: on a narrow terminal they take the room of the others."""
    filled = [place for place in range(len(headers)) if any(row[place] for row in rows)]
    table = plain_table(*(headers[place] for place in filled), right=right)
    for row in rows:
        table.add_row(*(row[place] for place in filled))
    return table


def _candidate_cells(case: Case, candidate: Candidate) -> tuple[str, ...]:
    own_id, ours = candidate.session_id, case.submission.sent_count
    seen_at = next((eastern.wall_text(each.at) for each in case.evidence if own_id in each.session_ids), "")
    calls = "the gateway does not say" if candidate.called is None else f"{candidate.shared:,} of our {ours:,} phones"
    if foreign := (candidate.called or 0) - candidate.shared:
        calls += f", and {foreign:,} that are not ours"
    return own_id, seen_at, said(candidate.dated), said(candidate.first_call), calls, said(candidate.title)


def _evidence_table(found: Sequence[Evidence]) -> RenderableType:
    if not found:
        return Text("Nothing was found out yet.", style="dim")
    are_several = len({each.mark for each in found if each.mark}) > 1
    headers = ("Eastern", "until", "times", "mark", "what", "in words", "sessions", "balance", "by")
    groups = groupby(found, lambda each: (each.finding, each.words, each.mark, each.session_ids, each.by))
    alike = [list(group) for _, group in groups]
    rows = [(*_times(each), each[0].mark if are_several else "", *_cells(each)) for each in alike]
    return _filled_table(headers, rows, right=("times",))


def _times(alike: Sequence[Evidence]) -> tuple[str, str, str]:
    """Since when, until when and how often it was seen."""
    until = eastern.wall_text(alike[-1].at) if len(alike) > 1 else ""
    return eastern.wall_text(alike[0].at), until, f"{len(alike):,}"


def _cells(alike: Sequence[Evidence]) -> tuple[str, ...]:
    """One row for the same thing, seen once or many times in a row."""
    first, last = alike[0], alike[-1]
    words = said(first.words) + (f" ({said(first.why)})" if first.decided and first.by != "policy" else "")
    sessions = ", ".join(first.session_ids[:3]) + (" and more" if len(first.session_ids) > 3 else "")
    balances = dict.fromkeys(each.balance for each in (first, last) if each.balance)
    what = first.decided or first.finding
    moved, by = ", then ".join(balances), clean(mask_text(first.by))
    return what, words, sessions, moved, by


def _next_steps(cases: Sequence[Case], now: datetime) -> RenderableType:
    steps: list[RenderableType] = []
    is_one = len(cases) == 1
    same = _alike(cases, lambda each: (what_happens_by_itself(each, now, is_one=is_one), *_ways(each, cases)))
    for (sentence, *ways), alike in same.items():
        steps += [Text(f"{_names(alike)}: {sentence}"), _ways_table(ways)]
    return Group(*steps, commands(("all that is known of one", f"unknowns {cases[0].submission.id}")))


def _alike(cases: Sequence[Case], what: Callable[[Case], Said]) -> dict[Said, list[Case]]:
    """The cases by what is said of them: of many, the same is said once."""
    found: dict[Said, list[Case]] = {}
    for each in cases:
        found.setdefault(what(each), []).append(each)
    return found


def _names(cases: Sequence[Case]) -> str:
    ids = [each.submission.id for each in cases]
    return (
        ", ".join(ids) if len(ids) <= MOST_NAMED else f"{', '.join(ids[:MOST_NAMED])} and {len(ids) - MOST_NAMED} more"
    )


def _ways(case: Case, cases: Sequence[Case]) -> list[str]:
    """What a person can do; of many it is said with a placeholder, unless a session is named."""
    ways = ways_out(case)
    if len(cases) == 1 or case.is_named:
        return ways
    return [each.replace(case.submission.id, "SUBMISSION") for each in ways if not each.endswith("adopt SESSION")]


def _ways_table(ways: Sequence[str]) -> RenderableType:
    return commands(*(("you can", f'decide {each} --why "..."') for each in ways))
