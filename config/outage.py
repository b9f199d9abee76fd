"""An outage of Redis, told once when it begins and once when it is over."""

import time
from collections.abc import Callable, Mapping

import structlog
from redis.exceptions import RedisError

from config.durability import Durability

log = structlog.get_logger()


_MEANINGS: Mapping[Durability | None, str] = {
    Durability.STRICT: "nothing that was sent is forgotten; work goes on when it is back",
    Durability.STANDARD: "at most the last second is forgotten, in a power cut; work goes on when it is back",
    Durability.BEST_EFFORT: "the server keeps no append-only file: if it was started anew, it has forgotten what was "
    "sent, and nothing is sent until a person says go; else work goes on when it is back",
    None: "what it has on its disk is kept; work goes on when it is back",
}


class Outage:
    """Says once that Redis is out of reach, and once that it is back; in between, chores are skipped quietly."""

    def __init__(self) -> None:
        self.durability: Durability | None = None
        """What the server was found to keep; None as long as nobody has asked it."""
        self._since: float | None = None

    def guard(self, chore: Callable[[], object]) -> Callable[[], None]:
        """The chore, unable to fail for want of Redis."""

        def guarded() -> None:
            try:
                chore()
            except RedisError as error:
                self._down(error)
            else:
                self._up()

        return guarded

    def _down(self, error: RedisError) -> None:
        if self._since is None:
            self._since = time.monotonic()
            log.error("redis_out_of_reach", error=str(error), meaning=_MEANINGS[self.durability])

    def _up(self) -> None:
        if self._since is not None:
            log.info("redis_is_back", after_s=round(time.monotonic() - self._since, 1))
            self._since = None
