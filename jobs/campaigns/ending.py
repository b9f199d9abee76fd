"""Keeping an end time, whether or not the gateway does: from then on nothing starts, and what runs is stopped.

A campaign stands in the due set until nothing of it can run any more, so the stop is repeated for as long as it takes.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from enum import StrEnum

from jobs.campaigns import strays
from jobs.campaigns.desk import Desk
from jobs.ledger import campaigns, due, submissions
from jobs.ledger.keys import Due
from jobs.ledger.meter import END_LATE
from jobs.models import ENDING_INTENTS, UNSENT, CampaignView, Intent, Run, Submission, SubmissionState

NOTE = "its end time had come"


class Ended(StrEnum):
    """What came of a look at a campaign's end."""

    OVER = "over"
    """Nothing of it runs any more, or ever will."""
    STOPPING = "stopping"
    """Something may still run, or nobody knows; it stands in the due set."""
    EARLY = "early"
    """Its end time has not come; it stands in the due set."""
    PASSED_OVER = "passed_over"
    """There is no such campaign, or it has no end time."""


def end(desk: Desk, campaign_id: str) -> Ended:
    """See that a campaign ends at its end time; safe to be called by anyone, any number of times.

    It is `jobs.campaigns.control` that tells the gateway; here the stop is asked for, and its confirmation looked for.
    """
    campaign, now = campaigns.read(desk.redis, campaign_id), desk.clock()
    if campaign is None or campaign.terms.ends_at is None:
        due.remove(desk.redis, Due.END, [campaign_id])
        return Ended.PASSED_OVER
    if now < campaign.terms.ends_at:
        due.add(desk.redis, Due.END, [campaign_id], campaign.terms.ends_at)
        return Ended.EARLY
    found = submissions.read(desk.redis, campaigns.submission_ids(desk.redis, campaign_id))
    for each in found:
        if each.state is SubmissionState.GIVEN_UP:
            strays.take_turned_up(desk, campaign, each)
    if any(_may_run(each) for each in found):
        return _see_it_stop(desk, campaign, now, look_again=desk.timings.control_again)
    _note_confirmation(desk, campaign, campaign.terms.ends_at, found)
    if any(each.state is SubmissionState.UNKNOWN for each in found):
        # There is no session to stop. Should one be found, it is told to stop as soon as it is written down.
        return _see_it_stop(desk, campaign, now, look_again=desk.timings.control_most)
    due.remove(desk.redis, Due.END, [campaign_id])
    return Ended.OVER


def _may_run(submission: Submission) -> bool:
    runs = submission.state is SubmissionState.ACCEPTED and submission.run is not Run.ENDED
    return runs or submission.state in UNSENT


def _see_it_stop(desk: Desk, campaign: CampaignView, now: datetime, *, look_again: timedelta) -> Ended:
    """A stop is asked for once, and carrying it out is looked after from then on; a person's own keeps its reason."""
    if campaign.intent not in ENDING_INTENTS:
        campaigns.intend(desk.redis, campaign.id, Intent.STOP, note=NOTE, now=now)
    due.add(desk.redis, Due.END, [campaign.id], now + look_again)
    return Ended.STOPPING


def _note_confirmation(desk: Desk, campaign: CampaignView, ends_at: datetime, found: Sequence[Submission]) -> None:
    confirmed = [each.run_at for each in found if each.run is Run.ENDED and each.run_at and each.run_at >= ends_at]
    if not confirmed:
        return
    if campaign.end_confirmed_at is None:
        desk.meter.time(END_LATE, seconds=(max(confirmed) - ends_at).total_seconds())
    campaigns.note_end(desk.redis, campaign.id, confirmed_at=max(confirmed))
