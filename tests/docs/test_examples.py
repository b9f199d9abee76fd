"""The examples, run as they stand against a real worker."""

import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from jobs.gateway.simulator import Settings
from jobs.ledger import campaigns
from jobs.models import CampaignStatus, CampaignView
from tests.end_to_end.stage import Stage

pytestmark = [pytest.mark.processes, pytest.mark.timeout(120)]

EXAMPLES = Path(__file__).parents[2] / "docs" / "examples"


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    with Stage(tmp_path) as made:
        made.start_worker()
        yield made


def run_example(stage: Stage, name: str, *words: str) -> str:
    """What a Python example says on a machine that has rq and none of our settings."""
    environment = {"PATH": os.environ["PATH"], "REDIS_URL": stage.redis_server.url}
    command = [sys.executable, str(EXAMPLES / name), *words]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def the_campaign(stage: Stage) -> CampaignView:
    """The only one that the ledger has."""
    stage.wait_for(lambda: bool(campaigns.newest(stage.redis, most=2)))
    (campaign,) = campaigns.newest(stage.redis, most=2)
    return campaign


def test_the_python_example_sends_once_however_often_it_runs(stage: Stage) -> None:
    said = [run_example(stage, "submit.py") for _ in range(2)]
    campaign = the_campaign(stage)
    assert [campaign.id in words for words in said] == [True, True]
    assert stage.wait_until_over(campaign.id).status is CampaignStatus.FINISHED
    assert stage.accepted() == {"6175550123": 1, "6175550145": 1, "6175550167": 1}


def test_the_control_example_is_carried_out(stage: Stage) -> None:
    stage.simulator.gateway.settings = Settings(calls_per_second=0.001)
    run_example(stage, "submit.py")
    campaign = the_campaign(stage)
    assert "confirmed" in run_example(stage, "control.py", "stop", campaign.id)
    assert stage.wait_until_over(campaign.id).status is CampaignStatus.STOPPED


def test_the_shell_example_needs_nothing_of_python(stage: Stage) -> None:
    for _ in range(2):
        commands = subprocess.run(["/bin/sh", str(EXAMPLES / "submit.sh")], capture_output=True, check=True).stdout
        assert b"ERR" not in as_redis_cli_does(stage.redis_server.port, commands)
    campaign = the_campaign(stage)
    assert campaign.key == "reminders-2026-11-23"
    assert stage.wait_until_over(campaign.id).status is CampaignStatus.FINISHED
    assert stage.accepted() == {"6175550123": 1, "6175550145": 1, "6175550167": 1}


def as_redis_cli_does(port: int, commands: bytes) -> bytes:
    """Say lines of commands to the server; by itself it reads them with the same quotes as redis-cli."""
    if client := shutil.which("redis-cli"):
        return subprocess.run([client, "-p", str(port)], input=commands, capture_output=True, check=True).stdout
    with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
        connection.sendall(commands.replace(b"\n", b"\r\n") + b"QUIT\r\n")
        return b"".join(iter(lambda: connection.recv(4096), b""))
