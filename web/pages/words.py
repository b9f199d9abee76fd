"""Words and kinds for what is shown: states never by colour alone."""

from collections.abc import Mapping

from jobs.documents.campaigns import whereabouts
from jobs.models import CampaignStatus, Finding, Run, SubmissionState

__all__ = [
    "COLOURS",
    "FINDINGS",
    "IN_SHORT",
    "PLACES",
    "RUNS",
    "STATE_KINDS",
    "STATUS_KINDS",
    "plain",
    "sentence",
    "whereabouts",
]

PLACES: Mapping[str, tuple[str, str]] = {
    "delivered": ("delivered", "delivered"),
    "failed": ("failed", "failed"),
    "no_record": ("no record came", "none"),
    "no_record_yet": ("with the gateway", "there"),
    "being_sent": ("being sent", "there"),
    "not_sent_yet": ("not sent yet", "rest"),
    "unknown": ("unknown", "doubt"),
    "rejected": ("rejected", "failed"),
    "withdrawn": ("withdrawn", "none"),
    "screened": ("taken out before sending", "none"),
}
"""Where phones are: what it is called, and its kind, which gives it its colour."""

IN_SHORT: Mapping[str, str] = {
    "no_record": "without a record",
    "rejected": "not called",
    "withdrawn": "not called",
    "screened": "not called",
}
"""Where a list of campaigns says less of it."""

COLOURS: Mapping[str, str] = {
    kind: ", ".join(word for word, of in PLACES.values() if of == kind) for _, kind in PLACES.values()
}
"""What each colour of a bar stands for, by its kind."""

STATUS_KINDS: Mapping[CampaignStatus, str] = {
    CampaignStatus.WAITING: "calm",
    CampaignStatus.SENDING: "busy",
    CampaignStatus.RUNNING: "busy",
    CampaignStatus.PAUSING: "held",
    CampaignStatus.PAUSED: "held",
    CampaignStatus.STOPPING: "held",
    CampaignStatus.NEEDS_DECISION: "alarm",
    CampaignStatus.FINISHED: "good",
    CampaignStatus.STOPPED: "calm",
    CampaignStatus.CANCELLED: "calm",
    CampaignStatus.REJECTED: "bad",
    CampaignStatus.EXPIRED: "bad",
}

STATE_KINDS: Mapping[SubmissionState, str] = {
    SubmissionState.PLANNED: "calm",
    SubmissionState.CLAIMED: "busy",
    SubmissionState.SENDING: "busy",
    SubmissionState.ACCEPTED: "busy",
    SubmissionState.UNKNOWN: "alarm",
    SubmissionState.REJECTED: "bad",
    SubmissionState.WITHDRAWN: "calm",
    SubmissionState.FINISHED: "good",
    SubmissionState.GIVEN_UP: "calm",
}

RUNS: Mapping[Run, str] = {
    Run.GOING: "going",
    Run.PAUSED: "paused",
    Run.ENDED: "ended",
    Run.UNSURE: "being told",
}

FINDINGS: Mapping[Finding, str] = {each: each.replace("_", " ") for each in Finding}


def plain(word: str) -> str:
    """`needs_decision` as people write it."""
    return word.replace("_", " ")


def sentence(words: str) -> str:
    """The words as they stand by themselves: with a capital and a full stop."""
    ended = words if words.endswith((".", "!", "?")) or not words else f"{words}."
    return ended[:1].upper() + ended[1:]
