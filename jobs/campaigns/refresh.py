"""Following a session: ask for its call records, merge them, and know when every phone is accounted for."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from enum import StrEnum

from redis import Redis

from config.accounts import UnknownAccount
from jobs import eastern
from jobs.campaigns import calling
from jobs.campaigns.calling import NotNow
from jobs.campaigns.control import known
from jobs.campaigns.desk import Desk, Timings
from jobs.gateway.errors import GatewayError, RefusalKind, Rejected
from jobs.ledger import campaigns, dispositions, due, submissions
from jobs.ledger.dispositions import Recorded
from jobs.ledger.keys import Due
from jobs.models import CampaignView, Disposition, Intent, Run, Submission, SubmissionState

NO_RECORDS = "the gateway did not give its call records"
"""How every note that is made here begins."""


SESSION_IS_GONE = frozenset({RefusalKind.NOT_FOUND, RefusalKind.ALREADY_FINISHED})
"""Refusals after which no record is to be expected; the others may pass, with new settings if need be."""


class Refreshed(StrEnum):
    """What came of a look at a session."""

    FINISHED = "finished"
    FOLLOWED = "followed"
    """There may be more to come, and it stands in the due set."""
    NO_ANSWER = "no_answer"
    """The gateway did not say; it stands in the due set."""
    LATER = "later"
    """Its turn to ask has not come; it stands in the due set."""
    PASSED_OVER = "passed_over"
    """There is no session to follow."""


def request(redis: Redis, campaign_id: str, *, now: datetime) -> int:
    """Make every session of a campaign due for a look; answers how many there are. Raises `UnknownCampaign`."""
    known(redis, campaign_id)
    found = submissions.read(redis, campaigns.submission_ids(redis, campaign_id))
    ids = [each.id for each in found if each.state is SubmissionState.ACCEPTED]
    due.add(redis, Due.REFRESH, ids, now)
    return len(ids)


def refresh(desk: Desk, submission_id: str) -> Refreshed:
    """Merge what the gateway says of one submission's calls; safe to be called by anyone, any number of times."""
    campaign = campaigns.read(desk.redis, submissions.campaign_of(submission_id))
    found = submissions.read(desk.redis, [submission_id])
    if campaign is None or not found or found[0].state is not SubmissionState.ACCEPTED:
        due.remove(desk.redis, Due.REFRESH, [submission_id])
        return Refreshed.PASSED_OVER
    session_id, now = found[0].session_id, desk.clock()
    try:
        records = calling.read(desk, campaign, lambda gateway: gateway.campaign_result(session_id, near=now))
    except NotNow as not_now:
        due.add(desk.redis, Due.REFRESH, [submission_id], not_now.at)
        return Refreshed.LATER
    except (GatewayError, UnknownAccount) as failed:
        if isinstance(failed, Rejected) and failed.kind in SESSION_IS_GONE:
            _note(desk, found[0], _gone(desk.timings, campaign, found[0], failed, now))
            return _follow_or_finish(desk, campaign, found[0], now, is_gone=True)
        _note(desk, found[0], str(failed))
        due.add(desk.redis, Due.REFRESH, [submission_id], now + next_look(desk.timings, campaign, found[0], now))
        return Refreshed.NO_ANSWER
    _, came_to = merge(desk, campaign, found[0], [each.disposition for each in records])
    return came_to


def merge(
    desk: Desk, campaign: CampaignView, submission: Submission, records: Iterable[Disposition]
) -> tuple[Recorded, Refreshed]:
    """Note what the gateway just said of an accepted submission's calls, and whether it is finished with that."""
    now = desk.clock()
    recorded = dispositions.record(desk.redis, submission, records, now=now)
    if submission.reason.startswith(NO_RECORDS):
        submissions.note(desk.redis, submission, "")  # what was in the way is over; other notes are not ours
    (renewed,) = submissions.read(desk.redis, [submission.id])
    return recorded, _follow_or_finish(desk, campaign, renewed, now)


def _note(desk: Desk, submission: Submission, why: str) -> None:
    if not submission.reason or submission.reason.startswith(NO_RECORDS):
        submissions.note(desk.redis, submission, f"{NO_RECORDS}: {why}")


def _gone(timings: Timings, campaign: CampaignView, submission: Submission, refused: Rejected, now: datetime) -> str:
    """What the gateway says of a session that it does not know any more, what comes of that, and where to look."""
    silent_at = _silent_at(timings, campaign, submission)
    setting = "SETTLE_S" if submission.run is Run.ENDED else "SILENCE_S"
    if now < silent_at:
        until = f"It is asked until {eastern.wall_text(silent_at)} Eastern ({setting}), and"
    else:
        until = f"It was asked until {setting} had passed;"
    return (
        f"it refused ({refused.kind}): {refused.reason}. {until} then the phones without a record are closed "
        "without one, and `results` names them. `reconcile` with its day says whether the gateway lists the session."
    )


def next_look(timings: Timings, campaign: CampaignView, submission: Submission, now: datetime) -> timedelta:
    """How long until a session is worth another question: quick at first, slower later, quick again near its end."""
    wait = max(timings.poll_first, min(timings.poll_most, (now - _last_turn(campaign, submission, now)) / 10))
    ends_at = campaign.terms.ends_at
    if ends_at and now < ends_at:
        wait = min(wait, ends_at - now)
    return min(wait, max(timings.poll_first, _left(campaign, submission, now)))


def _last_turn(campaign: CampaignView, submission: Submission, now: datetime) -> datetime:
    """The last time that its records took a turn: its start, its end time, its confirmed end."""
    if submission.run is Run.ENDED and submission.run_at:
        return submission.run_at
    started_at, ends_at = _started_at(campaign, submission), campaign.terms.ends_at
    return max(started_at, ends_at) if ends_at and ends_at <= now else started_at


def _left(campaign: CampaignView, submission: Submission, now: datetime) -> timedelta:
    """How long its calls will still take at the pace so far; while it is silent, at least as long as it is silent."""
    if submission.heard_at is None or not submission.accounted:
        return timedelta.max
    took = submission.heard_at - _started_at(campaign, submission)
    left = submission.phone_count - submission.accounted
    return max(took * (left / submission.accounted), now - submission.heard_at)


def _follow_or_finish(
    desk: Desk, campaign: CampaignView, submission: Submission, now: datetime, *, is_gone: bool = False
) -> Refreshed:
    if submission.accounted < submission.phone_count:
        may_be_paused = submission.run is Run.PAUSED or (
            submission.run is Run.UNSURE and campaign.intent_for(submission) is Intent.PAUSE
        )
        if (may_be_paused and not is_gone) or now < _silent_at(desk.timings, campaign, submission):
            due.add(desk.redis, Due.REFRESH, [submission.id], now + next_look(desk.timings, campaign, submission, now))
            return Refreshed.FOLLOWED
        dispositions.close(desk.redis, submission)
    submissions.move(desk.redis, submission, SubmissionState.FINISHED, now=desk.clock())
    return Refreshed.FINISHED


def _silent_at(timings: Timings, campaign: CampaignView, submission: Submission) -> datetime:
    """From when on nobody expects another call record."""
    heard = [_started_at(campaign, submission), submission.heard_at, submission.run_at]
    last = max(instant for instant in heard if instant)
    return last + (timings.settle if submission.run is Run.ENDED else timings.silence)


def _started_at(campaign: CampaignView, submission: Submission) -> datetime:
    start = campaign.terms.start_at(campaign.created_at)
    return max(start, submission.sent_at or start)
