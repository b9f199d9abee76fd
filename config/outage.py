"""An outage of Redis, told once when it begins and once when it is over."""

import time
from collections.abc import Callable

import structlog
from redis.exceptions import RedisError

log = structlog.get_logger()


class Outage:
    """Says once that Redis is out of reach, and once that it is back; in between, chores are skipped quietly."""

    def __init__(self) -> None:
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
            log.error("redis_out_of_reach", error=str(error), meaning="nothing is lost; work goes on when it is back")

    def _up(self) -> None:
        if self._since is not None:
            log.info("redis_is_back", after_s=round(time.monotonic() - self._since, 1))
            self._since = None
