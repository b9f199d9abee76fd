"""Whether this process lives, and whether the whole is ready to work. Law of the room: nothing here helps a stranger.

Anybody may ask, at any rate: an answer names checks and says yes or no, and however many ask, Redis is asked once a
second by one thread. Who asks never waits longer than `PATIENCE_S`, whatever Redis does.
"""

import asyncio
import time
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import timedelta

import structlog
from fastapi import APIRouter
from fastapi.responses import JSONResponse, PlainTextResponse
from redis.exceptions import RedisError

from config import durability
from config.worded import Worded
from jobs.ledger import vitals
from web import queues
from web.site import Site

PATIENCE_S = 2.0
FRESH_S = 1.0
"""For so long an answer is given again."""
EXAMINED_S = 60.0
"""For so long the server is believed to keep what it is given: to find out means to write, and to wait for its disk."""

OLDEST_JOB = timedelta(minutes=5)
"""Jobs wait for seconds. One that waits longer than a restart, an outage or a deploy take has nobody to run it."""

_NOW = {"Cache-Control": "no-store"}
"""No proxy keeps an answer for those who ask later."""

log = structlog.get_logger()


def router(site: Site, *, stopwatch: Callable[[], float] = time.monotonic) -> APIRouter:
    """`/healthz` and `/readyz` of a site."""
    routes, readiness = APIRouter(include_in_schema=False), Readiness(site, stopwatch)

    @routes.get("/healthz")
    async def healthz() -> PlainTextResponse:
        """Asks nobody, and no thread: it answers also while all threads wait for a Redis that hangs."""
        return PlainTextResponse("alive\n", headers=_NOW)

    @routes.get("/readyz")
    async def readyz() -> JSONResponse:
        found = await readiness.ask()
        is_ready = all(found.values())
        return JSONResponse({"ready": is_ready, "checks": found}, status_code=200 if is_ready else 503, headers=_NOW)

    return routes


class Check(Worded):
    """What must be so before the whole is ready, and `sentence` for what it means when it is not."""

    REDIS = "redis", "Redis does not answer in time; nothing else could be looked at."
    PERSISTENCE = "persistence", "The Redis server evicts keys, or keeps less than DURABILITY asks for."
    SCHEDULER = "scheduler", "No scheduler holds the lease. Workers send without one, and what is daily waits."
    QUEUES = "queues", "A job has waited in a queue for more than five minutes."
    SENDING = "sending", "Sending is halted, by a person or because the ledger has forgotten something, or in doubt."


Checked = Mapping[Check, bool | None]
"""None where nobody could look."""

OUT_OF_REACH: Checked = {**dict.fromkeys(Check), Check.REDIS: False}


def check(site: Site, *, keeps: bool) -> Checked:
    """Look at everything; `keeps` says whether the server keeps what it is given. Raises `RedisError`."""
    found = vitals.read(site.redis, (), now=site.now)
    waiting = queues.read(site.redis, now=site.now)
    return {
        Check.REDIS: True,
        Check.PERSISTENCE: keeps,
        Check.SCHEDULER: found.is_led,
        Check.QUEUES: all(queue.oldest <= OLDEST_JOB for queue in waiting.values()),
        Check.SENDING: not (found.is_halted or found.has_forgotten or found.is_doubted),
    }


@dataclass(slots=True)
class Readiness:
    """Looks when somebody asks, one look at a time, in a thread of its own."""

    site: Site
    stopwatch: Callable[[], float]
    _thread: ThreadPoolExecutor = field(default_factory=lambda: ThreadPoolExecutor(1, "readiness"))
    _look: Future[Checked] | None = None
    _looked_at: float = 0.0
    _keeps: bool = False
    _examined_at: float | None = None
    _was_ready: bool = True

    async def ask(self) -> Checked:
        """What was found by a look that is at most `FRESH_S` old; `OUT_OF_REACH` where it takes too long."""
        if self._look is None or (self._look.done() and self.stopwatch() - self._looked_at >= FRESH_S):
            self._look, self._looked_at = self._thread.submit(self._try), self.stopwatch()
        try:
            found = await asyncio.wait_for(asyncio.shield(asyncio.wrap_future(self._look)), PATIENCE_S)
        except TimeoutError:
            found = OUT_OF_REACH
        self._say(found)
        return found

    def _try(self) -> Checked:
        try:
            return check(self.site, keeps=self._examine())
        except RedisError:
            return OUT_OF_REACH

    def _examine(self) -> bool:
        now = self.stopwatch()
        if self._examined_at is None or now - self._examined_at >= EXAMINED_S:
            wanted = self.site.settings.durability
            self._keeps = not durability.examine(self.site.redis).problems(wanted)
            self._examined_at = now
        return self._keeps

    def _say(self, found: Checked) -> None:
        """Tell of a change: those who read the logs may not be those who ask."""
        is_ready = all(found.values())
        if is_ready != self._was_ready:
            failing = [str(name) for name, holds in found.items() if not holds]
            log.info("ready_again") if is_ready else log.warning("not_ready", checks=failing)
            self._was_ready = is_ready
