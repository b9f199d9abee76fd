"""Phone numbers of the North American plan as people paste them, and how many fit in one request.

Law of the room: no I/O; any text is a phone or a refusal, never an exception; nothing here repeats a number in words.
When in doubt a number is refused, because a wrong guess rings at a stranger's.
"""

import re
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import TypeVar

from config.worded import Worded

Item = TypeVar("Item")


class Refusal(Worded):
    """Why a row of the input gets no drop: a stable code for reports, and `sentence` for the person who reads them."""

    EMPTY = "empty", "There is no phone number here; add one, or leave the row out."
    SPREADSHEET_NUMBER = (
        "spreadsheet_number",
        "A spreadsheet put this in its E+09 form, which may lose digits; format the column as text and export again.",
    )
    EXTENSION = "extension", "A voicemail drop cannot dial an extension; give a direct number."
    NOT_A_NUMBER = "not_a_number", "This is more, or other, than a phone number; leave one number and nothing else."
    FOREIGN = "foreign", "This number is outside the North American plan; the gateway reaches US and Canadian numbers."
    TOO_SHORT = "too_short", "Digits are missing; a number has 10, area code included."
    TOO_LONG = "too_long", "There are too many digits; give one number of 10 digits, or of 11 that begin with 1."
    INVALID_AREA_CODE = "invalid_area_code", "No area code begins with 0 or 1 or ends in 11; check the first digits."
    INVALID_EXCHANGE = "invalid_exchange", "No number has a 0 or 1 after its area code; check the middle digits."
    ODD_GROUPING = (
        "odd_grouping",
        "The digits are grouped as in another country; write it as 617-555-0123 if it is not.",
    )
    DUPLICATE = "duplicate", "This number is in the list already, further up; it gets one drop."
    DO_NOT_DIAL = "do_not_dial", "This number is on the account's do-not-dial list; nobody calls it."


def normalise(text: str) -> str | Refusal:
    """Read one phone number: 10 digits, or why not.

    A `Refusal` is a `str` too: ask `isinstance(result, Refusal)`. Groups may be parted by blanks, dots, dashes,
    slashes and brackets, but only where North Americans part them: `20 7946 0000` is a London number whose ten digits
    would ring in Maine.
    """
    if phone := _PHONE.fullmatch(text):
        return phone[1] + phone[2] + phone[3]
    tidy = _tidied(text)
    if phone := _PHONE.fullmatch(tidy):
        return phone[1] + phone[2] + phone[3]
    return _refusal(tidy)


def split(phones: Iterable[Item], size: int) -> Iterator[tuple[Item, ...]]:
    """The phones, or rows, in their order, in chunks of `size`; the last one may be smaller, none is empty."""
    if size < 1:
        raise ValueError("size must be at least 1")
    remaining = iter(phones)
    while chunk := tuple(islice(remaining, size)):
        yield chunk


# Possessive quantifiers (`*+`) keep every pattern linear: a cell full of brackets must not stall a worker.
_PARTING = r"[ ().\-/]*+"
_PHONE = re.compile(
    _PARTING.join(["", rf"(?:\+?{_PARTING}1{_PARTING})?+([2-9](?!11)[0-9]{{2}})", "([2-9][0-9]{2})", "([0-9]{4})", ""])
)

_TO_ASCII: dict[int, str | None] = {
    **{ord(dash): "-" for dash in "\u2010\u2011\u2012\u2013\u2014\u2015\u2212\ufe58\ufe63"},
    **{ord(quote): "'" for quote in "\u2018\u2019\u201c\u201d"},
    **{wide: chr(wide - 0xFEE0) for wide in range(0xFF01, 0xFF5F)},  # full-width ASCII
    # Invisible marks that phones' own contact pages put around a copied number.
    **dict.fromkeys([0xAD, *range(0x200B, 0x2010), *range(0x202A, 0x202F), *range(0x2060, 0x206A), 0xFEFF]),
}
_WRAPPING = " '\"`="
"""Spreadsheets guard text as `'617…` or `="617…"`."""
_URI = re.compile(r"tel: ?", re.IGNORECASE)
_EXACT_FLOAT = re.compile(r"(1?[0-9]{10})\.0+")
"""What pandas makes of a column with an empty cell. Unlike the E+09 form it has every digit, so it is a phone."""


def _tidied(text: str) -> str:
    """The same text in ASCII as far as numbers need it, with single blanks and without wrapping."""
    tidy = " ".join(text.translate(_TO_ASCII).split()).strip(_WRAPPING)
    if uri := _URI.match(tidy):
        tidy = tidy[uri.end() :]
    exact = _EXACT_FLOAT.fullmatch(tidy)
    return exact[1] if exact else tidy


_LONGEST = 100
"""Characters; no phone number is longer, however it is written."""

_SHAPES = (
    (re.compile(r"[+ ().\-/]*"), Refusal.EMPTY),
    (re.compile(r"[+-]?[0-9]+(?:[.,][0-9]*)?E[+-]?[0-9]+", re.IGNORECASE), Refusal.SPREADSHEET_NUMBER),
    (
        re.compile(r"[0-9+ ().\-/]*[0-9)][ ,;]*(?:ext(?:ensio)?n?|x|#)[ .:=]*[0-9]+", re.IGNORECASE),
        Refusal.EXTENSION,
    ),
    (re.compile(r".*[^0-9+ ().\-/].*|.*[0-9].*\+.*"), Refusal.NOT_A_NUMBER),
    (re.compile(r"[ (]*(?:\+[+ (]*[02-9]|00|011).*"), Refusal.FOREIGN),
)
"""What the whole tidied text may look like; the first that fits is the reason."""

_DIGITS = (
    (re.compile(r"[0-9]{0,9}"), Refusal.TOO_SHORT),
    (re.compile(r"[0-9]{11,}"), Refusal.TOO_LONG),
    (re.compile(r"[01].*|.11.*"), Refusal.INVALID_AREA_CODE),
    (re.compile(r"...[01].*"), Refusal.INVALID_EXCHANGE),
)
"""What may be wrong with the digits that are left without the country code."""


def _refusal(text: str) -> Refusal:
    if len(text) > _LONGEST:
        return Refusal.NOT_A_NUMBER
    for shape, refusal in _SHAPES:
        if shape.fullmatch(text):
            return refusal
    digits = "".join(filter(str.isdigit, text))
    if "+" in text or len(digits) == 11:
        digits = digits.removeprefix("1")
    return next((refusal for fault, refusal in _DIGITS if fault.fullmatch(digits)), Refusal.ODD_GROUPING)
