"""What a webhook says of an event. Public: a receiver may rely on every name here."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from redis import Redis

from config.masking import mask_name, mask_text
from jobs.ledger import campaigns, submissions
from jobs.ledger.events import Event
from jobs.ledger.texts import Texts
from jobs.models import CampaignView, Disposition, EventKind, Submission


@dataclass(frozen=True, slots=True)
class Told:
    """An event as it is told: its id, the same each time, and the body."""

    id: str
    body: str = field(repr=False)


def tell(redis: Redis, event: Event, texts: Texts | None = None) -> Told:
    """The event with what the ledger knows now of its campaign; of one that is forgotten the ids alone.

    `texts` are those that call records repeat, kept by whoever tells many events.
    """
    if event.kind is None:
        raise ValueError("an event of a kind that this version does not know")
    campaign = campaigns.read(redis, event.campaign_id)
    about: dict[str, Any] = {"campaign_id": event.campaign_id} | (_campaign(campaign) if campaign else {})
    if event.submission_id:
        about |= {"submission_id": event.submission_id}
        found = submissions.read(redis, [event.submission_id])
        if event.kind is EventKind.DROPS_RECORDED:
            about["drops"] = [_drop(each) for each in (texts or Texts(redis)).unpack(event.campaign_id, event.records)]
        elif found:
            about |= _submission(found[0])
    return Told(f"evt_{event.id}", document(event.kind, event.at.isoformat().replace("+00:00", "Z"), about))


def document(kind: EventKind, timestamp: str, about: Mapping[str, Any]) -> str:
    """A body as Standard Webhooks would have it: type, timestamp, data."""
    return json.dumps({"type": kind, "timestamp": timestamp, "data": about}, ensure_ascii=False)


def _campaign(view: CampaignView) -> dict[str, Any]:
    return {
        "key": view.key,
        "title": mask_name(view.terms.title),
        "account": view.terms.account,
        "status": view.status,
        "phones": view.phone_count,
        "excluded": view.excluded_count,
        "submissions": dict(view.submissions),
        "drops_by_state": dict(view.drops),
    }


def _submission(submission: Submission) -> dict[str, Any]:
    return {
        "submission_status": submission.state,
        "submission_phones": submission.sent_count,
        "session_id": submission.session_id or None,
        "reason": mask_text(submission.reason) or None,
    }


def _drop(disposition: Disposition) -> dict[str, Any]:
    at = disposition.delivered_at
    return {
        "phone": disposition.phone,
        "state": disposition.state,
        "status": disposition.status,
        "reason": disposition.reason or None,
        "delivered_at": at.isoformat().replace("+00:00", "Z") if at else None,
        "carrier": disposition.carrier or None,
    }
