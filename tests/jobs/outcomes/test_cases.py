"""What is said of a submission in doubt, and whether anything comes of it without a person."""

from datetime import timedelta

import pytest

from jobs.campaigns.control import request
from jobs.campaigns.desk import Desk
from jobs.campaigns.marks import mark_of
from jobs.campaigns.send import Sent, send
from jobs.gateway.simulator import Clock, Fault, FaultKind, Simulator
from jobs.ledger import evidence
from jobs.models import Evidence, Finding, Intent
from jobs.outcomes.cases import Case, read_case
from jobs.outcomes.courses import course_of, what_happens_by_itself
from jobs.outcomes.decide import Asked, resend
from jobs.outcomes.hear import Heard, hear
from jobs.outcomes.settle import settle
from tests.jobs.campaigns.conftest import TERMS, submission
from tests.jobs.outcomes.conftest import (
    RESEND,
    TITLED,
    accepted_but_unknown,
    by_hand,
    known_session,
    never_accepted,
    until_planned,
)
from tests.jobs.outcomes.test_hear import posted


def said(desk: Desk, case: Case) -> tuple[bool, str]:
    """Whether absence ends it without a person, and the sentence."""
    now = desk.clock()
    return course_of(case, now).ends_doubt, what_happens_by_itself(case, now)


def case_of(desk: Desk, campaign_id: str) -> Case:
    return read_case(desk.redis, f"{campaign_id}-1")


def test_what_is_held_waits_for_a_person_and_what_may_be_sent_again_does_not(desk: Desk, simulator: Simulator) -> None:
    held = said(desk, case_of(desk, never_accepted(desk, simulator)))
    resent = said(desk, case_of(desk, never_accepted(desk, simulator, terms=RESEND, key="resend")))
    assert (held[0], resent[0]) == (False, True)
    assert held[1].endswith("Eastern is adopted. It is never sent again without a person.")
    assert resent[1].endswith("if none does, it is sent again, once.")


def test_where_more_than_one_session_may_be_it_nothing_happens_by_itself(
    desk: Desk, simulator: Simulator, clock: Clock
) -> None:
    simulator.change(TITLED)
    campaign_id = accepted_but_unknown(desk, simulator, terms=RESEND)
    mark = mark_of(submission(desk, campaign_id).attempt)
    copy = by_hand(simulator, "2125550101", "6175550123", title=f"copy [{mark}]")
    clock.jump(timedelta(seconds=5))
    settle(desk, f"{campaign_id}-1")
    case = case_of(desk, campaign_id)
    does_end, sentence = said(desk, case)
    assert not does_end
    assert "nothing happens as long as more than one session may be it: a person decides which" in sentence
    assert case.last_look is not None
    (one,) = [each for each in case.last_look.candidates if each.session_id == copy]
    assert (one.title, one.called, one.shared) == (f"copy [{mark}]", 2, 1)


@pytest.mark.parametrize("intent", [Intent.STOP, Intent.CANCEL])
def test_what_is_told_to_end_is_withdrawn_by_absence_whatever_its_policy(
    desk: Desk, simulator: Simulator, intent: Intent
) -> None:
    campaign_id = never_accepted(desk, simulator)
    request(desk.redis, campaign_id, intent, why="", now=desk.clock())
    ends, sentence = said(desk, case_of(desk, campaign_id))
    assert ends
    assert f"is adopted and told to {intent}; if none does, it is withdrawn" in sentence


def test_what_the_gateway_says_that_it_has_is_not_ended_by_absence(desk: Desk, simulator: Simulator) -> None:
    campaign_id = never_accepted(desk, simulator, terms=RESEND)
    known = submission(desk, campaign_id)
    evidence.add(desk.redis, known.id, Evidence(desk.clock(), Finding.SIGN, "a sign", mark_of(known.attempt)))
    assert not said(desk, case_of(desk, campaign_id))[0]


def test_what_is_too_late_is_withdrawn_and_what_was_looked_for_long_enough_is_left(
    desk: Desk, simulator: Simulator, clock: Clock
) -> None:
    campaign_id = never_accepted(desk, simulator, terms=RESEND)
    clock.jump(timedelta(days=1))
    assert "to send it is too late" in said(desk, case_of(desk, campaign_id))[1]
    clock.jump(timedelta(days=1))
    assert said(desk, case_of(desk, campaign_id)) == (
        False,
        "By itself nothing happens any more, unless the gateway posts a call record: a person decides.",
    )


def test_what_was_sent_again_and_is_lost_again_is_shown_as_two_attempts_and_left_to_a_person(
    desk: Desk, simulator: Simulator, clock: Clock
) -> None:
    known_session(desk)
    campaign_id = never_accepted(desk, simulator, terms=RESEND)
    first = submission(desk, campaign_id).attempt
    until_planned(desk, clock, campaign_id)
    assert case_of(desk, campaign_id).attempt is None
    simulator.faults.arm(Fault(kind=FaultKind.ACCEPT_THEN_RESET))
    assert send(desk, f"{campaign_id}-1") is Sent.UNKNOWN
    case = case_of(desk, campaign_id)
    second = submission(desk, campaign_id).attempt
    assert [each.token for each in case.attempts] == [first, second]
    assert [case.title_of(each) for each in case.attempts] == [f"{TERMS.title} [{mark_of(t)}]" for t in (first, second)]
    assert not said(desk, case)[0]


def test_an_attempt_that_is_adopted_late_is_shown_with_its_own_time(
    desk: Desk, simulator: Simulator, clock: Clock
) -> None:
    campaign_id = accepted_but_unknown(desk, simulator)
    first = case_of(desk, campaign_id).attempt
    assert first is not None
    by_dana = Asked("dana", "not there", desk.clock())
    resend(desk.redis, desk.timings, f"{campaign_id}-1", by_dana, force=True)
    clock.jump(timedelta(minutes=9))
    simulator.faults.arm(Fault(kind=FaultKind.RESET_BEFORE_ACCEPTING))
    assert send(desk, f"{campaign_id}-1") is Sent.UNKNOWN
    assert hear(desk, first.token, posted(simulator.truth.sessions[0].id)) is Heard.ADOPTED
    case = case_of(desk, campaign_id)
    assert case.attempt == first
    assert [each.sent_at for each in case.submission.former] == [desk.clock()]
