"""Sending one submission: whether it is its time, a turn, a claim, and then an attempt."""

from datetime import datetime

from config.accounts import UnknownAccount
from jobs.campaigns import preflight
from jobs.campaigns.attempt import Attempt, Sent, withdraw
from jobs.campaigns.calling import NotNow, Turn, turn
from jobs.campaigns.desk import Desk
from jobs.gateway.errors import RefusalKind
from jobs.ledger import campaigns, claims, due, submissions
from jobs.ledger.claims import Claim
from jobs.ledger.keys import Due
from jobs.ledger.limits import Lane
from jobs.models import CampaignView, Submission, SubmissionState

__all__ = ["Sent", "send"]


def send(desk: Desk, submission_id: str) -> Sent:
    """Send a submission if it is planned and its time has come; safe to be called by anyone, any number of times."""
    found = submissions.read(desk.redis, [submission_id])
    campaign = campaigns.read(desk.redis, submissions.campaign_of(submission_id))
    if not found or campaign is None:
        return Sent.PASSED_OVER
    submission = found[0]
    if submission.state is SubmissionState.SENDING:
        return _give_up_waiting(desk, submission)
    if claims.look(desk.redis, submission_id, now=desk.clock()) is not Claim.FREE:
        return Sent.PASSED_OVER
    try:
        return _send_when_allowed(desk, campaign, submission)
    except UnknownAccount as unknown:
        return _wait_for_account(desk, submission, unknown)
    except NotNow as not_now:
        due.add(desk.redis, Due.SEND, [submission_id], not_now.at)
        return Sent.LATER


def _send_when_allowed(desk: Desk, campaign: CampaignView, submission: Submission) -> Sent:
    """Send it unless it is too late, its audio is flawed, or something is to be waited for.

    Raises `NotNow` and, before anything is claimed, `UnknownAccount`.
    """
    now = desk.clock()
    if now >= campaign.too_late_at:
        return withdraw(desk, campaign, submission, now)
    if campaign.audio_flaw:
        return _turn_down(desk, submission, now, campaign.audio_flaw)
    desk.gateway(campaign.terms.account)  # where nobody knows it, nothing else is tried
    if preflight.is_awaited(desk, campaign):
        preflight.look_or_wait(desk, campaign, submission.id)
        return Sent.LATER
    with turn(desk, campaign, Lane.SUBMISSIONS, phones=submission.phone_count) as own:
        return _claim_and_send(desk, campaign, submission, own)


def _claim_and_send(desk: Desk, campaign: CampaignView, submission: Submission, own: Turn) -> Sent:
    token, now, claimed_s = submissions.new_token(), desk.clock(), desk.stopwatch()
    claim = claims.claim(desk.redis, submission.id, attempt=token, now=now, until=now + desk.timings.lease)
    attempt = Attempt(desk, campaign, submission, token, claimed_s, own)
    return attempt.run() if claim is Claim.CLAIMED else Sent.PASSED_OVER


def _wait_for_account(desk: Desk, submission: Submission, unknown: UnknownAccount) -> Sent:
    """Taken in where nobody could know the accounts: it waits, and says for what, until it is too late for it."""
    submissions.note(desk.redis, submission, str(unknown))
    due.add(desk.redis, Due.SEND, [submission.id], desk.clock() + desk.timings.account_again)
    return Sent.LATER


def _turn_down(desk: Desk, submission: Submission, now: datetime, flaw: str) -> Sent:
    """Reject, under a claim, what the gateway could not play; it is not asked."""
    token = submissions.new_token()
    claims.claim(desk.redis, submission.id, attempt=token, now=now, until=now + desk.timings.lease)
    reason = f"not sent, because of its audio: {flaw}"
    moved = submissions.move(
        desk.redis,
        submission,
        SubmissionState.REJECTED,
        now=now,
        attempt=token,
        reason=reason,
        refusal=RefusalKind.AUDIO,
    )
    return Sent.REJECTED if moved else Sent.PASSED_OVER


def _give_up_waiting(desk: Desk, submission: Submission) -> Sent:
    """A sender that died after `sending` was written leaves a submission of which nobody knows."""
    now = desk.clock()
    if submission.deadline_at is None or now < submission.deadline_at:
        return Sent.PASSED_OVER
    reason = "its sender ended before it wrote down the gateway's answer, so nobody knows whether the gateway took it"
    moved = submissions.move(
        desk.redis,
        submission,
        SubmissionState.UNKNOWN,
        now=now,
        attempt=submission.attempt,
        due={Due.SETTLE: now + desk.timings.look_first},
        reason=reason,
    )
    return Sent.UNKNOWN if moved else Sent.PASSED_OVER
