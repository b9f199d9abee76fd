"""So many at a time, so many in line; the others are told to come back, and nobody who asks much holds others up."""

from collections.abc import Callable
from typing import TypeVar

from anyio import CapacityLimiter, to_thread
from anyio.to_thread import current_default_thread_limiter

Result = TypeVar("Result")

RETRY_AFTER_S = 5


class Busy(Exception):
    """All places are taken, and the line is full. Nothing was done; `RETRY_AFTER_S` is when to try again."""


LONGEST_LINE = 40
"""Requests that wait for one of the 40 threads that all routes share. Where the ledger hangs each has it for some four
seconds, so that nobody has to wait for more than ten.
"""


def check_line() -> None:
    """Raises `Busy` where too many wait for a thread. What needs none is served all the same."""
    if current_default_thread_limiter().statistics().tasks_waiting >= LONGEST_LINE:
        raise Busy


class Turns:
    """Threads for one kind of work, apart from those of everything else."""

    def __init__(self, at_once: int, in_line: int) -> None:
        self._threads = CapacityLimiter(at_once)
        self._most = at_once + in_line
        self._inside = 0

    async def take(self, work: Callable[[], Result]) -> Result:
        """What comes of the work when it has had its turn; raises `Busy`."""
        if self._inside >= self._most:
            raise Busy
        self._inside += 1
        try:
            return await to_thread.run_sync(work, limiter=self._threads)
        finally:
            self._inside -= 1
