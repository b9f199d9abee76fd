"""When a session's calls are made: worked out from its start, its pauses and its rate, without a thread per call."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum


class State(StrEnum):
    """Where a session stands at some instant."""

    SCHEDULED = "scheduled"
    RUNNING = "running"
    PAUSED = "paused"
    FINISHED = "finished"
    """Every call was made."""
    STOPPED = "stopped"
    CANCELLED = "cancelled"
    OUT_OF_TIME = "out_of_time"
    """Its `c_endtime` came before its last call."""

    @property
    def is_over(self) -> bool:
        return self in {State.FINISHED, State.STOPPED, State.CANCELLED, State.OUT_OF_TIME}


@dataclass(slots=True)
class Span:
    """A stretch of time in which calls are made; open while `ends_at` is None."""

    starts_at: datetime
    ends_at: datetime | None = None


@dataclass(slots=True)
class Timeline:
    """Calls are made one after the other, `calls_per_second` of simulated time, from `starts_at` on.

    The callers' instants never go back.
    """

    starts_at: datetime
    calls: int
    calls_per_second: float
    ends_at: datetime | None = None
    spans: list[Span] = field(default_factory=list)
    ended_as: State | None = None

    def __post_init__(self) -> None:
        self.spans = [Span(self.starts_at)]

    def state(self, at: datetime) -> State:
        if self.ended_as:
            return self.ended_as
        if self.calls_made(at) == self.calls:
            return State.FINISHED
        if self.ends_at and at >= self.ends_at:
            return State.OUT_OF_TIME
        if not self._is_open:
            return State.PAUSED
        return State.SCHEDULED if at < self.starts_at else State.RUNNING

    def calls_made(self, at: datetime) -> int:
        """How many calls have ended by `at`."""
        # The millionth of a call makes up for instants being rounded to microseconds.
        return min(self.calls, int(self._playing(at).total_seconds() * self.calls_per_second + 1e-6))

    def call_made_at(self, number: int) -> datetime:
        """When call `number`, counted from 0, has ended or will end if nothing interferes."""
        left = timedelta(seconds=(number + 1) / self.calls_per_second)
        at = self.starts_at
        for span in self.spans:
            at = span.starts_at + left
            if span.ends_at is None or at <= span.ends_at:
                return at
            left -= span.ends_at - span.starts_at
            at = span.ends_at
        return at

    def pause(self, at: datetime) -> None:
        if self._is_open:
            span = self.spans[-1]
            span.ends_at = max(span.starts_at, at)

    def run(self, at: datetime) -> None:
        if not self._is_open:
            self.spans.append(Span(max(at, self.starts_at)))

    def end(self, at: datetime, state: State) -> None:
        self.pause(at)
        self.ended_as = state

    @property
    def _is_open(self) -> bool:
        return self.spans[-1].ends_at is None

    def _playing(self, at: datetime) -> timedelta:
        until = min(at, self.ends_at) if self.ends_at else at
        stretches = (min(span.ends_at or until, until) - span.starts_at for span in self.spans)
        return sum((max(stretch, timedelta(0)) for stretch in stretches), timedelta(0))
