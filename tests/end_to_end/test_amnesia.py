"""A Redis server that goes back to an old copy of its data, under living workers."""

import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from jobs.models import CampaignStatus, SubmissionState
from tests.end_to_end.stage import ROOT, Stage, people

pytestmark = pytest.mark.processes


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    with Stage(tmp_path, speed=200, WORKERS_CAMPAIGNS="3") as made:
        yield made


def copy_data(stage: Stage, to: Path) -> None:
    shutil.copytree(stage.redis_server.data_dir, to)


def go_back(stage: Stage, copy: Path) -> None:
    stage.redis_server.kill()
    shutil.rmtree(stage.redis_server.data_dir)
    shutil.copytree(copy, stage.redis_server.data_dir)
    stage.redis_server.start()


def test_living_workers_notice_before_they_send_again(stage: Stage, tmp_path: Path) -> None:
    """One of three has sent it; any of them may be rung for it once the ledger believes that it is still to be sent."""
    campaign_id = stage.submit(people(25_000), key="twice?")
    copy_data(stage, tmp_path / "old")
    stage.start_worker()
    assert stage.wait_until_over(campaign_id).status is CampaignStatus.FINISHED
    accepted = stage.accepted()
    go_back(stage, tmp_path / "old")
    assert stage.view(campaign_id).submissions == {SubmissionState.PLANNED: 3}
    stage.wait_for(lambda: bool(stage.events("sending_is_halted")))
    time.sleep(12)
    assert stage.accepted() == accepted
    assert stage.view(campaign_id).submissions == {SubmissionState.PLANNED: 3}


def test_after_a_person_said_go_sending_goes_on(stage: Stage) -> None:
    stage.start_worker()
    assert stage.wait_until_over(stage.submit(people(3), key="before")).status is CampaignStatus.FINISHED
    stage.redis.flushall()
    stage.wait_for(lambda: bool(stage.events("sending_is_halted")))
    campaign_id = stage.submit(people(3, area_code=617), key="after")
    time.sleep(2)
    assert stage.view(campaign_id).status is CampaignStatus.WAITING
    command = [sys.executable, "-m", "jobs", "unhalt", "--after-data-loss", "--why", "the old server is gone for good"]
    env = {"REDIS_URL": stage.redis_server.url}
    done = subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, check=True, timeout=60)
    assert "goes on" in done.stdout
    assert stage.wait_until_over(campaign_id).status is CampaignStatus.FINISHED
    assert stage.events("sending_goes_on")


def test_a_restart_that_loses_nothing_stops_sending_for_seconds_only(stage: Stage) -> None:
    stage.start_worker()
    assert stage.wait_until_over(stage.submit(people(3), key="before")).status is CampaignStatus.FINISHED
    began = time.monotonic()
    stage.redis_server.restart()
    campaign_id = stage.submit(people(3, area_code=617), key="after")
    assert stage.wait_until_over(campaign_id).status is CampaignStatus.FINISHED
    assert 4 < time.monotonic() - began < 60
    assert not stage.events("sending_is_halted")
