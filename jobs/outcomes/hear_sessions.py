"""Whose a call record is that came to an attempt's URL: the rule by which a session is adopted, stopped or refused.

Law of the room: one attempt has one session, one session has one submission, and without a phone of the submission's
nothing is believed.
"""

from collections.abc import Callable, Iterable, Sequence
from hmac import compare_digest

from jobs.campaigns import strays
from jobs.campaigns.adopt import adopt_or_stop, attempts_of, may_adopt
from jobs.campaigns.desk import Desk
from jobs.campaigns.marks import mark_of
from jobs.ledger import campaigns, evidence, submissions
from jobs.ledger.packing import is_packed
from jobs.models import Attempt, CampaignView, Evidence, Finding, Submission, SubmissionState
from jobs.outcomes.heard import Call, Heard

Verdicts = dict[int, Heard | None]
"""By a call's place; None where the submission moved meanwhile."""


def grouped(calls: Iterable[Call], by: Callable[[Call], str]) -> dict[str, list[Call]]:
    """The calls, in their order, by what they have in common."""
    groups: dict[str, list[Call]] = {}
    for each in calls:
        groups.setdefault(by(each), []).append(each)
    return groups


def places(calls: Iterable[Call]) -> list[int]:
    """Where the calls stand in their batch."""
    return [each.place for each in calls]


def judge(desk: Desk, submission: Submission, calls: Sequence[Call]) -> Verdicts:
    """Of each record, whether it is the submission's. A session that is not known yet is adopted here, or stopped."""
    known = [each for each in calls if each.record.session_id == submission.session_id]
    verdicts: Verdicts = {each.place: Heard.RECORDED for each in known}
    others = [each for each in calls if each.record.session_id != submission.session_id]
    campaign = campaigns.read(desk.redis, submission.campaign_id) if others else None
    if campaign is None:
        return verdicts | {each.place: Heard.UNKNOWN_TOKEN for each in others}
    for own in grouped(others, lambda each: f"{each.token} {each.record.session_id}").values():
        verdicts |= _judge_session(desk, campaign, submission, own)
    return verdicts


def _judge_session(desk: Desk, campaign: CampaignView, submission: Submission, calls: Sequence[Call]) -> Verdicts:
    token, session_id = calls[0].token, calls[0].record.session_id
    attempts = attempts_of(campaign, submission)
    attempt = next((each for each in attempts if compare_digest(each.token, token)), None)
    if attempt is None or _has_another_session(desk, campaign, submission, attempt, session_id):
        return {each.place: Heard.FOREIGN_SESSION for each in calls}
    packed = submissions.packed_phones(desk.redis, submission.id)
    ours = [each for each in calls if is_packed(packed, each.record.disposition.phone)]
    verdicts: Verdicts = {each.place: Heard.FOREIGN_PHONE for each in calls}
    if ours:
        first, rest = _verdicts_on_session(desk, campaign, submission, attempt, session_id)
        verdicts |= {each.place: rest for each in ours} | {ours[0].place: first}
    return verdicts


def _has_another_session(
    desk: Desk, campaign: CampaignView, submission: Submission, attempt: Attempt, session_id: str
) -> bool:
    """One attempt has one session, and one session has one submission."""
    if submission.session_id and compare_digest(attempt.token, submission.attempt):
        return True
    return evidence.holder(desk.redis, campaign.terms.account, session_id) not in {None, submission.id}


def _verdicts_on_session(
    desk: Desk, campaign: CampaignView, submission: Submission, attempt: Attempt, session_id: str
) -> tuple[Heard | None, Heard | None]:
    """That on its first record, and that on all others."""
    words = "a postback came to the URL of this attempt"
    seen = Evidence(desk.clock(), Finding.POSTBACK, words, mark_of(attempt.token), (session_id,))
    if submission.state is SubmissionState.GIVEN_UP:
        strays.take_given_up(desk, campaign, submission, session_id, seen)
        return Heard.RECORDED, Heard.RECORDED
    if adopt_or_stop(desk, campaign, submission, attempt, session_id, seen):
        return Heard.ADOPTED, Heard.RECORDED
    return (None, None) if may_adopt(submission, attempt) else (Heard.STRAY, Heard.STRAY)
