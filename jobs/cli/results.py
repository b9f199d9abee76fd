"""`results`: every phone of a campaign and how its drop ended, for a spreadsheet or a program.

Here phones are whole: it is the export, and the data are the person's own.
"""

import json
import os
import sys
from collections import Counter
from collections.abc import Callable, Sequence
from datetime import datetime
from enum import StrEnum
from io import TextIOWrapper
from pathlib import Path
from typing import Annotated, TextIO

import typer
from redis import Redis

from jobs import eastern
from jobs.campaigns.control import known
from jobs.cli import options
from jobs.cli.called import campaign_called
from jobs.cli.exits import Exit
from jobs.cli.failures import Failure
from jobs.cli.files import replaced
from jobs.cli.invocation import of
from jobs.cli.shown import PROGRAM, clean, counted, iso
from jobs.documents.campaigns import whereabouts
from jobs.documents.plans import EXCLUDED_COLUMNS, excluded_rows
from jobs.documents.results import COLUMNS, result_rows
from jobs.documents.tables import Rows, write_csv
from jobs.ledger import campaigns
from jobs.models import CampaignView


class Format(StrEnum):
    """How results are written."""

    CSV = "csv"
    """With a header; fields that are unknown are empty, and none is a formula."""
    JSONL = "jsonl"
    """An object per line; fields that are unknown are null."""


FormatOption = Annotated[
    Format, typer.Option("--format", case_sensitive=False, help="CSV with a header, or one JSON object per line.")
]
To = Annotated[
    Path | None,
    typer.Option(metavar="FILE", help="Write to this file, which comes to be only when it is whole. Otherwise stdout."),
]
ExcludedInstead = Annotated[
    bool, typer.Option("--excluded", help="Instead, the rows of the input that were left out, and why.")
]


def results(
    context: typer.Context,
    campaign_id: options.CampaignOrKey,
    format_: FormatOption = Format.CSV,
    to: To = None,
    excluded: ExcludedInstead = False,
) -> None:
    """Export every phone of a campaign and how its drop ended.

    Times are UTC; `delivered_text` is the time as the gateway wrote it, Eastern.
    """
    invocation = of(context)
    campaign_id = campaign_called(invocation, campaign_id)
    campaign = known(invocation.redis, campaign_id)
    if campaign.phones_dropped_at:
        raise _without_phones(campaign, campaign.phones_dropped_at)
    columns, rows = _table(invocation.redis, campaign_id, excluded=excluded)
    write = _WRITERS[format_]
    if to is None:
        _to_stdout(lambda file: write(file, columns, rows))
        return
    written = Counter[str]()
    with replaced(to) as file:
        write(file, columns, _tallied(rows, written))
    count = written["rows"]
    invocation.err.print(f"{counted(count, 'row')} written to {clean(str(to))}; the campaign is {campaign.status}.")


def _without_phones(campaign: CampaignView, dropped_at: datetime) -> Failure:
    """No file at all: an empty one would look like a campaign to nobody."""
    what = (
        f"the phones of campaign {campaign.id} were dropped on {eastern.eastern_date(dropped_at)}, long after its end"
    )
    found = whereabouts(campaign)
    counts = [f"{count:,} {place.replace('_', ' ')}" for place, count in found.items()]
    return Failure(
        Exit.PHONES_DROPPED,
        what,
        problems=[f"{counted(campaign.phone_count, 'phone')}: {', '.join(counts)}"],
        kept="Its counts stay.",
        todo=f"{PROGRAM} show {campaign.id} has all of them; RETENTION_DAYS says how long phones are kept.",
        facts={"campaign_id": campaign.id, "phones_dropped_at": iso(dropped_at), "whereabouts": found},
    )


def _table(redis: Redis, campaign_id: str, *, excluded: bool) -> tuple[Sequence[str], Rows]:
    if excluded:
        return EXCLUDED_COLUMNS, excluded_rows(campaigns.excluded(redis, campaign_id))
    return COLUMNS, result_rows(redis, campaign_id)


def _tallied(rows: Rows, written: Counter[str]) -> Rows:
    """The same rows, counted as they pass: a phone that was purged is counted by its campaign and is in no file."""
    for row in rows:
        written["rows"] += 1
        yield row


def _write_csv(file: TextIO, columns: Sequence[str], rows: Rows) -> None:
    write_csv(file, [columns])
    write_csv(file, rows)


def _write_jsonl(file: TextIO, columns: Sequence[str], rows: Rows) -> None:
    for row in rows:
        file.write(json.dumps(dict(zip(columns, row, strict=True)), ensure_ascii=False) + "\n")


_WRITERS: dict[Format, Callable[[TextIO, Sequence[str], Rows], None]] = {
    Format.CSV: _write_csv,
    Format.JSONL: _write_jsonl,
}


def _to_stdout(write: Callable[[TextIO], None]) -> None:
    """In UTF-8, as a file is. A reader that has had enough, such as `head`, is no error."""
    if isinstance(sys.stdout, TextIOWrapper):
        sys.stdout.reconfigure(encoding="utf-8")
    try:
        write(sys.stdout)
        sys.stdout.flush()
    except BrokenPipeError:
        # Python flushes stdout once more when it ends, and would complain.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
