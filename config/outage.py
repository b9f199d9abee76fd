"""An outage of Redis, told once when it begins and once when it is over."""

import time
from collections.abc import Callable, Mapping
from threading import Lock

import structlog
from redis import exceptions
from redis.exceptions import RedisError

from config.durability import Durability

log = structlog.get_logger()

OUT_OF_REACH = (exceptions.ConnectionError, exceptions.TimeoutError)
"""What an outage raises. What a server that answers refuses to do is something else."""


_MEANINGS: Mapping[Durability | None, str] = {
    Durability.STRICT: "nothing that was sent is forgotten; work goes on when it is back",
    Durability.STANDARD: "at most the last second is forgotten, in a power cut; work goes on when it is back",
    Durability.BEST_EFFORT: "the server keeps no append-only file: if it was started anew, it has forgotten what was "
    "sent, and nothing is sent until a person says go; else work goes on when it is back",
    None: "what it has on its disk is kept; work goes on when it is back",
}


class Outage:
    """Says once that Redis is out of reach, and once that it is back; in between, what fails is counted quietly.

    Several threads may use it.
    """

    def __init__(self) -> None:
        self.durability: Durability | None = None
        """What the server was found to keep; None as long as nobody has asked it."""
        self._since: float | None = None
        self._failures = 0
        self._lock = Lock()

    def guard(self, chore: Callable[[], object]) -> Callable[[], None]:
        """The chore, unable to fail for want of Redis."""

        def guarded() -> None:
            try:
                chore()
            except RedisError as error:
                self.note(error)
            else:
                self.end()

        return guarded

    def note(self, error: RedisError) -> None:
        """Something has failed for want of Redis."""
        with self._lock:
            self._failures += 1
            if self._since is None:
                self._since = time.monotonic()
                log.error("redis_out_of_reach", error=str(error), meaning=_MEANINGS[self.durability])

    def end(self) -> None:
        """Redis has answered."""
        if self._since is None:  # as nearly always: nobody waits for the lock
            return
        with self._lock:
            if self._since is not None:
                after_s = round(time.monotonic() - self._since, 1)
                log.info("redis_is_back", after_s=after_s, failures=self._failures)
                self._since, self._failures = None, 0
