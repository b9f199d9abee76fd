"""What is wanted holds at once in the ledger, and soon at the gateway."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from jobs.campaigns import strays
from jobs.campaigns.control import CampaignIsOver, Controlled, UnknownCampaign, control, request
from jobs.campaigns.desk import Desk
from jobs.campaigns.refresh import refresh
from jobs.campaigns.send import Sent, send
from jobs.gateway.client import GatewayClient
from jobs.gateway.replies import Accepted
from jobs.gateway.simulator import Clock, Fault, FaultKind, Simulator
from jobs.ledger import claims, due, evidence, submissions
from jobs.ledger.keys import Due
from jobs.models import CampaignStatus, Intent, Run, SubmissionState
from tests.jobs.campaigns.conftest import TERMS, at_gateway, client_of, submission, taken, view
from tests.servers import free_port


@pytest.fixture
def running(desk: Desk) -> str:
    """A campaign whose one session calls three people, one each second."""
    campaign_id = taken(desk, "6175550123", "6175550124", "6175550125").campaign_id
    send(desk, f"{campaign_id}-1")
    return campaign_id


def tell(desk: Desk, campaign_id: str, intent: Intent, why: str = "") -> None:
    request(desk.redis, campaign_id, intent, why=why, now=desk.clock())


def verbs(simulator: Simulator) -> list[str]:
    return [each.option for each in simulator.truth.arrivals if each.option in {"pause", "run", "stop", "cancel"}]


def test_a_pause_is_confirmed_by_the_gateway_and_a_resume_lifts_it(
    desk: Desk, simulator: Simulator, running: str
) -> None:
    tell(desk, running, Intent.PAUSE)
    assert view(desk, running).status is CampaignStatus.PAUSING
    control(desk, running)
    assert view(desk, running).status is CampaignStatus.PAUSED
    tell(desk, running, Intent.RUN)
    control(desk, running)
    assert view(desk, running).status is CampaignStatus.RUNNING
    assert verbs(simulator) == ["pause", "run"]
    assert not due.stands(desk.redis, Due.CONTROL, running)


def test_carrying_out_again_tells_the_gateway_nothing_twice(desk: Desk, simulator: Simulator, running: str) -> None:
    tell(desk, running, Intent.PAUSE)
    control(desk, running)
    control(desk, running)
    assert verbs(simulator) == ["pause"]


def test_a_paused_submission_is_sent_after_the_resume(desk: Desk, simulator: Simulator) -> None:
    campaign_id = taken(desk, "6175550123").campaign_id
    tell(desk, campaign_id, Intent.PAUSE)
    assert send(desk, f"{campaign_id}-1") is Sent.PASSED_OVER
    control(desk, campaign_id)
    assert view(desk, campaign_id).status is CampaignStatus.PAUSED
    assert due.count(desk.redis, Due.SEND, by=desk.clock()) == 0
    tell(desk, campaign_id, Intent.RUN)
    control(desk, campaign_id)
    assert due.count(desk.redis, Due.SEND, by=desk.clock()) == 1
    assert send(desk, f"{campaign_id}-1") is Sent.ACCEPTED


def test_what_stays_paused_until_it_is_too_late_is_withdrawn(desk: Desk, clock: Clock) -> None:
    campaign_id = taken(desk, "6175550123").campaign_id
    tell(desk, campaign_id, Intent.PAUSE)
    assert send(desk, f"{campaign_id}-1") is Sent.PASSED_OVER
    control(desk, campaign_id)
    too_late_at = view(desk, campaign_id).too_late_at
    assert due.count(desk.redis, Due.SEND, by=too_late_at - timedelta(seconds=1)) == 0
    clock.jump(too_late_at - desk.clock() + timedelta(milliseconds=2))
    assert due.count(desk.redis, Due.SEND, by=desk.clock()) == 1
    assert send(desk, f"{campaign_id}-1") is Sent.WITHDRAWN
    assert view(desk, campaign_id).status is CampaignStatus.EXPIRED


def test_a_claim_whose_sender_died_does_not_keep_a_pause_from_being_confirmed(desk: Desk, clock: Clock) -> None:
    campaign_id = taken(desk, "6175550123").campaign_id
    until = desk.clock() + desk.timings.lease
    claims.claim(desk.redis, f"{campaign_id}-1", attempt="dead", now=desk.clock(), until=until)
    tell(desk, campaign_id, Intent.PAUSE)
    control(desk, campaign_id)
    assert view(desk, campaign_id).status is CampaignStatus.PAUSING
    clock.jump(desk.timings.lease)
    assert send(desk, f"{campaign_id}-1") is Sent.PASSED_OVER
    assert view(desk, campaign_id).status is CampaignStatus.PAUSED


def test_a_stop_withdraws_what_is_not_sent_and_ends_what_is(desk: Desk, simulator: Simulator, clock: Clock) -> None:
    phones = [f"212555{number:04}" for number in range(10_000)]
    campaign_id = taken(desk, *phones, "6175550123").campaign_id
    send(desk, f"{campaign_id}-1")
    tell(desk, campaign_id, Intent.STOP, why="wrong list")
    control(desk, campaign_id)
    assert submission(desk, campaign_id, 1).run is Run.ENDED
    assert submission(desk, campaign_id, 2).state is SubmissionState.WITHDRAWN
    assert view(desk, campaign_id).status is CampaignStatus.STOPPING
    assert verbs(simulator) == ["stop"]
    clock.jump(desk.timings.settle)
    refresh(desk, f"{campaign_id}-1")
    found = view(desk, campaign_id)
    assert (found.status, found.note) == (CampaignStatus.STOPPED, "wrong list")
    assert sum(found.drops.values()) == 10_000


def test_a_scheduled_session_is_cancelled_rather_than_stopped(desk: Desk, simulator: Simulator, clock: Clock) -> None:
    later = TERMS.model_copy(update={"start": desk.clock() + timedelta(minutes=5)})
    campaign_id = taken(desk, "6175550123", terms=later).campaign_id
    send(desk, f"{campaign_id}-1")
    tell(desk, campaign_id, Intent.STOP)
    control(desk, campaign_id)
    assert verbs(simulator) == ["cancel"]
    assert submission(desk, campaign_id).run is Run.ENDED


def test_what_one_verb_refuses_the_other_may_do(desk: Desk, simulator: Simulator, running: str) -> None:
    simulator.faults.arm(Fault(kind=FaultKind.REFUSE, text="1 not running", on="control"))
    tell(desk, running, Intent.STOP)
    control(desk, running)
    assert verbs(simulator) == ["stop", "cancel"]
    assert submission(desk, running).run is Run.ENDED


def test_a_session_that_is_over_needs_no_stop(desk: Desk, clock: Clock, running: str) -> None:
    clock.jump(timedelta(minutes=1))
    tell(desk, running, Intent.STOP)
    control(desk, running)
    assert submission(desk, running).run is Run.ENDED
    assert not due.stands(desk.redis, Due.CONTROL, running)


def test_a_stop_without_an_answer_is_sent_until_it_is_confirmed(desk: Desk, simulator: Simulator, running: str) -> None:
    tell(desk, running, Intent.STOP)
    nobody = at_gateway(desk, f"http://127.0.0.1:{free_port()}/gateway/")
    assert control(nobody, running).open == 1
    assert due.count(desk.redis, Due.CONTROL, by=desk.clock() + desk.timings.control_again) == 1
    assert "did not confirm stop" in submission(desk, running).reason
    control(desk, running)
    assert submission(desk, running).run is Run.ENDED
    assert submission(desk, running).reason == ""


def test_a_resume_reaches_the_gateway_though_the_pause_before_got_no_answer(
    desk: Desk, simulator: Simulator, running: str
) -> None:
    simulator.faults.arm(Fault(kind=FaultKind.ANSWER_502_AFTER_ACCEPTING, on="control"))
    tell(desk, running, Intent.PAUSE)
    assert control(desk, running).open == 1
    assert submission(desk, running).run is Run.UNSURE
    assert view(desk, running).status is CampaignStatus.PAUSING
    tell(desk, running, Intent.RUN)
    assert control(desk, running).confirmed == 1
    assert verbs(simulator) == ["pause", "run"]
    assert submission(desk, running).run is Run.GOING


@pytest.mark.parametrize("intent", [Intent.PAUSE, Intent.STOP])
def test_a_refused_verb_is_sent_again_ever_later_and_says_why(
    desk: Desk, simulator: Simulator, clock: Clock, running: str, intent: Intent
) -> None:
    simulator.faults.arm(Fault(kind=FaultKind.REFUSE, text="system busy", on="control", times=0))
    tell(desk, running, intent)
    assert control(desk, running) == Controlled(confirmed=0, open=1)
    assert not view(desk, running).status.is_final
    assert view(desk, running).status is not CampaignStatus.PAUSED
    assert due.count(desk.redis, Due.CONTROL, by=desk.clock() + desk.timings.control_again) == 1
    refresh(desk, f"{running}-1")
    assert "system busy" in submission(desk, running).reason
    clock.jump(timedelta(minutes=10))
    control(desk, running)
    assert due.count(desk.redis, Due.CONTROL, by=desk.clock() + timedelta(seconds=59)) == 0
    clock.jump(timedelta(days=1))
    control(desk, running)
    assert due.count(desk.redis, Due.CONTROL, by=desk.clock() + desk.timings.control_most) == 1


def test_a_session_that_finished_while_paused_does_not_stand_for_one_that_runs(
    desk: Desk, simulator: Simulator, clock: Clock
) -> None:
    phones = [f"212555{number:04}" for number in range(10_000)]
    campaign_id = taken(desk, *phones, "6175550123").campaign_id
    first, last = (f"{campaign_id}-{index}" for index in (1, 2))
    send(desk, last)
    tell(desk, campaign_id, Intent.PAUSE)
    control(desk, campaign_id)
    submissions.move(desk.redis, submission(desk, campaign_id, 2), SubmissionState.FINISHED, now=desk.clock())
    tell(desk, campaign_id, Intent.RUN)
    assert control(desk, campaign_id) == Controlled(confirmed=0, open=0)
    send(desk, first)
    tell(desk, campaign_id, Intent.PAUSE)
    assert view(desk, campaign_id).status is CampaignStatus.PAUSING
    assert control(desk, campaign_id) == Controlled(confirmed=1, open=0)
    assert view(desk, campaign_id).status is CampaignStatus.PAUSED


class Interrupted:
    """The real gateway, with somebody who does something when the connection stands: before the sender's last look at
    the ledger, or after it.
    """

    def __init__(self, desk: Desk, interrupt: Callable[[], None], *, after_look: bool) -> None:
        self._client = desk.gateway("default")
        self._interrupt, self._after_look = interrupt, after_look

    def submit(self, *arguments: Any, before_send: Callable[[], None], **options: Any) -> Accepted:
        first, then = (before_send, self._interrupt) if self._after_look else (self._interrupt, before_send)
        return self._client.submit(*arguments, before_send=lambda: (first(), then())[0], **options)


def stopped_meanwhile(desk: Desk, campaign_id: str, *, after_look: bool) -> Desk:
    """A desk at which the campaign is stopped while its submission is `sending`; carried out as far as it can be."""

    def stop() -> None:
        tell(desk, campaign_id, Intent.STOP)
        control(desk, campaign_id)
        due.remove(desk.redis, Due.CONTROL, [campaign_id])

    gateway: Any = Interrupted(desk, stop, after_look=after_look)
    return replace(desk, gateway=lambda _account: gateway)


def test_a_session_accepted_after_the_stop_is_stopped(desk: Desk, simulator: Simulator) -> None:
    """The stop comes while the POST is on its way: its answer makes the campaign due again."""
    campaign_id = taken(desk, "6175550123").campaign_id
    assert send(stopped_meanwhile(desk, campaign_id, after_look=True), f"{campaign_id}-1") is Sent.ACCEPTED
    assert due.count(desk.redis, Due.CONTROL, by=desk.clock()) == 1
    control(desk, campaign_id)
    assert verbs(simulator) == ["stop"]


def test_a_stop_that_comes_before_the_first_byte_keeps_it_back(desk: Desk, simulator: Simulator) -> None:
    campaign_id = taken(desk, "6175550123").campaign_id
    assert send(stopped_meanwhile(desk, campaign_id, after_look=False), f"{campaign_id}-1") is Sent.LATER
    control(desk, campaign_id)
    assert view(desk, campaign_id).status is CampaignStatus.STOPPED
    assert simulator.truth.arrivals == []


def test_an_end_cannot_be_taken_back_and_a_stranger_cannot_be_told(desk: Desk, running: str) -> None:
    tell(desk, running, Intent.CANCEL)
    with pytest.raises(CampaignIsOver, match="was told to cancel before"):
        tell(desk, running, Intent.RUN)
    with pytest.raises(UnknownCampaign, match="no campaign nobody is known"):
        tell(desk, "nobody", Intent.STOP)


def begun_by_hand(simulator: Simulator, *phones: str) -> str:
    client = client_of(simulator.base_url)
    return client.submit(TERMS, list(phones), title="by hand", postback_url=None, start_at=None).session_id


def take_stray(desk: Desk, campaign_id: str, session_id: str) -> bool:
    own = submission(desk, campaign_id)
    return strays.take(desk, view(desk, campaign_id), own, session_id, mark="", how="a test")


def test_a_stray_that_turns_up_while_another_is_told_to_stop_is_stopped_as_well(
    desk: Desk, simulator: Simulator, running: str
) -> None:
    first, second = (begun_by_hand(simulator, phone) for phone in ("6175550123", "6175550124"))

    def gateway(account: str) -> GatewayClient:
        """By the time the gateway is called, somebody else has found the second one."""
        assert take_stray(desk, running, second)
        return desk.gateway(account)

    assert take_stray(desk, running, first)
    control(replace(desk, gateway=gateway), running)
    assert evidence.strays(desk.redis, running) == {first: Run.ENDED, second: Run.GOING}
    assert due.stands(desk.redis, Due.CONTROL, running)
    control(desk, running)
    assert set(evidence.strays(desk.redis, running).values()) == {Run.ENDED}
    assert not due.stands(desk.redis, Due.CONTROL, running)


def test_a_stray_that_the_gateway_does_not_know_is_told_to_stop_for_as_long_as_it_may_turn_up_and_no_longer(
    desk: Desk, clock: Clock, simulator: Simulator, running: str
) -> None:
    clock.jump(timedelta(days=3))  # the campaign's age does not count
    assert take_stray(desk, running, "999999999")
    clock.jump(desk.timings.look_for - timedelta(seconds=1))
    control(desk, running)
    assert evidence.strays(desk.redis, running) == {"999999999": Run.GOING}
    assert due.stands(desk.redis, Due.CONTROL, running)
    clock.jump(timedelta(seconds=1))
    simulator.faults.arm(Fault(kind=FaultKind.REFUSE, on="control", text="try later", times=2))
    control(desk, running)
    assert due.stands(desk.redis, Due.CONTROL, running)  # that says nothing of whether it is there
    control(desk, running)
    assert evidence.strays(desk.redis, running) == {"999999999": Run.ENDED}
    assert not due.stands(desk.redis, Due.CONTROL, running)
