"""Real workers before a gateway that counts: never more than agreed, and hardly anything while it is down."""

import time
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
import requests

from jobs.campaigns.plan import Plan
from jobs.gateway.simulator import Fault, FaultKind
from jobs.ledger import breaker, submissions
from jobs.ledger.breaker import FAILURES_TO_OPEN, BreakerState
from jobs.models import CampaignStatus, Submission, SubmissionState
from tests.end_to_end.stage import TERMS, Stage, people

pytestmark = [pytest.mark.processes, pytest.mark.timeout(180)]

A_HANDFUL = FAILURES_TO_OPEN + 7
"""Failures that open the breaker, calls that were under way by then, and a probe after each rest."""


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    with Stage(tmp_path, speed=200, WORKERS_CAMPAIGNS="2", GATEWAY_CALLS_PER_S="5") as made:
        yield made


def submit_many(stage: Stage, count: int) -> list[str]:
    """So many campaigns to one person each."""
    campaigns = [(TERMS, Plan(1, ((phone,),), ()), phone) for phone in people(count)]
    return [each.campaign_id for each in stage.producer.submit_many(campaigns)]


def submissions_of(stage: Stage, campaign_ids: Sequence[str]) -> list[Submission]:
    return submissions.read(stage.redis, [f"{each}-1" for each in campaign_ids])


def most_in_a_second(instants_s: Sequence[float]) -> int:
    return max(sum(first <= other < first + 1 for other in instants_s) for first in instants_s)


def doze(seconds: float) -> float:
    """Sleep that long in naps of 10 ms; by how many seconds the worst of them was too long."""
    ends_at, oversleeps = time.monotonic() + seconds, []
    while (began := time.monotonic()) < ends_at:
        time.sleep(0.01)
        oversleeps.append(time.monotonic() - began - 0.01)
    return max(oversleeps)


def test_two_workers_together_never_make_more_calls_than_agreed(stage: Stage) -> None:
    submit_many(stage, 200)
    stage.start_worker()
    stage.wait_for(lambda: bool(stage.simulator.truth.arrivals))
    # From its slot to the gateway a call waits for half a dozen things. On a busy machine it is late, and
    # then falls into the second of those that are not.
    late_s = 6 * doze(30)
    arrivals = stage.simulator.truth.arrivals
    options = Counter(each.option for each in arrivals)
    assert most_in_a_second([each.arrived_s for each in arrivals]) <= 5 + 1 + int(late_s * 5)
    assert len(arrivals) > 0.75 * 30 * 5
    assert min(options["new_campaign"], options["campaign_result"]) > 20, options


def test_a_gateway_that_is_down_is_hardly_bothered_and_nothing_is_lost(stage: Stage) -> None:
    campaign_ids = submit_many(stage, 60)
    requests.post(f"{stage.simulator.console_url}door", json={"shut_s": 20}, timeout=5).raise_for_status()
    stage.start_worker()
    stage.wait_for(lambda: breaker.read(stage.redis, "default").state is not BreakerState.CLOSED)
    stage.wait_for(lambda: bool(stage.simulator.truth.arrivals))
    stage.wait_for(lambda: bool(stage.events("gateway_is_back")))
    probes = len(stage.events("gateway_gets_a_rest")) - 1
    for campaign_id in campaign_ids:
        assert stage.wait_until_over(campaign_id).status is CampaignStatus.FINISHED
    in_vain = sum(each.tries - 1 for each in submissions_of(stage, campaign_ids))
    assert FAILURES_TO_OPEN <= in_vain + probes <= A_HANDFUL, (in_vain, probes)
    assert stage.accepted() == dict.fromkeys(people(60), 1)


def test_a_gateway_that_answers_rubbish_is_hardly_bothered_and_little_is_left_unknown(stage: Stage) -> None:
    campaign_ids = submit_many(stage, 60)
    stage.simulator.faults.arm(Fault(kind=FaultKind.ANSWER_502_BEFORE_ACCEPTING, on="any", times=0))
    stage.start_worker()
    stage.wait_for(lambda: bool(stage.simulator.truth.arrivals))
    time.sleep(20)
    stage.simulator.faults.clear()
    in_vain = Counter(each.option for each in stage.simulator.truth.arrivals if each.fault)
    assert in_vain.total() <= A_HANDFUL, in_vain
    for campaign_id in campaign_ids:
        stage.wait_until_over(campaign_id)
    states = Counter(each.state for each in submissions_of(stage, campaign_ids))
    unknown = in_vain["new_campaign"]
    assert states == {SubmissionState.UNKNOWN: unknown, SubmissionState.FINISHED: 60 - unknown}
