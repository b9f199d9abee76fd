"""A contact file as a stream of rows: finds out how it is written and which column holds the phones, or says it cannot.

Law of the room: a row is yielded or the file is refused; only blank lines and the header are passed over.
"""

import codecs
import io
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import chain, islice
from typing import Any, BinaryIO

from jobs.columns import PhoneColumn, UnreadableContacts, find_phones, records

SAMPLE_LINES = 500
"""How much of the file decides how it is written and where the phones are."""


@dataclass(frozen=True, slots=True)
class Row:
    """One record of the input: the physical line it begins on, counted from 1, and its phone as written."""

    line: int
    text: str = field(repr=False)


class Contacts:
    """The rows of one file, to be iterated over once, and what was found out about it."""

    def __init__(self, rows: Iterator[Row], column: PhoneColumn, text: "_Text") -> None:
        self._rows = rows
        self._text = text
        self.column = column

    def __iter__(self) -> Iterator[Row]:
        return self._rows

    @property
    def encoding(self) -> str:
        """How the file is written, as far as it has been read."""
        return self._text.encoding


def read_contacts(stream: BinaryIO, *, column: str | None = None) -> Contacts:
    """The rows of a CSV-like file, with or without a header; `column` is a position from 1 or a header's name.

    Raises `UnreadableContacts` at once, or while iterating for a record further down that cannot be read. The stream is
    read once, forwards, and left open.
    """
    text = _Text(stream)
    lines = text.lines()
    head = list(islice(lines, SAMPLE_LINES))
    if head and head[0].lower().startswith("sep="):
        head[0] = "\n"  # Excel's own note of the separator: no record, but a line to count
    if not any(line.strip() for line in head):
        raise UnreadableContacts("the file is empty; put one contact per line")
    found = find_phones(head, column)
    read = records(chain(head, lines), found.delimiter)
    if found.has_header:
        next(read)
    index = found.position - 1
    rows = (Row(line, record[index] if index < len(record) else "") for line, record in read)
    return Contacts(rows, found, text)


# How the file is written


_MAGIC = {
    b"PK\x03\x04": "a spreadsheet file (.xlsx, .ods) or another archive",
    b"\xd0\xcf\x11\xe0": "an old spreadsheet file (.xls)",
    b"\x1f\x8b": "compressed (gzip)",
    b"%PDF": "a PDF",
}


class _Text(io.RawIOBase):
    """The caller's stream to read from, not to close: the readers stacked on it close what they stand on.

    It watches the bytes pass by, and so knows in the end what they were.
    """

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self._utf8: codecs.IncrementalDecoder | None = codecs.getincrementaldecoder("utf-8")()
        self.encoding = "UTF-8"

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        read = self._stream.read(len(buffer))
        buffer[: len(read)] = read
        self._watch(read)
        return len(read)

    def lines(self) -> Iterator[str]:
        """The physical lines, with their ends."""
        buffered = io.BufferedReader(self, 1 << 16)
        start = buffered.peek(4)
        for magic, what in _MAGIC.items():
            if start.startswith(magic):
                raise UnreadableContacts(f"the file is {what}; open it and save it as CSV")
        is_utf16 = start.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
        if b"\0" in start and not is_utf16:
            raise UnreadableContacts("the file is binary, not text; save it as CSV")
        if is_utf16:
            self._utf8, self.encoding = None, "UTF-16"
        encoding, errors = ("utf-16", "replace") if is_utf16 else ("utf-8-sig", _AS_CP1252)
        return io.TextIOWrapper(buffered, encoding=encoding, errors=errors, newline="")

    def _watch(self, read: bytes) -> None:
        """Once it is seen not to be UTF-8 it is looked at no more."""
        try:
            if self._utf8:
                self._utf8.decode(read, final=not read)
        except UnicodeDecodeError:
            self._utf8, self.encoding = None, "Windows-1252"


_AS_CP1252 = "dropline.cp1252"


def _decode_as_cp1252(error: UnicodeError) -> tuple[str, int]:
    """What is not UTF-8 comes from an older Windows program; decided per byte, so that it works on a stream."""
    if not isinstance(error, UnicodeDecodeError):
        raise error
    return error.object[error.start : error.end].decode("cp1252", "replace"), error.end


codecs.register_error(_AS_CP1252, _decode_as_cp1252)
