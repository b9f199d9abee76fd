"""One scheduler: holds the lease if it can, and then runs the slots that are due."""

import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import structlog
from redis import Redis
from redis.exceptions import RedisError

from jobs.ledger import leadership, ticks
from jobs.ringing.errands import errand_id
from scheduler.agenda import Agenda, Entry, Missed, agenda

SAY_AGAIN_S = 60.0
"""A failure that comes back at every tick is told once in so long."""

log = structlog.get_logger()


@dataclass(slots=True)
class Scheduler:
    """`clock` is the server's: what a machine thinks of the time does not matter."""

    redis: Redis
    name: str
    clock: Callable[[], datetime]
    lease: timedelta
    _term: int | None = None
    _said: dict[tuple[str, ...], float] = field(default_factory=dict)

    def attend(self, entry: Entry) -> int:
        """Run what is due of one entry, if this scheduler leads; answers how many slots were run.

        Raises `RedisError` alone; what else befalls it is told, and the next look goes on.
        """
        try:
            return self._attend(entry)
        except RedisError:
            raise
        except Exception as error:
            kind, place = type(error).__name__, traceback.extract_tb(error.__traceback__)[-1]
            if self._is_news(entry.name, kind, place.name):
                where = f"{place.name}, line {place.lineno}"
                log.error("tick_failed", tick=entry.name, kind=kind, where=where)  # noqa: TRY400  # a traceback may tell phones
            return 0

    def resign(self) -> None:
        """Let another lead at once."""
        leadership.release(self.redis, self.name)

    def _leads(self, now: datetime, end_before: str) -> bool:
        term = leadership.hold(self.redis, self.name, now=now, lasts=self.lease, end_before=end_before)
        if term != self._term:
            self._term = term
            if term:
                log.info("scheduler_leads", term=term)
            else:
                log.info("scheduler_stands_by")
        return bool(term)

    def _attend(self, entry: Entry) -> int:
        # In this order: who is frozen in between finds the present after the last slot, and no clock that went back.
        last, end_before = ticks.last(self.redis, entry.name), leadership.end_on_record(self.redis)
        now = self.clock()
        if not self._leads(now, end_before):
            return 0
        todo = agenda(entry, last, now)
        if todo.clock_went_back and last and self._is_news(entry.name, "clock_went_back"):
            log.error("clock_went_back", tick=entry.name, by_s=(last - now).total_seconds())
        if todo.passed_over and not self._pass_over(entry, todo, last, now):
            return 0
        run = 0
        for slot in todo.runs:
            if not self._run(entry, slot, last, now):
                break
            last, run = slot, run + 1
        return run

    def _pass_over(self, entry: Entry, todo: Agenda, last: datetime | None, now: datetime) -> bool:
        """Tell of what is not run, and say whether it was ours to decide; the claim of a run carries it, too."""
        missed = todo.passed_over
        if missed is None or not (todo.runs or ticks.claim(self.redis, entry.name, missed.last, seen=last)):
            return False
        late = now - missed.first
        if late > entry.grace:  # what another slot stands for in good time was not missed
            first, newest = missed.first.isoformat(), missed.last.isoformat()
            told = {"missed": missed.count, "first": first, "last": newest, "late_s": late.total_seconds()}
            if entry.missed is Missed.ONCE:
                log.info("ticks_missed", tick=entry.name, rule=entry.missed, meaning="made up for by the next", **told)
            else:
                log.warning("ticks_missed", tick=entry.name, rule=entry.missed, meaning="not made up for", **told)
        return True

    def _run(self, entry: Entry, slot: datetime, last: datetime | None, now: datetime) -> bool:
        """Run a slot, and say whether it was ours to run."""
        errand = "" if entry.tick else errand_id(entry.name, slot)
        late = now - slot if last else timedelta()  # where nothing ever ran, nothing was waited for
        if not ticks.claim(self.redis, entry.name, slot, seen=last, errand=errand, late=late):
            return False
        if late > entry.grace:
            log.warning("tick_late", tick=entry.name, due_at=slot.isoformat(), late_s=late.total_seconds())
        if entry.tick:
            log.debug("tick_done", tick=entry.name, found=entry.tick(self.redis, now))
        else:
            log.info("errand_due", errand=errand)
        return True

    def _is_news(self, *what: str) -> bool:
        """Whether this was not said a moment ago."""
        now = time.monotonic()
        if now - self._said.get(what, -SAY_AGAIN_S) < SAY_AGAIN_S:
            return False
        self._said[what] = now
        return True
