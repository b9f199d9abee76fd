"""What the gateway has to say, free of any spelling."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Accepted:
    """A campaign was taken: from now on phones ring."""

    session_id: str
    count: int


@dataclass(frozen=True, slots=True)
class Refused:
    """Nothing was done, for these reasons."""

    problems: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Done:
    """A control was carried out."""

    option: str
    session_id: str = ""


@dataclass(frozen=True, slots=True)
class Balance:
    """Credits left, and calls of accepted sessions that are not made yet."""

    remaining: int
    pending: int


@dataclass(frozen=True, slots=True)
class Record:
    """How one call ended; `is_delivered` is None before it was made. The time is Eastern wall time."""

    session_id: str
    phone: str
    is_delivered: bool | None
    reason: str = ""
    time_text: str = ""
    carrier: str = ""


@dataclass(frozen=True, slots=True)
class Records:
    """Call records, in the order of the calls; none is a possible answer."""

    records: tuple[Record, ...]


Reply = Accepted | Refused | Done | Balance | Records
