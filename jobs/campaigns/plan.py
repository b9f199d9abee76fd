"""The plan of a campaign: which phones go out in which request, and why the other rows do not.

Law of the room: every row of the input ends up in exactly one chunk or in the exclusions, and the counts add up.
"""

from array import array
from collections.abc import Iterable, Sequence, Set
from dataclasses import dataclass, field

from jobs.contacts import Row
from jobs.models import MAX_PHONES_PER_SUBMISSION, ExcludedRow
from jobs.phones import Refusal, normalise, split


@dataclass(frozen=True, slots=True)
class Excluded:
    """A row that gets no drop, and why; of a duplicate also the line whose phone was kept."""

    line: int
    text: str = field(repr=False)
    reason: Refusal
    kept_line: int | None = None

    @property
    def row(self) -> ExcludedRow:
        """As it is stored."""
        return ExcludedRow(self.line, self.text, str(self.reason), self.kept_line)


@dataclass(frozen=True, slots=True)
class Plan:
    """What a campaign's rows come to. A dry run is the same plan, not sent."""

    row_count: int
    chunks: tuple[tuple[str, ...], ...] = field(repr=False)
    """Distinct phones of 10 digits in the order of the input, for one submission each."""
    excluded: tuple[Excluded, ...] = field(repr=False)
    """In the order of the input."""
    lines: Sequence[int] = field(default=(), repr=False, compare=False)
    """The line of each phone, in the order of the chunks."""

    def __post_init__(self) -> None:
        if self.row_count != self.phone_count + len(self.excluded):
            raise ValueError(
                f"{self.row_count} rows are not {self.phone_count} phones and {len(self.excluded)} exclusions"
            )

    @property
    def phone_count(self) -> int:
        return sum(map(len, self.chunks))


def plan(rows: Iterable[Row]) -> Plan:
    """Plan the rows, reading them once. Of several rows with the same phone the first one counts."""
    row_count = 0
    kept_lines: dict[str, int] = {}
    excluded = []
    for row in rows:
        row_count += 1
        phone = normalise(row.text)
        if isinstance(phone, Refusal):
            excluded.append(Excluded(row.line, row.text, phone))
        elif phone in kept_lines:
            excluded.append(Excluded(row.line, row.text, Refusal.DUPLICATE, kept_lines[phone]))
        else:
            kept_lines[phone] = row.line
    lines = array("Q", kept_lines.values())
    return Plan(row_count, tuple(split(kept_lines, MAX_PHONES_PER_SUBMISSION)), tuple(excluded), lines)


def without(planned: Plan, listed: Set[str]) -> Plan:
    """The plan of the same rows for an account with these phones on its do-not-dial list."""
    lines = dict(zip((phone for chunk in planned.chunks for phone in chunk), planned.lines, strict=True))
    out = [Excluded(line, phone, Refusal.DO_NOT_DIAL) for phone, line in lines.items() if phone in listed]
    left = {phone: line for phone, line in lines.items() if phone not in listed}
    return Plan(
        planned.row_count,
        tuple(split(left, MAX_PHONES_PER_SUBMISSION)),
        tuple(sorted([*planned.excluded, *out], key=lambda each: each.line)),
        array("Q", left.values()),
    )
