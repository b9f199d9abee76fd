"""Looking at the ledger every second: whether it still knows what it has acknowledged, and whether anything is sent."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime

import structlog
from redis import Redis
from redis.exceptions import RedisError

from config.redis_connection import connect
from jobs.ledger import amnesia
from jobs.ledger.meter import Meter

LOOK_S = 1.0
"""Between two looks; `amnesia.DOUBT` leaves time for several."""
SILENCE_S = 2.0
"""After that a server that does not answer a look is left; with `LOOK_S` less than `amnesia.DOUBT`."""

log = structlog.get_logger()


class Vigil:
    """Shows what this process has seen; says once of each halt that sending is halted, and once when it goes on."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis
        self._said: tuple[amnesia.Halt, ...] = ()

    def look(self) -> None:
        """One look; raises `RedisError` where the ledger is out of reach."""
        found = amnesia.halts(self._redis, now=datetime.now(UTC))
        for each in found:
            if each not in self._said:
                _say(each)
        if self._said and not found:
            log.info("sending_goes_on")
        self._said = found


def _say(halt: amnesia.Halt) -> None:
    by = ", ".join(each.by for each in (halt, *halt.joined))
    todo = FORGOTTEN if halt.is_data_loss else HALTED_BY_A_PERSON
    log.error("sending_is_halted", reason=halt.reason, by=by, since=halt.since.isoformat(), todo=todo)


HALTED_BY_A_PERSON = "a person wants it so; when the reason is gone: python -m jobs unhalt --why ..."
FORGOTTEN = (
    "the Redis server has lost data: compare first, as docs/reliability.md says; "
    "then: python -m jobs unhalt --after-data-loss --why ..."
)


def open_eye(url: str, redis: Redis, *, tls_verify: bool) -> Redis:
    """A connection to look through, which shows what was seen through `redis`.

    A server whose machine is lost says nothing, and whoever works waits for its answer for half a minute. Its successor
    is not doubted for so long.
    """
    eye = connect(
        url, name="vigil", patience_s=SILENCE_S, reply_within_s=SILENCE_S, max_connections=1, tls_verify=tls_verify
    )
    amnesia.share(redis, eye)
    return eye


@contextmanager
def keep_vigil(redis: Redis, meter: Meter) -> Iterator[None]:
    """Look, and add what was counted to the totals, from a thread of its own, for as long as the block lasts; work in
    the others may take its time.
    """
    vigil, is_over = Vigil(redis), threading.Event()

    def watch() -> None:
        while True:
            with suppress(RedisError):  # it is out of reach for those who work, too, and they say so
                vigil.look()
                meter.flush(redis)
            if is_over.wait(LOOK_S):
                return

    watching = threading.Thread(target=watch, name="vigil", daemon=True)
    watching.start()
    try:
        yield
    finally:
        is_over.set()
        watching.join(timeout=SILENCE_S)  # whoever is told to end has no time for more
