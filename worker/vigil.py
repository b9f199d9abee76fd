"""Looking at the ledger every second: whether it still knows what it has acknowledged, and whether anything is sent."""

import threading
import time
from contextlib import suppress
from datetime import UTC, datetime

import structlog
from redis import Redis
from redis.exceptions import RedisError

from jobs.ledger import amnesia
from jobs.ledger.meter import Meter

LOOK_S = 1.0
"""Between two looks; `amnesia.DOUBT` leaves time for several."""
SAY_AGAIN_S = 60.0

log = structlog.get_logger()


class Vigil:
    """Shows what this process has seen; says when sending is halted, again every minute, and when it goes on."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis
        self._said_at: float | None = None

    def look(self) -> None:
        """One look; raises `RedisError` where the ledger is out of reach."""
        halt = amnesia.look(self._redis, now=datetime.now(UTC))
        if halt is not None:
            self._say(halt)
        elif self._said_at is not None:
            self._said_at = None
            log.info("sending_goes_on")

    def _say(self, halt: amnesia.Halt) -> None:
        if self._said_at is None or time.monotonic() - self._said_at >= SAY_AGAIN_S:
            self._said_at = time.monotonic()
            todo = HALTED_BY_A_PERSON if halt.by else FORGOTTEN
            log.error("sending_is_halted", reason=halt.reason, by=halt.by, since=halt.since.isoformat(), todo=todo)


HALTED_BY_A_PERSON = "a person wants it so; when the reason is gone: python -m jobs unhalt --why ..."
FORGOTTEN = "the Redis server has lost data; see docs/reliability.md before: python -m jobs unhalt --why ..."


def keep_vigil(redis: Redis, meter: Meter) -> None:
    """Look, and add what was counted to the totals, from a thread of its own, for as long as the process lives; work in
    the others may take its time.
    """
    vigil = Vigil(redis)

    def watch() -> None:
        while True:
            with suppress(RedisError):  # it is out of reach for those who work, too, and they say so
                vigil.look()
                meter.flush(redis)
            time.sleep(LOOK_S)

    threading.Thread(target=watch, name="vigil", daemon=True).start()
