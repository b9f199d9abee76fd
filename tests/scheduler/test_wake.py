"""APScheduler wakes us, whatever befalls a chore or the machine's clock."""

import threading
import time
from datetime import UTC, datetime, timedelta

from apscheduler.schedulers.background import BackgroundScheduler

from scheduler.wake import keep_waking, wake_after_a_jump

SOON = timedelta(seconds=0.02)


def test_chores_are_called_again_and_again_and_none_holds_up_another() -> None:
    end, calls = threading.Event(), {"quick": 0, "slow": 0}

    def quick() -> None:
        calls["quick"] += 1
        if calls["quick"] == 10:
            end.set()

    def slow() -> None:
        calls["slow"] += 1
        end.wait(10)

    keep_waking({quick: SOON, slow: SOON}, end)
    assert calls["quick"] >= 10
    assert calls["slow"] == 1


def test_a_clock_that_is_set_back_lets_nobody_sleep() -> None:
    waker = BackgroundScheduler(timezone=UTC)
    now = datetime.now(UTC)
    job = waker.add_job(time.time, "interval", seconds=5, next_run_time=now + timedelta(seconds=4))
    waker.start(paused=True)
    try:
        assert wake_after_a_jump([job], now) == 0
        assert wake_after_a_jump([job], now - timedelta(hours=1)) == 1
        assert job.next_run_time == now - timedelta(hours=1)
    finally:
        waker.shutdown()
