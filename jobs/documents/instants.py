"""Times as people write them. Law of the room: one without a zone is asked about, never guessed."""

import re
from datetime import UTC, datetime
from typing import Literal

from jobs import eastern
from jobs.models import InvalidCampaign, Problem

_EASTERN = re.compile(r"(?P<wall>.*?)\s*(?:us[/ ])?(?:eastern|et)(?:\s+time)?", re.IGNORECASE | re.DOTALL)

_FORMS = "write it as 2026-03-02T14:30Z, as 2026-03-02T09:30-05:00, or as '2026-03-02 09:30 ET' for Eastern time"


def parse_start(text: str) -> Literal["now"] | datetime:
    """`now`, or an instant as `parse_instant` reads it."""
    return "now" if text.strip().lower() == "now" else parse_instant(text, field="start")


def parse_instant(text: str, *, field: str) -> datetime:
    """The instant, in UTC, of an ISO 8601 time with an offset, or of an Eastern wall time that says so.

    Raises `InvalidCampaign` with one problem of `field`.
    """
    try:
        return _parse(text.strip())
    except ValueError as unclear:
        raise InvalidCampaign((Problem(field, str(unclear)),)) from None


def _parse(text: str) -> datetime:
    if wall := _EASTERN.fullmatch(text):
        return _from_eastern(wall["wall"])
    try:
        read = datetime.fromisoformat(text)
    except ValueError:
        raise ValueError(f"cannot be read as a time; {_FORMS}") from None
    if read.tzinfo is None:
        raise ValueError(f"does not say in which time zone it is; {_FORMS}")
    return read.astimezone(UTC)


def _from_eastern(wall: str) -> datetime:
    try:
        return eastern.from_wall(wall)
    except eastern.UnreadableWallTime:
        raise ValueError(f"cannot be read as an Eastern time; {_FORMS}") from None
