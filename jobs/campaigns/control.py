"""Carrying out what is wanted of a campaign: in the ledger for what is not sent, by the gateway's verbs for what is.

A request is one write to the ledger and holds from then on. Carrying it out brings the sessions in step with it and may
be done any number of times: a session whose confirmed run is as wanted is left alone, and a verb without a yes
leaves a run that is in step with nothing.
"""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from functools import partial

from redis import Redis

from config.accounts import UnknownAccount
from config.masking import mask_text
from jobs.campaigns import calling, strays
from jobs.campaigns.calling import NotNow
from jobs.campaigns.desk import Desk, Timings
from jobs.campaigns.verbs import WANTED_RUN, Verb, lane_of, tell
from jobs.gateway.client import GatewayClient
from jobs.gateway.errors import GatewayError
from jobs.gateway.replies import ControlAnswer
from jobs.ledger import campaigns, due, evidence, runs, submissions
from jobs.ledger.keys import Due
from jobs.models import ENDING_INTENTS, CampaignView, Intent, Run, Submission, SubmissionState

VERBS = {"pause": Intent.PAUSE, "resume": Intent.RUN, "stop": Intent.STOP, "cancel": Intent.CANCEL}
"""What a person or a producer says, and the intent it sets."""

LOOK_FOR = Timings().look_for
"""For so long after it was sent a session may turn up that nobody knows."""


@dataclass(frozen=True, slots=True)
class Controlled:
    """How far a campaign's intent is carried out: sessions in step with it, and submissions still waited for."""

    confirmed: int
    open: int


class _Step(StrEnum):
    """How a submission stands to what is wanted."""

    DONE = "done"
    OPEN = "open"
    """It is not told yet, or nobody knows what came of it."""
    REFUSED = "refused"


class _Overtaken(Exception):
    """Something else is wanted of the campaign by now. The gateway was told nothing."""


class UnknownCampaign(Exception):
    """The ledger knows no campaign with this id."""


class CampaignIsOver(Exception):
    """The campaign has ended, or its end was asked for already; nothing was changed."""


def known(redis: Redis, campaign_id: str) -> CampaignView:
    """A campaign that must be there; raises `UnknownCampaign`."""
    campaign = campaigns.read(redis, campaign_id)
    if campaign is None:
        raise UnknownCampaign(f"no campaign {mask_text(campaign_id)} is known here; `list` shows those that are")
    return campaign


def request(
    redis: Redis,
    campaign_id: str,
    intent: Intent,
    *,
    why: str,
    now: datetime,
    asked_at: datetime | None = None,
    token: str = "",
    by: str = "",
) -> None:
    """Write down what is wanted of a campaign; from here on nothing new starts unless it is `run`.

    With a `token` the same request may come again, and with `asked_at` late: neither undoes what was asked for since.
    Raises `UnknownCampaign`, and `CampaignIsOver` where nothing is left to be told.
    """
    campaign = known(redis, campaign_id)
    in_doubt = _may_turn_up(redis, campaign, now) if intent in ENDING_INTENTS else []
    if campaign.status.is_final and not in_doubt:
        raise CampaignIsOver(f"campaign {campaign_id} is {campaign.status} already; nothing was changed")
    holds = campaigns.intend(redis, campaign_id, intent, note=why, now=now, asked_at=asked_at, request=token, by=by)
    if holds is not intent:
        raise CampaignIsOver(f"campaign {campaign_id} was told to {holds} before, which cannot be taken back")
    due.sooner(redis, Due.SETTLE, in_doubt, now)  # what may be ringing is looked for at once


def _may_turn_up(redis: Redis, campaign: CampaignView, now: datetime) -> list[str]:
    """Submissions of a campaign that may have a session which nobody follows yet, or have one that was found after they
    were given up.
    """
    if not campaign.submissions.get(SubmissionState.UNKNOWN) and not campaign.submissions.get(SubmissionState.GIVEN_UP):
        return []
    found = submissions.read(redis, campaigns.submission_ids(redis, campaign.id))
    return [each.id for each in found if _is_in_doubt(redis, campaign, each, now)]


def _is_in_doubt(redis: Redis, campaign: CampaignView, submission: Submission, now: datetime) -> bool:
    if submission.state is not SubmissionState.GIVEN_UP:
        return submission.state is SubmissionState.UNKNOWN
    is_looked_for = now < (submission.sent_at or campaign.created_at) + LOOK_FOR
    return is_looked_for or bool(evidence.turned_up(redis, campaign.terms.account, submission.id))


def control(desk: Desk, campaign_id: str) -> Controlled:
    """Bring a campaign's submissions and sessions in step with its intent; what gets no answer is due again soon."""
    campaign = campaigns.read(desk.redis, campaign_id)
    if campaign is None:
        due.remove(desk.redis, Due.CONTROL, [campaign_id])
        return Controlled(0, 0)
    bring = partial(_bring_in_step, desk, campaign, until=desk.clock() + desk.timings.control_within)
    found = submissions.read(desk.redis, campaigns.submission_ids(desk.redis, campaign_id))
    # The first goes alone: where the gateway was given a rest, its answer frees the way for the others.
    steps = [bring(each) for each in found[:1]]
    with ThreadPoolExecutor(max_workers=desk.concurrency) as pool:
        steps += pool.map(bring, found[1:])
    have_strays_ended = strays.stop_all(desk, campaign)
    now = desk.clock()
    if set(steps) <= {_Step.DONE} and have_strays_ended:
        campaigns.carried_out(desk.redis, campaign, now=now)
    else:
        due.add(desk.redis, Due.CONTROL, [campaign_id], now + _again(desk, campaign, steps, now))
    sessions = [step for each, step in zip(found, steps, strict=True) if each.state is SubmissionState.ACCEPTED]
    return Controlled(confirmed=sessions.count(_Step.DONE), open=len(steps) - steps.count(_Step.DONE))


def _again(desk: Desk, campaign: CampaignView, steps: Sequence[_Step], now: datetime) -> timedelta:
    timings = desk.timings
    try:
        desk.gateway(campaign.terms.account)
    except UnknownAccount:
        return timings.account_again
    if _Step.OPEN in steps:
        return timings.control_again
    age = now - (campaign.intended_at or campaign.created_at)
    return max(timings.control_again, min(timings.control_most, age / 10))


def _bring_in_step(desk: Desk, campaign: CampaignView, submission: Submission, *, until: datetime) -> _Step:
    match submission.state:
        case SubmissionState.PLANNED | SubmissionState.CLAIMED:
            return _Step.DONE if _hold_or_release(desk, campaign, submission) else _Step.OPEN
        case SubmissionState.SENDING:
            # Accepting it makes the campaign due for control again.
            return _Step.DONE if campaign.intent is Intent.RUN else _Step.OPEN
        case SubmissionState.ACCEPTED:
            if submission.run in {WANTED_RUN[campaign.intent_for(submission)], Run.ENDED}:
                return _Step.DONE
            return _tell(desk, campaign, submission) if desk.clock() < until else _Step.OPEN
        case SubmissionState.GIVEN_UP:
            if campaign.intent in ENDING_INTENTS:
                strays.take_turned_up(desk, campaign, submission)
            return _Step.DONE
        case _:
            return _Step.DONE


def _hold_or_release(desk: Desk, campaign: CampaignView, submission: Submission) -> bool:
    now = desk.clock()
    if campaign.intent in ENDING_INTENTS:
        reason = f"{campaign.intent} was asked for before it was sent"
        unsent = submissions.BEFORE_SENDING
        return submissions.move(
            desk.redis, submission, SubmissionState.WITHDRAWN, now=now, only_from=unsent, reason=reason
        )
    if campaign.intent is Intent.RUN:
        held_until = submission.not_before if submission.state is SubmissionState.PLANNED else submission.deadline_at
        due.add(desk.redis, Due.SEND, [submission.id], max(now, held_until or now))
    return True


def _tell(desk: Desk, campaign: CampaignView, submission: Submission) -> _Step:
    """Send the verb, and write down what came of it."""

    intent, has_begun = campaign.intent_for(submission), campaign.terms.start_at(campaign.created_at) <= desk.clock()
    try:
        told = tell(_voice(desk, campaign, submission), intent, has_begun=has_begun)
    except NotNow:
        return _Step.OPEN
    except (GatewayError, UnknownAccount) as failed:
        submissions.note(desk.redis, submission, f"the gateway did not confirm {intent} yet: {failed}")
        return _Step.OPEN
    if told.run is None:
        submissions.note(desk.redis, submission, f"the gateway refused to {intent} it ({told.why_refused})")
        return _Step.REFUSED
    now = desk.clock()
    if not runs.confirm(desk.redis, submission, told.run, now=now, intent_number=campaign.intent_number):
        return _Step.OPEN
    if told.run is Run.ENDED:
        due.add(desk.redis, Due.REFRESH, [submission.id], now)  # its last records, and then none are asked for
    return _Step.DONE


def _voice(desk: Desk, campaign: CampaignView, submission: Submission) -> Callable[[Verb], ControlAnswer]:
    """Says a verb to the submission's session, unless something else is wanted of the campaign by then."""

    def last_look() -> None:
        """Whoever was frozen since it looked at the campaign must not undo what was wanted, and told, meanwhile."""
        if not runs.doubt(desk.redis, submission, intent_number=campaign.intent_number):
            raise _Overtaken

    def say(verb: Verb) -> ControlAnswer:
        def tell_it(gateway: GatewayClient) -> ControlAnswer:
            return verb(gateway, submission.session_id, before_send=last_look)

        return calling.once(desk, campaign, lane_of(campaign.intent), tell_it)

    return say
