"""Records are merged as they come, and a campaign is finished when every phone is accounted for."""

from dataclasses import replace
from datetime import timedelta

import pytest

from jobs.campaigns.control import control, request
from jobs.campaigns.desk import Desk, Timings
from jobs.campaigns.refresh import Refreshed, next_look, refresh
from jobs.campaigns.send import send
from jobs.gateway.simulator import Clock, Fault, FaultKind, Simulator
from jobs.ledger import dispositions, due
from jobs.ledger.keys import Due
from jobs.models import CampaignStatus, Disposition, DropState, Intent, SubmissionState
from tests.jobs.campaigns.conftest import TERMS, at_gateway, submission, taken, view
from tests.servers import free_port


@pytest.fixture
def sent(desk: Desk) -> str:
    """A campaign to a mailbox that takes messages, one that is busy, and one of which no record ever comes."""
    campaign_id = taken(desk, "6175550101", "6175550104", "6175550107").campaign_id
    send(desk, f"{campaign_id}-1")
    return campaign_id


def states(desk: Desk, campaign_id: str) -> dict[str, DropState]:
    return {each.phone: each.state for each in dispositions.read(desk.redis, submission(desk, campaign_id))}


def test_records_come_in_as_calls_are_made(desk: Desk, clock: Clock, sent: str) -> None:
    clock.jump(timedelta(seconds=1.5))
    assert refresh(desk, f"{sent}-1") is Refreshed.FOLLOWED
    clock.jump(timedelta(seconds=10))
    assert refresh(desk, f"{sent}-1") is Refreshed.FOLLOWED
    assert states(desk, sent) == {
        "6175550101": DropState.DELIVERED,
        "6175550104": DropState.FAILED,
        "6175550107": DropState.PENDING,
    }
    assert dispositions.tally(desk.redis, sent) == {("OK", ""): 1, ("Failure", "Voicemail Busy"): 1}
    assert due.stands(desk.redis, Due.REFRESH, f"{sent}-1")


def test_a_session_that_falls_silent_is_closed_with_the_phones_named(desk: Desk, clock: Clock, sent: str) -> None:
    clock.jump(timedelta(minutes=1))
    refresh(desk, f"{sent}-1")
    clock.jump(desk.timings.silence)
    assert refresh(desk, f"{sent}-1") is Refreshed.FINISHED
    assert states(desk, sent)["6175550107"] is DropState.NO_RECORD
    assert view(desk, sent).status is CampaignStatus.FINISHED
    assert refresh(desk, f"{sent}-1") is Refreshed.PASSED_OVER
    assert not due.stands(desk.redis, Due.REFRESH, f"{sent}-1")


def test_a_paused_session_may_be_silent_for_as_long_as_it_likes(desk: Desk, clock: Clock, sent: str) -> None:
    request(desk.redis, sent, Intent.PAUSE, why="", now=desk.clock())
    control(desk, sent)
    clock.jump(desk.timings.silence * 3)
    assert refresh(desk, f"{sent}-1") is Refreshed.FOLLOWED


def test_a_campaign_is_finished_when_every_phone_has_its_record(desk: Desk, clock: Clock) -> None:
    campaign_id = taken(desk, "6175550101", "6175550105").campaign_id
    send(desk, f"{campaign_id}-1")
    clock.jump(timedelta(minutes=1))
    assert refresh(desk, f"{campaign_id}-1") is Refreshed.FINISHED
    found = view(desk, campaign_id)
    assert found.status is CampaignStatus.FINISHED
    assert found.phones == {SubmissionState.FINISHED: 2}
    assert found.drops == {DropState.DELIVERED: 1, DropState.FAILED: 1}
    landline = list(dispositions.read(desk.redis, submission(desk, campaign_id)))[1]
    assert landline.reason == "Landline Removed"
    assert isinstance(landline, Disposition)


def test_a_gateway_that_does_not_answer_is_asked_again(desk: Desk, sent: str) -> None:
    nobody = at_gateway(desk, f"http://127.0.0.1:{free_port()}/gateway/")
    due.remove(desk.redis, Due.REFRESH, [f"{sent}-1"])
    assert refresh(nobody, f"{sent}-1") is Refreshed.NO_ANSWER
    assert due.stands(desk.redis, Due.REFRESH, f"{sent}-1")
    assert "did not give its call records" in submission(desk, sent).reason
    refresh(desk, f"{sent}-1")
    assert submission(desk, sent).reason == ""


def test_polls_are_quick_at_first_and_slower_later(desk: Desk, sent: str) -> None:
    timings, start = Timings(), desk.clock()
    ages = [timedelta(), timedelta(minutes=2), timedelta(minutes=20), timedelta(hours=20)]
    waits = [next_look(timings, view(desk, sent), submission(desk, sent), start + age) for age in ages]
    assert waits == [timings.poll_first, timedelta(seconds=12), timedelta(minutes=2), timings.poll_most]


@pytest.mark.parametrize("intent", [Intent.RUN, Intent.PAUSE])
def test_a_session_that_the_gateway_does_not_know_is_closed_in_the_end(
    desk: Desk, simulator: Simulator, clock: Clock, sent: str, intent: Intent
) -> None:
    request(desk.redis, sent, intent, why="", now=desk.clock())
    control(desk, sent)
    simulator.faults.arm(Fault(kind=FaultKind.REFUSE, text="1 invalid or not found", on="question", times=0))
    assert refresh(desk, f"{sent}-1") is Refreshed.FOLLOWED
    clock.jump(desk.timings.silence)
    assert refresh(desk, f"{sent}-1") is Refreshed.FINISHED
    assert set(states(desk, sent).values()) == {DropState.NO_RECORD}
    assert "invalid or not found" in submission(desk, sent).reason
    assert "It was asked until" in submission(desk, sent).reason


def test_of_a_session_that_the_gateway_does_not_know_it_is_said_what_comes_and_where_to_look(
    desk: Desk, simulator: Simulator, sent: str
) -> None:
    simulator.faults.arm(Fault(kind=FaultKind.REFUSE, text="1 invalid or not found", on="question", times=0))
    refresh(desk, f"{sent}-1")
    reason = submission(desk, sent).reason
    assert "refuse again" not in reason
    assert (
        "It is asked until 2026-03-03 12:00:00 Eastern (SILENCE_S), and then the phones without a record are" in reason
    )
    assert "`results` names them" in reason
    assert "`reconcile`" in reason


def test_a_refusal_that_may_pass_closes_nothing(desk: Desk, simulator: Simulator, clock: Clock, sent: str) -> None:
    request(desk.redis, sent, Intent.STOP, why="", now=desk.clock())
    control(desk, sent)
    simulator.faults.arm(Fault(kind=FaultKind.REFUSE, text="system busy", on="question", times=0))
    clock.jump(desk.timings.silence)
    assert refresh(desk, f"{sent}-1") is Refreshed.NO_ANSWER
    wait = next_look(desk.timings, view(desk, sent), submission(desk, sent), desk.clock())
    assert wait == desk.timings.poll_most


def test_a_session_is_looked_at_when_its_end_time_comes_and_often_after_it(desk: Desk, clock: Clock) -> None:
    timings, start = desk.timings, desk.clock()
    terms = TERMS.model_copy(update={"ends_at": start + timedelta(hours=2)})
    campaign_id = taken(desk, "6175550107", terms=terms).campaign_id
    send(desk, f"{campaign_id}-1")
    ages = [timedelta(minutes=-30), timedelta(minutes=-2), timedelta(), timedelta(minutes=10)]
    waits = [
        next_look(timings, view(desk, campaign_id), submission(desk, campaign_id), start + timedelta(hours=2) + age)
        for age in ages
    ]
    assert waits == [timings.poll_most, timedelta(minutes=2), timings.poll_first, timedelta(minutes=1)]


def test_polls_are_quick_again_when_few_calls_are_left_and_slow_down_when_none_comes(desk: Desk) -> None:
    campaign_id = taken(desk, *(f"617555{number}" for number in range(1000, 1100))).campaign_id
    timings, start = desk.timings, desk.clock()
    near_its_end = replace(
        submission(desk, campaign_id), drops={DropState.DELIVERED: 99}, heard_at=start + timedelta(hours=2)
    )
    waits = [
        next_look(timings, view(desk, campaign_id), near_its_end, start + timedelta(hours=2, seconds=silent_s))
        for silent_s in (0, 120, 7_200)
    ]
    assert waits == [timedelta(hours=2) / 99, timedelta(minutes=2), timings.poll_most]


def test_the_last_records_are_asked_for_as_soon_as_a_stop_is_confirmed(desk: Desk, clock: Clock, sent: str) -> None:
    clock.jump(timedelta(hours=2))
    refresh(desk, f"{sent}-1")
    request(desk.redis, sent, Intent.STOP, why="", now=desk.clock())
    assert due.count(desk.redis, Due.REFRESH, by=desk.clock()) == 0
    control(desk, sent)
    assert due.count(desk.redis, Due.REFRESH, by=desk.clock()) == 1
