"""The benchmark itself, with Dropline alone: it comes to its end, and Dropline keeps its promise."""

import os
import re
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from benchmarks.faults.script import draw_script
from benchmarks.faults.systems import DROPLINE
from benchmarks.faults.venue import Interrupted, kill_session, play
from tests.leftovers import outputs_into

pytestmark = [pytest.mark.processes, pytest.mark.timeout(240)]

ROOT = Path(__file__).parents[3]


def test_dropline_calls_nobody_twice_loses_nothing_and_says_nothing_false() -> None:
    command = [sys.executable, "-m", "benchmarks.faults", "--quick", "--seed", "1"]
    run = subprocess.run(command, cwd=ROOT, check=False, capture_output=True, text=True)
    assert run.returncode == 0, run.stdout + run.stderr
    (row,) = re.findall(r"^\| Dropline \|.*$", run.stdout, re.MULTILINE)
    duplicates, losses, false_states, held, _ = (int(cell) for cell in row.split("|")[3:-1])
    assert (duplicates, losses, false_states) == (0, 0, 0)
    assert held > 0


def test_a_run_that_is_told_to_stop_leaves_nothing_running(tmp_path: Path) -> None:
    stop = threading.Event()
    threading.Timer(3, stop.set).start()
    with pytest.raises(Interrupted):
        play(DROPLINE, draw_script(30, seed=1), tmp_path / "run", patience_s=60, stop=stop)
    assert (tmp_path / "run" / "workers.log").exists()
    assert outputs_into(tmp_path) == []


def test_a_child_with_a_process_group_of_its_own_is_killed_as_well() -> None:
    """As RQ's work horse is one."""
    child = "import os, time; os.setpgrp(); print(os.getpid(), flush=True); time.sleep(60)"
    parent = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {child!r}])"
    process = subprocess.Popen([sys.executable, "-c", parent], stdout=subprocess.PIPE, start_new_session=True)
    assert process.stdout is not None
    pid = int(process.stdout.readline())
    kill_session(process)
    process.stdout.close()
    assert process.returncode == -signal.SIGKILL
    gives_up_at = time.monotonic() + 5
    while _is_alive(pid):
        assert time.monotonic() < gives_up_at


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
