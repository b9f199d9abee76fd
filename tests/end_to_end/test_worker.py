"""Real workers, really killed: nobody is called twice, and nothing is lost."""

import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from jobs.gateway.simulator import Fault, FaultKind
from jobs.models import CampaignStatus, DropState, SubmissionState
from tests.end_to_end.stage import Stage, children_of, kill_group, people

pytestmark = pytest.mark.processes


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    with Stage(tmp_path, speed=200) as made:
        yield made


def in_state(stage: Stage, campaign_id: str, state: SubmissionState) -> int:
    return stage.view(campaign_id).submissions.get(state, 0)


def test_everybody_on_the_list_is_called_once(stage: Stage) -> None:
    stage.start_worker()
    phones = people(25_000)
    campaign_id = stage.submit(phones, key="all")
    over = stage.wait_until_over(campaign_id)
    assert over.status is CampaignStatus.FINISHED
    assert stage.accepted() == dict.fromkeys(phones, 1)
    assert sum(over.drops.values()) == 25_000
    assert over.drops[DropState.DELIVERED] > 20_000
    assert stage.submit(phones, key="all") == campaign_id
    assert len(stage.simulator.truth.sessions) == 3


def test_a_worker_killed_in_the_middle_loses_nothing_and_doubles_nothing(stage: Stage) -> None:
    """The gateway is slow from the second one on: it is surely on its way when the kill comes, and then unknown."""
    stage.simulator.faults.arm(Fault(kind=FaultKind.SLOW, seconds=4.5, skip=1, times=0))
    phones = people(25_000)
    worker = stage.start_worker(SEND_CONCURRENCY="1", GATEWAY_DEADLINE_S="5")
    campaign_id = stage.submit(phones, key="killed")

    def is_sending_another() -> bool:
        states = stage.view(campaign_id).submissions
        return states.get(SubmissionState.SENDING, 0) == 1 and states.get(SubmissionState.PLANNED, 0) < 2

    stage.wait_for(is_sending_another)
    kill_group(worker)
    stage.simulator.faults.clear()
    stage.start_worker()
    over = stage.wait_until_over(campaign_id, patience_s=90)
    assert over.status is CampaignStatus.NEEDS_DECISION
    assert over.submissions == {SubmissionState.UNKNOWN: 1, SubmissionState.FINISHED: 2}
    accepted = stage.accepted()
    assert set(accepted.values()) == {1}
    assert len(accepted) >= over.phones[SubmissionState.FINISHED]
    time.sleep(2)
    assert stage.accepted() == accepted


def test_killed_children_are_replaced_and_the_campaign_goes_on(stage: Stage) -> None:
    worker = stage.start_worker()
    stage.wait_for(lambda: len(children_of(worker)) == 3)
    for pid in children_of(worker):
        os.kill(pid, signal.SIGKILL)
    campaign_id = stage.submit(people(100), key="replaced")
    assert stage.wait_until_over(campaign_id).status is CampaignStatus.FINISHED
    stage.wait_for(lambda: len(stage.events("worker_died")) == 3)


@pytest.mark.parametrize("after_s", [0, 2], ids=["at once", "at work"])
def test_children_end_when_their_supervisor_is_killed(stage: Stage, after_s: float) -> None:
    worker = stage.start_worker()
    stage.wait_for(lambda: len(children_of(worker)) == 3)
    pids = children_of(worker)
    time.sleep(after_s)
    worker.kill()
    worker.wait()
    stage.wait_for(lambda: not any(Path(f"/proc/{pid}").exists() for pid in pids))


def test_children_end_when_their_supervisor_is_killed_while_redis_is_gone(stage: Stage) -> None:
    worker = stage.start_worker()
    stage.wait_for(lambda: len(children_of(worker)) == 3)
    pids = children_of(worker)
    time.sleep(2)
    stage.redis_server.kill()
    worker.kill()
    worker.wait()
    stage.wait_for(lambda: not any(Path(f"/proc/{pid}").exists() for pid in pids), patience_s=120)


def test_many_sigterms_to_every_process_cut_nothing_in_half(stage: Stage) -> None:
    stage.simulator.faults.arm(Fault(kind=FaultKind.SLOW, seconds=4, times=0))
    worker = stage.start_worker()
    campaign_id = stage.submit(people(25_000), key="term")
    stage.wait_for(lambda: in_state(stage, campaign_id, SubmissionState.SENDING) >= 1)
    began = time.monotonic()
    for _ in range(3):
        os.killpg(worker.pid, signal.SIGTERM)
        time.sleep(0.4)
    assert worker.wait(timeout=60) == 0
    assert time.monotonic() - began < 30  # what it is given by who told it to end
    assert in_state(stage, campaign_id, SubmissionState.SENDING) == 0
    assert in_state(stage, campaign_id, SubmissionState.UNKNOWN) == 0
    assert in_state(stage, campaign_id, SubmissionState.ACCEPTED) >= 1


def test_an_idle_worker_ends_within_seconds(stage: Stage) -> None:
    worker = stage.start_worker()
    stage.wait_for(lambda: len(children_of(worker)) == 3)
    time.sleep(2)
    began = time.monotonic()
    worker.terminate()
    assert worker.wait(timeout=60) == 0
    assert time.monotonic() - began < 20  # it is killed after 30


def test_pause_and_resume_reach_the_gateway(tmp_path: Path) -> None:
    # So slow that the calls are far from over when the pause arrives, on the slowest machine; fast once they may end.
    with Stage(tmp_path, speed=60, calls_per_second=1) as stage:
        stage.start_worker()
        phones = people(20_000)
        campaign_id = stage.submit(phones, key="held")
        stage.wait_for(lambda: stage.view(campaign_id).drops.get(DropState.DELIVERED, 0) > 0)
        stage.producer.control(campaign_id, "pause", why="too loud")
        stage.wait_for(lambda: stage.view(campaign_id).status is CampaignStatus.PAUSED)
        assert {each.state(stage.simulator.now).value for each in stage.simulator.truth.sessions} == {"paused"}
        stage.producer.control(campaign_id, "resume")
        stage.simulator.clock.set_speed(6_000)
        assert stage.wait_until_over(campaign_id).status is CampaignStatus.FINISHED
        assert stage.accepted() == dict.fromkeys(phones, 1)


def test_a_redis_outage_of_forty_seconds_needs_no_hand(stage: Stage) -> None:
    stage.simulator.faults.arm(Fault(kind=FaultKind.SLOW, seconds=1, times=0))
    worker = stage.start_worker(SEND_CONCURRENCY="1", GATEWAY_DEADLINE_S="5")
    phones = people(25_000)
    campaign_id = stage.submit(phones, key="outage")
    stage.wait_for(lambda: in_state(stage, campaign_id, SubmissionState.SENDING) >= 1)
    stage.redis_server.kill()
    time.sleep(40)
    stage.redis_server.start()
    over = stage.wait_until_over(campaign_id, patience_s=120)
    assert over.status is CampaignStatus.FINISHED
    assert stage.accepted() == dict.fromkeys(phones, 1)
    assert worker.poll() is None
