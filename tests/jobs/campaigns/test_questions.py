"""One call, asked about by a job that carries no phone."""

from dataclasses import replace
from datetime import timedelta

import pytest

from config.accounts import UnknownAccount
from jobs.campaigns.desk import Desk
from jobs.campaigns.questions import Answered, answer, ask
from jobs.campaigns.send import send
from jobs.gateway.client import GatewayClient
from jobs.gateway.simulator import Clock, Fault, FaultKind, Simulator
from jobs.ledger import dispositions, due, questions
from jobs.ledger.keys import Due, question
from jobs.models import DropState
from tests.jobs.campaigns.conftest import submission, taken

PHONE = "6175550101"
"""The simulator always delivers to it."""


def asked(desk: Desk, session_id: str, phone: str = PHONE) -> str:
    return ask(desk.redis, session_id, phone, account="default", now=desk.clock())


@pytest.fixture
def session_id(desk: Desk) -> str:
    """A session of ours that calls two people."""
    campaign_id = taken(desk, PHONE, "6175550123").campaign_id
    send(desk, f"{campaign_id}-1")
    return submission(desk, campaign_id).session_id


def test_a_record_answers_the_question(desk: Desk, clock: Clock, session_id: str) -> None:
    question_id = asked(desk, session_id)
    clock.jump(timedelta(seconds=10))
    assert answer(desk, question_id) is Answered.RECORD
    found = questions.read(desk.redis, question_id)
    assert found is not None
    assert found.record is not None
    assert (found.record.phone, found.record.state) == (PHONE, DropState.DELIVERED)
    assert not due.stands(desk.redis, Due.QUESTION, question_id)
    assert answer(desk, question_id) is Answered.PASSED_OVER


def test_a_record_of_a_session_of_ours_counts_at_its_submission(desk: Desk, clock: Clock) -> None:
    campaign_id = taken(desk, PHONE, "6175550123").campaign_id
    send(desk, f"{campaign_id}-1")
    clock.jump(timedelta(seconds=10))
    answer(desk, asked(desk, submission(desk, campaign_id).session_id))
    assert submission(desk, campaign_id).drops == {DropState.DELIVERED: 1}
    (first, second) = dispositions.read(desk.redis, submission(desk, campaign_id))
    assert (first.state, second.state) == (DropState.DELIVERED, DropState.PENDING)


def test_no_record_yet_is_an_answer(desk: Desk, session_id: str) -> None:
    question_id = asked(desk, session_id)
    assert answer(desk, question_id) is Answered.NO_RECORD_YET
    found = questions.read(desk.redis, question_id)
    assert found is not None
    assert (found.answered_at, found.record, found.refusal) == (desk.clock(), None, "")


def test_a_refusal_is_an_answer_too(desk: Desk) -> None:
    question_id = asked(desk, "9381694821")
    assert answer(desk, question_id) is Answered.REFUSED
    found = questions.read(desk.redis, question_id)
    assert found is not None
    assert "invalid or not found" in found.refusal


def test_a_gateway_that_does_not_say_is_asked_again(desk: Desk, simulator: Simulator, session_id: str) -> None:
    question_id = asked(desk, session_id)
    simulator.faults.arm(Fault(kind=FaultKind.HTML, on="question"))
    assert answer(desk, question_id) is Answered.NO_ANSWER
    assert due.stands(desk.redis, Due.QUESTION, question_id)
    assert answer(desk, question_id) is Answered.NO_RECORD_YET


def test_a_question_whose_turn_has_not_come_asks_nothing_and_waits(
    desk: Desk, simulator: Simulator, session_id: str
) -> None:
    question_id = asked(desk, session_id)
    assert answer(replace(desk, is_ending=lambda: True), question_id) is Answered.LATER
    assert [each.option for each in simulator.truth.arrivals] == ["new_campaign"]
    assert due.stands(desk.redis, Due.QUESTION, question_id)


def test_an_account_that_is_none_is_said_to_be_none(desk: Desk) -> None:
    def nobody(account: str) -> GatewayClient:
        raise UnknownAccount(f"no gateway account is named {account}")

    question_id = asked(desk, "9381694821")
    assert answer(replace(desk, gateway=nobody), question_id) is Answered.REFUSED
    found = questions.read(desk.redis, question_id)
    assert found is not None
    assert found.refusal == "no gateway account is named default"


def test_a_question_that_is_forgotten_leaves_nothing(desk: Desk, session_id: str) -> None:
    question_id = asked(desk, session_id)
    assert 0 < int(desk.redis.ttl(question(question_id))) <= questions.KEEP.total_seconds()
    found = questions.read(desk.redis, question_id)
    assert found is not None
    desk.redis.delete(question(question_id))
    questions.settle(desk.redis, question_id, found)
    assert questions.read(desk.redis, question_id) is None
    assert answer(desk, question_id) is Answered.PASSED_OVER
    assert due.count(desk.redis, Due.QUESTION) == 0


def test_an_answer_does_not_live_longer_than_its_question(desk: Desk, session_id: str) -> None:
    question_id = asked(desk, session_id)
    desk.redis.expire(question(question_id), 7)
    answer(desk, question_id)
    assert 0 < int(desk.redis.ttl(question(question_id))) <= 7


@pytest.mark.parametrize(
    ("session", "phone"), [("9381694821", "16175550101"), ("bcdf", PHONE), ("", ""), ("1" * 21, PHONE)]
)
def test_what_cannot_be_asked_is_refused_without_being_repeated(desk: Desk, session: str, phone: str) -> None:
    with pytest.raises(ValueError, match="session id and a phone") as refused:
        asked(desk, session, phone)
    assert PHONE not in str(refused.value)


def test_a_phone_is_not_shown_with_its_question(desk: Desk, session_id: str) -> None:
    assert PHONE not in repr(questions.read(desk.redis, asked(desk, session_id)))
