"""Writes the timetable into docs/scheduler.md from the timetable itself: `python -m docs.timetable`."""

from pathlib import Path

from scheduler.agenda import Entry
from scheduler.timetable import TIMETABLE

PAGE = Path(__file__).with_name("scheduler.md")
BEGINS, ENDS = "<!-- written by python -m docs.timetable -->\n", "<!-- until here -->\n"

HEAD = "| entry | when | late after | missed ones | what it does |\n|---|---|---|---|---|\n"


def page(text: str) -> str:
    """The page with its table as it must be."""
    before, rest = text.split(BEGINS)
    return before + BEGINS + table() + ENDS + rest.split(ENDS)[1]


def table() -> str:
    """A row for each entry."""
    return HEAD + "".join(map(_row, TIMETABLE))


def _row(entry: Entry) -> str:
    grace = f"{entry.grace.total_seconds():g} s"
    return f"| `{entry.name}` | {entry.when} | {grace} | `{entry.missed}` | {entry.purpose} |\n"


if __name__ == "__main__":
    PAGE.write_text(page(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
