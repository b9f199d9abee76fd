"""What is posted, and what comes of it."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from urllib.parse import unquote_plus

from config.masking import mask_text
from jobs.campaigns.marks import mark_of
from jobs.gateway.replies import CallRecord
from jobs.ledger.quarantine import Quarantined


@dataclass(frozen=True, slots=True)
class Posted:
    """What somebody posted to the URL of an attempt, the address that it came from, and what its URL says besides."""

    token: str = field(repr=False)
    body: bytes = field(repr=False)
    source: str = ""
    testimony: str = field(default="", repr=False)


class Heard(StrEnum):
    """What came of a postback. Whatever it is, it may be posted again."""

    RECORDED = "recorded"
    """The record is in the ledger, or says nothing new."""
    ADOPTED = "adopted"
    """The record is in the ledger, and its session is the submission's from now on."""
    CONTRARY = "contrary"
    """It says otherwise than the record of this call that came first, or than our having taken the phone out before it
    was sent. What stood there stays."""
    STRAY = "stray"
    """It came from a session of an earlier attempt, which is being stopped. The record is not the submission's."""
    UNKNOWN_TOKEN = "unknown_token"  # noqa: S105 -- no secret, but what is said of one
    """No attempt has this URL, or not any more. Nothing changed."""
    FOREIGN_SESSION = "foreign_session"
    """The session is not this submission's. Nothing changed."""
    FOREIGN_PHONE = "foreign_phone"
    """The phone is not on this submission. Nothing changed."""
    UNREADABLE = "unreadable"
    """The body holds no call record. Nothing changed."""
    OVERSIZED = "oversized"
    """The body is longer than any record. Nothing changed."""
    UNSETTLED = "unsettled"
    """The submission moved each time that it was looked at. Post it again."""
    FAILED = "failed"
    """It met a fault of ours, which is logged. Nothing of it is sure; post it again."""

    @property
    def is_in(self) -> bool:
        """Whether it said all that it had to say, and need not be posted again."""
        return self in {Heard.RECORDED, Heard.ADOPTED, Heard.CONTRARY, Heard.STRAY}

    @property
    def is_quarantined(self) -> bool:
        """Whether it is kept for a person to look at."""
        return self in QUARANTINED


QUARANTINED = (
    Heard.CONTRARY,
    Heard.FOREIGN_PHONE,
    Heard.FOREIGN_SESSION,
    Heard.UNREADABLE,
    Heard.OVERSIZED,
    Heard.UNKNOWN_TOKEN,
)


@dataclass(frozen=True, slots=True)
class Call:
    """A record that came to the URL of a submission's attempt; `place` is that of its postback in the batch."""

    place: int
    token: str = field(repr=False)
    submission_id: str
    record: CallRecord = field(repr=False)


def quarantined(
    at: datetime, kind: Heard, posted: Posted, submission_id: str, record: CallRecord | None
) -> Quarantined:
    """A postback that changed nothing in the table, as it may be kept."""
    return Quarantined(
        at=at,
        kind=kind,
        mark=mark_of(posted.token),
        source=mask_text(posted.source),
        size=len(posted.body),
        said=mask_text(unquote_plus(posted.body.decode("utf-8", "replace"))),
        submission_id=submission_id,
        session_id=record.session_id if record else "",
    )
