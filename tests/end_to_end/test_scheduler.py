"""Real schedulers, killed and told to end: another takes over, or the workers do. End times and halts hold."""

import time
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import pytest

from jobs.campaigns.plan import plan
from jobs.campaigns.take import take
from jobs.contacts import Row
from jobs.documents.campaigns import document, read_dossier
from jobs.ledger import amnesia, leadership
from jobs.ledger.clock import server_time
from jobs.models import CampaignStatus, SubmissionState
from jobs.ringing.queues import is_anybody_at_work
from tests.end_to_end.stage import TERMS, Stage, people

pytestmark = pytest.mark.processes


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    with Stage(tmp_path, speed=200) as made:
        yield made


def leader(stage: Stage) -> str:
    return leadership.holder(stage.redis, now=server_time(stage.redis))


def taken_in_silence(stage: Stage, key: str) -> str:
    """A campaign for which its producer does not ring."""
    rows = [Row(1, people(1)[0])]
    now, lead = datetime.now(UTC), timedelta(minutes=10)
    return take(stage.redis, TERMS, plan(rows), key=key, now=now, lead=lead).campaign_id


def test_the_scheduler_rings_and_a_worker_does_when_it_was_killed(stage: Stage) -> None:
    scheduler = stage.start_scheduler(SCHEDULER_LEASE_S="2")
    stage.wait_for(lambda: bool(leader(stage)))
    stage.start_worker()
    assert stage.wait_until_over(taken_in_silence(stage, "first")).status is CampaignStatus.FINISHED
    scheduler.kill()
    killed_s = time.monotonic()
    second = taken_in_silence(stage, "second")
    stage.wait_for(lambda: not leader(stage))
    assert time.monotonic() - killed_s < 30  # and not for ever
    assert stage.wait_until_over(second).status is CampaignStatus.FINISHED


def test_another_leads_at_once_when_one_is_told_to_end_and_soon_when_one_is_killed(stage: Stage) -> None:
    """The first one's lease is long, and given back when it ends; the others' is short."""
    first = stage.start_scheduler(SCHEDULER_LEASE_S="25")
    wait_for_terms(stage, 1)
    others = [stage.start_scheduler(SCHEDULER_LEASE_S="2") for _ in range(2)]
    first.terminate()
    assert first.wait(timeout=60) == 0
    assert f"-{first.pid}-" not in leader(stage)
    wait_for_terms(stage, 1, 2)
    (second,) = [each for each in others if f"-{each.pid}-" in leader(stage)]
    second.kill()
    wait_for_terms(stage, 1, 2, 3)


def wait_for_terms(stage: Stage, *terms: int) -> None:
    """Until the last of these has begun and is told of, each by another leader."""
    stage.wait_for(lambda: [line["term"] for line in stage.events("scheduler_leads")] == [*terms])


def test_an_outage_of_redis_ends_no_scheduler(stage: Stage) -> None:
    scheduler = stage.start_scheduler(SCHEDULER_LEASE_S="2")
    stage.wait_for(lambda: bool(leader(stage)))
    stage.redis_server.kill()
    stage.wait_for(lambda: bool(stage.events("redis_out_of_reach")))
    time.sleep(5)
    stage.redis_server.start()
    stage.wait_for(lambda: bool(leader(stage)))
    scheduler.terminate()
    assert scheduler.wait(timeout=60) == 0
    assert stage.events("redis_is_back")


def runs_at_a_gateway_that_is_down_at_its_end(stage: Stage) -> tuple[str, datetime, datetime]:
    """A campaign, its end time, and when the gateway is back. Where the machine was too slow for that, another one."""
    for seconds in (5, 20, 60):
        ends_at = datetime.now(UTC) + timedelta(seconds=seconds)
        terms = TERMS.model_copy(update={"ends_at": ends_at})
        campaign_id = stage.submit(people(1_000), key=f"ends after {seconds} s", terms=terms)
        stage.wait_for(partial(has_begun_or_is_over, stage, campaign_id))
        back_at = ends_at + timedelta(seconds=1)
        stage.simulator.shut_door(max(0, (back_at - datetime.now(UTC)).total_seconds()))
        if datetime.now(UTC) < ends_at:
            return campaign_id, ends_at, back_at
    pytest.fail("nothing was sent within a minute")


def has_begun_or_is_over(stage: Stage, campaign_id: str) -> bool:
    """By the ledger: a door that shuts before the gateway's answer is out would make it unknown."""
    view = stage.view(campaign_id)
    return SubmissionState.ACCEPTED in +Counter(view.submissions) or view.status.is_final


def test_a_worker_alone_stops_what_runs_past_its_end_at_a_gateway_that_ignores_it_and_was_down(tmp_path: Path) -> None:
    with Stage(tmp_path, speed=1, calls_per_second=10) as stage:
        stage.simulator.change({"end_time_honoured": False})
        stage.start_worker()
        stage.wait_for(lambda: is_anybody_at_work(stage.redis))
        campaign_id, ends_at, back_at = runs_at_a_gateway_that_is_down_at_its_end(stage)
        stage.wait_for(lambda: stage.view(campaign_id).end_late is not None)

        session = stage.simulator.truth.sessions[-1]
        (stopped_at,) = [each.ends_at for each in session.timeline.spans]
        late = stage.view(campaign_id).end_late
        assert stopped_at is not None
        assert late is not None
        assert back_at - ends_at <= stopped_at - ends_at <= late < timedelta(seconds=60)
        made = session.timeline.calls_made(stage.simulator.now)
        assert session.timeline.call_made_at(made - 1) <= stopped_at

        assert stage.wait_until_over(campaign_id).status is CampaignStatus.STOPPED
        assert session.timeline.calls_made(stage.simulator.now) == made
        shown = document(read_dossier(stage.redis, campaign_id))
        assert (shown["end_late_s"], shown["note"]) == (late.total_seconds(), "its end time had come")


def test_a_halt_holds_across_restarts_until_a_person_says_go(stage: Stage) -> None:
    stage.start_worker()
    amnesia.halt(stage.redis, why="wrong script", by="dana", now=datetime.now(UTC))
    stage.redis_server.restart()
    campaign_id = stage.submit(people(1), key="halted")
    stage.wait_for(lambda: bool(stage.events("sending_is_halted")))
    time.sleep(7)  # longer than a server that was started anew is doubted
    assert stage.view(campaign_id).status is CampaignStatus.WAITING
    assert stage.accepted() == {}
    amnesia.forgive(stage.redis, why="corrected", now=datetime.now(UTC))
    assert stage.wait_until_over(campaign_id).status is CampaignStatus.FINISHED
