"""Which workers there are, and what their supervisor survives."""

import signal
import subprocess
from collections.abc import Iterator

import pytest
from structlog.testing import capture_logs

from config.queues import QUEUES
from config.settings import Settings
from worker.supervisor import Slot, Supervisor, slots


def test_every_queue_is_served_and_control_by_a_worker_of_its_own() -> None:
    settings = Settings.from_env({"WORKERS_CAMPAIGNS": "3", "WORKERS_STATUS": "2"})
    names = [slot.name for slot in slots(settings)]
    assert names == ["control-1", "campaigns-1", "campaigns-2", "campaigns-3", "status-1", "status-2"]
    assert {slot.queue for slot in slots(Settings.from_env({}))} == set(QUEUES)


@pytest.fixture
def signals_kept() -> Iterator[None]:
    kept = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}
    yield
    for number, handler in kept.items():
        signal.signal(number, handler)


@pytest.mark.usefixtures("signals_kept")
def test_the_supervisor_survives_its_chores_and_says_each_kind_of_failure_once() -> None:
    tries = 0

    def broken() -> None:
        nonlocal tries
        tries += 1
        if tries == 3:
            signal.raise_signal(signal.SIGTERM)
        raise LookupError("6175550142")

    def start(slot: Slot) -> subprocess.Popen[bytes]:
        raise AssertionError(slot)

    with capture_logs() as logs:
        Supervisor([], start=start, chores=[broken]).run()
    assert tries == 3
    (said,) = [line for line in logs if line["event"] == "chore_failed"]
    assert said["kind"] == "LookupError"
    assert "6175550142" not in str(said)
