"""Carrying out what is wanted of a campaign: in the ledger for what is not sent, by the gateway's verbs for what is.

A request is one write to the ledger and holds from then on. Carrying it out brings the sessions in step with it and may
be done any number of times: a session whose confirmed run is as wanted is left alone.
"""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

from redis import Redis

from config.accounts import UnknownAccount
from jobs.campaigns import calling
from jobs.campaigns.calling import NotNow
from jobs.campaigns.desk import Desk
from jobs.gateway.client import GatewayClient
from jobs.gateway.errors import GatewayError, Rejected
from jobs.gateway.replies import ControlAnswer
from jobs.ledger import campaigns, due, submissions
from jobs.ledger.keys import Due
from jobs.ledger.limits import Lane
from jobs.models import ENDING_INTENTS, CampaignView, Intent, Run, Submission, SubmissionState

VERBS = {"pause": Intent.PAUSE, "resume": Intent.RUN, "stop": Intent.STOP, "cancel": Intent.CANCEL}
"""What a person or a producer says, and the intent it sets."""

WANTED_RUN = {Intent.RUN: Run.GOING, Intent.PAUSE: Run.PAUSED, Intent.STOP: Run.ENDED, Intent.CANCEL: Run.ENDED}


@dataclass(frozen=True, slots=True)
class Controlled:
    """How far a campaign's intent is carried out: sessions in step with it, and submissions still waited for."""

    confirmed: int
    open: int


class UnknownCampaign(Exception):
    """The ledger knows no campaign with this id."""


class CampaignIsOver(Exception):
    """The campaign has ended, or its end was asked for already; nothing was changed."""


def known(redis: Redis, campaign_id: str) -> CampaignView:
    """A campaign that must be there; raises `UnknownCampaign`."""
    campaign = campaigns.read(redis, campaign_id)
    if campaign is None:
        raise UnknownCampaign(f"no campaign {campaign_id} is known here; `list` shows those that are")
    return campaign


def request(redis: Redis, campaign_id: str, intent: Intent, *, why: str, now: datetime) -> None:
    """Write down what is wanted of a campaign; from here on nothing new starts unless it is `run`.

    Raises `UnknownCampaign`, and `CampaignIsOver` where nothing is left to be told.
    """
    campaign = known(redis, campaign_id)
    if campaign.status.is_final:
        raise CampaignIsOver(f"campaign {campaign_id} is {campaign.status} already; nothing was changed")
    holds = campaigns.intend(redis, campaign_id, intent, note=why, now=now)
    if holds is not intent:
        raise CampaignIsOver(f"campaign {campaign_id} was told to {holds} before, which cannot be taken back")


def control(desk: Desk, campaign_id: str) -> Controlled:
    """Bring a campaign's submissions and sessions in step with its intent; what gets no answer is due again soon."""
    campaign = campaigns.read(desk.redis, campaign_id)
    if campaign is None:
        due.remove(desk.redis, Due.CONTROL, [campaign_id])
        return Controlled(0, 0)
    bring = partial(_bring_in_step, desk, campaign, until=desk.clock() + desk.timings.control_within)
    found = submissions.read(desk.redis, campaigns.submission_ids(desk.redis, campaign_id))
    # The first goes alone: where the gateway was given a rest, its answer frees the way for the others.
    in_step = [bring(each) for each in found[:1]]
    with ThreadPoolExecutor(max_workers=desk.concurrency) as pool:
        in_step += pool.map(bring, found[1:])
    now = desk.clock()
    if all(in_step):
        campaigns.carried_out(desk.redis, campaign, now=now)
    else:
        due.add(desk.redis, Due.CONTROL, [campaign_id], now + _again(desk, campaign.terms.account))
    return Controlled(confirmed=sum(in_step), open=len(in_step) - sum(in_step))


def _again(desk: Desk, account: str) -> timedelta:
    try:
        desk.gateway(account)
    except UnknownAccount:
        return desk.timings.account_again
    return desk.timings.control_again


def _bring_in_step(desk: Desk, campaign: CampaignView, submission: Submission, *, until: datetime) -> bool:
    match submission.state:
        case SubmissionState.PLANNED | SubmissionState.CLAIMED:
            return _hold_or_release(desk, campaign, submission)
        case SubmissionState.SENDING:
            return campaign.intent is Intent.RUN  # accepting it makes the campaign due for control again
        case SubmissionState.ACCEPTED:
            if submission.run in {WANTED_RUN[campaign.intent], Run.ENDED}:
                return True
            return desk.clock() < until and _tell(desk, campaign, submission)
        case _:
            return True


def _hold_or_release(desk: Desk, campaign: CampaignView, submission: Submission) -> bool:
    now = desk.clock()
    if campaign.intent in ENDING_INTENTS:
        reason = f"{campaign.intent} was asked for before it was sent"
        return submissions.move(desk.redis, submission, SubmissionState.WITHDRAWN, now=now, reason=reason)
    if campaign.intent is Intent.RUN:
        held_until = submission.not_before if submission.state is SubmissionState.PLANNED else submission.deadline_at
        due.add(desk.redis, Due.SEND, [submission.id], max(now, held_until or now))
    return True


def _tell(desk: Desk, campaign: CampaignView, submission: Submission) -> bool:
    """Send the verb; say whether there is nothing left to do for this session."""
    try:
        answer = _send_verb(desk, campaign, submission.session_id)
    except NotNow:
        return False
    except Rejected as rejected:
        submissions.note(desk.redis, submission, f"the gateway refused to {campaign.intent} it: {rejected.reason}")
        return campaign.intent not in ENDING_INTENTS
    except (GatewayError, UnknownAccount) as failed:
        submissions.note(desk.redis, submission, f"the gateway did not confirm {campaign.intent} yet: {failed}")
        return False
    over = answer is ControlAnswer.ALREADY_OVER
    submissions.confirm_run(
        desk.redis, submission, Run.ENDED if over else WANTED_RUN[campaign.intent], now=desk.clock()
    )
    return True


def _send_verb(desk: Desk, campaign: CampaignView, session_id: str) -> ControlAnswer:
    def say(verb: Callable[[GatewayClient, str], ControlAnswer]) -> ControlAnswer:
        return calling.once(desk, campaign, Lane.VERBS, lambda gateway: verb(gateway, session_id))

    if campaign.intent is Intent.RUN:
        return say(GatewayClient.resume)
    if campaign.intent is Intent.PAUSE:
        return say(GatewayClient.pause)
    # The vendor's words: `cancel` ends what is scheduled, `stop` what runs. What one refuses, the other may do.
    has_started = campaign.terms.start_at(campaign.created_at) <= desk.clock()
    verbs = (GatewayClient.stop, GatewayClient.cancel)
    first, other = verbs if has_started else verbs[::-1]
    try:
        return say(first)
    except Rejected:
        return say(other)
