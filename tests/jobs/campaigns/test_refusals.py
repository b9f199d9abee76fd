"""An account that the gateway refuses: nothing is rejected, one submission tries now and then, a person is told."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest
from structlog.testing import capture_logs

from jobs.campaigns import refusals
from jobs.campaigns.control import control, request
from jobs.campaigns.desk import Desk
from jobs.campaigns.send import Sent, send
from jobs.gateway.simulator import Account, Clock, Fault, FaultKind, Settings, Simulator
from jobs.ledger import breaker, due
from jobs.ledger.breaker import BreakerState, Cause
from jobs.ledger.keys import Due
from jobs.models import CampaignStatus, Intent, SubmissionState
from tests.jobs.campaigns.conftest import at_gateway, submission, taken, view
from tests.servers import free_port

MINUTE = timedelta(minutes=1)
NO_API, NO_CREDITS, LOCKED = "API access not allowed", "not enough credits", "Account is locked"


@pytest.fixture
def simulator(clock: Clock) -> Iterator[Simulator]:
    with Simulator(Settings(calls_per_second=1, postbacks={"on": False}), clock=clock) as running:
        yield running


@pytest.fixture
def wrong(desk: Desk, simulator: Simulator) -> Desk:
    """The desk of a worker that was started with a wrong password."""
    return at_gateway(desk, simulator.base_url, password="not the password")


def queued(desk: Desk, count: int) -> list[str]:
    """The one submission of each of so many campaigns."""
    return [f"{taken(desk, f'617555{number:04}', key=str(number)).campaign_id}-1" for number in range(100, 100 + count)]


def refuse(simulator: Simulator, text: str, *, times: int = 1) -> None:
    simulator.faults.arm(Fault(kind=FaultKind.REFUSE, text=text, times=times))


def tries(simulator: Simulator) -> int:
    return len([each for each in simulator.truth.arrivals if each.option == "new_campaign"])


def state(desk: Desk) -> BreakerState:
    return breaker.read(desk.redis, "default", Cause.REFUSAL).state


def campaign_of(submission_id: str) -> str:
    return submission_id.removesuffix("-1")


def test_a_wrong_password_rejects_nothing_and_is_tried_once(wrong: Desk, simulator: Simulator) -> None:
    waiting = queued(wrong, 20)
    assert {send(wrong, each) for each in waiting} == {Sent.LATER}
    assert {submission(wrong, campaign_of(each)).state for each in waiting} == {SubmissionState.PLANNED}
    assert tries(simulator) == 1
    reason = submission(wrong, campaign_of(waiting[0])).reason
    assert reason == "held, because the gateway refused the account default: c_uid or c_password: invalid"
    assert due.count(wrong.redis, Due.SEND) == 20
    assert due.count(wrong.redis, Due.SEND, by=wrong.clock() + MINUTE - timedelta(seconds=1)) == 0


def test_a_person_is_told_once_and_what_to_do(wrong: Desk, clock: Clock) -> None:
    waiting = queued(wrong, 20)
    with capture_logs() as logs:
        for _ in range(50):
            for each in waiting:
                send(wrong, each)
            clock.jump(MINUTE)
    (told,) = [each for each in logs if each["event"] == "account_is_refused"]
    assert (told["log_level"], told["account"], told["kind"]) == ("error", "default", "credentials")
    assert told["why"] == "c_uid or c_password: invalid"
    assert "GATEWAY_UID and GATEWAY_PASSWORD" in told["todo"]


def test_it_is_told_again_seldom_and_when_it_is_about_something_else(
    desk: Desk, simulator: Simulator, clock: Clock
) -> None:
    waiting = queued(desk, 2)
    refuse(simulator, NO_API, times=8)
    refuse(simulator, NO_CREDITS, times=0)
    with capture_logs() as logs:
        for _ in range(90):
            for each in waiting:
                send(desk, each)
            clock.jump(MINUTE)
    kinds = [each["kind"] for each in logs if each["event"] == "account_is_refused"]
    assert kinds == ["api_access", "api_access", "credits"]


def test_tries_become_rarer(wrong: Desk, simulator: Simulator, clock: Clock) -> None:
    waiting, began, tried = queued(wrong, 3), wrong.clock(), []
    for _ in range(70):
        before = tries(simulator)
        for each in waiting:
            send(wrong, each)
        tried += [(wrong.clock() - began) // MINUTE] * (tries(simulator) - before)
        clock.jump(MINUTE)
    assert tried == [0, 1, 3, 7, 15, 30, 45, 60]


@pytest.mark.parametrize("text", [NO_API, NO_CREDITS, LOCKED, "c_password: required"])
def test_when_one_is_taken_all_go_on(desk: Desk, simulator: Simulator, clock: Clock, text: str) -> None:
    waiting = queued(desk, 5)
    refuse(simulator, text)
    assert {send(desk, each) for each in waiting} == {Sent.LATER}
    clock.jump(MINUTE)
    with capture_logs() as logs:
        assert [send(desk, each) for each in waiting] == [Sent.PASSED_OVER] + [Sent.ACCEPTED] * 4
    assert "account_is_taken_again" in [each["event"] for each in logs]
    clock.jump(MINUTE)
    assert send(desk, waiting[0]) is Sent.ACCEPTED
    assert set(simulator.truth.accepted_phones().values()) == {1}
    assert simulator.truth.accepted_phones().total() == 5


def test_a_refusal_that_nobody_knows_is_final_and_holds_nobody(desk: Desk, simulator: Simulator) -> None:
    refused, other = queued(desk, 2)
    refuse(simulator, "We do not like this one")
    assert [send(desk, refused), send(desk, other)] == [Sent.REJECTED, Sent.ACCEPTED]


def test_one_that_is_refused_for_the_account_again_and_again_does_not_keep_the_others(
    desk: Desk, simulator: Simulator, clock: Clock
) -> None:
    """Such as ten thousand phones with credits for one."""
    big, *others = queued(desk, 3)
    refuse(simulator, NO_CREDITS)
    assert [send(desk, each) for each in (big, *others)] == [Sent.LATER] * 3
    clock.jump(MINUTE)
    assert [send(desk, each) for each in (big, *others)] == [Sent.PASSED_OVER, Sent.ACCEPTED, Sent.ACCEPTED]


@pytest.mark.parametrize("kind", [FaultKind.ANSWER_502_BEFORE_ACCEPTING, FaultKind.ANSWER_502_AFTER_ACCEPTING])
def test_a_try_of_which_nobody_knows_the_end_is_unknown_and_another_tries(
    desk: Desk, simulator: Simulator, clock: Clock, kind: FaultKind
) -> None:
    refused, first, second, third = queued(desk, 4)
    refuse(simulator, NO_API)
    send(desk, refused)
    clock.jump(MINUTE)
    simulator.faults.arm(Fault(kind=kind))
    assert [send(desk, each) for each in (first, second, third)] == [Sent.UNKNOWN, Sent.ACCEPTED, Sent.ACCEPTED]
    assert max(simulator.truth.accepted_phones().values()) == 1


def test_a_try_that_never_left_or_is_refused_for_itself_is_left_to_the_next(
    desk: Desk, simulator: Simulator, clock: Clock
) -> None:
    refused, first, second, third = queued(desk, 4)
    refuse(simulator, NO_API)
    send(desk, refused)
    clock.jump(MINUTE)
    nobody = at_gateway(desk, f"http://127.0.0.1:{free_port()}/gateway/")
    assert send(nobody, first) is Sent.LATER
    assert state(desk) is BreakerState.OPEN
    refuse(simulator, "c_callerID: invalid")
    assert send(desk, second) is Sent.REJECTED
    assert state(desk) is BreakerState.OPEN
    assert send(desk, third) is Sent.ACCEPTED
    assert state(desk) is BreakerState.CLOSED


def test_a_try_that_waits_for_a_gateway_at_rest_is_left_to_the_next(wrong: Desk, clock: Clock) -> None:
    refused, waiting = queued(wrong, 2)
    send(wrong, refused)
    for number in range(breaker.FAILURES_TO_OPEN):
        token, rest = f"others {number}", 5 * MINUTE
        breaker.fail(wrong.redis, "default", token=token, now=wrong.clock(), first_rest=rest, longest_rest=rest)
    clock.jump(MINUTE)
    assert send(wrong, waiting) is Sent.LATER
    assert state(wrong) is BreakerState.OPEN  # and not probing


def test_settings_that_a_person_has_changed_are_tried_at_once(desk: Desk, wrong: Desk, clock: Clock) -> None:
    waiting = queued(wrong, 3)
    for _ in range(20):
        for each in waiting:
            send(wrong, each)
        clock.jump(MINUTE)
    assert send(desk, waiting[1]) is Sent.LATER
    refusals.try_now(desk.redis, ["default", "west"], now=desk.clock())
    clock.jump(desk.timings.resend_most)
    assert [send(desk, each) for each in waiting] == [Sent.ACCEPTED] * 3


def test_settings_that_are_still_wrong_are_told_of_at_once(wrong: Desk, clock: Clock) -> None:
    first, second = queued(wrong, 2)
    send(wrong, first)
    refusals.try_now(wrong.redis, ["default"], now=wrong.clock())
    with capture_logs() as logs:
        send(wrong, second)
    assert "account_is_refused" in [each["event"] for each in logs]


def test_what_is_held_until_it_is_too_late_says_why(wrong: Desk, simulator: Simulator, clock: Clock) -> None:
    refused, other = queued(wrong, 2)
    for _ in range(24 * 4):
        for each in (refused, other):
            send(wrong, each)
        clock.jump(15 * MINUTE)
    assert [send(wrong, each) for each in (refused, other)] == [Sent.WITHDRAWN] * 2
    found = submission(wrong, campaign_of(other))
    assert found.reason == (
        "it was too late to send it: the gateway refuses the account default "
        "(credentials: c_uid or c_password: invalid)"
    )
    assert view(wrong, found.campaign_id).status is CampaignStatus.EXPIRED
    assert simulator.truth.accepted_phones().total() == 0


def test_what_was_paused_until_it_was_too_late_does_not_blame_the_gateway(wrong: Desk, clock: Clock) -> None:
    refused, paused = queued(wrong, 2)
    request(wrong.redis, campaign_of(paused), Intent.PAUSE, why="", now=wrong.clock())
    clock.jump(timedelta(hours=23, minutes=50))
    send(wrong, refused)
    clock.jump(11 * MINUTE)
    assert send(wrong, paused) is Sent.WITHDRAWN
    assert submission(wrong, campaign_of(paused)).reason == "it was too late to send it"


def test_what_is_told_to_stop_while_it_is_held_is_withdrawn(wrong: Desk, simulator: Simulator, clock: Clock) -> None:
    (held,) = queued(wrong, 1)
    send(wrong, held)
    request(wrong.redis, campaign_of(held), Intent.STOP, why="", now=wrong.clock())
    control(wrong, campaign_of(held))
    assert view(wrong, campaign_of(held)).status is CampaignStatus.STOPPED
    clock.jump(5 * MINUTE)
    assert send(wrong, held) is Sent.PASSED_OVER
    assert tries(simulator) == 1


def test_accounts_do_not_hold_each_other(desk: Desk, simulator: Simulator) -> None:
    (refused,) = queued(desk, 1)
    refuse(simulator, NO_API)
    send(desk, refused)
    assert refusals.why_held(desk, "west") == ""
    assert refusals.held_until(desk, "west") is None


def test_no_audio_is_looked_at_for_an_account_that_is_refused(wrong: Desk, simulator: Simulator, clock: Clock) -> None:
    refused, waiting = queued(wrong, 2)
    send(wrong, refused)
    careful = replace(wrong, looks_at_recordings=True)
    assert send(careful, waiting) is Sent.LATER
    assert [each.option for each in simulator.truth.arrivals] == ["new_campaign"]
    clock.jump(MINUTE)
    assert [send(careful, waiting), send(careful, waiting)] == [Sent.LATER, Sent.LATER]
    assert tries(simulator) == 2


def test_credits_that_run_out_hold_the_rest(clock: Clock, desk: Desk) -> None:
    """The gateway's own count, not a fault that is armed."""
    poor = Settings(accounts={"demo": Account(credits=1)}, calls_per_second=1, failure_share=0, postbacks={"on": False})
    with Simulator(poor, clock=clock) as simulator:
        at = at_gateway(desk, simulator.base_url)
        first, second = queued(at, 2)
        assert send(at, first) is Sent.ACCEPTED
        clock.jump(MINUTE)
        assert send(at, second) is Sent.LATER
        assert "not enough credits" in submission(at, campaign_of(second)).reason
