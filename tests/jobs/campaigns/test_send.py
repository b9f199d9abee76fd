"""The three ends of a call, as the ledger tells them and as the gateway knows them."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest

from jobs.campaigns.desk import Desk
from jobs.campaigns.send import Sent, send
from jobs.gateway.simulator import Clock, Fault, FaultKind, Settings, Simulator
from jobs.ledger import campaigns, claims, due, submissions
from jobs.ledger.keys import Due
from jobs.models import CampaignStatus, Intent, SubmissionState, WhenUnknown
from tests.jobs.campaigns.conftest import IMPATIENT, PATIENT, TERMS, at_gateway, submission, taken, view
from tests.servers import free_port


@pytest.fixture
def campaign_id(desk: Desk) -> str:
    """A campaign of one submission, to two people."""
    return taken(desk, "6175550123", "(212) 555-0101").campaign_id


def accepted_phones(simulator: Simulator) -> list[str]:
    return sorted(simulator.truth.accepted_phones().elements())


def test_a_planned_submission_is_accepted_once(desk: Desk, simulator: Simulator, campaign_id: str) -> None:
    assert send(desk, f"{campaign_id}-1") is Sent.ACCEPTED
    assert send(desk, f"{campaign_id}-1") is Sent.PASSED_OVER
    assert accepted_phones(simulator) == ["2125550101", "6175550123"]
    (session,) = simulator.truth.sessions
    known = submission(desk, campaign_id)
    assert (known.state, known.session_id, known.gateway_count) == (SubmissionState.ACCEPTED, session.id, 2)
    assert view(desk, campaign_id).status is CampaignStatus.RUNNING
    assert not due.stands(desk.redis, Due.SEND, known.id)
    assert due.stands(desk.redis, Due.REFRESH, known.id)


def test_what_never_left_is_planned_again_with_growing_jittered_waits(desk: Desk, campaign_id: str) -> None:
    nobody = at_gateway(desk, f"http://127.0.0.1:{free_port()}/gateway/")
    assert send(nobody, f"{campaign_id}-1") is Sent.LATER
    waiting = submission(desk, campaign_id)
    assert waiting.state is SubmissionState.PLANNED
    assert "was not reached" in waiting.reason
    assert waiting.not_before is not None
    wait = waiting.not_before - desk.clock()
    assert timedelta(seconds=1) <= wait <= timedelta(seconds=2)
    assert due.count(desk.redis, Due.SEND, by=desk.clock()) == 0
    assert due.count(desk.redis, Due.SEND, by=waiting.not_before) == 1


def test_what_never_left_is_sent_when_the_gateway_is_back(
    desk: Desk, simulator: Simulator, clock: Clock, campaign_id: str
) -> None:
    send(at_gateway(desk, f"http://127.0.0.1:{free_port()}/gateway/"), f"{campaign_id}-1")
    assert send(desk, f"{campaign_id}-1") is Sent.PASSED_OVER  # its wait is not over
    clock.jump(timedelta(seconds=2))
    assert send(desk, f"{campaign_id}-1") is Sent.ACCEPTED
    assert accepted_phones(simulator) == ["2125550101", "6175550123"]


@pytest.mark.parametrize(
    "kind",
    [
        FaultKind.ACCEPT_THEN_NEVER_ANSWER,
        FaultKind.ACCEPT_THEN_RESET,
        FaultKind.ANSWER_502_AFTER_ACCEPTING,
        FaultKind.HALF_BODY,
        FaultKind.HTML,
        FaultKind.RESET_BEFORE_ACCEPTING,
        FaultKind.HTML_BEFORE_ACCEPTING,
    ],
)
def test_when_nobody_knows_it_is_unknown_and_left_alone(
    desk: Desk, simulator: Simulator, clock: Clock, campaign_id: str, kind: FaultKind
) -> None:
    simulator.faults.arm(Fault(kind=kind))
    timeouts = IMPATIENT if kind is FaultKind.ACCEPT_THEN_NEVER_ANSWER else PATIENT
    assert send(at_gateway(desk, simulator.base_url, timeouts=timeouts), f"{campaign_id}-1") is Sent.UNKNOWN
    assert submission(desk, campaign_id).state is SubmissionState.UNKNOWN
    assert view(desk, campaign_id).status is CampaignStatus.NEEDS_DECISION
    clock.jump(timedelta(days=1))
    assert send(desk, f"{campaign_id}-1") is Sent.PASSED_OVER
    assert due.count(desk.redis, Due.SEND) == 0
    assert len([each for each in simulator.truth.arrivals if each.option == "new_campaign"]) == 1


@pytest.mark.parametrize(
    ("policy", "said"), [(WhenUnknown.HOLD, "not sent again by itself"), (WhenUnknown.RESEND, "sent again, once, if")]
)
def test_what_is_unknown_says_what_follows_by_its_campaigns_policy(
    desk: Desk, simulator: Simulator, policy: WhenUnknown, said: str
) -> None:
    campaign_id = taken(desk, "6175550101", terms=TERMS.model_copy(update={"when_unknown": policy})).campaign_id
    simulator.faults.arm(Fault(kind=FaultKind.RESET_BEFORE_ACCEPTING))
    assert send(desk, f"{campaign_id}-1") is Sent.UNKNOWN
    assert f"It is {said}" in submission(desk, campaign_id).reason


def test_a_refusal_is_final_and_kept_in_the_gateways_words(desk: Desk, simulator: Simulator, campaign_id: str) -> None:
    simulator.faults.arm(Fault(kind=FaultKind.REFUSE, text="Your plan does not include this."))
    assert send(desk, f"{campaign_id}-1") is Sent.REJECTED
    assert submission(desk, campaign_id).reason == "Your plan does not include this."
    assert view(desk, campaign_id).status is CampaignStatus.REJECTED
    assert accepted_phones(simulator) == []


def test_audio_that_could_not_be_fetched_is_tried_once_more(
    desk: Desk, simulator: Simulator, clock: Clock, campaign_id: str
) -> None:
    simulator.faults.arm(Fault(kind=FaultKind.REFUSE, text="Bad Audio, can't download", times=2))
    assert send(desk, f"{campaign_id}-1") is Sent.LATER
    clock.jump(desk.timings.refused_again)
    assert send(desk, f"{campaign_id}-1") is Sent.REJECTED


def test_its_second_try_is_its_own_whatever_else_was_in_the_way(
    desk: Desk, simulator: Simulator, clock: Clock, campaign_id: str
) -> None:
    nobody = at_gateway(desk, f"http://127.0.0.1:{free_port()}/gateway/")
    simulator.faults.arm(Fault(kind=FaultKind.REFUSE, text="Bad Audio, can't download", times=2))
    ends = []
    for at in (nobody, desk, nobody, desk):
        ends.append(send(at, f"{campaign_id}-1"))
        clock.jump(desk.timings.resend_most)
    assert ends == [Sent.LATER, Sent.LATER, Sent.LATER, Sent.REJECTED]


def test_a_duplicate_refusal_is_a_sign_of_acceptance_and_not_a_refusal(
    desk: Desk, simulator: Simulator, campaign_id: str
) -> None:
    simulator.faults.arm(Fault(kind=FaultKind.REFUSE, text="duplicates request"))
    assert send(desk, f"{campaign_id}-1") is Sent.UNKNOWN


def test_a_sender_that_died_after_sending_was_written_leaves_an_unknown(
    desk: Desk, clock: Clock, campaign_id: str
) -> None:
    now = desk.clock()
    claims.claim(desk.redis, f"{campaign_id}-1", attempt="dead", now=now, until=now)
    held = submission(desk, campaign_id)
    deadline_ms = int((now + desk.timings.answer_within).timestamp() * 1000)
    submissions.move(desk.redis, held, SubmissionState.SENDING, now=now, attempt="dead", deadline_at=deadline_ms)
    assert send(desk, f"{campaign_id}-1") is Sent.PASSED_OVER  # the answer may still come
    clock.jump(desk.timings.answer_within)
    assert send(desk, f"{campaign_id}-1") is Sent.UNKNOWN
    assert submission(desk, campaign_id).state is SubmissionState.UNKNOWN
    assert due.count(desk.redis, Due.SEND) == 0


def test_a_sender_that_died_before_sending_is_followed_by_another(
    desk: Desk, simulator: Simulator, clock: Clock, campaign_id: str
) -> None:
    now = desk.clock()
    claims.claim(desk.redis, f"{campaign_id}-1", attempt="dead", now=now, until=now + desk.timings.lease)
    assert send(desk, f"{campaign_id}-1") is Sent.PASSED_OVER
    clock.jump(desk.timings.lease)
    assert send(desk, f"{campaign_id}-1") is Sent.ACCEPTED
    assert accepted_phones(simulator) == ["2125550101", "6175550123"]


def test_a_backlog_that_clears_too_late_rings_nobody(
    desk: Desk, simulator: Simulator, clock: Clock, campaign_id: str
) -> None:
    clock.jump(timedelta(hours=24))
    assert send(desk, f"{campaign_id}-1") is Sent.WITHDRAWN
    assert view(desk, campaign_id).status is CampaignStatus.EXPIRED
    assert accepted_phones(simulator) == []


@pytest.mark.parametrize("intent", [Intent.PAUSE, Intent.STOP, Intent.CANCEL])
def test_nothing_is_sent_against_what_is_wanted(
    desk: Desk, simulator: Simulator, campaign_id: str, intent: Intent
) -> None:
    campaigns.intend(desk.redis, campaign_id, intent, note="", now=desk.clock())
    assert send(desk, f"{campaign_id}-1") is Sent.PASSED_OVER
    assert accepted_phones(simulator) == []


def test_a_campaign_for_later_is_handed_over_at_its_lead_with_its_exact_start(
    desk: Desk, simulator: Simulator, clock: Clock
) -> None:
    later = TERMS.model_copy(update={"start": desk.clock() + timedelta(hours=3), "title": "later"})
    campaign_id = taken(desk, "6175550123", terms=later).campaign_id
    assert send(desk, f"{campaign_id}-1") is Sent.PASSED_OVER
    clock.jump(timedelta(hours=3) - desk.timings.lead)
    assert send(desk, f"{campaign_id}-1") is Sent.ACCEPTED
    (session,) = simulator.truth.sessions
    assert session.fields["c_date"] == "2026-03-02 15:00:00"


def test_a_postback_url_carries_the_token_of_the_attempt(desk: Desk, simulator: Simulator, campaign_id: str) -> None:
    send(replace(desk, postbacks_url="http://127.0.0.1:9/postbacks/"), f"{campaign_id}-1")
    (session,) = simulator.truth.sessions
    assert session.postback_url == f"http://127.0.0.1:9/postbacks/{submission(desk, campaign_id).attempt}"


def test_an_unknown_id_is_passed_over(desk: Desk) -> None:
    assert send(desk, "nobody-1") is Sent.PASSED_OVER


@pytest.fixture
def simulator(clock: Clock) -> Iterator[Simulator]:
    """Postbacks have nowhere to go here."""
    with Simulator(Settings(calls_per_second=1, postbacks={"on": False}), clock=clock) as running:
        yield running
