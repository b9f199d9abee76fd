"""A gateway that accepts and does not say so, or does not accept and does not say so, and what becomes of it."""

from dataclasses import replace
from datetime import timedelta

import pytest

from jobs.campaigns.control import control, request
from jobs.campaigns.desk import Desk
from jobs.campaigns.marks import mark_of
from jobs.campaigns.refresh import refresh
from jobs.campaigns.send import Sent, send
from jobs.gateway.simulator import Clock, Fault, FaultKind, Simulator
from jobs.ledger import due, evidence, keys
from jobs.ledger.keys import Due
from jobs.ledger.limits import Limits
from jobs.models import CampaignStatus, Finding, Intent, SubmissionState, Terms
from jobs.outcomes.cases import read_case
from jobs.outcomes.settle import Settled, settle
from tests.jobs.campaigns.conftest import TERMS, submission, view
from tests.jobs.outcomes.conftest import (
    PHONES,
    RESEND,
    TITLED,
    accepted_but_unknown,
    by_hand,
    known_session,
    lost,
    never_accepted,
    planned_again_while_unlisted,
    settle_for,
    until_planned,
)


def posts(simulator: Simulator) -> int:
    return len([each for each in simulator.truth.arrivals if each.option == "new_campaign"])


def findings(desk: Desk, campaign_id: str) -> list[Finding]:
    return [each.finding for each in evidence.read(desk.redis, f"{campaign_id}-1")]


def test_a_mark_in_the_title_tells_whose_a_session_is(desk: Desk, simulator: Simulator) -> None:
    simulator.change(TITLED)
    by_hand(simulator, "2125550102", title="March")
    campaign_id = accepted_but_unknown(desk, simulator)
    assert settle(desk, f"{campaign_id}-1") is Settled.ADOPTED
    adopted = submission(desk, campaign_id)
    assert adopted.state is SubmissionState.ACCEPTED
    assert adopted.session_id == simulator.truth.sessions[-1].id
    assert findings(desk, campaign_id) == [Finding.MARK]
    assert posts(simulator) == 2
    assert due.stands(desk.redis, Due.REFRESH, adopted.id)
    assert not due.stands(desk.redis, Due.SETTLE, adopted.id)


def test_the_title_does_not_give_the_token_away(desk: Desk, simulator: Simulator) -> None:
    campaign_id = accepted_but_unknown(desk, simulator)
    (session,) = simulator.truth.sessions
    assert session.title.startswith("March [")
    assert submission(desk, campaign_id).attempt not in session.title


def test_phones_tell_whose_a_session_is_once_half_of_them_have_records(
    desk: Desk, simulator: Simulator, clock: Clock
) -> None:
    campaign_id = accepted_but_unknown(desk, simulator)
    clock.jump(timedelta(seconds=1))
    assert settle(desk, f"{campaign_id}-1") is Settled.OPEN  # one of four was called: too few to know
    assert findings(desk, campaign_id) == [Finding.UNCLEAR]
    clock.jump(timedelta(seconds=1))
    assert settle(desk, f"{campaign_id}-1") is Settled.ADOPTED
    clock.jump(timedelta(seconds=5))
    refresh(desk, f"{campaign_id}-1")
    assert view(desk, campaign_id).status is CampaignStatus.FINISHED
    assert posts(simulator) == 1


def test_one_foreign_phone_is_enough_not_to_be_ours(desk: Desk, simulator: Simulator, clock: Clock) -> None:
    campaign_id = never_accepted(desk, simulator)
    by_hand(simulator, *PHONES, "2125550102")
    clock.jump(timedelta(seconds=10))
    assert settle(desk, f"{campaign_id}-1") is Settled.OPEN
    assert findings(desk, campaign_id) == [Finding.ABSENT]


def test_hold_keeps_what_is_absent_for_a_person_and_looks_on(desk: Desk, simulator: Simulator, clock: Clock) -> None:
    known_session(desk)
    campaign_id = never_accepted(desk, simulator)
    settled = settle_for(desk, clock, campaign_id, during=timedelta(days=3))
    assert set(settled) == {Settled.OPEN, Settled.HELD, Settled.PASSED_OVER}
    assert 30 < len(settled) < 80
    assert submission(desk, campaign_id).state is SubmissionState.UNKNOWN
    assert view(desk, campaign_id).submissions == {SubmissionState.UNKNOWN: 1}
    assert view(desk, campaign_id).status is CampaignStatus.NEEDS_DECISION
    assert not due.stands(desk.redis, Due.SETTLE, f"{campaign_id}-1")
    assert posts(simulator) == 2


def test_what_hold_kept_is_adopted_when_it_shows_up_late(desk: Desk, simulator: Simulator, clock: Clock) -> None:
    simulator.change(TITLED | {"listing_lag_s": 3600})
    known_session(desk)
    clock.jump(timedelta(hours=1))
    campaign_id = accepted_but_unknown(desk, simulator)
    settled = settle_for(desk, clock, campaign_id, during=timedelta(hours=4))
    assert Settled.HELD in settled
    assert settled[-1] is Settled.ADOPTED


def test_resend_sends_what_is_absent_once(desk: Desk, simulator: Simulator, clock: Clock) -> None:
    known_session(desk)
    campaign_id = never_accepted(desk, simulator, terms=RESEND)
    first, began_at = submission(desk, campaign_id).attempt, desk.clock()
    assert settle_for(desk, clock, campaign_id, during=timedelta(minutes=9))[-1] is Settled.OPEN
    until_planned(desk, clock, campaign_id)
    assert desk.clock() - began_at < timedelta(minutes=20)
    assert send(desk, f"{campaign_id}-1") is Sent.ACCEPTED
    assert simulator.truth.accepted_more_than_once() == {}
    sent_again = submission(desk, campaign_id)
    assert sent_again.attempt != first
    assert [each.token for each in sent_again.former] == [first]
    assert Finding.DECISION in findings(desk, campaign_id)


def test_what_is_sent_again_and_lost_again_waits_for_a_person(desk: Desk, simulator: Simulator, clock: Clock) -> None:
    known_session(desk)
    campaign_id = never_accepted(desk, simulator, terms=RESEND)
    until_planned(desk, clock, campaign_id)
    simulator.faults.arm(Fault(kind=FaultKind.RESET_BEFORE_ACCEPTING))
    assert send(desk, f"{campaign_id}-1") is Sent.UNKNOWN
    assert settle_for(desk, clock, campaign_id)[-1] is Settled.HELD
    assert submission(desk, campaign_id).state is SubmissionState.UNKNOWN


def test_a_gateway_that_says_it_has_it_is_not_sent_it_again(desk: Desk, simulator: Simulator, clock: Clock) -> None:
    known_session(desk)
    repeated = Fault(kind=FaultKind.REFUSE, text="duplicates request")
    campaign_id = lost(desk, simulator, fault=repeated, terms=RESEND)
    assert findings(desk, campaign_id) == [Finding.SIGN]
    assert set(settle_for(desk, clock, campaign_id)) == {Settled.OPEN}


def answer_is(text: str) -> Fault:
    return Fault(kind=FaultKind.ANSWER, on="question", text=text, times=0)


@pytest.mark.parametrize(
    "fault",
    [answer_is(""), answer_is("<html>busy</html>"), answer_is("5999999999")],
    ids=["empty", "rubbish", "without a known session"],
)
def test_a_listing_that_does_not_show_what_it_should_never_counts(
    desk: Desk, simulator: Simulator, clock: Clock, fault: Fault
) -> None:
    known_session(desk)
    campaign_id = never_accepted(desk, simulator, terms=RESEND)
    simulator.faults.arm(fault)
    settled = settle_for(desk, clock, campaign_id, during=timedelta(hours=6))
    assert set(settled) <= {Settled.OPEN, Settled.LATER}
    assert Finding.ABSENT not in findings(desk, campaign_id)
    assert submission(desk, campaign_id).state is SubmissionState.UNKNOWN
    simulator.faults.clear()
    until_planned(desk, clock, campaign_id)


def test_two_strangers_that_match_are_for_a_person(desk: Desk, simulator: Simulator, clock: Clock) -> None:
    campaign_id = accepted_but_unknown(desk, simulator, terms=RESEND)
    by_hand(simulator, *PHONES)
    clock.jump(timedelta(seconds=10))
    assert set(settle_for(desk, clock, campaign_id)) == {Settled.OPEN}
    assert set(findings(desk, campaign_id)) == {Finding.SEVERAL}


def test_one_stranger_that_may_be_either_of_two_is_for_a_person_unless_its_mark_decides(
    desk: Desk, simulator: Simulator, clock: Clock
) -> None:
    other = never_accepted(desk, simulator)
    campaign_id = accepted_but_unknown(desk, simulator)
    clock.jump(timedelta(seconds=10))
    assert settle(desk, f"{other}-1") is settle(desk, f"{campaign_id}-1") is Settled.OPEN
    assert findings(desk, other) == findings(desk, campaign_id) == [Finding.SEVERAL]
    simulator.change(TITLED)
    assert settle(desk, f"{other}-1") is Settled.OPEN
    assert settle(desk, f"{campaign_id}-1") is Settled.ADOPTED


def test_a_stop_while_it_is_unknown_reaches_the_session_that_is_found(
    desk: Desk, simulator: Simulator, clock: Clock
) -> None:
    campaign_id = accepted_but_unknown(desk, simulator)
    clock.jump(timedelta(seconds=2))
    request(desk.redis, campaign_id, Intent.STOP, why="", now=desk.clock())
    control(desk, campaign_id)
    assert settle(desk, f"{campaign_id}-1") is Settled.ADOPTED
    control(desk, campaign_id)
    (session,) = simulator.truth.sessions
    assert session.state(clock.now()).is_over


@pytest.mark.parametrize("terms", [TERMS, RESEND], ids=["hold", "resend"])
def test_what_is_absent_when_its_campaign_was_stopped_is_withdrawn(
    desk: Desk, simulator: Simulator, clock: Clock, terms: Terms
) -> None:
    known_session(desk)
    campaign_id = never_accepted(desk, simulator, terms=terms)
    request(desk.redis, campaign_id, Intent.STOP, why="", now=desk.clock())
    control(desk, campaign_id)
    assert Settled.ENDED in settle_for(desk, clock, campaign_id)
    assert submission(desk, campaign_id).state is SubmissionState.WITHDRAWN
    assert view(desk, campaign_id).status is CampaignStatus.STOPPED


def test_what_is_absent_when_it_is_too_late_is_not_sent_again(desk: Desk, simulator: Simulator, clock: Clock) -> None:
    known_session(desk)
    soon = RESEND.model_copy(update={"expires_at": desk.clock() + timedelta(minutes=8)})
    campaign_id = never_accepted(desk, simulator, terms=soon)
    assert Settled.ENDED in settle_for(desk, clock, campaign_id)
    assert posts(simulator) == 2


def test_a_paused_campaign_keeps_it_until_it_may_run(desk: Desk, simulator: Simulator, clock: Clock) -> None:
    known_session(desk)
    campaign_id = never_accepted(desk, simulator, terms=RESEND)
    request(desk.redis, campaign_id, Intent.PAUSE, why="", now=desk.clock())
    assert settle_for(desk, clock, campaign_id)[-1] is Settled.HELD
    request(desk.redis, campaign_id, Intent.RUN, why="", now=desk.clock())
    until_planned(desk, clock, campaign_id)


def test_an_account_of_few_calls_finds_its_session_among_strangers(
    desk: Desk, simulator: Simulator, clock: Clock
) -> None:
    by_hand(simulator, "2125550101", "2125550102")
    campaign_id = accepted_but_unknown(desk, simulator)
    clock.jump(timedelta(seconds=10))
    slow = replace(desk, limits=Limits(calls_per_s=0.2))
    assert settle(slow, f"{campaign_id}-1") is Settled.ADOPTED


def test_one_look_asks_strangers_for_a_bounded_time(desk: Desk, simulator: Simulator, clock: Clock) -> None:
    simulator.change(TITLED)
    campaign_id = accepted_but_unknown(desk, simulator)
    mark = mark_of(submission(desk, campaign_id).attempt)
    for number in range(9):
        by_hand(simulator, f"212555010{number}", title=f"March [{mark}]")
    clock.jump(timedelta(seconds=10))
    slow = replace(desk, limits=Limits(calls_per_s=0.2))  # a call takes five seconds
    began, arrived = desk.clock(), len(simulator.truth.arrivals)
    assert settle(slow, f"{campaign_id}-1") is Settled.OPEN
    asked = [each.option for each in simulator.truth.arrivals[arrived:]]
    assert asked == ["campaign_by_date", *["campaign_result"] * 3, "balance"]
    assert desk.clock() - began < desk.timings.look_within * 2
    (seen,) = evidence.read(desk.redis, f"{campaign_id}-1")
    assert len(seen.candidates) == 10


def test_of_many_in_doubt_a_stranger_is_asked_for_all_of_them_and_then_for_its_own_alone(
    desk: Desk, simulator: Simulator, clock: Clock
) -> None:
    phones = [f"617555012{each}" for each in range(4)]
    in_doubt = [accepted_but_unknown(desk, simulator, each, key=each) for each in phones]
    clock.jump(timedelta(seconds=10))
    arrived = len(simulator.truth.arrivals)
    assert [settle(desk, f"{each}-1") for each in in_doubt] == [Settled.ADOPTED] * 4
    asked = [each.option for each in simulator.truth.arrivals[arrived:]]
    assert asked.count("campaign_result") == 4 + 3


def test_what_a_look_has_learned_of_a_stranger_is_kept_where_it_is_cut_short(
    desk: Desk, simulator: Simulator, clock: Clock
) -> None:
    strangers = {by_hand(simulator, f"212555010{each}", "2125550111") for each in range(3)}
    campaign_id = never_accepted(desk, simulator)
    clock.jump(timedelta(seconds=10))
    ending = replace(desk, is_ending=lambda: simulator.truth.arrivals[-1].option == "campaign_result")
    assert settle(ending, f"{campaign_id}-1") is Settled.LATER
    foreign = evidence.foreign_sessions(desk.redis, f"{campaign_id}-1")
    assert len(foreign) == 1
    assert foreign < strangers


def test_an_earlier_session_that_turns_up_after_a_resend_is_stopped_and_told(
    desk: Desk, simulator: Simulator, clock: Clock
) -> None:
    simulator.change(TITLED | {"listing_lag_s": 3600, "calls_per_second": 0.0001})
    known_session(desk)
    clock.jump(timedelta(hours=1))
    campaign_id = accepted_but_unknown(desk, simulator, terms=RESEND)
    (_, stray) = simulator.truth.sessions
    until_planned(desk, clock, campaign_id)
    assert send(desk, f"{campaign_id}-1") is Sent.ACCEPTED
    assert Settled.STRAY in settle_for(desk, clock, campaign_id, during=timedelta(hours=3))
    assert findings(desk, campaign_id).count(Finding.STRAY) == 1
    assert due.stands(desk.redis, Due.CONTROL, campaign_id)
    control(desk, campaign_id)
    assert stray.state(clock.now()).is_over
    assert not simulator.truth.sessions[-1].state(clock.now()).is_over
    assert not due.stands(desk.redis, Due.CONTROL, campaign_id)


def test_where_both_attempts_turn_up_the_first_is_adopted_and_the_second_stopped(
    desk: Desk, simulator: Simulator, clock: Clock
) -> None:
    simulator.change(TITLED | {"calls_per_second": 0.0001})
    known_session(desk)
    unlisted = Fault(kind=FaultKind.ACCEPT_THEN_RESET, unlisted_s=3600)
    campaign_id = lost(desk, simulator, fault=unlisted, terms=RESEND)
    until_planned(desk, clock, campaign_id)
    simulator.faults.arm(unlisted)
    assert send(desk, f"{campaign_id}-1") is Sent.UNKNOWN
    clock.jump(timedelta(hours=1))
    assert settle(desk, f"{campaign_id}-1") is Settled.ADOPTED
    (_, first, second) = simulator.truth.sessions
    assert submission(desk, campaign_id).session_id == first.id
    assert Settled.STRAY in settle_for(desk, clock, campaign_id)
    control(desk, campaign_id)
    assert second.state(clock.now()).is_over
    assert not first.state(clock.now()).is_over


def test_a_session_of_which_only_the_phones_are_ours_is_not_stopped_but_left_to_a_person(
    desk: Desk, simulator: Simulator, clock: Clock
) -> None:
    known_session(desk)
    campaign_id = never_accepted(desk, simulator)
    request(desk.redis, campaign_id, Intent.STOP, why="", now=desk.clock())
    control(desk, campaign_id)
    while submission(desk, campaign_id).state is SubmissionState.UNKNOWN:
        assert settle_for(desk, clock, campaign_id, during=timedelta(minutes=1)) is not None
    by_hand(simulator, *PHONES)  # a colleague's
    clock.jump(timedelta(seconds=2))
    for _ in range(2):
        assert settle(desk, f"{campaign_id}-1") is Settled.OPEN
    assert due.stands(desk.redis, Due.SETTLE, f"{campaign_id}-1")
    assert findings(desk, campaign_id).count(Finding.PHONES) == 1
    assert evidence.strays(desk.redis, campaign_id) == {}
    assert not due.stands(desk.redis, Due.CONTROL, campaign_id)


def test_an_earlier_session_that_turns_up_before_it_is_sent_again_is_adopted_instead(
    desk: Desk, simulator: Simulator, clock: Clock
) -> None:
    campaign_id = planned_again_while_unlisted(desk, simulator, clock)
    simulator.change({"listing_lag_s": 0})
    assert settle(desk, f"{campaign_id}-1") is Settled.ADOPTED
    assert send(desk, f"{campaign_id}-1") is Sent.PASSED_OVER
    assert simulator.truth.accepted_more_than_once() == {}


def test_what_nobody_knows_is_passed_over(desk: Desk, simulator: Simulator) -> None:
    assert settle(desk, "nobody-1") is Settled.PASSED_OVER
    known = known_session(desk)
    assert settle(desk, f"{known}-1") is Settled.PASSED_OVER


def test_a_session_that_proves_to_be_anothers_does_not_set_the_absence_back(
    desk: Desk, simulator: Simulator, clock: Clock
) -> None:
    """At the look, the sender of another campaign had not had the gateway's answer yet."""
    known_session(desk)
    campaign_id = never_accepted(desk, simulator, terms=RESEND)
    own_id = f"{campaign_id}-1"
    for minutes in (5, 3):
        clock.jump(timedelta(minutes=minutes))
        assert settle(desk, own_id) is Settled.OPEN
    simulator.change({"calls_per_second": 0.001})
    other = submission(desk, known_session(desk, "fresh", "2125550188"))
    name = keys.session("default", other.session_id)
    held = desk.redis.getdel(name)
    clock.jump(timedelta(minutes=1))
    assert settle(desk, own_id) is Settled.OPEN
    case = read_case(desk.redis, own_id)
    assert case.last_look is not None
    assert case.last_look.session_ids == (other.session_id,)
    desk.redis.set(name, held or "")
    case = read_case(desk.redis, own_id)
    assert case.last_look is not None
    assert (case.last_look.finding, case.last_look.session_ids) == (Finding.ABSENT, ())
    clock.jump(timedelta(minutes=1))
    assert settle(desk, own_id) is Settled.RESENT


@pytest.mark.parametrize("layout", [TITLED, {}])
def test_a_session_of_anothers_earlier_attempt_is_not_adopted_by_who_calls_the_same_phones(
    desk: Desk, simulator: Simulator, clock: Clock, layout: dict[str, object]
) -> None:
    simulator.change(layout | {"listing_lag_s": 3600})
    known_session(desk)
    clock.jump(timedelta(hours=1))
    sent_again = accepted_but_unknown(desk, simulator, terms=RESEND, key="sent again")
    until_planned(desk, clock, sent_again)
    assert send(desk, f"{sent_again}-1") is Sent.ACCEPTED
    clock.jump(timedelta(minutes=45))
    campaign_id = never_accepted(desk, simulator)
    assert settle(desk, f"{campaign_id}-1") is Settled.OPEN
    assert findings(desk, campaign_id) == [Finding.INCOMPLETE if layout else Finding.SEVERAL]
    assert submission(desk, campaign_id).state is SubmissionState.UNKNOWN


def test_of_two_marks_in_a_title_the_last_one_counts(desk: Desk, simulator: Simulator) -> None:
    simulator.change(TITLED)
    campaign_id = never_accepted(desk, simulator)
    copied = TERMS.model_copy(update={"title": f"March [{mark_of(submission(desk, campaign_id).attempt)}]"})
    another = accepted_but_unknown(desk, simulator, "2125550111", "2125550112", terms=copied)
    assert settle(desk, f"{campaign_id}-1") is Settled.OPEN
    assert settle(desk, f"{another}-1") is Settled.ADOPTED
