"""The examples, run as they stand against a real worker."""

import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from jobs.gateway.simulator import Settings
from jobs.ledger import campaigns, tokens
from jobs.models import CampaignStatus, CampaignView
from jobs.models.scopes import Scope
from tests.end_to_end.stage import Stage
from tests.untried import untried_without
from tests.web.front_door import front_door, make_site

pytestmark = pytest.mark.processes

EXAMPLES = Path(__file__).parents[2] / "docs" / "examples"


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    with Stage(tmp_path) as made:
        made.start_worker()
        yield made


def run_example(stage: Stage, name: str, *words: str, module: str = "") -> str:
    """What a Python example says on a machine that has rq and none of our settings."""
    environment = {"PATH": os.environ["PATH"], "REDIS_URL": stage.redis_server.url}
    command = [sys.executable, *(["-m", module] if module else [str(EXAMPLES / name)]), *words]
    done = subprocess.run(
        command, cwd=EXAMPLES.parents[1], env=environment, capture_output=True, text=True, timeout=60, check=False
    )
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
    assert campaign.key == "reminders-2026-11-23-redis-cli"
    assert stage.wait_until_over(campaign.id).status is CampaignStatus.FINISHED
    assert stage.accepted() == {"6175550123": 1, "6175550145": 1, "6175550167": 1}


PHONES = {"6175550123": 1, "6175550145": 1, "6175550167": 1}


@pytest.fixture
def door(stage: Stage) -> Iterator[dict[str, str]]:
    """The environment of a program that comes by HTTP, and nothing else."""
    with front_door(make_site(stage.redis)) as address:
        token = tokens.create(stage.redis, "example", [Scope.SEND], now=datetime.now(UTC))
        yield {"PATH": os.environ["PATH"], "DROPLINE_URL": address, "DROPLINE_TOKEN": token}


def run_by_http(door: dict[str, str], *command: str) -> str:
    """What an example says that is run twice: the second time it was handed in before."""
    if shutil.which(command[0]) is None:
        untried_without(command[0])
    said = [
        subprocess.run(command, env=door, capture_output=True, text=True, timeout=60, check=True).stdout
        for _ in range(2)
    ]
    assert said[0] != said[1]
    return "".join(said)


def test_the_python_examples_hand_in_once(stage: Stage, door: dict[str, str]) -> None:
    said = run_by_http(door, sys.executable, str(EXAMPLES / "http_submit.py"))
    campaign = the_campaign(stage)
    assert said.count(campaign.id) == 4
    assert stage.wait_until_over(campaign.id).status is CampaignStatus.FINISHED
    assert stage.accepted() == PHONES
    again = [run_example(stage, "producer.py", module="docs.examples.producer") for _ in range(2)]
    assert [each.rpartition(", ")[2] for each in again] == ["new\n", "handed in before\n"]


def test_the_node_example_needs_no_package(stage: Stage, door: dict[str, str]) -> None:
    said = run_by_http(door, "node", str(EXAMPLES / "http_submit.mjs"))
    assert "new" in said
    assert stage.wait_until_over(the_campaign(stage).id).status is CampaignStatus.FINISHED
    assert stage.accepted() == PHONES


def test_the_curl_example_hands_in_a_file(stage: Stage, door: dict[str, str]) -> None:
    if shutil.which("curl") is None:
        untried_without("curl")
    contacts = stage.folder / "contacts.csv"
    contacts.write_text("Name,Phone\nAnn,(617) 555-0123\nBob,617.555.0145\nCyd,+1 617 555 0167\n")
    said = run_by_http(door, "/bin/sh", str(EXAMPLES / "http_submit.sh"), str(contacts))
    assert '"is_new":true' in said
    assert stage.wait_until_over(the_campaign(stage).id).status is CampaignStatus.FINISHED
    assert stage.accepted() == PHONES


def as_redis_cli_does(port: int, commands: bytes) -> bytes:
    """Say lines of commands to the server; by itself it reads them with the same quotes as redis-cli."""
    if client := shutil.which("redis-cli"):
        return subprocess.run([client, "-p", str(port)], input=commands, capture_output=True, check=True).stdout
    with socket.create_connection(("127.0.0.1", port), timeout=60) as connection:
        connection.sendall(commands.replace(b"\n", b"\r\n") + b"QUIT\r\n")
        return b"".join(iter(lambda: connection.recv(4096), b""))
