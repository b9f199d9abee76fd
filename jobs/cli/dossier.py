"""All that there is to know of one campaign, read at once, and as JSON."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from redis import Redis

from config.masking import mask_phone, mask_text
from jobs.campaigns.control import known
from jobs.cli.shown import iso
from jobs.ledger import campaigns, dispositions, submissions
from jobs.models import UNSENT, CampaignView, DropState, Submission, SubmissionState, Terms

Outcomes = Mapping[tuple[str, str], int]
"""Drops by the gateway's own status and reason."""


@dataclass(frozen=True, slots=True)
class Dossier:
    """A campaign, its submissions, how drops ended in the gateway's own words, and the rows that were left out."""

    campaign: CampaignView
    submissions: Sequence[Submission]
    outcomes: Outcomes
    excluded: Counter[str]
    """Rows by the reason for which they were left out."""


def read_dossier(redis: Redis, campaign_id: str) -> Dossier:
    """Raises `UnknownCampaign`."""
    campaign = known(redis, campaign_id)
    return Dossier(
        campaign,
        submissions.read(redis, campaigns.submission_ids(redis, campaign_id)),
        dispositions.tally(redis, campaign_id),
        campaigns.excluded_by_reason(redis, campaign_id),
    )


WITH_RECORDS = (SubmissionState.ACCEPTED, SubmissionState.FINISHED, SubmissionState.GIVEN_UP)
"""Of whose phones the drops say how they ended, as far as that is known."""


def whereabouts(campaign: CampaignView) -> dict[str, int]:
    """Where every phone is; the counts that are not zero, and they add up to `phone_count`."""
    at_gateway = sum(campaign.phones.get(state, 0) for state in WITH_RECORDS)
    screened = campaign.drops.get(DropState.SCREENED, 0)
    found = {
        "delivered": campaign.drops.get(DropState.DELIVERED, 0),
        "failed": campaign.drops.get(DropState.FAILED, 0),
        "no_record": campaign.drops.get(DropState.NO_RECORD, 0),
        "no_record_yet": at_gateway - sum(campaign.drops.values()) + screened,
        "not_sent_yet": sum(campaign.phones.get(state, 0) for state in UNSENT - {SubmissionState.SENDING}),
        "being_sent": campaign.phones.get(SubmissionState.SENDING, 0),
        "unknown": campaign.phones.get(SubmissionState.UNKNOWN, 0),
        "rejected": campaign.phones.get(SubmissionState.REJECTED, 0),
        "withdrawn": campaign.phones.get(SubmissionState.WITHDRAWN, 0),
        "screened": screened,
    }
    return {place: count for place, count in found.items() if count}


def audio(terms: Terms) -> str:
    """What is played, in a few words; of a URL neither query nor password."""
    if terms.audio_url:
        return f"{mask_text(terms.audio_url)} ({terms.url_audio_type})"
    return f'recording "{terms.audio_title}"' if terms.audio_title else f"file {terms.audio_file}"


def summary(campaign: CampaignView) -> dict[str, Any]:
    """A campaign as JSON values, as `list` has it."""
    start = campaign.terms.start
    return {
        "campaign_id": campaign.id,
        "key": campaign.key,
        "title": campaign.terms.title,
        "status": campaign.status,
        "is_final": campaign.status.is_final,
        "intent": campaign.intent,
        "note": mask_text(campaign.note),
        "created_at": iso(campaign.created_at),
        "start": "now" if start == "now" else iso(start),
        "rows": campaign.rows,
        "phones": campaign.phone_count,
        "excluded": campaign.excluded_count,
        "submission_count": campaign.submission_count,
        "whereabouts": whereabouts(campaign),
        "phones_dropped_at": iso(campaign.phones_dropped_at),
    }


def terms_document(terms: Terms) -> dict[str, Any]:
    """What a producer stated, as JSON values, but for the title and the start."""
    return {
        "caller_id": mask_phone(terms.caller_id),
        "audio_title": terms.audio_title,
        "audio_url": mask_text(terms.audio_url) if terms.audio_url else None,
        "audio_type": terms.url_audio_type,
        "audio_file": terms.audio_file,
        "ends_at": iso(terms.ends_at),
        "expires_at": iso(terms.expires_at),
        "mobile_only": terms.mobile_only,
        "account": terms.account,
        "when_unknown": terms.when_unknown,
    }


def document(dossier: Dossier) -> dict[str, Any]:
    """All of it as JSON values."""
    campaign, terms = dossier.campaign, dossier.campaign.terms
    return summary(campaign) | {
        "meaning": campaign.status.sentence,
        "terms": terms_document(terms),
        "too_late_at": iso(campaign.too_late_at),
        "end_confirmed_at": iso(campaign.end_confirmed_at),
        "end_late_s": campaign.end_late.total_seconds() if campaign.end_late is not None else None,
        "submissions": [_submission(each) for each in dossier.submissions],
        "outcomes": [
            {"status": mask_text(status), "reason": mask_text(reason), "drops": count}
            for (status, reason), count in dossier.outcomes.items()
        ],
        "excluded_by_reason": dict(dossier.excluded.most_common()),
    }


def _submission(submission: Submission) -> dict[str, Any]:
    return {
        "submission_id": submission.id,
        "state": submission.state,
        "phones": submission.phone_count,
        "gateway_count": submission.gateway_count,
        "drops": dict(submission.drops),
        "session_id": submission.session_id or None,
        "run": submission.run if submission.state is SubmissionState.ACCEPTED else None,
        "tries": submission.tries,
        "reason": mask_text(submission.reason) or None,
        "not_before": iso(submission.not_before),
        "sent_at": iso(submission.sent_at),
        "heard_at": iso(submission.heard_at),
        "changed_at": iso(submission.changed_at),
    }
