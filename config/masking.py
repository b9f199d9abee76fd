"""What must not be seen, taken out of whatever is about to be shown.

Law of the room: pure, never raises, and masking twice is masking once. Better a harmless number masked than a phone
shown: ten digits in a row count as a phone wherever they stand, unless their field says that they are a session id.
"""

import json
import re
from collections.abc import Callable, Iterable, Mapping, Set
from functools import lru_cache, partial
from itertools import islice
from typing import Any
from urllib.parse import quote, quote_plus

HIDDEN = "***"

MAX_ITEMS = 100
"""A longer list is cut: a log line is no place for ten thousand recipients."""

MAX_DEPTH = 8
"""Deeper values are cut, which also ends a structure that contains itself."""

MIN_SECRET_LENGTH = 4
"""A shorter secret is not searched for: it would be found in every other word."""

SESSION_FIELDS = frozenset({"session_id", "session_ids"})
"""The gateway's session ids look like phones, and without them no call can be traced: shown in these fields only."""

_GIVEAWAYS = r"passw(?:or)?d|passphrase|secret|token|authorization|api[-_]?key|cookie|credential"
_SECRET_NAME = re.compile(_GIVEAWAYS, re.I)
_SESSION_ID = re.compile(r"\d{6,12}", re.ASCII)

# Nothing in here can begin any of the others: most of what is logged is done with after one look.
_HARMLESS = re.compile(r"[A-Za-z .,_-]*")
# Between the groups of a phone: blanks, brackets, dots and dashes of every kind, also percent-encoded.
_GAP = r"(?:[ \t\u00a0\u202f.()/_+\u2010-\u2015-]|%[0-9A-Fa-f]{2}){0,3}"
_PHONE = re.compile(rf"\+?(?:1{_GAP})?\(?\d{{3}}{_GAP}\d{{3}}{_GAP}\d*(\d{{4}})")
# In a name: ten digits that could be dialled with nothing glued to them, groups that are parted like a phone's, and a
# long run that may hold one. No area code begins with 0 or 1, so ten digits that do are seconds since 1970.
_PARTED = _GAP.replace("{0,3}", "{1,3}")
_DATE = r"(?:19|20)\d\d(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])"
_CLOCK = r"(?:[01]\d|2[0-3])[0-5]\d(?:[0-5]\d(?:\d{3}){0,2})?"
_TIME = rf"(?:{_DATE}{_CLOCK}|1[5-9]\d{{11}}(?:\d{{3}}){{0,2}})(?!\d)"
_ALONE = r"(?:(?<!\d)|(?<=%[0-9A-Fa-f]{2}))"
_NAMED_PHONE = re.compile(
    rf"(?:{_ALONE}\+?(?:1{_GAP})?\(?[2-9]\d\d{_GAP}\d{{3}}{_GAP}(?=\d{{4}}(?!\d))"
    rf"|\+?(?:1{_GAP})?\(?\d{{3}}{_PARTED}\d{{3}}{_PARTED}\d*"
    rf"|(?<!\d)(?!{_TIME})\d{{7,}})(\d{{4}})"
)
_URL = re.compile(r"(?<![a-z0-9+.-])([a-z][a-z0-9+.-]*)://([^\s\"'<>]+)", re.I)
_ENCODED_URL = re.compile(r"(https?|rediss?)%3A%2F%2F[^\s\"'<>&]+", re.I)
_POSTBACK = re.compile(r"((?:/|%2F)postbacks(?:/|%2F))[^\s\"'<>/?#&%]+", re.I)
_OURS = re.compile(r"dpl_[\w-]+|whsec_[\w+/=-]+", re.ASCII)
"""Bearer tokens, and the secrets that sign webhooks."""
_COOKIE = re.compile(r"(\bdropline(?:-form)?=|\bcookie: )[^\n\"']+", re.I)
_AUTHORIZATION = re.compile(r"(authorization\\?[\"']?\s*[:=]\s*\\?[\"']?(?:(?:bearer|basic)\s+)?)[^\s\"',&]+", re.I)
_ASSIGNED = re.compile(
    rf"((?:{_GIVEAWAYS})[\w-]{{0,40}}(?:=|\\?[\"']\s*:\s*))(?:\\?\"[^\"]*\"|'[^']*'|[^\s\"'&,;)\]}}]+)", re.I
)


def mask_phone(phone: str) -> str:
    """The last four digits of a phone, as in `***0123`; nothing at all of what is too short to be one."""
    digits = [character for character in phone if character.isdecimal()]
    return HIDDEN + "".join(digits[-4:]) if len(digits) >= 10 else HIDDEN


def mask_text(text: str, known: re.Pattern[str] | None = None) -> str:
    """The text without phones, without what URLs carry besides host and path, without the values of named secrets and
    without whatever `known` finds.
    """
    return _masked(text, known, _PHONE)


def mask_name(text: str) -> str:
    """`mask_text` for a key or a title, which people tell apart by their digits: dates, clock times and counters stay.
    A phone that stands in it goes in every writing, and so does a longer run of digits that may hold one.
    """
    return _masked(text, None, _NAMED_PHONE)


def _masked(text: str, known: re.Pattern[str] | None, phones: re.Pattern[str]) -> str:
    # What one pass leaves side by side may look like a phone again, so it ends when nothing changes any more.
    for _ in range(MAX_DEPTH):
        masked = _mask_once(known.sub(HIDDEN, text) if known else text, phones)
        if masked == text:
            break
        text = masked
    return text


def text_mask(secrets: Iterable[str]) -> Callable[[str], str]:
    """`mask_text` for a process that knows these secrets: they vanish wherever and however spelt they occur."""
    return partial(mask_text, known=_pattern_of(secrets))


def mask_value(value: Any, mask: Callable[[str], str] = mask_text, *, depth: int = MAX_DEPTH) -> Any:
    """Plain data (None, bool, int, float, str, list, dict) that shows `value` without what must not be seen."""
    try:
        return _plain(value, mask, depth)
    except Exception as error:  # whatever a stranger's object does in its __str__ or __iter__, the line is written
        return f"<{type(value).__name__} that cannot be shown: {type(error).__name__}>"


def _plain(value: Any, mask: Callable[[str], str], depth: int) -> Any:
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, str):
        return mask(str.__str__(value))
    if isinstance(value, int | float):
        return _plain_number(value)
    if isinstance(value, bytes | bytearray):
        return mask(value.decode("utf-8", "backslashreplace"))
    if isinstance(value, Mapping | list | tuple | Set):
        return _plain_collection(value, mask, depth - 1)
    return mask(repr(value) if isinstance(value, BaseException) else str(value))


def _plain_number(number: float) -> Any:
    size = abs(number)
    core = size - 10_000_000_000 if size >= 10_000_000_000 else size
    if 2_000_000_000 <= core < 10_000_000_000 and number == int(number):
        return mask_phone(str(int(number)))
    fits = size < 2**63  # also false for what JSON has no word for: nan and the infinities
    return number if fits else f"<{type(number).__name__}>"


def _plain_collection(values: Any, mask: Callable[[str], str], depth: int) -> Any:
    if depth <= 0:
        return "…"
    if not isinstance(values, Mapping):
        shown = [mask_value(value, mask, depth=depth) for value in islice(values, MAX_ITEMS)]
        return shown if len(values) <= MAX_ITEMS else [*shown[:-1], f"… of {len(values)}"]
    return {
        _masked_name(str(name), mask): _plain_field(str(name), value, mask, depth)
        for name, value in islice(values.items(), MAX_ITEMS)
    }


def _plain_field(name: str, value: Any, mask: Callable[[str], str], depth: int) -> Any:
    if _is_secret(name):
        return value if value is None or isinstance(value, bool) else HIDDEN
    if name in SESSION_FIELDS:
        return _plain_session(value, mask, depth)
    return mask_value(value, mask, depth=depth)


def _plain_session(value: Any, mask: Callable[[str], str], depth: int) -> Any:
    if isinstance(value, str | int) and _SESSION_ID.fullmatch(str(value)):
        return value
    if isinstance(value, list | tuple | Set) and len(value) <= MAX_ITEMS:
        return [_plain_session(each, mask, depth - 1) for each in value]
    return mask_value(value, mask, depth=depth)


@lru_cache(maxsize=1024)
def _is_secret(name: str) -> bool:
    return _SECRET_NAME.search(name) is not None


@lru_cache(maxsize=1024)
def _masked_name(name: str, mask: Callable[[str], str]) -> str:
    return mask(name)


def _mask_once(text: str, phones: re.Pattern[str]) -> str:
    if "dpl_" in text or "whsec_" in text:
        text = _OURS.sub(HIDDEN, text)
    if _HARMLESS.fullmatch(text):
        return text
    if "://" in text:
        text = _URL.sub(_bare_url, text)
    if "%3" in text:
        text = _ENCODED_URL.sub(rf"\1%3A%2F%2F{HIDDEN}", text)
    if "/" in text or "%2" in text:
        text = _POSTBACK.sub(rf"\1{HIDDEN}", text)
    if "=" in text or ":" in text:
        text = _COOKIE.sub(rf"\1{HIDDEN}", text)
        text = _AUTHORIZATION.sub(rf"\1{HIDDEN}", text)
        text = _ASSIGNED.sub(rf"\1{HIDDEN}", text)
    return phones.sub(rf"{HIDDEN}\1", text)


def _bare_url(url: re.Match[str]) -> str:
    """Scheme, host and path. A careless password may hold / ? or #, so all up to the last @ counts as one, but for
    the web's own URLs, where an @ in the query is somebody's address.
    """
    scheme, rest = url.groups()
    if scheme.lower() in {"http", "https"}:
        rest = re.split(r"[?#]", rest, maxsplit=1)[0]
    return f"{scheme}://" + re.split(r"[?#]", rest.rpartition("@")[2], maxsplit=1)[0]


def _pattern_of(secrets: Iterable[str]) -> re.Pattern[str] | None:
    forms = {form for secret in secrets if len(secret) >= MIN_SECRET_LENGTH for form in _forms_of(secret)}
    return re.compile("|".join(map(re.escape, sorted(forms, key=len, reverse=True)))) if forms else None


def _forms_of(secret: str) -> tuple[str, ...]:
    """As it is, as a URL or a form body carries it, and as JSON and tracebacks spell it."""
    return (
        secret,
        quote(secret),
        quote(secret, safe=""),
        quote_plus(secret),
        json.dumps(secret)[1:-1],
        repr(secret)[1:-1],
    )
