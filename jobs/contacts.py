"""A contact file as a stream of rows: finds out how it is written and which column holds the phones, or says it cannot.

Law of the room: a row is yielded or the file is refused; only blank lines and the header are passed over. A guess that
would ring at the wrong people's is not made: the person is asked for the column.
"""

import codecs
import csv
import io
import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import chain, islice, zip_longest
from typing import Any, BinaryIO

from jobs.phones import Refusal, normalise

SAMPLE_LINES = 500
"""How much of the file decides how it is written and where the phones are."""

TELLING_NAME = re.compile(
    r"(?:home|work|business|office|contact|customer|primary|daytime|mobile|cell)?"
    r"(?:phone|telephone|tel|mobile|cell|cellular|number|msisdn|recipient)s?"
    r"(?:number|num|no|nr|#)?s?\d?"
)
"""Headers that promise phones, in lower case and without blanks, dashes, dots and underscores."""


@dataclass(frozen=True, slots=True)
class Row:
    """One record of the input: the physical line it begins on, counted from 1, and its phone as written."""

    line: int
    text: str = field(repr=False)


class UnreadableContacts(Exception):
    """A contact file cannot be read; the text says what to do about it and repeats no phone."""


def read_contacts(stream: BinaryIO, *, column: str | None = None) -> Iterator[Row]:
    """The rows of a CSV-like file, with or without a header; `column` is a position from 1 or a header's name.

    Raises `UnreadableContacts` at once, or while iterating for a record further down that cannot be read. The stream is
    read once, forwards, and left open.
    """
    lines = _lines(stream)
    head = list(islice(lines, SAMPLE_LINES))
    if head and head[0].lower().startswith("sep="):
        head[0] = "\n"  # Excel's own note of the separator: no record, but a line to count
    if not any(line.strip() for line in head):
        raise UnreadableContacts("the file is empty; put one contact per line")
    sample = _best_sample(head, column)
    index = _phone_column(sample) if column is None else _wanted_column(sample, column)
    records = _records(chain(head, lines), sample.delimiter)
    if _has_header(sample, index):
        next(records)
    return (Row(line, record[index] if index < len(record) else "") for line, record in records)


# How the file is written


_MAGIC = {
    b"PK\x03\x04": "a spreadsheet file (.xlsx, .ods) or another archive",
    b"\xd0\xcf\x11\xe0": "an old spreadsheet file (.xls)",
    b"\x1f\x8b": "compressed (gzip)",
    b"%PDF": "a PDF",
}


class _Borrowed(io.RawIOBase):
    """The caller's stream to read from, not to close: the readers stacked on it close what they stand on."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        read = self._stream.read(len(buffer))
        buffer[: len(read)] = read
        return len(read)


def _lines(stream: BinaryIO) -> Iterator[str]:
    """The physical lines, with their ends."""
    buffered = io.BufferedReader(_Borrowed(stream), 1 << 16)
    start = buffered.peek(4)
    for magic, what in _MAGIC.items():
        if start.startswith(magic):
            raise UnreadableContacts(f"the file is {what}; open it and save it as CSV")
    is_utf16 = start.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    if b"\0" in start and not is_utf16:
        raise UnreadableContacts("the file is binary, not text; save it as CSV")
    encoding, errors = ("utf-16", "replace") if is_utf16 else ("utf-8-sig", _AS_CP1252)
    return io.TextIOWrapper(buffered, encoding=encoding, errors=errors, newline="")


_AS_CP1252 = "dropline.cp1252"


def _decode_as_cp1252(error: UnicodeError) -> tuple[str, int]:
    """What is not UTF-8 comes from an older Windows program; decided per byte, so that it works on a stream."""
    if not isinstance(error, UnicodeDecodeError):
        raise error
    return error.object[error.start : error.end].decode("cp1252", "replace"), error.end


codecs.register_error(_AS_CP1252, _decode_as_cp1252)

_BAD_QUOTES = (
    "a quotation mark opens and never closes, or stands undoubled inside a quoted cell; mend it, "
    "because everything up to the next mark would be taken for one cell"
)


def _records(lines: Iterable[str], delimiter: str) -> Iterator[tuple[int, list[str]]]:
    """The records with the line each begins on, without blank lines.

    Strict about quotation marks, because a lenient reader swallows rows without a word.
    """
    shown = ("\n" if line.isspace() else line for line in lines)
    reader = csv.reader(shown, delimiter=delimiter, skipinitialspace=True, strict=True)
    line = 1
    try:
        for record in reader:
            if record:
                yield line, record
            line = reader.line_num + 1
    except csv.Error:
        raise UnreadableContacts(f"line {line}: {_BAD_QUOTES}") from None


# Where the phones are


@dataclass(frozen=True, slots=True)
class _Sample:
    """The first rows of a file as one delimiter parts them."""

    delimiter: str
    rows: Sequence[Sequence[str]]
    named: Sequence[int]
    """Columns whose header is the wanted name or, without a wanted name, promises phones."""
    phones: Sequence[int]
    """How many cells of each column are phones."""
    filled: Sequence[int]
    """How many cells of each column hold anything."""

    @property
    def fitness(self) -> tuple[bool, int, int]:
        """Greater when the delimiter explains the file better."""
        return bool(self.named), max(self.phones), len(self.rows[0])

    @property
    def header(self) -> Sequence[str]:
        """The first row, if it can be one: a row with a phone in it must not be lost, nor get into a message."""
        first = self.rows[0]
        return first if self.named or all(len(re.findall(r"\d", cell)) < 4 for cell in first) else ()

    def called(self, index: int) -> str:
        """A column's name in a message."""
        name = self.header[index].strip()[:40] if index < len(self.header) else ""
        return f'"{name}"' if name else f"column {index + 1}"

    def all_called(self, columns: Iterable[int]) -> str:
        return ", ".join(map(self.called, columns))


def _sample(head: Sequence[str], delimiter: str, column: str | None) -> _Sample | None:
    rows = _first_records(head, delimiter)
    if not rows:
        return None
    columns = list(zip_longest(*rows, fillvalue=""))
    is_named = TELLING_NAME.fullmatch if column is None or column.isdecimal() else _plain(column).__eq__
    return _Sample(
        delimiter,
        rows,
        named=[index for index, name in enumerate(rows[0]) if is_named(_plain(name))],
        phones=[sum(not isinstance(normalise(cell), Refusal) for cell in cells) for cells in columns],
        filled=[sum(bool(cell.strip()) for cell in cells) for cells in columns],
    )


def _has_header(sample: _Sample, index: int) -> bool:
    """Whether the first row is no contact: it promises phones, or has no number in it and a word above them."""
    return bool(sample.named) or (index < len(sample.header) and any(map(str.isalpha, sample.header[index])))


def _first_records(head: Sequence[str], delimiter: str) -> list[list[str]]:
    """As many as can be read: the sample may end inside a quoted cell, and a wrong delimiter breaks at once."""
    rows = []
    with suppress(UnreadableContacts):
        for _, record in _records(head, delimiter):
            rows.append(record)
    return rows


def _plain(name: str) -> str:
    return re.sub(r"[\s._-]", "", name).lower()


def _best_sample(head: Sequence[str], column: str | None) -> _Sample:
    samples = [sample for delimiter in ",;\t|" if (sample := _sample(head, delimiter, column))]
    if not samples:
        raise UnreadableContacts(f"line 1: {_BAD_QUOTES}")
    return max(samples, key=lambda sample: sample.fitness)


def _phone_column(sample: _Sample) -> int:
    """The column that its header or, failing that, its content shows to hold the phones."""
    likely = [index for index, count in enumerate(sample.phones) if count and 2 * count >= sample.filled[index]]
    pool = [index for index in sample.named if index in likely] or sample.named or likely
    if not pool:
        raise UnreadableContacts(f"no column looks like phone numbers; {_which(sample)}")
    best = max(sample.phones[index] for index in pool)
    rivals = [index for index in pool if 2 * sample.phones[index] >= best]
    if len(rivals) > 1:
        raise UnreadableContacts(f"{sample.all_called(rivals)} all look like phone numbers; choose one with --column")
    return rivals[0]


def _wanted_column(sample: _Sample, column: str) -> int:
    """The column at that position, when it is a number, or of that name."""
    if column.isdecimal():
        if 1 <= int(column) <= len(sample.phones):
            return int(column) - 1
        raise UnreadableContacts(f"there is no such column; {_which(sample)}")
    if not sample.named:
        raise UnreadableContacts(f"no column has that name; {_which(sample)}")
    if len(sample.named) > 1:
        positions = " and ".join(str(index + 1) for index in sample.named)
        raise UnreadableContacts(f"columns {positions} share that name; choose one by number, such as --column 1")
    return sample.named[0]


def _which(sample: _Sample) -> str:
    columns = sample.all_called(range(len(sample.phones)))
    return f"choose with --column among: {columns}" + ("" if sample.header else " (the file has no header)")
