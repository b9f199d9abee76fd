"""Campaigns under bad weather: replies lost, connections reset in the middle of a request, bytes that drip."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from jobs.models import CampaignStatus, SubmissionState
from tests.end_to_end.stage import Stage, people
from tests.fault_proxy import FaultProxy, Storm

pytestmark = [pytest.mark.processes, pytest.mark.timeout(400)]


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    with Stage(tmp_path, speed=200) as made:
        yield made


@pytest.mark.parametrize("seed", [1, 2])
def test_under_a_storm_on_the_way_to_redis_everybody_is_called_once(stage: Stage, seed: int) -> None:
    phones = people(45_000)
    with FaultProxy(stage.redis_server.url) as proxy:
        proxy.blow(Storm(seed, rate=0.03))
        for _ in range(2):
            stage.start_worker(REDIS_URL=proxy.url)
        campaign_id = stage.submit(phones, key="storm")
        stage.wait_for(lambda: stage.view(campaign_id).submissions.get(SubmissionState.PLANNED, 0) == 0, patience_s=150)
        over = stage.wait_until_over(campaign_id, patience_s=150)
        assert sum(proxy.happened.values()) > 10
    assert over.status is CampaignStatus.FINISHED
    assert stage.accepted() == dict.fromkeys(phones, 1)


@pytest.mark.parametrize("seed", [1, 2])
def test_under_a_storm_on_the_way_to_the_gateway_nobody_is_called_twice(stage: Stage, seed: int) -> None:
    phones = people(45_000)
    with FaultProxy(stage.simulator.base_url) as proxy:
        proxy.blow(Storm(seed, rate=0.3))
        stage.start_worker(GATEWAY_URL=proxy.url, GATEWAY_DEADLINE_S="3")
        campaign_id = stage.submit(phones, key="storm")
        stage.wait_for(lambda: stage.view(campaign_id).submissions.get(SubmissionState.PLANNED, 0) == 0, patience_s=150)
        over = stage.wait_until_over(campaign_id, patience_s=150)
        assert sum(proxy.happened.values()) > 0
    accepted = stage.accepted()
    assert set(accepted.values()) == {1}
    assert len(accepted) >= over.phones.get(SubmissionState.FINISHED, 0)
    assert over.status in {CampaignStatus.FINISHED, CampaignStatus.NEEDS_DECISION}
