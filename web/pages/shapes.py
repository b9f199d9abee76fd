"""Numbers into shapes: what a template needs to draw a bar, columns over time or a line. Law of the room: pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from jobs.ledger.balances import Noted
from jobs.ledger.dispositions import SPAN
from jobs.ledger.fields import EPOCH
from jobs.models import DropState
from web.pages.words import IN_SHORT, PLACES

MOST_COLUMNS = 60
WIDTHS = tuple(timedelta(minutes=each) for each in (5, 10, 15, 30, 60, 120, 180, 360, 720, 1440, 2880, 10_080, 43_200))
"""What a column may stand for."""

ON_ITS_WAY = {"not_sent_yet", "being_sent", "no_record_yet"}

MOST_POINTS = 200


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of a bar, in thousandths of it."""

    kind: str
    word: str
    count: int
    begin: float
    width: float


@dataclass(frozen=True, slots=True)
class Column:
    """What happened from an instant on, and how high its parts are, in thousandths of the highest."""

    at: datetime
    delivered: int
    failed: int
    delivered_height: float
    failed_height: float


@dataclass(frozen=True, slots=True)
class Columns:
    """Columns of one width, without a gap between them."""

    width: timedelta
    most: int
    columns: Sequence[Column]

    @property
    def end_at(self) -> datetime:
        """Where the last one ends."""
        return self.columns[-1].at + self.width


@dataclass(frozen=True, slots=True)
class Line:
    """A series as the points of a polyline, within 1000 by 1000, and what its edges stand for."""

    points: str
    most: int
    first: Noted
    last: Noted


def bar(found: Mapping[str, int], total: int) -> list[Piece]:
    """Where phones are, side by side; those that wait to be sent are the bar's own ground."""
    pieces, begin = [], 0.0
    for place, (word, kind) in PLACES.items():
        if found.get(place) and kind != "rest":
            width = found[place] * 1000 / max(total, 1)
            pieces.append(Piece(kind, word, found[place], round(begin, 2), round(width, 2)))
            begin += width
    return pieces


def how_far(found: Mapping[str, int], total: int) -> str:
    """The share of which a call record says how it ended, and where all phones are, in words."""
    with_record = found.get("delivered", 0) + found.get("failed", 0)
    counts: dict[str, int] = {}
    for place, count in found.items():
        word = IN_SHORT.get(place) or PLACES[place][0]
        counts[word] = counts.get(word, 0) + count
    share = [f"{with_record * 100 // total or 'under 1'}% with a record"] if with_record else []
    return " · ".join([*share, ", ".join(f"{count:,}\N{NO-BREAK SPACE}{word}" for word, count in counts.items())])


def in_brief(found: Mapping[str, int], total: int) -> str:
    """The same for a line of a list: once calls have ended, what is merely on its way is left to the bar."""
    has_begun = found.get("delivered") or found.get("failed")
    return how_far({place: count for place, count in found.items() if not has_begun or place not in ON_ITS_WAY}, total)


def columns(timeline: Mapping[datetime, Mapping[DropState, int]]) -> Columns | None:
    """Drops over time in at most `MOST_COLUMNS`; None where none has ended."""
    if not timeline:
        return None
    begin, end = min(timeline), max(timeline) + SPAN
    width = next((each for each in WIDTHS if (end - _floor(begin, each)) / each <= MOST_COLUMNS), WIDTHS[-1])
    first = _floor(begin, width)
    summed: dict[int, dict[DropState, int]] = {}
    for at, counts in timeline.items():
        column = summed.setdefault((at - first) // width, {})
        for state, count in counts.items():
            column[state] = column.get(state, 0) + count
    most = max(sum(each.values()) for each in summed.values())
    numbers = range(-((first - end) // width))
    return Columns(width, most, [_column(first + width * number, summed.get(number, {}), most) for number in numbers])


def _column(at: datetime, counts: Mapping[DropState, int], most: int) -> Column:
    delivered, failed = counts.get(DropState.DELIVERED, 0), counts.get(DropState.FAILED, 0)
    return Column(
        at, delivered, failed, round(delivered * 1000 / max(most, 1), 1), round(failed * 1000 / max(most, 1), 1)
    )


def _floor(at: datetime, width: timedelta) -> datetime:
    return EPOCH + (at - EPOCH) // width * width


def line(series: Sequence[Noted]) -> Line | None:
    """What remained over time, in at most `MOST_POINTS`; None for fewer than two."""
    if len(series) < 2:
        return None
    thinned = [*series[:: -(-len(series) // MOST_POINTS)], series[-1]]
    first, last, most = series[0], series[-1], max(1, *(each.remaining for each in series))
    lasted = max((last.at - first.at).total_seconds(), 1)
    points = (
        f"{(each.at - first.at).total_seconds() * 1000 / lasted:.1f},{1000 - each.remaining * 1000 / most:.1f}"
        for each in thinned
    )
    return Line(" ".join(points), most, first, last)


def in_words(width: timedelta) -> str:
    """`5 minutes`, `2 hours`, `1 day`"""
    units = ((timedelta(days=1), "day"), (timedelta(hours=1), "hour"), (timedelta(minutes=1), "minute"))
    unit, word = next((unit, word) for unit, word in units if width >= unit)
    number = width // unit
    return f"{number} {word}{'s' if number != 1 else ''}"
