"""Submissions in doubt in front of people and programs. Law of the room: pure, and no phone at all."""

from collections.abc import Sequence
from itertools import groupby

from rich.console import Group, RenderableType
from rich.text import Text

from config.masking import mask_text
from jobs import eastern
from jobs.cli.shown import both_times, clean, commands, counted, plain_table
from jobs.documents.unknowns import said
from jobs.models import Evidence
from jobs.outcomes.cases import Case, in_words, ways_out, what_happens_by_itself
from jobs.outcomes.decide import Decided, Decision

_HOLDS = {
    Decision.ADOPT: "is session {session} from now on, and is followed.",
    Decision.RESEND: "is sent once more; if the first one turns up after all, it is stopped, and the log says so.",
    Decision.GIVE_UP: "is given up: its phones count as without a record. One that still comes is written down.",
}


def cases_picture(cases: Sequence[Case]) -> RenderableType:
    """A table of all that is unknown, and what to run next."""
    table = plain_table("campaign", "submission", "phones", "sent (Eastern)", "evidence", right=("phones",))
    for each in cases:
        sent = eastern.wall_text(each.submission.sent_at) if each.submission.sent_at else ""
        title = clean(each.campaign.terms.title) or "untitled"
        table.add_row(title, each.submission.id, f"{each.submission.sent_count:,}", sent, said(in_words(each)))
    head = Text(f"Nobody knows whether the gateway took {counted(len(cases), 'submission')}.", style="bold")
    told = [Text(f"{each.submission.id}: {said(each.submission.reason)}", style="dim") for each in cases]
    return Group(head, Text(), table, Text(), *told, Text(), _next_steps(cases))


def case_picture(case: Case) -> RenderableType:
    """Everything about one submission, oldest first."""
    submission = case.submission
    heading = Text.assemble((submission.id, "bold"), f"  {submission.state}, {counted(submission.sent_count, 'phone')}")
    facts = [("why", said(submission.reason)), ("session", submission.session_id)]
    facts += [("sent", both_times(submission.sent_at) if submission.sent_at else "")]
    facts += [("since", both_times(submission.changed_at) if submission.changed_at else "")]
    known = plain_table("", "")
    for name, value in facts:
        if value:
            known.add_row(Text(name, style="dim"), value)
    parts: list[RenderableType] = [heading, known, Text(), _evidence_table(case.evidence)]
    if ways := ways_out(case):
        parts += [Text(), Text(what_happens_by_itself(case)), _ways_table(ways)]
    return Group(*parts)


def decided_sentence(decided: Decided) -> str:
    """What holds now."""
    holds = _HOLDS[decided.decision].format(session=decided.case.submission.session_id)
    before = "" if decided.is_new else "This was decided before, and nothing was changed: "
    return f"{before}{decided.case.submission.id} {holds}"


def _evidence_table(found: Sequence[Evidence]) -> RenderableType:
    if not found:
        return Text("Nothing was found out yet.", style="dim")
    table = plain_table("Eastern", "until", "times", "what", "in words", "sessions", "balance", "by", right=("times",))
    for _, group in groupby(found, lambda each: (each.finding, each.words, each.mark, each.session_ids, each.by)):
        table.add_row(*_cells(list(group)))
    return table


def _cells(alike: Sequence[Evidence]) -> tuple[str, ...]:
    """One row for the same thing, seen once or many times in a row."""
    first, last = alike[0], alike[-1]
    until = eastern.wall_text(last.at) if len(alike) > 1 else ""
    words = said(first.words) + (f" ({said(first.why)})" if first.decided and first.by != "policy" else "")
    sessions = ", ".join(first.session_ids[:3]) + (" and more" if len(first.session_ids) > 3 else "")
    balances = dict.fromkeys(each.balance for each in (first, last) if each.balance)
    what = first.decided or first.finding
    moved, by = ", then ".join(balances), clean(mask_text(first.by))
    return eastern.wall_text(first.at), until, f"{len(alike):,}", what, words, sessions, moved, by


def _next_steps(cases: Sequence[Case]) -> RenderableType:
    steps: list[RenderableType] = []
    for each in cases:
        steps += [Text(f"{each.submission.id}: {what_happens_by_itself(each)}"), _ways_table(ways_out(each))]
    return Group(*steps, commands(("all that is known of one", f"unknowns {cases[0].submission.id}")))


def _ways_table(ways: Sequence[str]) -> RenderableType:
    return commands(*(("you can", f'decide {each} --why "..."') for each in ways))
