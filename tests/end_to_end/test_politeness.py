"""Real workers before a gateway that counts: never more than agreed, and hardly anything while it is down."""

from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import pairwise
from pathlib import Path

import pytest

from jobs.campaigns.plan import Plan
from jobs.gateway.simulator import Fault, FaultKind
from jobs.ledger import keys, submissions
from jobs.ledger.breaker import FAILURES_TO_OPEN
from jobs.ledger.fields import text
from jobs.models import CampaignStatus, Submission, SubmissionState
from jobs.ringing.queues import is_anybody_at_work
from tests.end_to_end.stage import TERMS, Stage, people

pytestmark = pytest.mark.processes

A_HANDFUL = FAILURES_TO_OPEN + 7
"""Failures that open the breaker, calls that were under way by then, and a probe after each rest."""
CAMPAIGNS = 25
"""More than the calls that a gateway which is down may see."""


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


def wait_for_rests(stage: Stage) -> None:
    """Until the breaker has opened and two probes have failed, however fast the machine is."""
    stage.wait_for(lambda: len(stage.events("gateway_gets_a_rest")) >= 3)


def slots_of(stage: Stage) -> list[float]:
    """The instants (s) of the slots that were taken last, some forty."""
    taken = text(stage.redis.hget(keys.slots("default"), "taken") or "").split()
    return [int(each.partition("=")[2]) / 1000 for each in taken]


def test_two_workers_together_never_make_more_calls_than_agreed(stage: Stage) -> None:
    """Counted from the first slot on: a call that is late on its way comes in one second with the next ones."""

    def options() -> Counter[str]:
        return Counter(each.option for each in stage.simulator.truth.arrivals)

    submit_many(stage, 200)
    stage.start_worker()
    stage.wait_for(lambda: bool(slots_of(stage)))
    first_slot_s = min(slots_of(stage))
    stage.wait_for(
        lambda: options().total() > 100 and min(options()["new_campaign"], options()["campaign_result"]) > 15
    )
    slots = sorted(slots_of(stage))
    assert min(later - earlier for earlier, later in pairwise(slots)) >= 0.199  # no burst after a lull, either
    for count, arrived_s in enumerate(sorted(each.arrived_s for each in stage.simulator.truth.arrivals), start=1):
        assert count <= 1 + (arrived_s - first_slot_s) * 5


def test_a_gateway_that_is_down_is_hardly_bothered_and_nothing_is_lost(stage: Stage) -> None:
    stage.start_worker()
    stage.wait_for(lambda: is_anybody_at_work(stage.redis))
    stage.simulator.shut_door(3_600)
    campaign_ids = submit_many(stage, CAMPAIGNS)
    wait_for_rests(stage)
    assert stage.simulator.truth.arrivals == []
    stage.simulator.shut_door(0)
    stage.wait_for(lambda: bool(stage.events("gateway_is_back")))
    probes = len(stage.events("gateway_gets_a_rest")) - 1
    for campaign_id in campaign_ids:
        assert stage.wait_until_over(campaign_id).status is CampaignStatus.FINISHED
    in_vain = sum(each.tries - 1 for each in submissions_of(stage, campaign_ids))
    assert FAILURES_TO_OPEN <= in_vain + probes <= A_HANDFUL, (in_vain, probes)
    assert stage.accepted() == dict.fromkeys(people(CAMPAIGNS), 1)


def test_a_gateway_that_answers_rubbish_is_hardly_bothered_and_little_is_left_unknown(stage: Stage) -> None:
    campaign_ids = submit_many(stage, CAMPAIGNS)
    stage.simulator.faults.arm(Fault(kind=FaultKind.ANSWER_502_BEFORE_ACCEPTING, on="any", times=0))
    stage.start_worker()
    wait_for_rests(stage)
    stage.simulator.faults.clear()
    for campaign_id in campaign_ids:
        stage.wait_until_over(campaign_id)
    in_vain = Counter(each.option for each in stage.simulator.truth.arrivals if each.fault)
    assert in_vain.total() <= A_HANDFUL, in_vain
    states = Counter(each.state for each in submissions_of(stage, campaign_ids))
    unknown = in_vain["new_campaign"]
    assert states == {SubmissionState.UNKNOWN: unknown, SubmissionState.FINISHED: CAMPAIGNS - unknown}
