"""Adopting a session: evidence names the one that a submission in doubt runs as, and from then on it is followed.

Law of the room: a session is adopted by one submission only, and one step of the ledger claims it, moves the submission
and writes down why.
"""

import structlog
from redis import Redis

from jobs.campaigns import strays
from jobs.campaigns.days import must_be_listed_under
from jobs.campaigns.desk import Desk, Timings
from jobs.campaigns.marks import mark_of
from jobs.gateway.replies import Accepted
from jobs.ledger import keys, submissions
from jobs.ledger.evidence import attempts_text
from jobs.ledger.fields import to_ms
from jobs.ledger.keys import Due
from jobs.models import Attempt, CampaignView, Evidence, Finding, Submission, SubmissionState

log = structlog.get_logger(__name__)

LOOKS = 5
"""How often a late answer is judged anew because its submission has moved on meanwhile."""


def attempts_of(campaign: CampaignView, submission: Submission) -> tuple[Attempt, ...]:
    """Every attempt of a submission that may have a session, the newest last."""
    newest = Attempt(submission.attempt, submission.sent_at or campaign.created_at)
    former = (each for each in submission.former if each.token != newest.token)
    return (*former, *([newest] if newest.token else []))


def adopt(
    redis: Redis,
    timings: Timings,
    campaign: CampaignView,
    submission: Submission,
    attempt: Attempt,
    session_id: str,
    evidence: Evidence,
) -> bool:
    """Make `session_id` the submission's, as the session of that attempt; False where the session is another's, or the
    submission has moved on.
    """
    now = evidence.at
    account, start = campaign.terms.account, campaign.terms.start_at(campaign.created_at)
    due = {Due.REFRESH: max(now, start) + timings.poll_first}
    others = [each for each in attempts_of(campaign, submission) if each.token != attempt.token]
    if others:
        due[Due.SETTLE] = now + timings.look_first  # the other attempts' sessions may still turn up
    moved = submissions.move(
        redis,
        submission,
        SubmissionState.ACCEPTED,
        now=now,
        attempt=submission.attempt,
        due=due,
        session_key=keys.session(account, session_id),
        listed_under=must_be_listed_under(campaign, sent_at=attempt.sent_at, until=now),
        unclaimed=True,
        evidence=evidence,
        new_attempt=attempt.token,
        former=attempts_text(others),
        session_id=session_id,
        sent_at=to_ms(attempt.sent_at),
        reason=f"known to be accepted: {evidence.words}",
    )
    if moved:
        log.info("session_adopted", submission_id=submission.id, session_id=session_id, finding=evidence.finding)
    return moved


def may_adopt(submission: Submission, attempt: Attempt) -> bool:
    """Whether a session of this attempt would be the submission's own, and not one too many."""
    if submission.state is SubmissionState.SENDING:
        return attempt.token == submission.attempt
    # Before it is sent again, a session that turns up keeps it from that.
    return submission.state is SubmissionState.UNKNOWN or submission.state in submissions.BEFORE_SENDING


def adopt_or_stop(
    desk: Desk, campaign: CampaignView, submission: Submission, attempt: Attempt, session_id: str, evidence: Evidence
) -> bool:
    """Adopt a session if it is the submission's own; have it stopped if it is one too many. Whether it was adopted."""
    if may_adopt(submission, attempt):
        return adopt(desk.redis, desk.timings, campaign, submission, attempt, session_id, evidence)
    strays.take(desk, campaign, submission, session_id, mark=mark_of(attempt.token), how=evidence.words)
    return False


def answer_late(desk: Desk, campaign: CampaignView, submission_id: str, attempt: Attempt, accepted: Accepted) -> bool:
    """Judge an answer whose attempt does not hold its submission any more; whether its session is the submission's.

    A postback may have come first and named the same session. Or it was planned again, or the ledger has forgotten the
    attempt: then it is not sent again if it was not yet, and otherwise this session is one too many. Repeating it
    changes nothing.
    """
    is_its_own = _is_its_own(desk, campaign, submission_id, attempt, accepted.session_id)
    if is_its_own and accepted.phone_count is not None:
        submissions.note_gateway_count(desk.redis, submission_id, accepted.phone_count)
    return is_its_own


def _is_its_own(desk: Desk, campaign: CampaignView, submission_id: str, attempt: Attempt, session_id: str) -> bool:
    """After which it is adopted, if it is, and stopped, if it is one too many."""
    for _ in range(LOOKS):
        found = submissions.read(desk.redis, [submission_id])
        if not found or found[0].session_id == session_id:
            return bool(found)
        submission = found[0]
        log.error("answer_came_too_late", submission_id=submission_id, state=submission.state, session_id=session_id)
        if submission.session_id and attempt.token == submission.attempt:
            return False  # one attempt has one session
        words = "the gateway's answer came late"
        seen = Evidence(desk.clock(), Finding.ANSWER, words, mark_of(attempt.token), (session_id,))
        if submission.state is SubmissionState.GIVEN_UP:
            strays.take_given_up(desk, campaign, submission, session_id, seen)
            return False
        is_adopted = adopt_or_stop(desk, campaign, submission, attempt, session_id, seen)
        if is_adopted or not may_adopt(submission, attempt):
            return is_adopted
    return False
