"""What the gateway has to say, free of any spelling."""

from dataclasses import dataclass

from jobs.gateway.simulator.settings import Recording


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


@dataclass(frozen=True, slots=True)
class Dated:
    """A session as a day's listing shows it. `starts_text` is Eastern wall time."""

    session_id: str
    title: str
    starts_text: str
    count: int


@dataclass(frozen=True, slots=True)
class SessionsOfDay:
    """The sessions of a day, none being a possible answer."""

    sessions: tuple[Dated, ...]


@dataclass(frozen=True, slots=True)
class Recordings:
    """The recordings of an account."""

    recordings: tuple[Recording, ...]
    with_duration: bool


@dataclass(frozen=True, slots=True)
class AudioFile:
    """The file itself; spelt alike in every dialect."""

    name: str
    content: bytes


@dataclass(frozen=True, slots=True)
class PhoneLists:
    """Ids of stored lists, and how many phones are on each."""

    lists: tuple[tuple[str, int], ...]


Reply = Accepted | Refused | Done | Balance | Records | SessionsOfDay | Recordings | AudioFile | PhoneLists
