"""An end time is kept, whatever the gateway does and whatever the campaign was told."""

from datetime import timedelta

import pytest

from jobs.campaigns.control import control, request
from jobs.campaigns.desk import Desk
from jobs.campaigns.ending import NOTE, Ended, end
from jobs.campaigns.refresh import refresh
from jobs.campaigns.send import Sent, send
from jobs.gateway.simulator import Clock, Fault, FaultKind, Simulator
from jobs.ledger import due, submissions
from jobs.ledger.keys import Due
from jobs.models import CampaignStatus, Intent, Run, SubmissionState
from tests.jobs.campaigns.conftest import NOON, TERMS, at_gateway, submission, taken, view
from tests.servers import free_port

ENDS_AFTER = timedelta(seconds=30)
PHONES = [f"617555{number:04}" for number in range(1000, 1100)]


@pytest.fixture
def campaign_id(desk: Desk, simulator: Simulator) -> str:
    """A hundred people, one called each second, by a gateway that ignores the end time half a minute later."""
    simulator.change({"end_time_honoured": False})
    terms = TERMS.model_copy(update={"ends_at": NOON + ENDS_AFTER})
    return taken(desk, *PHONES, terms=terms).campaign_id


def calls_made(simulator: Simulator) -> int:
    return sum(each.timeline.calls_made(simulator.now) for each in simulator.truth.sessions)


def test_it_is_due_at_its_end_time_and_not_before(desk: Desk, clock: Clock, campaign_id: str) -> None:
    assert due.count(desk.redis, Due.END, by=NOON + ENDS_AFTER - timedelta(milliseconds=1)) == 0
    assert due.count(desk.redis, Due.END, by=NOON + ENDS_AFTER) == 1
    send(desk, f"{campaign_id}-1")
    assert end(desk, campaign_id) is Ended.EARLY
    assert view(desk, campaign_id).intent is Intent.RUN


def test_a_gateway_that_ignores_the_end_and_is_down_then_is_stopped_as_soon_as_it_is_back(
    desk: Desk, simulator: Simulator, clock: Clock, campaign_id: str
) -> None:
    send(desk, f"{campaign_id}-1")
    nobody = at_gateway(desk, f"http://127.0.0.1:{free_port()}/gateway/")
    clock.jump(ENDS_AFTER)
    for _ in range(4):
        assert end(desk, campaign_id) is Ended.STOPPING
        assert control(nobody, campaign_id).open == 1
        assert due.count(desk.redis, Due.CONTROL, by=desk.clock() + desk.timings.control_again) == 1
        clock.jump(desk.timings.control_again)
    assert view(desk, campaign_id).end_late is None
    control(desk, campaign_id)
    made = calls_made(simulator)
    assert made == 50
    assert end(desk, campaign_id) is Ended.OVER
    assert view(desk, campaign_id).end_late == timedelta(seconds=20)
    assert not due.stands(desk.redis, Due.END, campaign_id)
    clock.jump(timedelta(hours=1))
    assert calls_made(simulator) == made
    refresh(desk, f"{campaign_id}-1")
    clock.jump(desk.timings.settle)
    refresh(desk, f"{campaign_id}-1")
    over = view(desk, campaign_id)
    assert (over.status, over.note) == (CampaignStatus.STOPPED, NOTE)


def test_a_paused_campaign_ends_too(desk: Desk, simulator: Simulator, clock: Clock, campaign_id: str) -> None:
    send(desk, f"{campaign_id}-1")
    request(desk.redis, campaign_id, Intent.PAUSE, why="lunch", now=desk.clock())
    control(desk, campaign_id)
    clock.jump(ENDS_AFTER)
    end(desk, campaign_id)
    control(desk, campaign_id)
    assert end(desk, campaign_id) is Ended.OVER
    assert submission(desk, campaign_id).run is Run.ENDED


def test_what_was_never_sent_is_withdrawn_at_its_end(desk: Desk, simulator: Simulator, clock: Clock) -> None:
    terms = TERMS.model_copy(update={"ends_at": NOON + ENDS_AFTER, "expires_at": NOON + timedelta(hours=5)})
    campaign_id = taken(desk, *PHONES, terms=terms).campaign_id
    clock.jump(ENDS_AFTER)
    assert end(desk, campaign_id) is Ended.STOPPING
    assert send(desk, f"{campaign_id}-1") is Sent.PASSED_OVER
    control(desk, campaign_id)
    assert end(desk, campaign_id) is Ended.OVER
    assert view(desk, campaign_id).status is CampaignStatus.STOPPED
    assert view(desk, campaign_id).end_late is None
    assert simulator.truth.sessions == []


def test_an_unknown_submission_is_stopped_if_its_session_is_ever_found(
    desk: Desk, simulator: Simulator, clock: Clock, campaign_id: str
) -> None:
    simulator.faults.arm(Fault(kind=FaultKind.ANSWER_502_AFTER_ACCEPTING))
    assert send(desk, f"{campaign_id}-1") is Sent.UNKNOWN
    clock.jump(ENDS_AFTER)
    assert end(desk, campaign_id) is Ended.STOPPING
    control(desk, campaign_id)
    assert due.count(desk.redis, Due.END, by=desk.clock() + timedelta(seconds=30)) == 0
    (session,) = simulator.truth.sessions
    found = submission(desk, campaign_id)
    submissions.move(desk.redis, found, SubmissionState.ACCEPTED, now=desk.clock(), session_id=session.id)
    assert due.stands(desk.redis, Due.CONTROL, campaign_id)
    control(desk, campaign_id)
    assert end(desk, campaign_id) is Ended.OVER
    assert session.state(simulator.now).is_over
    assert view(desk, campaign_id).end_late == timedelta(seconds=0)


def test_a_stop_of_a_persons_keeps_its_reason_and_is_still_seen_to(
    desk: Desk, simulator: Simulator, clock: Clock, campaign_id: str
) -> None:
    send(desk, f"{campaign_id}-1")
    clock.jump(ENDS_AFTER - timedelta(seconds=1))
    request(desk.redis, campaign_id, Intent.STOP, why="wrong list", now=desk.clock())
    clock.jump(timedelta(seconds=3))
    assert end(desk, campaign_id) is Ended.STOPPING
    control(desk, campaign_id)
    assert end(desk, campaign_id) is Ended.OVER
    assert view(desk, campaign_id).note == "wrong list"
    assert view(desk, campaign_id).end_late == timedelta(seconds=2)


def test_a_campaign_that_was_over_before_its_end_stays_as_it_is(desk: Desk, clock: Clock) -> None:
    terms = TERMS.model_copy(update={"ends_at": NOON + timedelta(hours=1)})
    campaign_id = taken(desk, "6175550101", terms=terms).campaign_id
    send(desk, f"{campaign_id}-1")
    clock.jump(timedelta(hours=1))
    refresh(desk, f"{campaign_id}-1")
    assert end(desk, campaign_id) is Ended.OVER
    assert view(desk, campaign_id).status is CampaignStatus.FINISHED
    assert end(desk, "nobody") is Ended.PASSED_OVER
