"""The nouns, their states and the legal moves between them. Law of the room: no I/O, time is handed in."""

from jobs.models.events import TOPICS, EventKind
from jobs.models.evidence import Candidate, Evidence, Finding
from jobs.models.problems import InvalidCampaign, Problem
from jobs.models.records import Alone, Attempt, CampaignView, Disposition, ExcludedRow, Submission
from jobs.models.states import (
    ENDING_INTENTS,
    FINAL_STATUSES,
    LEGAL_INTENTS,
    LEGAL_MOVES,
    UNSENT,
    UNSETTLED,
    CampaignStatus,
    DropState,
    Intent,
    Run,
    SubmissionState,
    states_before,
)
from jobs.models.terms import (
    EXPIRES_AFTER,
    MAX_AHEAD,
    MAX_PHONES_PER_SUBMISSION,
    AudioType,
    Campaign,
    Terms,
    WhenUnknown,
    parse_campaign,
    parse_terms,
)

__all__ = [
    "ENDING_INTENTS",
    "EXPIRES_AFTER",
    "FINAL_STATUSES",
    "LEGAL_INTENTS",
    "LEGAL_MOVES",
    "MAX_AHEAD",
    "MAX_PHONES_PER_SUBMISSION",
    "TOPICS",
    "UNSENT",
    "UNSETTLED",
    "Alone",
    "Attempt",
    "AudioType",
    "Campaign",
    "CampaignStatus",
    "CampaignView",
    "Candidate",
    "Disposition",
    "DropState",
    "EventKind",
    "Evidence",
    "ExcludedRow",
    "Finding",
    "Intent",
    "InvalidCampaign",
    "Problem",
    "Run",
    "Submission",
    "SubmissionState",
    "Terms",
    "WhenUnknown",
    "parse_campaign",
    "parse_terms",
    "states_before",
]
