"""Workers frozen between two instructions, for longer than their claim is good, and let go again.

The reply to a certain command is held on its way, the whole worker is stopped (SIGSTOP), time passes, the reply is let
go and the worker goes on (SIGCONT): it has then been frozen at the line that reads this reply.
"""

import os
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from jobs.ledger import claims, submissions
from jobs.models import CampaignStatus, SubmissionState
from tests.end_to_end.stage import Stage, people
from tests.fault_proxy import Fault, FaultKind, FaultProxy

pytestmark = pytest.mark.processes

CLAIMED = (claims._CLAIM.digest.encode(), b"$32\r\n")
"""A claim names its attempt, in 32 characters; a look has none."""
SENDING = (submissions._MOVE.digest.encode(), b"\r\nsending\r\n")
LEAVING = (submissions._LEAVE.digest.encode(),)


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    with Stage(tmp_path, speed=200, GATEWAY_DEADLINE_S="2") as made:
        for script in (claims._CLAIM, submissions._MOVE, submissions._LEAVE):
            made.redis.script_load(script.text)
        yield made


@pytest.fixture
def proxy(stage: Stage) -> Iterator[FaultProxy]:
    with FaultProxy(stage.redis_server.url) as made:
        yield made


def freeze(stage: Stage, proxy: FaultProxy, *at: bytes) -> tuple[subprocess.Popen[bytes], str]:
    """A worker that is frozen where it waits for the reply to that command, and the campaign that it was sending."""
    worker = stage.start_worker(REDIS_URL=proxy.url)
    proxy.arm(Fault(FaultKind.HOLD, on=at))
    campaign_id = stage.submit(people(3), key="frozen")
    proxy.wait_until_it_holds()
    os.killpg(worker.pid, signal.SIGSTOP)
    return worker, campaign_id


def thaw(stage: Stage, proxy: FaultProxy, worker: subprocess.Popen[bytes], *, ends: str) -> None:
    """Let it go on, until its job says how sending ended."""
    proxy.release()
    time.sleep(0.2)  # the reply waits in its socket
    os.killpg(worker.pid, signal.SIGCONT)
    stage.wait_for(lambda: any(each["answer"] == {ends: 1} for each in stage.events("job_done")))


def attempts(stage: Stage) -> int:
    return len([each for each in stage.simulator.truth.arrivals if each.option == "new_campaign"])


def test_a_worker_frozen_after_its_claim_finds_that_another_has_sent(stage: Stage, proxy: FaultProxy) -> None:
    frozen, campaign_id = freeze(stage, proxy, *CLAIMED)
    stage.start_worker()
    assert stage.wait_until_over(campaign_id).status is CampaignStatus.FINISHED
    thaw(stage, proxy, frozen, ends="passed_over")
    assert stage.accepted() == dict.fromkeys(people(3), 1)
    assert attempts(stage) == 1


@pytest.mark.parametrize("at", [SENDING, LEAVING], ids=["sending is written", "the last look is taken"])
def test_a_worker_frozen_before_its_first_byte_sends_nothing_once_it_was_given_up_and_says_so(
    stage: Stage, proxy: FaultProxy, at: tuple[bytes, ...]
) -> None:
    frozen, campaign_id = freeze(stage, proxy, *at)
    stage.start_worker()
    assert stage.wait_until_over(campaign_id).status is CampaignStatus.NEEDS_DECISION
    assert stage.view(campaign_id).submissions == {SubmissionState.UNKNOWN: 1}
    assert attempts(stage) == 0
    thaw(stage, proxy, frozen, ends="later")
    stage.wait_for(lambda: stage.view(campaign_id).status is CampaignStatus.FINISHED)
    assert stage.accepted() == dict.fromkeys(people(3), 1)
    assert attempts(stage) == 1


@pytest.mark.parametrize("at", [CLAIMED, SENDING, LEAVING], ids=["claimed", "sending is written", "last look"])
def test_a_lone_worker_that_wakes_up_late_begins_anew(stage: Stage, proxy: FaultProxy, at: tuple[bytes, ...]) -> None:
    """Nobody has acted on its submission, and its own clock says that it is too late."""
    frozen, campaign_id = freeze(stage, proxy, *at)
    time.sleep(10.5)
    thaw(stage, proxy, frozen, ends="later")
    assert stage.wait_until_over(campaign_id).status is CampaignStatus.FINISHED
    assert stage.accepted() == dict.fromkeys(people(3), 1)
    assert attempts(stage) == 1
