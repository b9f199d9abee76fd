"""US Eastern wall time, as the gateway reads and writes it: `YYYY-MM-DD HH:MM:SS`, 24 hours, no zone."""

import re
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

EASTERN = ZoneInfo("America/New_York")

_FORM = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d", re.ASCII)


def read_eastern(text: str) -> datetime | None:
    """The instant in UTC, or None for anything but the one form.

    An hour that comes twice (autumn) is taken the first time; an hour that does not exist (spring) is taken as
    the one after it, as PHP does it.
    """
    if not _FORM.fullmatch(text):
        return None
    try:
        return datetime.strptime(text, "%Y-%m-%d %H:%M:%S").replace(tzinfo=EASTERN).astimezone(UTC)
    except ValueError:
        return None


def eastern_text(at: datetime) -> str:
    return at.astimezone(EASTERN).strftime("%Y-%m-%d %H:%M:%S")


def eastern_day(at: datetime) -> str:
    """`YYYY-MM-DD`."""
    return at.astimezone(EASTERN).strftime("%Y-%m-%d")
