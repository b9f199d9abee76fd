"""Real workers that look at the audio first."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from jobs.models import CampaignStatus, SubmissionState, Terms
from tests.end_to_end.stage import Stage, people

pytestmark = pytest.mark.processes


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    with Stage(tmp_path, speed=200, AUDIO_PREFLIGHT="all") as made:
        yield made


def test_what_can_be_played_is_sent_and_what_cannot_calls_nobody(stage: Stage) -> None:
    stage.start_worker()
    phones = people(12_000)
    good = stage.submit(phones, key="good")
    misspelt = Terms(caller_id="6175550100", audio_title="reminder")
    private = Terms(caller_id="6175550100", audio_url="https://localhost/reminder.mp3")
    others = people(12_000, area_code=312)
    bad = [stage.submit(others, key=key, terms=terms) for key, terms in (("misspelt", misspelt), ("private", private))]
    assert stage.wait_until_over(good).status is CampaignStatus.FINISHED
    for campaign_id in bad:
        over = stage.wait_until_over(campaign_id)
        assert over.status is CampaignStatus.REJECTED
        assert over.submissions[SubmissionState.REJECTED] == 2
    assert stage.accepted() == dict.fromkeys(phones, 1)
    stage.wait_for(lambda: {line["verdict"] for line in stage.events("audio_looked_at")} == {"good", "bad"})
