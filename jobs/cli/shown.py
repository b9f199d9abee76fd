"""How values look to a person. Law of the room: pure, and what comes from outside cannot draw on the terminal."""

from datetime import UTC, datetime

from rich.table import Table
from rich.text import Text

from jobs import eastern
from jobs.documents.values import LONGEST_ROW, clean, iso, masked_row

__all__ = [
    "LONGEST_ROW",
    "PROGRAM",
    "both_times",
    "clean",
    "commands",
    "counted",
    "iso",
    "masked_row",
    "plain_table",
    "spoken",
]

PROGRAM = "python -m jobs"


def counted(count: int, noun: str) -> str:
    """`1 phone`, `25,000 phones`."""
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"


def both_times(instant: datetime) -> str:
    """An instant as Eastern clocks and as UTC show it."""
    utc = instant.astimezone(UTC)
    return f"{eastern.wall_text(instant)} Eastern   {utc:%Y-%m-%d %H:%M:%S} UTC"


def spoken(instant: datetime) -> str:
    """The same within a sentence; the UTC day is said where it is another one."""
    wall, utc = eastern.wall_text(instant), f"{instant.astimezone(UTC):%Y-%m-%d %H:%M:%S}"
    return f"{wall} Eastern ({utc.removeprefix(wall[:10]).lstrip()} UTC)"


def eastern_and_local(instant: datetime) -> str:
    """An instant as Eastern clocks and as this machine's clock show it."""
    return f"{eastern.wall_text(instant)} Eastern   {instant.astimezone():%Y-%m-%d %H:%M:%S %Z}"


def plain_table(*headers: str, right: tuple[str, ...] = ()) -> Table:
    """A table without lines, as calm as text; the columns named in `right` hold numbers."""
    table = Table(box=None, pad_edge=False, padding=(0, 3, 0, 0), header_style="dim", show_header=any(headers))
    for header in headers:
        table.add_column(header, justify="right" if header in right else "left", no_wrap=header in right)
    return table


def commands(*lines: tuple[str, str]) -> Table:
    """What to run next: a reason and the command's arguments each."""
    table = plain_table("", "")
    for reason, arguments in lines:
        table.add_row(Text(reason, style="dim"), Text(f"{PROGRAM} {arguments}"))
    return table
