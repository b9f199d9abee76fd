"""The Eastern days on which the gateway may list a session: that of the sending or that of the start, nobody knows."""

from datetime import date, datetime

from jobs import eastern
from jobs.ledger import keys
from jobs.models import CampaignView


def days_of(campaign: CampaignView, *, sent_at: datetime, until: datetime) -> list[date]:
    """The days that a session of this campaign may be listed for, when the gateway took it between these instants."""
    starts_at = max(sent_at, campaign.terms.start_at(campaign.created_at))
    return sorted({eastern.eastern_date(instant) for instant in (sent_at, until, starts_at)})


def may_be_listed_under(campaign: CampaignView, *, sent_at: datetime, until: datetime) -> list[str]:
    """Where the ledger keeps what the listings of these days have."""
    return [keys.listed(campaign.terms.account, day) for day in days_of(campaign, sent_at=sent_at, until=until)]


def must_be_listed_under(campaign: CampaignView, *, sent_at: datetime, until: datetime) -> list[str]:
    """The same where it can be but one day; nothing where it may be either of two."""
    days = may_be_listed_under(campaign, sent_at=sent_at, until=until)
    return days if len(days) == 1 else []
