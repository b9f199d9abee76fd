"""The only place that knows US Eastern time: the gateway writes and reads wall times without a zone.

Law of the room: in, out and in between, instants are aware; what Eastern clocks cannot say is an error, never a guess.
The one guess is `read_wire`, for times that the gateway reports, and it is bounded by when the report came in. Our own
daily appointments are with ourselves, and `appointment` finds a place for each.
"""

import re
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

EASTERN = ZoneInfo("America/New_York")


class UnclearTime(ValueError):
    """A time that does not name exactly one instant, in zone or on the wire; the text says which other to choose."""


class AmbiguousInstant(UnclearTime):
    """An instant in the hour that Eastern clocks show twice: on the wire its two passes look the same."""


class AmbiguousWallTime(UnclearTime):
    """A wall time that Eastern clocks show twice."""


class NonexistentWallTime(UnclearTime):
    """A wall time that Eastern clocks skip."""


class UnreadableWallTime(UnclearTime):
    """Not a wall time at all: no `YYYY-MM-DD HH:MM[:SS]`, or with a zone."""


def to_wire(instant: datetime, *, round_down: bool = False) -> str:
    """The instant as the gateway takes it, `YYYY-MM-DD HH:MM:SS` Eastern; raises `AmbiguousInstant`.

    The wire has whole seconds. A start is rounded up, so that no phone rings early; say `round_down` for an end, so
    that none rings late.
    """
    whole = instant.replace(microsecond=0)
    if instant.microsecond and not round_down:
        whole += timedelta(seconds=1)
    wall = _wall(whole)
    if len(_instants(wall)) > 1:
        raise AmbiguousInstant(f"{wall} Eastern {_TWICE}")
    return wall.isoformat(sep=" ")


def wall_text(instant: datetime) -> str:
    """What Eastern clocks show at an instant, `YYYY-MM-DD HH:MM:SS`; the repeated hour's passes look the same."""
    return _wall(instant).replace(microsecond=0).isoformat(sep=" ")


def from_wall(wall: str | datetime) -> datetime:
    """The instant, in UTC, of an Eastern wall time: text `YYYY-MM-DD HH:MM[:SS]` (or with a `T`), or a naive datetime.

    A date alone is refused: a forgotten hour must not become midnight. Raises one of `UnclearTime`.
    """
    naive = _read_wall(wall) if isinstance(wall, str) else wall
    if naive is None or naive.tzinfo is not None:
        raise UnreadableWallTime("give an Eastern wall time without a zone, such as 2026-03-02 09:30")
    instants = _instants(naive)
    if not instants:
        raise NonexistentWallTime(f"{naive} does not exist: Eastern clocks skip from 02:00 to 03:00 that night")
    if len(instants) > 1:
        raise AmbiguousWallTime(f"{naive} Eastern {_TWICE}")
    return instants[0]


def read_wire(text: str, *, near: datetime) -> datetime | None:
    """The instant, in UTC, of a time that the gateway reported at about `near`; None when it cannot be read, or is of
    another century.

    In the repeated hour it is the latest pass that is not after `near`, or the first when both are.
    """
    wall = _read_wall(text)
    instants = _instants(wall) if wall and wall.year in _YEARS_OF_CALLS else ()
    return max((instant for instant in instants if instant <= near), default=next(iter(instants), None))


def eastern_date(instant: datetime) -> date:
    """The day it is in the East, which is the gateway's day."""
    return _wall(instant).date()


def end_of(day: date) -> datetime:
    """The first instant, in UTC, that is no more of an Eastern day; 23, 24 or 25 hours after that of the day before."""
    return appointment(day + timedelta(days=1), time.min)


def appointment(day: date, at: time) -> datetime:
    """The instant, in UTC, of a wall time on an Eastern day, one for every day: of two passes the first, and one that
    the clocks skip as long after midnight as on any other day.
    """
    return datetime.combine(day, at, tzinfo=EASTERN).astimezone(UTC)


_TWICE = "comes twice that night and the gateway cannot tell which; choose a time before 01:00 or from 02:00 on"

_YEARS_OF_CALLS = range(1971, 2100)
"""The ledger keeps an instant in four bytes of seconds since 1970."""

_WALL = re.compile(r"([12]\d{3})-(\d\d?)-(\d\d?)[ T]+(\d\d?):(\d\d)(?::(\d\d))?", re.ASCII)


def _read_wall(text: str) -> datetime | None:
    found = _WALL.fullmatch(text.strip(" \t\r\n\"'"))
    if not found:
        return None
    year, month, day, hour, minute, second = (int(part or 0) for part in found.groups())
    try:
        return datetime(year, month, day, hour, minute, second)  # noqa: DTZ001 (a wall time has no zone)
    except ValueError:
        return None


def _wall(instant: datetime) -> datetime:
    """What Eastern clocks show at an instant, as a naive datetime."""
    if instant.tzinfo is None:
        raise ValueError("an instant must be aware; give it a zone")
    return instant.astimezone(EASTERN).replace(tzinfo=None)


def _instants(wall: datetime) -> tuple[datetime, ...]:
    """The instants at which Eastern clocks show this, in order: one, none in the spring gap, two in the autumn hour."""
    passes = {wall.replace(tzinfo=EASTERN, fold=fold).astimezone(UTC) for fold in (0, 1)}
    return tuple(sorted(instant for instant in passes if _wall(instant) == wall))
