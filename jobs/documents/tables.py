"""Tables as CSV, for programs and for people, who open them with a spreadsheet.

Law of the room: no cell is a formula. What a contact file said may come from anywhere, and a spreadsheet runs whatever
begins like one: `=HYPERLINK(...)` sends the whole sheet to a stranger. Such a cell begins with an apostrophe here
(https://owasp.org/www-community/attacks/CSV_Injection).
"""

import csv
from collections.abc import Iterable, Iterator, Sequence
from typing import TextIO

Cell = str | int | None
Rows = Iterable[Sequence[Cell]]

FORMULAS = frozenset("=+-@\t\r\n＝＋－＠")  # noqa: RUF001 -- as wide as Japanese spreadsheets take them, too
"""What a spreadsheet takes a formula to begin with."""


def write_csv(file: TextIO, rows: Rows) -> None:
    """Add rows to a file; what is unknown is empty."""
    csv.writer(file, lineterminator="\n").writerows(_harmless(rows))


def _harmless(rows: Rows) -> Iterator[Sequence[Cell]]:
    for row in rows:
        yield [f"'{cell}" if isinstance(cell, str) and cell[:1] in FORMULAS else cell for cell in row]
