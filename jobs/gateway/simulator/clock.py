"""Simulated time: it may run faster than real time, stand still and jump ahead. It never goes back."""

import threading
import time
from datetime import UTC, datetime, timedelta

ENDS_AT = datetime(2200, 1, 1, tzinfo=UTC)
"""No jump goes further, so that whatever is reckoned from an instant stays one."""


class Clock:
    """Aware UTC instants. `speed` is simulated seconds per real second; a stopped clock moves by jumps only."""

    def __init__(self, speed: float = 1.0, starts_at: datetime | None = None, *, stopped: bool = False) -> None:
        self._lock = threading.Lock()
        self._mark_at = (starts_at or datetime.now(UTC)).astimezone(UTC)
        self._mark_s = time.monotonic()
        self._speed = speed
        self._stopped = stopped

    @property
    def speed(self) -> float:
        return self._speed

    @property
    def is_stopped(self) -> bool:
        return self._stopped

    def now(self) -> datetime:
        with self._lock:
            return self._now()

    def stop(self) -> None:
        with self._lock:
            self._set_mark()
            self._stopped = True

    def go(self) -> None:
        with self._lock:
            self._set_mark()
            self._stopped = False

    def set_speed(self, speed: float) -> None:
        with self._lock:
            self._set_mark()
            self._speed = speed

    def jump(self, ahead: timedelta) -> None:
        """Raises ValueError like `jump_to`: sessions remember what has happened."""
        with self._lock:
            now = self._now()
            self._move(now, now + ahead)

    def jump_to(self, at: datetime) -> None:
        """Raises ValueError for an instant that has passed, and for one that nobody will see."""
        with self._lock:
            self._move(self._now(), at.astimezone(UTC))

    def _move(self, now: datetime, at: datetime) -> None:
        if at < now:
            raise ValueError("time never goes back")
        if at > ENDS_AT:
            raise ValueError(f"time ends with the year {ENDS_AT.year - 1}")
        self._mark_at = at
        self._mark_s = time.monotonic()

    def _now(self) -> datetime:
        if self._stopped:
            return self._mark_at
        return self._mark_at + timedelta(seconds=(time.monotonic() - self._mark_s) * self._speed)

    def _set_mark(self) -> None:
        self._mark_at = self._now()
        self._mark_s = time.monotonic()
