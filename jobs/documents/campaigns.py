"""All that there is to know of one campaign, read at once, and as JSON."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from redis import Redis
from typing_extensions import TypedDict

from config.masking import mask_name, mask_phone, mask_text
from jobs.campaigns.control import known
from jobs.documents import rests
from jobs.documents.rests import AccountAtRest, RestDocument
from jobs.documents.values import iso, iso_of
from jobs.ledger import campaigns, dispositions, submissions
from jobs.models import (
    UNSENT,
    AudioType,
    CampaignStatus,
    CampaignView,
    DropState,
    Intent,
    Run,
    Submission,
    SubmissionState,
    Terms,
    WhenUnknown,
)

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


class SummaryDocument(TypedDict):
    """One campaign of a list."""

    campaign_id: str
    key: str
    title: str
    status: CampaignStatus
    is_final: bool
    intent: Intent
    note: str
    created_at: str
    start: str
    rows: int
    phones: int
    excluded: int
    submission_count: int
    whereabouts: dict[str, int]
    phones_dropped_at: str | None


class TermsDocument(TypedDict):
    """What was asked for, without its recipients; the caller ID masked, the URL without what it carries."""

    caller_id: str
    audio_title: str | None
    audio_url: str | None
    audio_type: AudioType | None
    audio_file: str | None
    ends_at: str | None
    expires_at: str | None
    mobile_only: bool
    account: str
    when_unknown: WhenUnknown


class SubmissionDocument(TypedDict):
    """One submission of a campaign."""

    submission_id: str
    state: SubmissionState
    phones: int
    gateway_count: int | None
    drops: dict[DropState, int]
    session_id: str | None
    run: Run | None
    tries: int
    reason: str | None
    not_before: str | None
    sent_at: str | None
    heard_at: str | None
    changed_at: str | None


class OutcomeDocument(TypedDict):
    """How many drops ended with these words of the gateway's."""

    status: str
    reason: str
    drops: int


class CampaignDocument(SummaryDocument):
    """One campaign, with its submissions."""

    meaning: str
    terms: TermsDocument
    too_late_at: str
    end_confirmed_at: str | None
    end_late_s: float | None
    submissions: list[SubmissionDocument]
    outcomes: list[OutcomeDocument]
    excluded_by_reason: dict[str, int]


class ShownDocument(CampaignDocument):
    """One campaign, and which accounts at rest it waits for."""

    waits_for: list[RestDocument]


def read_dossier(redis: Redis, campaign_id: str) -> Dossier:
    """Raises `UnknownCampaign`."""
    campaign = known(redis, campaign_id)
    return Dossier(
        campaign,
        submissions.read(redis, campaigns.submission_ids(redis, campaign_id)),
        dispositions.tally(redis, campaign_id),
        campaigns.excluded_by_reason(redis, campaign_id),
    )


def whereabouts(campaign: CampaignView) -> dict[str, int]:
    """Where every phone is; the counts that are not zero, and they add up to `phone_count`."""
    screened = campaign.drops.get(DropState.SCREENED, 0)
    found = {
        "delivered": campaign.drops.get(DropState.DELIVERED, 0),
        "failed": campaign.drops.get(DropState.FAILED, 0),
        "no_record": campaign.drops.get(DropState.NO_RECORD, 0),
        "no_record_yet": campaign.no_record_yet,
        "not_sent_yet": sum(campaign.phones.get(state, 0) for state in UNSENT - {SubmissionState.SENDING}),
        "being_sent": campaign.phones.get(SubmissionState.SENDING, 0),
        "unknown": campaign.phones.get(SubmissionState.UNKNOWN, 0),
        "rejected": campaign.phones.get(SubmissionState.REJECTED, 0),
        "withdrawn": campaign.phones.get(SubmissionState.WITHDRAWN, 0),
        "screened": screened,
    }
    return {place: count for place, count in found.items() if count}


def audio(terms: Terms) -> str:
    """What is played, in a few words; of a URL neither query nor password, of a name no phone."""
    if terms.audio_url:
        return f"{mask_text(terms.audio_url)} ({terms.url_audio_type})"
    return (
        f'recording "{mask_name(terms.audio_title)}"'
        if terms.audio_title
        else f"file {mask_text(terms.audio_file or '')}"
    )


def summary(campaign: CampaignView) -> SummaryDocument:
    """A campaign as JSON values, as `list` has it."""
    start = campaign.terms.start
    return {
        "campaign_id": campaign.id,
        "key": campaign.key,
        "title": mask_name(campaign.terms.title),
        "status": campaign.status,
        "is_final": campaign.status.is_final,
        "intent": campaign.intent,
        "note": mask_text(campaign.note),
        "created_at": iso_of(campaign.created_at),
        "start": "now" if start == "now" else iso_of(start),
        "rows": campaign.rows,
        "phones": campaign.phone_count,
        "excluded": campaign.excluded_count,
        "submission_count": campaign.submission_count,
        "whereabouts": whereabouts(campaign),
        "phones_dropped_at": iso(campaign.phones_dropped_at),
    }


def terms_document(terms: Terms) -> TermsDocument:
    """What a producer stated, as JSON values, but for the title and the start."""
    return {
        "caller_id": mask_phone(terms.caller_id),
        "audio_title": mask_name(terms.audio_title) if terms.audio_title else None,
        "audio_url": mask_text(terms.audio_url) if terms.audio_url else None,
        "audio_type": terms.url_audio_type,
        "audio_file": mask_text(terms.audio_file) if terms.audio_file else None,
        "ends_at": iso(terms.ends_at),
        "expires_at": iso(terms.expires_at),
        "mobile_only": terms.mobile_only,
        "account": terms.account,
        "when_unknown": terms.when_unknown,
    }


def document(dossier: Dossier) -> CampaignDocument:
    """All of it as JSON values."""
    campaign, terms = dossier.campaign, dossier.campaign.terms
    return {
        **summary(campaign),
        "meaning": campaign.status.sentence,
        "terms": terms_document(terms),
        "too_late_at": iso_of(campaign.too_late_at),
        "end_confirmed_at": iso(campaign.end_confirmed_at),
        "end_late_s": campaign.end_late.total_seconds() if campaign.end_late is not None else None,
        "submissions": [_submission(each) for each in dossier.submissions],
        "outcomes": [
            {"status": mask_text(status), "reason": mask_text(reason), "drops": count}
            for (status, reason), count in dossier.outcomes.items()
        ],
        "excluded_by_reason": dict(dossier.excluded.most_common()),
    }


def shown(dossier: Dossier, at_rest: Iterable[AccountAtRest]) -> ShownDocument:
    """The same, with what it waits for."""
    return {**document(dossier), "waits_for": [rests.document(each) for each in at_rest]}


def read_shown(redis: Redis, campaign_id: str) -> ShownDocument:
    """One campaign as it stands now; raises `UnknownCampaign`."""
    dossier = read_dossier(redis, campaign_id)
    return shown(dossier, rests.of_campaign(redis, dossier.campaign))


def _submission(submission: Submission) -> SubmissionDocument:
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
