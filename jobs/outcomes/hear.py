"""Hearing a postback: a call record that came to an attempt's own URL, and with it the strongest evidence there is.

Law of the room: whoever posts may be anybody. Without the token of an attempt and a phone of its submission, nothing
changes.
"""

import re
from enum import StrEnum

from jobs.campaigns import strays
from jobs.campaigns.adopt import adopt_or_stop, attempts_of, may_adopt
from jobs.campaigns.desk import Desk
from jobs.campaigns.marks import mark_of
from jobs.gateway.postbacks import parse_postback
from jobs.gateway.replies import CallRecord
from jobs.ledger import campaigns, dispositions, evidence, submissions
from jobs.models import Attempt, CampaignView, Evidence, Finding, Submission, SubmissionState

_TOKEN = re.compile(r"[0-9a-f]{32}", re.ASCII)

ATTEMPTS_TO_HEAR = 3
"""A postback may meet the sender's answer on its way into the ledger: then it is heard anew."""


class Heard(StrEnum):
    """What came of a postback. Whatever it is, it may be posted again."""

    RECORDED = "recorded"
    """The record is in the ledger, or says nothing new."""
    ADOPTED = "adopted"
    """The record is in the ledger, and its session is the submission's from now on."""
    STRAY = "stray"
    """It came from a session of an earlier attempt, which is being stopped. The record is not the submission's."""
    UNKNOWN_TOKEN = "unknown_token"  # noqa: S105 -- no secret, but what is said of one
    """No attempt has this URL, or not any more. Nothing changed."""
    FOREIGN_SESSION = "foreign_session"
    """The session is not this submission's. Nothing changed."""
    FOREIGN_PHONE = "foreign_phone"
    """The phone is not on this submission. Nothing changed."""
    UNREADABLE = "unreadable"
    """The body holds no call record. Nothing changed."""


def hear(desk: Desk, token: str, body: bytes) -> Heard:
    """Take in what was posted to the URL of an attempt. When this returns, it is in the ledger."""
    submission_id = evidence.owner(desk.redis, token) if _TOKEN.fullmatch(token) else None
    if submission_id is None:
        return Heard.UNKNOWN_TOKEN
    record = parse_postback(body, near=desk.clock())
    if record is None:
        return Heard.UNREADABLE
    heard = None
    for _ in range(ATTEMPTS_TO_HEAR):
        heard = heard or _heard(desk, submission_id, token, record)
    return heard or Heard.FOREIGN_SESSION


def _heard(desk: Desk, submission_id: str, token: str, record: CallRecord) -> Heard | None:
    """None where the submission moved meanwhile."""
    found = submissions.read(desk.redis, [submission_id])
    campaign = campaigns.read(desk.redis, submissions.campaign_of(submission_id))
    if not found or campaign is None:
        return Heard.UNKNOWN_TOKEN
    submission = found[0]
    if record.session_id == submission.session_id:
        return _record(desk, submission, record)
    attempt = next((each for each in attempts_of(campaign, submission) if each.token == token), None)
    if attempt is None or _has_another_session(desk, campaign, submission, token, record):
        return Heard.FOREIGN_SESSION
    if record.disposition.phone not in submissions.phones(desk.redis, submission_id):
        return Heard.FOREIGN_PHONE
    if submission.state is SubmissionState.GIVEN_UP:
        how = "a postback came to its URL"
        strays.take_if_to_end(desk, campaign, submission, record.session_id, mark=mark_of(token), how=how)
        return _record(desk, submission, record)
    return _adopted(desk, campaign, submission, attempt, record)


def _has_another_session(
    desk: Desk, campaign: CampaignView, submission: Submission, token: str, record: CallRecord
) -> bool:
    """One attempt has one session, and one session has one submission."""
    if submission.session_id and token == submission.attempt:
        return True
    return evidence.holder(desk.redis, campaign.terms.account, record.session_id) not in {None, submission.id}


def _adopted(
    desk: Desk, campaign: CampaignView, submission: Submission, attempt: Attempt, record: CallRecord
) -> Heard | None:
    words = "a postback came to the URL of this attempt"
    mark = mark_of(attempt.token)
    seen = Evidence(desk.clock(), Finding.POSTBACK, words, mark, (record.session_id,))
    if adopt_or_stop(desk, campaign, submission, attempt, record.session_id, seen):
        dispositions.record(desk.redis, submission, [record.disposition], now=desk.clock())
        return Heard.ADOPTED
    return None if may_adopt(submission, attempt) else Heard.STRAY


def _record(desk: Desk, submission: Submission, record: CallRecord) -> Heard:
    recorded = dispositions.record(desk.redis, submission, [record.disposition], now=desk.clock())
    return Heard.FOREIGN_PHONE if recorded.foreign else Heard.RECORDED
