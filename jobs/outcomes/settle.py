"""Settling one submission in doubt: look, judge, and do what the evidence and the campaign's policy say.

Whatever it comes to, it may be called again at any time by anybody: each move compares the state it comes from, and the
looks are spaced by the due set.
"""

from dataclasses import replace
from datetime import datetime, timedelta
from enum import StrEnum

import structlog

from config.accounts import UnknownAccount
from jobs.campaigns.adopt import adopt_or_stop, attempts_of, may_adopt
from jobs.campaigns.calling import NotNow
from jobs.campaigns.desk import Desk, Timings
from jobs.campaigns.marks import mark_of
from jobs.ledger import campaigns, dispositions, due, evidence, submissions
from jobs.ledger.keys import Due
from jobs.models import Attempt, CampaignView, Evidence, Finding, Submission, SubmissionState
from jobs.outcomes import ends, turned_up
from jobs.outcomes.cases import Case, known_to_be_others, rule_of
from jobs.outcomes.courses import Course, course_of
from jobs.outcomes.looking import Looked, balance, look

log = structlog.get_logger(__name__)


class Settled(StrEnum):
    """What came of a look at a submission in doubt."""

    ADOPTED = "adopted"
    """Its session is known, and followed from now on."""
    RESENT = "resent"
    """The gateway does not have it, and by its campaign's policy it is planned again."""
    ENDED = "ended"
    """The gateway does not have it, and its campaign has ended or is too late: it is withdrawn."""
    HELD = "held"
    """The gateway does not list it; a person decides, and it is looked at again."""
    OPEN = "open"
    """Nothing is certain yet; it is looked at again."""
    STRAY = "stray"
    """A session of an earlier attempt has turned up, and is being stopped."""
    LATER = "later"
    """Its turn to ask has not come; it stands in the due set."""
    TURNED_UP = "turned_up"
    """It was given up, and its session is known: records are taken, and it is stopped where its campaign is to end."""
    PASSED_OVER = "passed_over"
    """It is not in doubt, or has been for so long that only a person or a postback settles it."""


def settle(desk: Desk, submission_id: str) -> Settled:
    """Look what became of a submission that is unknown, or of earlier attempts of one that was sent again."""
    found = submissions.read(desk.redis, [submission_id])
    campaign = campaigns.read(desk.redis, submissions.campaign_of(submission_id))
    if not found or campaign is None:
        return _pass_over(desk, submission_id)
    submission = found[0]
    if submission.state is SubmissionState.GIVEN_UP:
        dispositions.close(desk.redis, submission)  # an earlier version may have ended between its move and this
    attempts = _looked_for(campaign, submission)
    if not attempts or desk.clock() >= attempts[-1].sent_at + desk.timings.look_for:
        return _pass_over(desk, submission_id)
    try:
        looked = look(desk, campaign, submission, attempts)
        if submission.state is SubmissionState.GIVEN_UP:
            return _look_on(desk, campaign, submission, looked)
    except NotNow as not_now:
        return _again(desk, submission, not_now.at, Settled.LATER)
    except UnknownAccount:
        return _again(desk, submission, desk.clock() + desk.timings.account_again, Settled.LATER)
    return _judge(desk, campaign, submission, looked)


def _pass_over(desk: Desk, submission_id: str) -> Settled:
    due.remove(desk.redis, Due.SETTLE, [submission_id])
    return Settled.PASSED_OVER


def _again(desk: Desk, submission: Submission, at: datetime, settled: Settled) -> Settled:
    due.add(desk.redis, Due.SETTLE, [submission.id], at)
    return settled


def _looked_for(campaign: CampaignView, submission: Submission) -> tuple[Attempt, ...]:
    """The attempts whose session is not known, the newest last."""
    if submission.state in {SubmissionState.UNKNOWN, SubmissionState.GIVEN_UP}:
        return attempts_of(campaign, submission)
    return submission.former


def _look_on(desk: Desk, campaign: CampaignView, submission: Submission, looked: Looked) -> Settled:
    """After a person has given it up; it may ring all the same."""
    has_turned_up, now = turned_up.take_in(desk, campaign, submission, looked), desk.clock()
    at = now + next_look(desk.timings, looked.attempt.sent_at, now)
    return _again(desk, submission, at, Settled.TURNED_UP if has_turned_up else Settled.OPEN)


def _judge(desk: Desk, campaign: CampaignView, submission: Submission, looked: Looked) -> Settled:
    now, conclusion, attempt = desk.clock(), looked.conclusion, looked.attempt
    at = now + next_look(desk.timings, attempt.sent_at, now)
    mark, candidates = mark_of(attempt.token), looked.candidates
    seen = Evidence(now, conclusion.finding, conclusion.words, mark, conclusion.session_ids, candidates)
    if conclusion.finding.names_it:
        (session_id,) = conclusion.session_ids
        if conclusion.finding is Finding.PHONES and not may_adopt(submission, attempt):
            _leave_to_a_person(desk, submission, seen)
            return _again(desk, submission, at, Settled.OPEN)
        if adopt_or_stop(desk, campaign, submission, attempt, session_id, seen):
            return Settled.ADOPTED
        return _again(desk, submission, at, Settled.OPEN if may_adopt(submission, attempt) else Settled.STRAY)
    if submission.state is not SubmissionState.UNKNOWN:
        return _again(desk, submission, at, Settled.OPEN)
    evidence.add(desk.redis, submission.id, replace(seen, balance=balance(desk, campaign)))
    due.add(desk.redis, Due.SETTLE, [submission.id], at)
    seen_so_far = evidence.read(desk.redis, submission.id)
    others = known_to_be_others(desk.redis, campaign, submission.id, seen_so_far)
    case = Case(campaign, submission, seen_so_far, rule_of(desk.timings), others=others)
    return _follow_course(desk, case) if case.is_absent else Settled.OPEN


def _leave_to_a_person(desk: Desk, submission: Submission, seen: Evidence) -> None:
    """The same people may be called by somebody else through this account, whose session is not ours to stop."""
    words = f"{seen.words}; it may be somebody else's, too, so it is not stopped: a person decides"
    if any(
        each.words == words and each.session_ids == seen.session_ids
        for each in evidence.read(desk.redis, submission.id)
    ):
        return
    evidence.add(desk.redis, submission.id, replace(seen, words=words))
    (session_id,) = seen.session_ids
    log.error("session_that_may_be_a_stray", submission_id=submission.id, session_id=session_id, state=submission.state)


def next_look(timings: Timings, sent_at: datetime, now: datetime) -> timedelta:
    """How long until the next look: quick at first, seldom later."""
    return max(timings.look_first, min(timings.look_most, (now - sent_at) / 3))


def _follow_course(desk: Desk, case: Case) -> Settled:
    """Do what comes of its absence without a person."""
    campaign, submission = case.campaign, case.submission
    match course_of(case, desk.clock()):
        case Course.RESEND:
            words = "sent again: the gateway does not list it, and the campaign says to resend what is unknown"
            decision = _by_policy(desk, submission, "resend", words)
            is_planned = ends.plan_again(desk.redis, desk.timings, campaign, submission, decision)
            return Settled.RESENT if is_planned else Settled.OPEN
        case Course.WITHDRAW:
            words = f"withdrawn: {campaign.intent} was asked for, and the gateway does not list it"
            return _withdraw(desk, campaign, submission, words)
        case Course.EXPIRE:
            words = "withdrawn: the gateway does not list it, and it is too late to send it again"
            return _withdraw(desk, campaign, submission, words)
        case _:
            return Settled.HELD


def _withdraw(desk: Desk, campaign: CampaignView, submission: Submission, words: str) -> Settled:
    decision = _by_policy(desk, submission, "withdraw", words)
    is_withdrawn = ends.withdraw(desk.redis, desk.timings, campaign, submission, decision)
    return Settled.ENDED if is_withdrawn else Settled.OPEN


def _by_policy(desk: Desk, submission: Submission, decided: str, words: str) -> Evidence:
    mark = mark_of(submission.attempt)
    return Evidence(desk.clock(), Finding.DECISION, words, mark, decided=decided, by="policy", why=words)
