"""Asking the gateway about one call from where there is no gateway account: a worker asks, the ledger has the answer.

The phone waits in the ledger under an id that says nothing, and goes with its question after an hour. A job must not
carry it: whatever is in a job is shown on a dashboard, printed in tracebacks and kept for days. A submission's id and
the phone's place in it would keep it out, too, but only for submissions of ours, and nobody could ask so by hand.
"""

import re
from dataclasses import replace
from datetime import datetime
from enum import StrEnum

from redis import Redis

from config.accounts import UnknownAccount
from jobs.campaigns import calling, sessions
from jobs.campaigns.calling import NotNow
from jobs.campaigns.desk import Desk
from jobs.gateway.errors import GatewayError, Rejected
from jobs.ledger import dispositions, due, questions
from jobs.ledger.keys import Due
from jobs.ledger.limits import Lane
from jobs.ledger.questions import Question
from jobs.ledger.submissions import new_token
from jobs.models import Disposition

IN_LINE = "questions"
"""All questions stand in an account's line as one, so that many of them do not hold up a campaign."""

_ASKABLE = re.compile(r"(?P<session>\d{6,20}) (?P<phone>\d{10})", re.ASCII)


class Answered(StrEnum):
    """What came of asking."""

    RECORD = "record"
    """There is a call record."""
    NO_RECORD_YET = "no_record_yet"
    REFUSED = "refused"
    """The gateway refused to say, or there is no such account; the reason is with the question."""
    NO_ANSWER = "no_answer"
    """The gateway did not say; it stands in the due set."""
    LATER = "later"
    """Its turn to ask has not come; it stands in the due set."""
    PASSED_OVER = "passed_over"
    """It is answered already, or forgotten."""


def ask(redis: Redis, session_id: str, phone: str, *, account: str, now: datetime) -> str:
    """Have a worker ask how the drop to a phone ended; answers the question's id.

    Raises ValueError, which repeats neither, for what is no session id or no phone of 10 digits.
    """
    if not _ASKABLE.fullmatch(f"{session_id} {phone}"):
        raise ValueError("a question needs a session id and a phone of 10 digits")
    question_id = new_token()
    questions.ask(redis, question_id, Question(account, session_id, phone), now=now)
    return question_id


def answer(desk: Desk, question_id: str) -> Answered:
    """Ask the gateway, unless that is done; a record of one of our sessions goes into the ledger like any other."""
    question = questions.read(desk.redis, question_id)
    if question is None or question.answered_at:
        due.remove(desk.redis, Due.QUESTION, [question_id])
        return Answered.PASSED_OVER
    now = desk.clock()
    try:
        record = _asked(desk, question, now)
    except Rejected as rejected:
        _settle(desk, question_id, replace(question, answered_at=now, refusal=rejected.reason))
        return Answered.REFUSED
    except NotNow as not_now:
        due.add(desk.redis, Due.QUESTION, [question_id], not_now.at)
        return Answered.LATER
    except GatewayError:
        due.add(desk.redis, Due.QUESTION, [question_id], now + desk.timings.control_again)
        return Answered.NO_ANSWER
    _settle(desk, question_id, replace(question, answered_at=now, record=record))
    return Answered.RECORD if record else Answered.NO_RECORD_YET


def _asked(desk: Desk, question: Question, now: datetime) -> Disposition | None:
    """The gateway's record, noted in the ledger if it is of ours."""
    try:
        found = calling.once_for_account(
            desk,
            question.account,
            IN_LINE,
            lambda gateway: gateway.call_status(question.session_id, question.phone, near=now),
            lane=Lane.READS,
        )
    except UnknownAccount as unknown:
        raise Rejected(str(unknown)) from None
    if found is None:
        return None
    if submission := sessions.ours(desk.redis, question.account, [question.session_id]).get(question.session_id):
        dispositions.record(desk.redis, submission, [found.disposition], now=now)
    return found.disposition


def _settle(desk: Desk, question_id: str, answered: Question) -> None:
    questions.settle(desk.redis, question_id, answered)
    due.remove(desk.redis, Due.QUESTION, [question_id])
