"""How a contact file is parted into columns, and which of them holds the phones.

Law of the room: a guess that would ring at the wrong people's is not made: the person is asked for the column. A name
that promises phones decides; without one the content does, where no other column could be meant.
"""

import csv
import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum
from itertools import zip_longest

from jobs.phones import Refusal, normalise

SEPARATORS = {",": "comma", ";": "semicolon", "\t": "tab", "|": "vertical bar"}

_PHONES = re.compile(
    r"(?:home|work|business|office|contact|customer|primary|daytime|mobile|cell)?"
    r"(?:phone|telephone|tel|mobile|cell|cellular|msisdn)s?"
    r"(?:number|num|no|nr|#)?s?\d?"
)
"""Names that promise phones, in lower case and without blanks, dashes, dots and underscores."""

_NUMBERS = re.compile(r".*(?:number|recipient)s?\d?|.*#")
_NUMBER_WORDS = frozenset({"no", "nr", "num"})

_OTHERS = re.compile(
    r"fax|pager|emergency|nextofkin|spouse|wife|husband|partner|relative|guardian|manager|supervisor|assistant|doctor"
    r"|physician|referr|agent"
)
_ID = re.compile(r"ids?|[ug]uid|account|acct|order|invoice|policy|case|claim|ticket|ref|reference|serial|ssn|zip|npi")
"""A word of a name that speaks of no phone."""
_ANY_PHONE = re.compile(r"phone|mobile|cell|msisdn|\btel\b", re.IGNORECASE)
_WORD = re.compile(r"[A-Z]?[^\W\d_A-Z]+|[A-Z]+")
"""One of a name, also in camel case."""

MOST_COLUMNS = 1_000
"""Of a contact file; with more, one line takes a processor for as long as it likes."""

_NAME_DIGITS = 4
"""A cell with as many digits is no name: it may be somebody's number, and is neither believed nor shown."""

_NEARLY_ALL = 0.9
"""Of the cells of a column of numbers, to be taken for phones: of random ids of ten digits more than half look it."""


class UnreadableContacts(Exception):
    """A contact file cannot be read; the text says what to do about it and repeats no phone."""


class Promise(StrEnum):
    """What a column's name says of its cells."""

    PHONES = "phones"
    NUMBERS = "numbers"
    """Phones or ids, such as `Customer Number`."""
    OTHERS = "others"
    """Ids, or phones at which somebody else, or a fax, answers."""
    NOTHING = "nothing"


class Chosen(StrEnum):
    """Why a column is the one."""

    ASKED = "asked"
    NAME = "name"
    CONTENT = "content"


@dataclass(frozen=True, slots=True)
class PhoneColumn:
    """Where the phones of a contact file are."""

    position: int
    """From 1."""
    name: str
    """As its header has it; '' without one."""
    chosen_by: Chosen
    separator: str
    """A word: comma, semicolon, tab or vertical bar."""
    delimiter: str
    has_header: bool
    """Whether the first record is no contact."""


def find_phones(head: Sequence[str], wanted: str | None) -> PhoneColumn:
    """The column `wanted`, a position from 1 or a name, or else the one that name or content show to hold the phones.

    `head` are the first lines of the file. Raises `UnreadableContacts`.
    """
    sample = _best_sample(head, wanted)
    index, chosen_by = _guessed(sample) if wanted is None else (_wanted(sample, wanted), Chosen.ASKED)
    return PhoneColumn(
        position=index + 1,
        name=sample.name(index),
        chosen_by=chosen_by,
        separator=SEPARATORS[sample.delimiter],
        delimiter=sample.delimiter,
        has_header=_has_header(sample, index),
    )


def promise_of(name: str) -> Promise:
    """What a column's name says of its cells."""
    plain, words = _plain(name), [word.lower() for word in _WORD.findall(name)]
    if _PHONES.fullmatch(plain):
        return Promise.PHONES
    if _OTHERS.search(plain) or (any(map(_ID.fullmatch, words)) and not _ANY_PHONE.search(name)):
        return Promise.OTHERS
    if _NUMBERS.fullmatch(plain) or _NUMBER_WORDS.intersection(words[-1:]):
        return Promise.NUMBERS
    return Promise.NOTHING


_BAD_QUOTES = (
    "a quotation mark opens and never closes, or stands undoubled inside a quoted cell; mend it, "
    "because everything up to the next mark would be taken for one cell"
)
_LONG_CELL = (
    f"a cell has more than {csv.field_size_limit():,} characters, most often because a quotation mark opens and never "
    "closes; mend it, or leave the column out"
)


def records(lines: Iterable[str], delimiter: str) -> Iterator[tuple[int, list[str]]]:
    """The records with the line each begins on, without blank lines; raises `UnreadableContacts`.

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
    except csv.Error as error:
        is_too_long = "field limit" in str(error)
        raise UnreadableContacts(f"line {line}: {_LONG_CELL if is_too_long else _BAD_QUOTES}") from None


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
        return first if self.named or all(map(_may_be_a_name, first)) else ()

    def name(self, index: int) -> str:
        """A column's name, '' without one that can be shown."""
        name = self.header[index].strip()[:40] if index < len(self.header) else ""
        return name if _may_be_a_name(name) else ""

    def called(self, index: int) -> str:
        """A column in a message."""
        name = self.name(index)
        return f'"{name}"' if name else f"column {index + 1}"

    def all_called(self, columns: Iterable[int]) -> str:
        return ", ".join(map(self.called, columns))


def _may_be_a_name(cell: str) -> bool:
    return len(re.findall(r"\d", cell)) < _NAME_DIGITS


def _plain(name: str) -> str:
    return re.sub(r"[\s._-]", "", name).lower()


def _best_sample(head: Sequence[str], column: str | None) -> _Sample:
    samples = [sample for delimiter in SEPARATORS if (sample := _sample(head, delimiter, column))]
    if not samples:
        raise UnreadableContacts(f"line 1: {_BAD_QUOTES}")
    return max(samples, key=lambda sample: sample.fitness)


def _sample(head: Sequence[str], delimiter: str, column: str | None) -> _Sample | None:
    rows = _first_records(head, delimiter)
    if not rows:
        return None
    if max(map(len, rows)) > MOST_COLUMNS:
        raise UnreadableContacts(f"a row has more than {MOST_COLUMNS:,} columns; leave out those that nobody needs")
    columns = list(zip_longest(*rows, fillvalue=""))
    is_named = _promises_phones if column is None or column.isdecimal() else _plain(column).__eq__
    return _Sample(
        delimiter,
        rows,
        named=[index for index, name in enumerate(rows[0]) if is_named(_plain(name))],
        phones=[sum(not isinstance(normalise(cell), Refusal) for cell in cells) for cells in columns],
        filled=[sum(bool(cell.strip()) for cell in cells) for cells in columns],
    )


def _promises_phones(name: str) -> bool:
    return promise_of(name) is Promise.PHONES


def _first_records(head: Sequence[str], delimiter: str) -> list[list[str]]:
    """As many as can be read: the sample may end inside a quoted cell, and a wrong delimiter breaks at once."""
    rows = []
    with suppress(UnreadableContacts):
        for _, record in records(head, delimiter):
            rows.append(record)
    return rows


def _has_header(sample: _Sample, index: int) -> bool:
    """Whether the first row is no contact: it promises phones, or has no number in it and a word above them."""
    return bool(sample.named) or (index < len(sample.header) and any(map(str.isalpha, sample.header[index])))


def _guessed(sample: _Sample) -> tuple[int, Chosen]:
    likely = [index for index, count in enumerate(sample.phones) if count and 2 * count >= sample.filled[index]]
    if named := [index for index in sample.named if index in likely] or sample.named:
        return _only(sample, _rivals(sample, named)), Chosen.NAME
    if not likely:
        raise UnreadableContacts(f"no column looks like phone numbers; {_which(sample)}")
    doubtful = {index for index in likely if promise_of(sample.name(index)) is not Promise.NOTHING}
    index = _only(sample, sorted({*_rivals(sample, likely), *doubtful}))
    if index in doubtful and not _is_shown_by_content(sample, index):
        raise UnreadableContacts(
            f"{sample.called(index)} has phone numbers in it, and perhaps not those to call; if it is the one, say so "
            f"with --column {index + 1}"
        )
    return index, Chosen.CONTENT


def _rivals(sample: _Sample, pool: Sequence[int]) -> list[int]:
    """Those with the most phones; one that has few beside another is a second phone that some people have."""
    best = max(sample.phones[index] for index in pool)
    return [index for index in pool if 2 * sample.phones[index] >= best]


def _only(sample: _Sample, rivals: Sequence[int]) -> int:
    if len(rivals) > 1:
        raise UnreadableContacts(f"{sample.all_called(rivals)} all look like phone numbers; choose one with --column")
    return rivals[0]


def _is_shown_by_content(sample: _Sample, index: int) -> bool:
    """Whether a column of numbers can only be one of phones. What names others, or ids, is never shown to be ours."""
    is_header_filled = bool(sample.header[index].strip())
    nearly_all = sample.phones[index] >= _NEARLY_ALL * (sample.filled[index] - is_header_filled)
    return promise_of(sample.name(index)) is Promise.NUMBERS and nearly_all


def _wanted(sample: _Sample, column: str) -> int:
    """The column at that position, when it is a number, or of that name."""
    if column.isdecimal():
        if len(column) <= len(str(MOST_COLUMNS)) and 1 <= int(column) <= len(sample.phones):
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
