"""Submissions in doubt, with what is known of them. No phone is in it."""

from datetime import datetime

from typing_extensions import TypedDict

from config.masking import mask_name, mask_text
from jobs.campaigns.marks import mark_of
from jobs.documents.balances import NotedDocument
from jobs.documents.values import clean, iso, iso_of
from jobs.models import Candidate, Evidence, Finding, SubmissionState, WhenUnknown
from jobs.outcomes.cases import Case, in_words, ways_out
from jobs.outcomes.courses import what_happens_by_itself
from jobs.outcomes.decide import Decided, Decision


class CandidateDocument(TypedDict):
    """A session that may be the submission, as one look saw it."""

    session_id: str
    title: str
    dated: str
    called: int | None
    shared: int
    first_call: str


class EvidenceDocument(TypedDict):
    """One thing that was found out or decided."""

    at: str
    finding: Finding
    words: str
    mark: str
    session_ids: list[str]
    candidates: list[CandidateDocument]
    balance: str | None
    decided: str | None
    by: str | None
    why: str | None


class SentDocument(TypedDict):
    """An earlier attempt."""

    sent_at: str
    sent_title: str
    mark: str


class CaseDocument(TypedDict):
    """One submission that is or was in doubt, the evidence oldest first."""

    campaign_id: str
    submission_id: str
    title: str
    sent_title: str | None
    mark: str | None
    state: SubmissionState
    phones: int
    sent_at: str | None
    since: str | None
    reason: str
    session_id: str | None
    when_unknown: WhenUnknown
    sent_before: list[SentDocument]
    balance_before: NotedDocument | None
    in_words: str
    by_itself: str | None
    evidence: list[EvidenceDocument]
    ways_out: list[str]


class DecidedDocument(CaseDocument):
    """What a decision came to; `is_new` is false where it held before."""

    decision: Decision
    is_new: bool


def case_document(case: Case, now: datetime) -> CaseDocument:
    """All of it as JSON values."""
    submission, attempt, before = case.submission, case.attempt, case.balance_before
    return {
        "campaign_id": case.campaign.id,
        "submission_id": submission.id,
        "title": named(case.campaign.terms.title),
        "sent_title": named(case.title_of(attempt)) if attempt else None,
        "mark": mark_of(attempt.token) if attempt else None,
        "state": submission.state,
        "phones": submission.sent_count,
        "sent_at": iso(submission.sent_at),
        "since": iso(submission.changed_at),
        "reason": mask_text(submission.reason),
        "session_id": submission.session_id or None,
        "when_unknown": case.campaign.terms.when_unknown,
        "sent_before": [
            {"sent_at": iso_of(each.sent_at), "sent_title": named(case.title_of(each)), "mark": mark_of(each.token)}
            for each in submission.former
        ],
        "balance_before": {"at": iso_of(before.at), "remaining": before.remaining, "pending": before.pending}
        if before
        else None,
        "in_words": said(in_words(case)),
        "by_itself": what_happens_by_itself(case, now) if submission.state is SubmissionState.UNKNOWN else None,
        "evidence": [_evidence_document(each) for each in case.evidence],
        "ways_out": ways_out(case),
    }


def decided_document(decided: Decided, now: datetime) -> DecidedDocument:
    """A decision and what holds now."""
    return {"decision": decided.decision, "is_new": decided.is_new, **case_document(decided.case, now)}


def _evidence_document(evidence: Evidence) -> EvidenceDocument:
    return {
        "at": iso_of(evidence.at),
        "finding": evidence.finding,
        "words": said(evidence.words),
        "mark": evidence.mark,
        "session_ids": list(evidence.session_ids),
        "candidates": [_candidate(each) for each in evidence.candidates],
        "balance": evidence.balance or None,
        "decided": evidence.decided or None,
        "by": mask_text(evidence.by) or None,
        "why": mask_text(evidence.why) or None,
    }


def _candidate(candidate: Candidate) -> CandidateDocument:
    return {
        "session_id": candidate.session_id,
        "title": said(candidate.title),
        "dated": said(candidate.dated),
        "called": candidate.called,
        "shared": candidate.shared,
        "first_call": candidate.first_call,
    }


def named(title: str) -> str:
    """A title on one line, without phones, with its dates and counters."""
    return clean(mask_name(title))


def said(words: str) -> str:
    """Words from outside on one line, without phones."""
    return clean(mask_text(words))
