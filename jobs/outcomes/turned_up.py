"""What was given up and turns up after all: it is reported, its call records are taken, and it is stopped where its
campaign was to end.

Law of the room: what was given up stays given up. Nobody waits for it any more, and nothing of it is ever sent again.
"""

from datetime import datetime

from jobs.campaigns import calling, strays
from jobs.campaigns.desk import Desk
from jobs.campaigns.marks import mark_of
from jobs.gateway.errors import GatewayError
from jobs.ledger import dispositions, due, evidence
from jobs.ledger.keys import Due
from jobs.models import ENDING_INTENTS, Attempt, CampaignView, Evidence, Finding, Submission
from jobs.outcomes.looking import Looked


def take_in(desk: Desk, campaign: CampaignView, submission: Submission, looked: Looked) -> bool:
    """Note the session that a look has found, if it has, and see to all that were ever found; whether there is one.

    Raises `NotNow`; it may be repeated at any time.
    """
    if looked.conclusion.finding.names_it:
        _note(desk, campaign, submission, _seen(desk, looked))
    found = evidence.turned_up(desk.redis, campaign.terms.account, submission.id)
    if is_to_end(campaign, desk.clock()):
        strays.take_turned_up(desk, campaign, submission)
    for session_id in found:
        _take_records(desk, campaign, submission, session_id)
    return bool(found)


def note_call(desk: Desk, campaign: CampaignView, submission: Submission, attempt: Attempt, session_id: str) -> None:
    """Note the session that a call record to this attempt's URL has named, the first time that it does, and have it
    stopped if it is to end. It is looked after from now on, as one that a look has found.
    """
    now, how = desk.clock(), "a postback came to the URL of this attempt"
    if evidence.holder(desk.redis, campaign.terms.account, session_id) is None:
        due.add(desk.redis, Due.SETTLE, [submission.id], now)
        words = f"{how}, although it was given up"
        _note(desk, campaign, submission, Evidence(now, Finding.POSTBACK, words, mark_of(attempt.token), (session_id,)))
    if is_to_end(campaign, now):
        strays.take_turned_up(desk, campaign, submission)


def is_to_end(campaign: CampaignView, now: datetime) -> bool:
    """Whether nothing of the campaign should run any more: somebody ended it, or its end time has come."""
    ends_at = campaign.terms.ends_at
    return campaign.intent in ENDING_INTENTS or (ends_at is not None and ends_at <= now)


<<<<<<< HEAD
def _note(desk: Desk, campaign: CampaignView, submission: Submission, looked: Looked) -> None:
    conclusion, mark = looked.conclusion, mark_of(looked.attempt.token)
    seen = Evidence(desk.clock(), conclusion.finding, conclusion.words, mark, conclusion.session_ids, looked.candidates)
    (session_id,) = conclusion.session_ids
    strays.note_turned_up(desk, campaign, submission, session_id, seen)
=======
def _seen(desk: Desk, looked: Looked) -> Evidence:
    conclusion, mark = looked.conclusion, mark_of(looked.attempt.token)
    words = f"{conclusion.words}, although it was given up"
    return Evidence(desk.clock(), conclusion.finding, words, mark, conclusion.session_ids, looked.candidates)


def _note(desk: Desk, campaign: CampaignView, submission: Submission, seen: Evidence) -> None:
    (session_id,) = seen.session_ids
    if evidence.take_turned_up(desk.redis, submission, session_id, account=campaign.terms.account, evidence=seen):
        log.error(
            "given_up_submission_turned_up",
            submission_id=submission.id,
            session_id=session_id,
            how=seen.words,
            todo=f"its call records are taken; if it must not run: python -m jobs stop {session_id}",
        )
>>>>>>> doors


def _take_records(desk: Desk, campaign: CampaignView, submission: Submission, session_id: str) -> None:
    now = desk.clock()
    try:
        records = calling.read(desk, campaign, lambda gateway: gateway.campaign_result(session_id, near=now))
    except GatewayError:
        return  # it is looked at again
    dispositions.record(desk.redis, submission, [each.disposition for each in records], now=now)
