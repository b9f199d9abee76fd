"""Campaigns in front of a person. Law of the room: pure; what is said here is in the JSON documents, too."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from itertools import groupby

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from config.masking import mask_name, mask_phone, mask_text
from jobs import eastern
from jobs.cli.planning import excluded_table, sum_check
from jobs.cli.shown import PROGRAM, both_times, clean, commands, counted, eastern_and_local, plain_table
from jobs.documents.campaigns import Dossier, Outcomes, audio, whereabouts
from jobs.models import (
    ENDING_INTENTS,
    UNSENT,
    CampaignStatus,
    CampaignView,
    Intent,
    Submission,
    SubmissionState,
    Terms,
    WhenUnknown,
)

STATUS_STYLES = {
    CampaignStatus.FINISHED: "green",
    CampaignStatus.NEEDS_DECISION: "bold yellow",
    CampaignStatus.REJECTED: "red",
    CampaignStatus.EXPIRED: "red",
    CampaignStatus.PAUSED: "yellow",
    CampaignStatus.PAUSING: "yellow",
}

PLACES = {
    "delivered": "A call record says so.",
    "failed": "A call record says so.",
    "no_record": "Nobody knows whether they were called: the session ended, or was given up, before a record came.",
    "no_record_yet": "With the gateway; its call records are still to come.",
    "not_sent_yet": "Not with the gateway yet.",
    "being_sent": "On the way to the gateway; its answer is still to come.",
    "unknown": "Nobody knows whether the gateway took them; `unknowns` says what is known, and what happens by itself.",
    "rejected": "Refused: by the gateway, or for the audio before they were sent.",
    "withdrawn": "Stopped, cancelled or expired before they were sent.",
    "screened": "Came on the do-not-dial list, or were purged, and were taken out before sending.",
}

BAR_WIDTH = 24

NOBODY_AT_WORK = Text(
    "No worker is seen at this moment; one that was just started is within seconds. If none runs: python -m worker",
    style="yellow",
)


def campaign_picture(dossier: Dossier) -> RenderableType:
    """Everything about one campaign."""
    parts = [_terms_table(dossier.campaign), *_calls(dossier.campaign, dossier.outcomes)]
    parts += [_submissions_table(dossier.submissions), *_reasons(dossier.submissions)]
    if dossier.excluded:
        parts.append(excluded_table(dossier.excluded))
    return _stacked(_heading(dossier.campaign), *parts)


def moving_picture(campaign: CampaignView, outcomes: Outcomes) -> RenderableType:
    """Of that only what moves, so that it fits on a screen."""
    return _stacked(_heading(campaign), *_calls(campaign, outcomes))


def _calls(campaign: CampaignView, outcomes: Outcomes) -> list[RenderableType]:
    return [_whereabouts_table(campaign), *([_outcomes_table(outcomes)] if outcomes else [])]


def _stacked(*parts: RenderableType) -> RenderableType:
    return Group(*(Padding(part, (0, 0, 1, 0), expand=False) for part in parts))


def status_text(status: CampaignStatus) -> Text:
    """The one word, in its colour."""
    return Text(status.replace("_", " "), style=STATUS_STYLES.get(status, "cyan"))


def _heading(campaign: CampaignView) -> RenderableType:
    head = Text.assemble((clean(mask_name(campaign.terms.title)) or "untitled", "bold"), "  ", (campaign.id, "dim"))
    return Group(head, Text.assemble(status_text(campaign.status), f" · {campaign.status.sentence}"))


def _terms_table(campaign: CampaignView) -> RenderableType:
    terms = campaign.terms
    lines = [
        ("audio", audio(terms)),
        ("caller ID", mask_phone(terms.caller_id)),
        ("taken", both_times(campaign.created_at)),
        ("starts", "at once" if terms.start == "now" else both_times(terms.start)),
        ("ends", both_times(terms.ends_at) if terms.ends_at else ""),
        ("stop confirmed", _end_late(campaign.end_late)),
        ("not sent after", both_times(campaign.too_late_at)),
        ("mobile only", "yes" if terms.mobile_only else ""),
        ("account", "" if terms.account == "default" else terms.account),
        ("when unknown", _when_unknown(terms)),
        ("told to", f"{campaign.intent}: {mask_text(campaign.note)}" if campaign.intent_number else ""),
        ("key", campaign.key),
        ("phones dropped", both_times(campaign.phones_dropped_at) if campaign.phones_dropped_at else ""),
    ]
    return _named(lines)


def understood_picture(terms: Terms, now: datetime) -> RenderableType:
    """What was stated of a campaign that is not handed in, as it was understood."""
    lines = [
        ("title", mask_name(terms.title) or "none"),
        ("audio", audio(terms)),
        ("caller ID", mask_phone(terms.caller_id)),
        ("starts", "at once" if terms.start == "now" else eastern_and_local(terms.start)),
        ("ends", eastern_and_local(terms.ends_at) if terms.ends_at else "when all are called"),
        ("not sent after", eastern_and_local(terms.too_late_at(now))),
        ("mobile only", "yes" if terms.mobile_only else ""),
        ("account", terms.account),
        ("when unknown", _when_unknown(terms)),
    ]
    return _named(lines)


def _named(lines: Iterable[tuple[str, str]]) -> Table:
    """A line for each name that has a value."""
    table = plain_table("", "")
    for name, value in lines:
        if value:
            table.add_row(Text(name, style="dim"), clean(value.removesuffix(": ")))
    return table


def _when_unknown(terms: Terms) -> str:
    return "sent again, once" if terms.when_unknown is WhenUnknown.RESEND else ""


def _end_late(late: timedelta | None) -> str:
    """`2.4 s after its end`"""
    return "" if late is None else f"{late.total_seconds():,.1f} s after its end time"


def _whereabouts_table(campaign: CampaignView) -> RenderableType:
    table = plain_table("phones", "", "", right=("",))
    for place, count in whereabouts(campaign).items():
        share = ProgressBar(campaign.phone_count, count, width=BAR_WIDTH // 2, complete_style="cyan")
        table.add_row(place.replace("_", " "), f"{count:,}", share, Text(PLACES[place], style="dim"))
    return Group(sum_check(campaign.rows, campaign.phone_count, campaign.excluded_count), Text(), table)


def _outcomes_table(outcomes: Outcomes) -> RenderableType:
    table = plain_table("the gateway's words", "drops", right=("drops",))
    for (status, reason), count in outcomes.items():
        table.add_row(clean(mask_text(": ".join(filter(None, (status, reason))) or "(nothing)")), f"{count:,}")
    return table


def _submissions_table(found: Sequence[Submission]) -> RenderableType:
    """A line per submission; neighbours that are alike, as those that wait, share one."""
    table = plain_table("submission", "state", "phones", "records", "session", "run", right=("phones", "records"))
    for cells, group in groupby(found, _cells):
        numbers = [_number(each) for each in group]
        table.add_row(numbers[0] if len(numbers) == 1 else f"{numbers[0]} to {numbers[-1]}", *cells)
    return table


def _cells(submission: Submission) -> tuple[str, ...]:
    """State, phones, records, session and run."""
    differs = submission.gateway_count not in {None, submission.sent_count}
    phones = f"{submission.phone_count:,}" + (f" (gateway: {submission.gateway_count:,})" if differs else "")
    records = f"{submission.recorded_count:,}" if submission.session_id else ""
    run = submission.run if submission.state is SubmissionState.ACCEPTED else ""
    return submission.state, phones, records, submission.session_id, run


def _number(submission: Submission) -> str:
    """Its place in the campaign, from 1."""
    return submission.id.rpartition("-")[2]


def _reasons(found: Iterable[Submission]) -> list[RenderableType]:
    """Why submissions are where they are; the same reason is said once."""
    by_reason: dict[str, list[str]] = {}
    for each in found:
        if each.reason:
            by_reason.setdefault(each.reason, []).append(_number(each))
    if not by_reason:
        return []
    table = plain_table("submission", "reason")
    for reason, numbers in by_reason.items():
        table.add_row(_few(numbers), clean(mask_text(reason)))
    return [table]


def _few(numbers: Sequence[str]) -> str:
    return ", ".join(numbers) if len(numbers) <= 5 else f"{', '.join(numbers[:4])} and {len(numbers) - 4} more"


def next_steps(campaign: CampaignView, *, is_anybody_at_work: bool = True) -> RenderableType:
    """What a person may want to run now."""
    status = campaign.status
    held = status in {CampaignStatus.PAUSED, CampaignStatus.PAUSING}
    may_end = not status.is_final and campaign.intent not in ENDING_INTENTS
    lines = [
        ("what is known", f"unknowns {campaign.id}") if campaign.submissions.get(SubmissionState.UNKNOWN) else ("", ""),
        ("watch it", f"show {campaign.id} --watch") if not status.is_final else ("", ""),
        ("go on", f"resume {campaign.id}") if held else ("", ""),
        ("end it", f"stop {campaign.id}") if may_end else ("", ""),
        ("every phone", f"results {campaign.id} --to results.csv")
        if any(campaign.drops.values()) and not campaign.phones_dropped_at
        else ("", ""),
    ]
    steps = commands(*(line for line in lines if line[0]))
    if status.is_final or is_anybody_at_work:
        return steps
    return Group(NOBODY_AT_WORK, steps)


def campaigns_table(found: Iterable[CampaignView]) -> Table:
    """One line per campaign; where it is narrow, titles are cut and nothing else."""
    table = plain_table("campaign", "status", "phones", "delivered", "taken (Eastern)", right=("phones", "delivered"))
    for column in table.columns:
        column.no_wrap = True
    table.add_column("title", min_width=8)
    table.padding = (0, 2, 0, 0)
    for each in found:
        delivered = whereabouts(each).get("delivered", 0)
        taken = eastern.wall_text(each.created_at)[:-3]
        row = (each.id, status_text(each.status), f"{each.phone_count:,}", f"{delivered:,}", taken)
        table.add_row(*row, Text(clean(mask_name(each.terms.title)), no_wrap=True, overflow="ellipsis"))
    return table


def progress_picture(campaign: CampaignView) -> RenderableType:
    """How far a campaign is: submissions handed over, and drops with a record."""
    handed_over = campaign.submission_count - sum(campaign.submissions.get(state, 0) for state in UNSENT)
    withdrawn = campaign.phones.get(SubmissionState.WITHDRAWN, 0) + campaign.phones.get(SubmissionState.REJECTED, 0)
    table = Table.grid(padding=(0, 2))
    _add_bar(table, "submissions handed over", handed_over, campaign.submission_count)
    _add_bar(table, "drops with a record", sum(campaign.drops.values()), campaign.phone_count - withdrawn)
    drops = " · ".join(f"{count:,} {state.replace('_', ' ')}" for state, count in campaign.drops.items())
    line = Text.assemble(status_text(campaign.status), (f"  {drops}" if drops else "", "dim"))
    return Group(line, table)


def _add_bar(table: Table, name: str, done: int, total: int) -> None:
    bar = ProgressBar(max(total, 1), done, width=BAR_WIDTH, complete_style="cyan")
    table.add_row(Text(name, style="dim"), bar, f"{done:,} of {total:,}")


def control_sentence(campaign: CampaignView) -> str:
    """What holds from the moment at which a request was written down."""
    unsent = _phones_in(campaign, SubmissionState.PLANNED, SubmissionState.CLAIMED)
    wait = {Intent.RUN: "may be sent again", Intent.PAUSE: "wait until you resume it"}.get(campaign.intent)
    said = [
        "From this moment it may go on." if campaign.intent is Intent.RUN else "Nothing new starts from this moment."
    ]
    if unsent:
        said.append(f"{counted(unsent, 'phone')} not sent yet {wait or 'will not be called'}.")
    if sessions := campaign.submissions.get(SubmissionState.ACCEPTED, 0):
        said.append(f"{counted(sessions, 'session')} at the gateway {'is' if sessions == 1 else 'are'} being told.")
    if sending := campaign.submissions.get(SubmissionState.SENDING, 0):
        said.append(
            f"{counted(sending, 'submission')} just being sent will be told as soon as the gateway has answered."
        )
    return " ".join([*said, *_of_what_may_ring(campaign)])


def _of_what_may_ring(campaign: CampaignView) -> list[str]:
    """What an end does about submissions of which nobody knows whether they ring."""
    if campaign.intent not in ENDING_INTENTS:
        return []
    said = []
    for state, words, where in (
        (SubmissionState.UNKNOWN, "unknown", f"unknowns {campaign.id}"),
        (SubmissionState.GIVEN_UP, "given up", "sessions today"),
    ):
        if count := campaign.submissions.get(state, 0):
            is_, it_is = ("is", "it is") if count == 1 else ("are", "they are")
            may_ring = f"{counted(count, 'submission')} {is_} {words} and may be ringing"
            said.append(f"{may_ring}; {it_is} stopped once found: {PROGRAM} {where}")
    return said


def _phones_in(campaign: CampaignView, *states: SubmissionState) -> int:
    return sum(campaign.phones.get(state, 0) for state in states)
