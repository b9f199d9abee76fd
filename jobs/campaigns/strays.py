"""Sessions that turn up after their submission was sent again, withdrawn or given up: logged, and stopped.

Law of the room: a stray is in the ledger before anybody is told, and it is told to stop until the gateway confirms it,
or has not known it for as long as anybody looks for one.
"""

from dataclasses import replace
from datetime import datetime

import structlog

from config.accounts import UnknownAccount
from jobs.campaigns import calling
from jobs.campaigns.calling import NotNow
from jobs.campaigns.desk import Desk
from jobs.campaigns.marks import mark_of
from jobs.campaigns.verbs import Told, Verb, tell
from jobs.gateway.errors import GatewayError, RefusalKind
from jobs.gateway.replies import ControlAnswer
from jobs.ledger import due, evidence
from jobs.ledger.keys import Due
from jobs.ledger.limits import Lane
from jobs.models import ENDING_INTENTS, CampaignView, Evidence, Finding, Intent, Run, Submission

log = structlog.get_logger(__name__)


def take(desk: Desk, campaign: CampaignView, submission: Submission, session_id: str, *, mark: str, how: str) -> bool:
    """Write a stray down and have it stopped; False where the session is another submission's.

    `how` says, in a few words, by what it was known. Repeating it has it stopped again, as long as it is not confirmed.
    """
    what = f"a session of an earlier attempt has turned up ({how})"
    words = f"{what}; it is being stopped, and some phones may ring twice"
    return _take(desk, campaign, submission, session_id, mark=mark, how=how, words=words)


def take_turned_up(desk: Desk, campaign: CampaignView, submission: Submission) -> None:
    """Have every session that has turned up of a submission that was given up stopped: its campaign was to end."""
    account, how = campaign.terms.account, "it was given up, and its campaign is to end"
    why = f"{campaign.intent} was asked for" if campaign.intent in ENDING_INTENTS else "its end time has come"
    words = f"the session of what was given up is being stopped, because {why}"
    known = evidence.strays(desk.redis, campaign.id)
    for session_id in evidence.turned_up(desk.redis, account, submission.id):
        if session_id not in known:
            _take(desk, campaign, submission, session_id, mark=mark_of(submission.attempt), how=how, words=words)


def _take(
    desk: Desk, campaign: CampaignView, submission: Submission, session_id: str, *, mark: str, how: str, words: str
) -> bool:
    now = desk.clock()
    seen = Evidence(now, Finding.STRAY, words, mark, (session_id,))
    account = campaign.terms.account
    is_ours = evidence.take_stray(desk.redis, submission, session_id, account=account, evidence=seen, now=now)
    if is_ours:
        log.error("stray_session", submission_id=submission.id, session_id=session_id, state=submission.state, how=how)
    return is_ours


def is_to_end(campaign: CampaignView, now: datetime) -> bool:
    """Whether nothing of the campaign should run any more: somebody ended it, or its end time has come."""
    ends_at = campaign.terms.ends_at
    return campaign.intent in ENDING_INTENTS or (ends_at is not None and ends_at <= now)


def take_given_up(desk: Desk, campaign: CampaignView, submission: Submission, session_id: str, seen: Evidence) -> None:
    """Note what proves a session to be that of what was given up, the first time that it does, and have it stopped if
    its campaign is to end: nothing was sent since, so a stop wins over giving up. It is looked after from now on.

    The only way in, whatever has named the session.
    """
    now, how = desk.clock(), seen.words
    if evidence.holder(desk.redis, campaign.terms.account, session_id) is None:
        seen = replace(seen, words=f"{how}, although it was given up")
        due.add(desk.redis, Due.SETTLE, [submission.id], now)
        _note_turned_up(desk, campaign, submission, session_id, seen, how=how)
    if is_to_end(campaign, now):
        take_turned_up(desk, campaign, submission)


def _note_turned_up(
    desk: Desk, campaign: CampaignView, submission: Submission, session_id: str, seen: Evidence, *, how: str
) -> None:
    account = campaign.terms.account
    if evidence.take_turned_up(desk.redis, submission, session_id, account=account, evidence=seen):
        log.error(
            "given_up_submission_turned_up",
            submission_id=submission.id,
            session_id=session_id,
            how=how,
            todo=f"its call records are taken; if it must not run: python -m jobs stop {session_id}",
        )


def stop_all(desk: Desk, campaign: CampaignView) -> bool:
    """Tell every stray of a campaign that is not confirmed as ended to stop; whether all are."""
    going = [each for each, run in evidence.strays(desk.redis, campaign.id).items() if run is not Run.ENDED]
    have_ended = [_stop(desk, campaign, each) for each in going]
    return all(have_ended)


def _stop(desk: Desk, campaign: CampaignView, session_id: str) -> bool:
    def say(verb: Verb) -> ControlAnswer:
        return calling.once(desk, campaign, Lane.ENDS, lambda gateway: verb(gateway, session_id))

    has_begun = campaign.terms.start_at(campaign.created_at) <= desk.clock()
    try:
        told = tell(say, Intent.STOP, has_begun=has_begun)
    except (NotNow, GatewayError, UnknownAccount):
        return False
    if told.run is None and _is_gone(desk, campaign, session_id, told):
        evidence.stray_has_ended(desk.redis, campaign.id, session_id)
        log.warning("stray_session_is_gone", session_id=session_id, why=told.why_refused)
        return True
    if told.run is None:
        log.error("stray_session_refuses_to_stop", session_id=session_id, why=told.why_refused)
        return False
    evidence.stray_has_ended(desk.redis, campaign.id, session_id)
    log.warning("stray_session_stopped", session_id=session_id)
    return True


def _is_gone(desk: Desk, campaign: CampaignView, session_id: str, told: Told) -> bool:
    """Whether the gateway does not know it, and it is too old to be merely not known yet."""
    if any(each.kind is not RefusalKind.NOT_FOUND for each in told.refusals):
        return False
    submission_id = evidence.holder(desk.redis, campaign.terms.account, session_id)
    seen = evidence.read(desk.redis, submission_id) if submission_id else []
    taken_at = [each.at for each in seen if each.finding is Finding.STRAY and session_id in each.session_ids]
    return desk.clock() >= min(taken_at, default=campaign.created_at) + desk.timings.look_for
