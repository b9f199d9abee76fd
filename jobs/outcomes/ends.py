"""The ends of a doubt without a session: sent again, withdrawn, given up. Each is written down with its decision.

Law of the room: only what is unknown is moved, under the attempt that it was judged by, and whoever comes second finds
that.
"""

import structlog
from redis import Redis

from jobs.campaigns.adopt import attempts_of
from jobs.campaigns.desk import Timings
from jobs.ledger import submissions
from jobs.ledger.evidence import attempts_text
from jobs.ledger.keys import Due
from jobs.models import CampaignView, Evidence, Submission, SubmissionState

log = structlog.get_logger(__name__)


def plan_again(
    redis: Redis, timings: Timings, campaign: CampaignView, submission: Submission, decision: Evidence
) -> bool:
    """Have an unknown submission sent once more, under a new attempt, if its campaign is to run; whether it is.

    Its earlier attempts are looked for on, and stopped if they turn up.
    """
    now = decision.at
    moved = submissions.move(
        redis,
        submission,
        SubmissionState.PLANNED,
        now=now,
        attempt=submission.attempt,
        only_running=True,
        due={Due.SEND: now, Due.SETTLE: now + timings.look_first},
        evidence=decision,
        former=attempts_text(attempts_of(campaign, submission)),
        reason=decision.words,
    )
    if moved:
        log.warning("submission_sent_again", submission_id=submission.id, by=decision.by, why=decision.why)
    return moved


def withdraw(
    redis: Redis, timings: Timings, campaign: CampaignView, submission: Submission, decision: Evidence
) -> bool:
    """Have an unknown submission count as not sent, because nothing more is to be sent of it; whether it does.

    Its attempts are looked for on, and stopped if they turn up.
    """
    return submissions.move(
        redis,
        submission,
        SubmissionState.WITHDRAWN,
        now=decision.at,
        attempt=submission.attempt,
        only_from={SubmissionState.UNKNOWN},  # not what somebody else has just planned again
        due={Due.SETTLE: decision.at + timings.look_first},
        evidence=decision,
        former=attempts_text(attempts_of(campaign, submission)),
        reason=decision.words,
    )


def give_up(redis: Redis, submission: Submission, decision: Evidence) -> bool:
    """Have nobody wait for an unknown submission any more; its phones have no record then. Whether it was given up.

    It is looked for on, for it may ring all the same. The move itself closes its phones, so that nobody is told of the
    end with drops still to come.
    """
    return submissions.move(
        redis,
        submission,
        SubmissionState.GIVEN_UP,
        now=decision.at,
        attempt=submission.attempt,
        due={Due.SETTLE: decision.at},
        evidence=decision,
        reason=f"given up: {decision.why}",
    )
