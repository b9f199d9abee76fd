"""Submissions in doubt, with what is known of them. No phone is in it."""

from typing_extensions import TypedDict

from config.masking import mask_text
from jobs.documents.values import clean, iso, iso_of
from jobs.models import Evidence, Finding, SubmissionState, WhenUnknown
from jobs.outcomes.cases import Case, in_words, ways_out
from jobs.outcomes.decide import Decided, Decision


class EvidenceDocument(TypedDict):
    """One thing that was found out or decided."""

    at: str
    finding: Finding
    words: str
    mark: str
    session_ids: list[str]
    balance: str | None
    decided: str | None
    by: str | None
    why: str | None


class CaseDocument(TypedDict):
    """One submission that is or was in doubt, the evidence oldest first."""

    campaign_id: str
    submission_id: str
    title: str
    state: SubmissionState
    phones: int
    sent_at: str | None
    since: str | None
    reason: str
    session_id: str | None
    when_unknown: WhenUnknown
    in_words: str
    evidence: list[EvidenceDocument]
    ways_out: list[str]


class DecidedDocument(CaseDocument):
    """What a decision came to; `is_new` is false where it held before."""

    decision: Decision
    is_new: bool


def case_document(case: Case) -> CaseDocument:
    """All of it as JSON values."""
    submission = case.submission
    return {
        "campaign_id": case.campaign.id,
        "submission_id": submission.id,
        "title": case.campaign.terms.title,
        "state": submission.state,
        "phones": submission.sent_count,
        "sent_at": iso(submission.sent_at),
        "since": iso(submission.changed_at),
        "reason": mask_text(submission.reason),
        "session_id": submission.session_id or None,
        "when_unknown": case.campaign.terms.when_unknown,
        "in_words": said(in_words(case)),
        "evidence": [_evidence_document(each) for each in case.evidence],
        "ways_out": ways_out(case),
    }


def decided_document(decided: Decided) -> DecidedDocument:
    """A decision and what holds now."""
    return {"decision": decided.decision, "is_new": decided.is_new, **case_document(decided.case)}


def _evidence_document(evidence: Evidence) -> EvidenceDocument:
    return {
        "at": iso_of(evidence.at),
        "finding": evidence.finding,
        "words": said(evidence.words),
        "mark": evidence.mark,
        "session_ids": list(evidence.session_ids),
        "balance": evidence.balance or None,
        "decided": evidence.decided or None,
        "by": mask_text(evidence.by) or None,
        "why": mask_text(evidence.why) or None,
    }


def said(words: str) -> str:
    """Words from outside on one line, without phones."""
    return clean(mask_text(words))
