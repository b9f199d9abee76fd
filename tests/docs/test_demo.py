import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from docs.demo.audit import Audit

ROOT = Path(__file__).parents[2]


def audit(*, called: dict[str, int], reported: dict[str, int], delivered_reported: int = 2) -> Audit:
    return Audit(
        wanted=2,
        called=Counter(called),
        reported=Counter(reported),
        delivered_called=2,
        delivered_reported=delivered_reported,
    )


def test_everybody_once_is_agreed_upon() -> None:
    assert audit(called={"a": 1, "b": 1}, reported={"a": 1, "b": 1}).agrees


def test_somebody_missing_is_seen() -> None:
    found = audit(called={"a": 1}, reported={"a": 1})
    assert (found.agrees, found.missing, found.twice) == (False, 1, 0)


def test_somebody_called_twice_is_seen() -> None:
    found = audit(called={"a": 2, "b": 1}, reported={"a": 1, "b": 1})
    assert (found.agrees, found.missing, found.twice) == (False, 0, 1)


def test_a_result_that_the_gateway_does_not_bear_out_is_seen() -> None:
    both = {"a": 1, "b": 1}
    assert not audit(called=both, reported={"a": 1, "c": 1}).agrees
    assert not audit(called=both, reported=both, delivered_reported=1).agrees


@pytest.fixture
def demo(tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    """A small demonstration under way, in a folder of its own."""
    command = [sys.executable, "-m", "docs.demo", "--rows", "2500"]
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    with subprocess.Popen(
        command, cwd=tmp_path, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as process:
        yield process
        process.kill()


@pytest.mark.processes
def test_the_demonstration_comes_to_its_good_end(demo: subprocess.Popen[str], tmp_path: Path) -> None:
    lines = []
    for line in demo.stdout or ():
        lines.append(line.removesuffix("\n"))
        direct(tmp_path / "var/demo/gateway.url", line)
    assert demo.wait(60) == 0, "\n".join(lines)
    assert "Nobody missing, nobody twice." in lines
    assert lines[0].startswith("Watch it on the page: http://127.0.0.1:")
    assert (tmp_path / "var/demo/results.csv").exists()
    assert max(map(len, lines)) <= 80
    assert not running_below(tmp_path)


@pytest.mark.processes
@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_demonstration_that_is_broken_off_leaves_nothing_running(
    demo: subprocess.Popen[str], tmp_path: Path, number: signal.Signals, code: int
) -> None:
    while not running_below(tmp_path):
        assert demo.poll() is None
        time.sleep(0.05)
    time.sleep(0.5)
    demo.send_signal(number)
    shown, _ = demo.communicate()
    assert demo.returncode == code, shown
    assert not running_below(tmp_path)


def direct(gateway: Path, line: str) -> None:
    """Have the calls made when the show wants them, so that they are over before their pause on no machine: they last
    for 20 seconds of the gateway's clock.
    """
    match line[:3]:
        case "1  ":
            turn_clock(gateway, speed=0.05)
        case "Cam":  # it is in; as soon as it is with the gateway, some calls for act 3
            while not requests.get(console(gateway, "sessions"), timeout=60).json()["sessions"]:
                time.sleep(0.05)
            turn_clock(gateway, jump_s=2)
        case "3  ":  # and more for act 4
            turn_clock(gateway, jump_s=8)
        case "5  ":
            turn_clock(gateway, speed=20)


def turn_clock(gateway: Path, **order: float) -> None:
    assert requests.post(console(gateway, "clock"), json=order, timeout=60).status_code == 200


def console(gateway: Path, page: str) -> str:
    return gateway.read_text().strip().replace("/gateway/", f"/_simulator/{page}")


def running_below(folder: Path) -> list[str]:
    """Processes that work in this folder, but the demonstration itself."""
    processes = Path("/proc").glob("[0-9]*")
    return [each.name for each in processes if is_below(each, folder) and "docs.demo" not in command_of(each)]


def is_below(process: Path, folder: Path) -> bool:
    try:
        return (process / "cwd").readlink().is_relative_to(folder)
    except OSError:  # it has just ended
        return False


def command_of(process: Path) -> str:
    try:
        return (process / "cmdline").read_text()
    except OSError:
        return ""
