"""Dropping the phones of campaigns that are long over. Their counts stay, and so do idempotency keys for their time."""

from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog
from redis import Redis

from jobs.ledger import campaigns, events, retention, submissions
from jobs.models import CampaignView

LOOK_AGAIN_AFTER = timedelta(days=1)
"""When a campaign that should be over and is not is looked at again."""

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Cleared:
    """What came of a look at some campaigns: how many were looked at, and of how many the phones were dropped."""

    looked_at: int
    dropped: int


def clear_out(redis: Redis, *, keep: timedelta, now: datetime, most: int = 20) -> Cleared:
    """Look at up to `most` campaigns taken longer than `keep` ago, and drop the phones of those over for that long.
    Each that is left is looked at again when its time may have come, so repeating the call comes to an end.
    """
    ids = retention.to_look_at(redis, before=now - keep, most=most)
    return Cleared(len(ids), sum(_dropped(redis, each, keep, now) for each in ids))


def clear_out_events(redis: Redis, *, keep: timedelta, now: datetime) -> int:
    """Take out the events that name phones and are older than anybody is told them, or than `keep`; answers how many.
    While drops end, each that is written takes old ones out; this is for the days on which none does.
    """
    return events.forget_drops(redis, before=now - min(keep, events.DROPS_KEPT_FOR))


def _dropped(redis: Redis, campaign_id: str, keep: timedelta, now: datetime) -> bool:
    campaign = campaigns.read(redis, campaign_id)
    not_over_at = _not_over_at(redis, campaign, keep, now) if campaign else now
    if campaign and not_over_at <= now - keep and retention.drop(redis, campaign_id, now=now):
        log.info("phones_dropped", campaign_id=campaign_id, phones=campaign.phone_count)
        return True
    retention.note_not_over(redis, campaign_id, max(not_over_at, now - keep + timedelta(milliseconds=1)))
    return False


def _not_over_at(redis: Redis, campaign: CampaignView, keep: timedelta, now: datetime) -> datetime:
    """When something of it happened last; for one that is not over, an instant that brings it back in a day."""
    if not campaign.status.is_final:
        return now - keep + LOOK_AGAIN_AFTER
    found = submissions.read(redis, campaigns.submission_ids(redis, campaign.id))
    instants = [instant for each in found for instant in (each.changed_at, each.heard_at, each.run_at) if instant]
    return max(instants, default=campaign.created_at)
