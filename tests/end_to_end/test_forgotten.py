"""What must be done next is forgotten in the middle of a campaign, and found again from the ledger alone."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from jobs.ledger.keys import Due
from jobs.models import CampaignStatus, SubmissionState
from tests import oracle
from tests.end_to_end.stage import Stage, people

pytestmark = pytest.mark.processes


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    with Stage(tmp_path, speed=1, GATEWAY_CALLS_PER_S="1") as made:
        yield made


def test_a_campaign_survives_the_loss_of_every_key_of_rq_and_of_every_due_set(stage: Stage) -> None:
    """The worker ends before: jobs that it has in hand would make their work due again, and nothing were forgotten."""
    phones = people(45_000)
    worker = stage.start_worker()
    campaign_id = stage.submit(phones, key="forgotten")
    stage.wait_for(lambda: stage.view(campaign_id).submissions.get(SubmissionState.PLANNED, 0) < 5)
    worker.terminate()
    assert worker.wait(timeout=60) == 0
    stage.redis.delete(*Due, *stage.redis.scan_iter(match="rq:*", count=1_000))
    stage.simulator.clock.set_speed(200)  # until now no call may be over, or too little would be left to be forgotten
    stage.start_worker()
    assert stage.wait_until_over(campaign_id).status is CampaignStatus.FINISHED
    assert stage.accepted() == dict.fromkeys(phones, 1)
    assert stage.events("forgotten_work_found")
    oracle.check(stage.redis, stage.simulator, oracle.Terms(datetime.now(UTC)))
