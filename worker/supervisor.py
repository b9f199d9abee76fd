"""The supervisor: a child per queue worker; restarts what dies, passes one SIGTERM on, is gone in 30 s."""

import signal
import subprocess
import threading
import time
import traceback
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from types import FrameType

import structlog

from config.queues import CAMPAIGNS, CONTROL, STATUS, QueueSpec
from config.settings import Settings

GRACE_S = 25.0
"""How long children may take to end; a dyno is killed 30 s after its SIGTERM, and one POST lasts at most 22."""
TICK_S = 0.5
RESTART_WAITS_S = (0.0, 1.0, 2.0, 5.0, 15.0, 30.0)
"""Waits before a child that died is started again; back to the first once it has lived for `SOUND_S`."""
SOUND_S = 60.0

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Slot:
    """A place for one worker: its queue, and its number among those that serve the same one."""

    queue: QueueSpec
    number: int

    @property
    def name(self) -> str:
        """`campaigns-1`"""
        return f"{self.queue.name}-{self.number}"


def slots(settings: Settings) -> list[Slot]:
    """The workers that the settings ask for: always one for `control`, which is therefore never behind anything."""
    counts = {CONTROL: 1, CAMPAIGNS: settings.workers_campaigns, STATUS: settings.workers_status}
    return [Slot(queue, number) for queue, count in counts.items() for number in range(1, count + 1)]


class _Child:
    """The process in one slot, over its deaths."""

    def __init__(self, slot: Slot, start: Callable[[Slot], subprocess.Popen[bytes]]) -> None:
        self.slot = slot
        self._start = start
        self._deaths = 0
        self._begun = time.monotonic()
        self._start_at = 0.0
        self.process: subprocess.Popen[bytes] | None = None

    def keep_alive(self) -> None:
        """Start it if it is not running and its wait is over."""
        now = time.monotonic()
        if self.process is not None and self.process.poll() is not None:
            self._note_death(self.process.returncode, now)
        if self.process is None and now >= self._start_at:
            self.process, self._begun = self._start(self.slot), now
            log.info("worker_started", worker=self.slot.name, pid=self.process.pid)

    def tell(self, number: signal.Signals) -> None:
        """Send a signal, if there is anybody to get it."""
        if self.is_alive and self.process is not None:
            self.process.send_signal(number)

    @property
    def is_alive(self) -> bool:
        return self.process is not None and self.process.poll() is None

    def _note_death(self, code: int, now: float) -> None:
        self._deaths = 0 if now - self._begun >= SOUND_S else self._deaths + 1
        wait = RESTART_WAITS_S[min(self._deaths, len(RESTART_WAITS_S) - 1)]
        self.process, self._start_at = None, now + wait
        log.error("worker_died", worker=self.slot.name, exit_code=code, restart_in_s=wait)


class Supervisor:
    """Keeps a child in every slot until it is told to end."""

    def __init__(
        self,
        slots: Sequence[Slot],
        *,
        start: Callable[[Slot], subprocess.Popen[bytes]],
        chores: Iterable[Callable[[], None]],
    ) -> None:
        self._children = [_Child(slot, start) for slot in slots]
        self._chores = tuple(chores)
        self._said: set[tuple[str, str]] = set()
        self._end = threading.Event()

    def run(self) -> None:
        """Until SIGTERM or SIGINT; further ones are absorbed."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._asked_to_end)
        while not self._end.is_set():
            for child in self._children:
                child.keep_alive()
            for chore in self._chores:
                self._attempt(chore)
            self._end.wait(TICK_S)
        self._wind_down()

    def _attempt(self, chore: Callable[[], None]) -> None:
        """Children live on, whatever a chore meets. Each kind of failure is said once: every tick tries again."""
        try:
            chore()
        except Exception as error:
            kind, where = type(error).__name__, traceback.extract_tb(error.__traceback__)[-1]
            if (kind, where.name) not in self._said:
                self._said.add((kind, where.name))
                place = f"{where.name}, line {where.lineno}"
                log.error("chore_failed", kind=kind, where=place)  # noqa: TRY400  # a traceback may tell phones

    def _asked_to_end(self, signum: int, frame: FrameType | None) -> None:
        self._end.set()

    def _wind_down(self) -> None:
        log.info("worker_winds_down", children=len(self._children))
        gives_up_at = time.monotonic() + GRACE_S
        for child in self._children:
            child.tell(signal.SIGTERM)
        while any(child.is_alive for child in self._children) and time.monotonic() < gives_up_at:
            time.sleep(0.05)
        for child in self._children:
            if child.is_alive:
                log.error("worker_killed", worker=child.slot.name, reason=f"it did not end within {GRACE_S:.0f} s")
            child.tell(signal.SIGKILL)
        log.info("worker_ended")
