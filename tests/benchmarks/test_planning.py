"""The planning benchmark: it runs, and it fails when it should."""

import subprocess
import sys
from collections import Counter

import pytest

from benchmarks.planning import verdict


def test_a_small_run_passes_and_says_so() -> None:
    command = [sys.executable, "-m", "benchmarks.planning", "--rows", "500"]
    run = subprocess.run(command, check=False, capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
    assert "PASS" in run.stdout


@pytest.mark.parametrize(
    ("wall_s", "peak_mb", "phones", "passes"),
    [(60, 400, 3, True), (60.1, 400, 3, False), (60, 400.1, 3, False), (60, 400, 2, False)],
)
def test_a_run_out_of_bounds_fails(wall_s: float, peak_mb: float, phones: int, passes: bool) -> None:
    measured = {"wall_s": wall_s, "peak_mb": peak_mb, "kinds": {"phone": phones}}
    assert verdict(measured, Counter(phone=3)) is passes
