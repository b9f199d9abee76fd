"""From a contact file to a plan, and the plan in front of a person."""

import os
import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.text import Text

from jobs.campaigns.plan import Excluded, Plan, plan
from jobs.cli.exits import Exit
from jobs.cli.failures import NOTHING_SENT, Failure
from jobs.cli.files import cannot, replaced
from jobs.cli.shown import clean, counted, masked_row, plain_table
from jobs.columns import Chosen, UnreadableContacts
from jobs.contacts import Contacts, read_contacts
from jobs.documents.plans import EXCLUDED_COLUMNS, examples, excluded_rows, sentence_of
from jobs.documents.tables import write_csv

LARGE_BYTES = 20_000_000
"""A file that takes so long to read that one wants to know why."""


def read_plan(source: str, column: str | None, *, err: Console) -> tuple[Plan, Contacts]:
    """The plan of a contact file, or of stdin for `-`, and how the file was read; raises `Failure`."""
    with opened_contacts(source, column, err=err) as contacts:
        return plan(contacts), contacts


@contextmanager
def opened_contacts(source: str, column: str | None, *, err: Console) -> Iterator[Contacts]:
    """A contact file, or stdin for `-`, to be read in the block; raises `Failure`."""
    name = "stdin" if source == "-" else source
    try:
        with _opened(source, err) as stream:
            yield read_contacts(stream, column=column)
    except UnreadableContacts as unreadable:
        what = f"{clean(name)} cannot be used as contacts"
        raise Failure(Exit.BAD_INPUT, what, problems=[clean(str(unreadable))], kept=NOTHING_SENT) from None
    except OSError as error:
        raise cannot("read", name, error, kept=NOTHING_SENT) from None


@contextmanager
def _opened(source: str, err: Console) -> Iterator[BinaryIO]:
    if source != "-":
        with Path(source).open("rb") as stream:
            if os.fstat(stream.fileno()).st_size > LARGE_BYTES:
                err.print(f"Reading {clean(source)} …", style="dim")
            yield stream
        return
    if sys.stdin.isatty():
        err.print("Reading contacts from here; end them with Ctrl-D.", style="dim")
    yield sys.stdin.buffer


def write_excluded(path: Path, planned: Plan) -> None:
    """Write every row that is left out as CSV; raises `Failure`."""
    write_rows(path, planned.excluded, kept=NOTHING_SENT)


def write_rows(path: Path, excluded: Iterable[Excluded], *, kept: str) -> None:
    """Write rows that came to nothing as CSV; raises `Failure`, which says what was `kept`."""
    with replaced(path, kept=kept) as file:
        write_csv(file, [EXCLUDED_COLUMNS])
        write_csv(file, excluded_rows(each.row for each in excluded))


def sum_check(rows: int, phones: int, excluded: int) -> Text:
    """`25,000 rows = 24,100 phones + 900 excluded`; if that were ever untrue it would not be kept quiet."""
    text = Text(f"{counted(rows, 'row')} = {counted(phones, 'phone')} + {excluded:,} excluded")
    if rows != phones + excluded:
        text.append("   THIS DOES NOT ADD UP", style="bold red")
    return text


def excluded_table(by_reason: Counter[str]) -> RenderableType:
    """The reasons for which rows were left out, most frequent first."""
    table = plain_table("excluded", "rows", "", right=("rows",))
    for reason, count in by_reason.most_common():
        table.add_row(reason.replace("_", " "), f"{count:,}", Text(sentence_of(reason), style="dim"))
    return table


_WHY = {
    Chosen.ASKED: "as --column says",
    Chosen.NAME: "by its name",
    Chosen.CONTENT: "by its content alone: look whether it is the right one",
}


def reading_sentence(contacts: Contacts) -> str:
    """Which column is called, and how the file was read; for who knows the file to see whether that is right."""
    column = contacts.column
    name = f' "{clean(column.name)}"' if column.name else ""
    header = "" if column.has_header else ", without a header"
    return (
        f"Phones from column {column.position}{name}, chosen {_WHY[column.chosen_by]}. "
        f"Read as {contacts.encoding}, parted by {column.separator}{header}."
    )


def plan_picture(planned: Plan) -> RenderableType:
    """Rows, phones, submissions, and what is left out, with examples to find the rows by."""
    total = sum_check(planned.row_count, planned.phone_count, len(planned.excluded))
    total.append(f", in {counted(len(planned.chunks), 'submission')}")
    return Group(total, _excluded_with_examples(planned)) if planned.excluded else total


def _excluded_with_examples(planned: Plan) -> RenderableType:
    shown = examples(planned.excluded)
    table = plain_table("excluded", "rows", "such as line", "as written", right=("rows", "such as line"))
    for reason, count in Counter(each.reason for each in planned.excluded).most_common():
        first = (reason.replace("_", " "), f"{count:,}")
        for each in (each for each in shown if each.reason is reason):
            same = f" as on line {each.kept_line:,}" if each.kept_line else ""
            table.add_row(*first, f"{each.line:,}", Text.assemble(masked_row(each.text), (same, "dim")))
            first = ("", "")
    hint = Text("Every row and what to do about it: --excluded-to FILE", style="dim")
    return Group(Text(), Padding(table, (0, 0, 0, 2), expand=False), Padding(hint, (0, 0, 1, 2), expand=False))
