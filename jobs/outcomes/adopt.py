"""Adopting a session: evidence names the one that a submission in doubt runs as, and from then on it is followed.

Law of the room: a session is adopted by one submission only, and one step of the ledger claims it, moves the submission
and writes down why.
"""

import structlog
from redis import Redis

from jobs.campaigns import strays
from jobs.campaigns.days import day_key
from jobs.campaigns.desk import Desk, Timings
from jobs.campaigns.marks import mark_of
from jobs.ledger import keys, submissions
from jobs.ledger.evidence import attempts_text
from jobs.ledger.keys import Due
from jobs.models import Attempt, CampaignView, Evidence, Submission, SubmissionState
from jobs.outcomes.looking import attempts_of

log = structlog.get_logger(__name__)

NOT_SENT_AGAIN = frozenset({SubmissionState.PLANNED, SubmissionState.CLAIMED})
"""An earlier attempt's session that turns up now keeps the submission from being sent again."""


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
        due[Due.SETTLE] = now + timings.look_most  # the other attempts' sessions may still turn up
    moved = submissions.move(
        redis,
        submission,
        SubmissionState.ACCEPTED,
        now=now,
        attempt=submission.attempt,
        due=due,
        session_key=keys.session(account, session_id),
        day_key=day_key(campaign, sent_at=attempt.sent_at, until=now),
        unclaimed=True,
        evidence=evidence,
        new_attempt=attempt.token,
        former=attempts_text(others),
        session_id=session_id,
        reason=f"known to be accepted: {evidence.words}",
    )
    if moved:
        log.info("session_adopted", submission_id=submission.id, session_id=session_id, finding=evidence.finding)
    return moved


def may_adopt(submission: Submission, attempt: Attempt) -> bool:
    """Whether a session of this attempt would be the submission's own, and not one too many."""
    if submission.state is SubmissionState.SENDING:
        return attempt.token == submission.attempt
    return submission.state is SubmissionState.UNKNOWN or (
        submission.state in NOT_SENT_AGAIN and attempt.token in {each.token for each in submission.former}
    )


def adopt_or_stop(
    desk: Desk, campaign: CampaignView, submission: Submission, attempt: Attempt, session_id: str, evidence: Evidence
) -> bool:
    """Adopt a session if it is the submission's own; have it stopped if it is one too many. Whether it was adopted."""
    if may_adopt(submission, attempt):
        return adopt(desk.redis, desk.timings, campaign, submission, attempt, session_id, evidence)
    strays.take(desk, campaign, submission, session_id, mark=mark_of(attempt.token), how=evidence.words)
    return False
