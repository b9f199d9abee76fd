"""APScheduler, which wakes us every so often and knows nothing else. The one module that imports it.

Its memory of what was run is in this process and its clock is the machine's, so neither is asked what is due. A machine
whose clock is set back would not be woken until the clock has caught up; that is looked for here.
"""

import logging
import threading
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta

from apscheduler.executors.pool import ThreadPoolExecutor
from apscheduler.job import Job
from apscheduler.schedulers.background import BackgroundScheduler

LOOK_S = 1.0
"""How often it is looked whether the machine's clock was set back."""


def keep_waking(chores: Mapping[Callable[[], None], timedelta], end: threading.Event) -> None:
    """Call each chore again and again until `end` is set, one never twice at once; then wait for those at work.

    A signal's handler sets `end`: a shutdown from inside a handler would meet the loop that it interrupts.
    """
    logging.getLogger("apscheduler").setLevel(logging.CRITICAL)  # it would tell of every look that takes its time
    waker = BackgroundScheduler(
        timezone=UTC,
        executors={"default": ThreadPoolExecutor(len(chores))},
        job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": None},
    )
    for chore, pause in chores.items():
        waker.add_job(_unless(end, chore), "interval", seconds=pause.total_seconds(), next_run_time=datetime.now(UTC))
    waker.start()
    try:
        while not end.wait(LOOK_S):
            wake_after_a_jump(waker.get_jobs(), datetime.now(UTC))
    finally:
        waker.pause()
        waker.shutdown(wait=True)


def _unless(end: threading.Event, chore: Callable[[], None]) -> Callable[[], None]:
    """The chore, but not for a call that was still waiting for its turn when the end came."""

    def call() -> None:
        if not end.is_set():
            chore()

    return call


def wake_after_a_jump(jobs: list[Job], now: datetime) -> int:
    """Wake at once who would wait for longer than its pause, because the clock was set back; answers how many."""
    waiting = [job for job in jobs if job.next_run_time > now + job.trigger.interval + timedelta(seconds=LOOK_S)]
    for job in waiting:
        job.modify(next_run_time=now)
    return len(waiting)
