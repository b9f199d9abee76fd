"""How values lie in the ledger's hashes: instants as whole milliseconds, enums as their words, absent as ''."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from functools import cache
from typing import Any, TypeVar

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MS = timedelta(milliseconds=1)

Word = TypeVar("Word", bound=StrEnum)


def to_ms(instant: datetime) -> int:
    """Milliseconds since 1970, never later than the instant."""
    return (instant - EPOCH) // _MS


def from_ms(milliseconds: str) -> datetime:
    """The instant of `to_ms`."""
    return EPOCH + int(milliseconds) * _MS


def from_ms_if_any(milliseconds: str | None) -> datetime | None:
    """The instant of `to_ms`; None where nothing was written."""
    return from_ms(milliseconds) if milliseconds else None


def counts(fields: Mapping[str, str], prefix: str, words: type[Word]) -> dict[Word, int]:
    """The counters named `prefix:word`, leaving out those at zero."""
    return {word: count for word, name in _names(prefix, words) if (count := int(fields.get(name, 0)))}


@cache
def _names(prefix: str, words: type[Word]) -> tuple[tuple[Word, str], ...]:
    """Each word with its counter's name; whoever reads campaigns by the thousand asks for it every time."""
    return tuple((word, f"{prefix}:{word}") for word in words)


def text(raw: object) -> str:
    """A reply as text: the ledger's connection gives bytes, because RQ needs them."""
    return raw.decode() if isinstance(raw, bytes) else str(raw)


def decoded(raw: Mapping[Any, Any]) -> dict[str, str]:
    """A hash as text."""
    return {text(name): text(value) for name, value in raw.items()}
