"""The simulator as a process."""

import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import requests

from jobs.gateway.simulator import Simulator


@pytest.mark.parametrize("sign", [signal.SIGTERM, signal.SIGINT])
def test_it_says_where_it_listens_and_goes_quietly(tmp_path: Path, sign: signal.Signals) -> None:
    ready = tmp_path / "url"
    command = [sys.executable, "-m", "jobs.gateway.simulator", "--port", "0", "--ready-file", str(ready)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout
        assert process.stderr
        base_url = process.stdout.readline().strip()
        assert ready.read_text() == base_url
        form = {"c_uid": "demo", "c_password": "demo", "remain_message": "1"}
        assert "remaining messages=" in requests.post(f"{base_url}vmb.php", data=form, timeout=60).text
        process.send_signal(sign)
        began_s = time.monotonic()
        assert process.wait(timeout=60) == 0
        assert time.monotonic() - began_s < 30  # and not when somebody kills it
        assert process.stderr.read() == ""


def test_options_are_laid_over_a_scenario(tmp_path: Path) -> None:
    scenario = tmp_path / "scenario.yaml"
    scenario.write_text("settings:\n  failure_share: 1\n", encoding="utf-8")
    command = [sys.executable, "-m", "jobs.gateway.simulator", "--port", "0", "--scenario", str(scenario)]
    with subprocess.Popen([*command, "--uid", "acme", "--rate", "5"], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        root = process.stdout.readline().strip().removesuffix("gateway/")
        settings = requests.get(f"{root}_simulator/settings", timeout=60).json()
        process.terminate()
    assert (settings["failure_share"], settings["calls_per_second"]) == (1, 5)
    assert sorted(settings["accounts"]) == ["acme", "demo"]


def test_options_that_make_no_sense_are_named() -> None:
    command = [sys.executable, "-m", "jobs.gateway.simulator", "--reach", "moon", "--speed", "-1"]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert ended.returncode == 2
    assert "--speed: must be greater than 0" in ended.stderr
    assert "--reach: must be 'loopback' or 'any'" in ended.stderr
    assert "Traceback" not in ended.stderr


def test_a_port_that_is_taken_is_said_so() -> None:
    with Simulator() as simulator:
        port = simulator.base_url.rpartition(":")[2].removesuffix("/gateway/")
        command = [sys.executable, "-m", "jobs.gateway.simulator", "--port", port]
        ended = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert ended.returncode == 2
    taken = f"cannot listen on 127.0.0.1, port {port}: Address already in use; --port 0 takes one that is free\n"
    assert ended.stderr == taken


def test_a_scenario_at_fault_is_told_a_line_for_each_problem(tmp_path: Path) -> None:
    scenario = tmp_path / "storm.yaml"
    scenario.write_text("settings:\n  failure_share: 3\nfaults:\n  - kind: hail\n", encoding="utf-8")
    command = [sys.executable, "-m", "jobs.gateway.simulator", "--scenario", str(scenario)]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert ended.returncode == 2
    first, second = ended.stderr.splitlines()
    assert first == f"{scenario}, line 2: settings.failure_share: must be less than or equal to 1"
    assert second.startswith(f"{scenario}, line 4: faults #1.kind: must be 'accept_then_never_answer', ")
