"""Single sessions of the gateway, named by their id: whose they are, and telling one of them something.

A session is what the gateway runs. Most belong to submissions of ours; a stranger was begun on the vendor's website, by
another program, or is one whose id never reached us.
"""

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from redis import Redis

from jobs.campaigns.marks import last_borne, marks_of
from jobs.campaigns.verbs import Told, tell
from jobs.gateway.client import GatewayClient
from jobs.gateway.errors import NotSent
from jobs.gateway.replies import ControlAnswer, ListedSession
from jobs.ledger import campaigns, due, evidence, listed, runs, submissions
from jobs.ledger.keys import Due
from jobs.models import CampaignView, Intent, Submission

Say = Callable[[Callable[[GatewayClient], ControlAnswer]], ControlAnswer]
"""Makes one call, when it may be made."""

TOLD_AGAIN = timedelta(seconds=10)
"""After this the workers look whether a session was told what was asked of it alone; by then an answer is there."""


class CampaignIsHeld(Exception):
    """The session's campaign was told to pause or to end; one of its sessions alone is not let run again."""


@dataclass(frozen=True, slots=True)
class Controlled:
    """A session that was told something, and the submission of ours that it runs; None for a stranger."""

    submission: Submission | None
    told: Told


def ours(redis: Redis, account: str, session_ids: Iterable[str]) -> Mapping[str, Submission]:
    """Our submission behind each of the sessions that are ours, by session id."""
    wanted = set(session_ids)
    found = submissions.of_sessions(redis, account, wanted)  # also of strays, whose submission has another session
    return {each.session_id: each for each in found if each.session_id in wanted}


def whose(redis: Redis, account: str, day: date, found_there: Collection[ListedSession]) -> Mapping[str, Submission]:
    """Our submission behind each session of a day's listing that is not followed as one of ours, by session id: it is
    known to have turned up, or bears the mark of one of our attempts.
    """
    holders = {each.session_id: evidence.holder(redis, account, each.session_id) for each in found_there}
    of_day = submissions.read(redis, listed.may_have(redis, account, day))
    owners = {mark: each for each in of_day for mark in marks_of(each)}
    found = {each.id: each for each in submissions.read(redis, filter(None, holders.values()))}
    marks = {each.session_id: last_borne(each.title, owners) for each in found_there}
    by_mark = {session_id: owners[mark] for session_id, mark in marks.items() if mark}
    held = {session_id: found[holder] for session_id, holder in holders.items() if holder in found}
    return {**by_mark, **held}


def control_session(
    redis: Redis, say: Say, session_id: str, intent: Intent, *, account: str, why: str, now: datetime
) -> Controlled:
    """Tell one session something, at once, and note in the ledger what the gateway confirms of one that is ours.

    Its campaign's other sessions go on, and so does what is asked of this one until something else is wanted of the
    campaign; where the answer is lost, the workers tell the gateway again. Raises `CampaignIsHeld`, `NotSent` and
    `OutcomeUnknown`; after these the same call may be repeated.
    """
    submission = ours(redis, account, [session_id]).get(session_id)
    campaign = campaigns.read(redis, submission.campaign_id) if submission else None
    if campaign:
        _check_not_held(campaign, intent)
    # What a stranger is at, nobody knows: the verb that was asked for is the best guess.
    has_begun = campaign.terms.start_at(campaign.created_at) <= now if campaign else intent is not Intent.CANCEL
    if submission is None or campaign is None:
        told = tell(lambda verb: say(lambda gateway: verb(gateway, session_id)), intent, has_begun=has_begun)
        return Controlled(submission, told)
    told = _tell_ours(redis, say, campaign, submission, intent, has_begun=has_begun, now=now)
    if told.run:
        runs.confirm(redis, submission, told.run, now=now, intent_number=campaign.intent_number)
        if why:
            submissions.note(redis, submission, f"{intent} was asked for this session alone: {why}")
    return Controlled(submission, told)


def _tell_ours(
    redis: Redis,
    say: Say,
    campaign: CampaignView,
    submission: Submission,
    intent: Intent,
    *,
    has_begun: bool,
    now: datetime,
) -> Told:
    """With a doubt that is noted before a byte leaves, and taken back where the gateway certainly did nothing."""
    number = campaign.intent_number

    def last_look() -> None:
        due.add(redis, Due.CONTROL, [campaign.id], now + TOLD_AGAIN)
        if not runs.doubt(redis, submission, intent_number=number, alone=intent):
            raise CampaignIsHeld(f"something else was just asked of campaign {campaign.id}; nothing was changed")

    try:
        told = tell(
            lambda verb: say(lambda gateway: verb(gateway, submission.session_id, before_send=last_look)),
            intent,
            has_begun=has_begun,
        )
    except NotSent:
        runs.restore(redis, submission, intent_number=number)
        raise
    if told.run is None:
        runs.restore(redis, submission, intent_number=number)
    return told


def _check_not_held(campaign: CampaignView, intent: Intent) -> None:
    if intent is Intent.RUN and campaign.intent is not Intent.RUN:
        raise CampaignIsHeld(
            f"campaign {campaign.id} was told to {campaign.intent}, so its session is not let run again; "
            "nothing was changed"
        )
