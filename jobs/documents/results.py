"""Every phone of a campaign and how its drop ended, row by row. Here phones are whole: who may see them is not decided
here.
"""

from collections.abc import Iterator, Sequence

from redis import Redis

from jobs.documents.tables import Cell
from jobs.documents.values import iso
from jobs.ledger import campaigns, dispositions, submissions
from jobs.models import Disposition, DropState, Submission, SubmissionState

COLUMNS = (
    "phone",
    "state",
    "status",
    "reason",
    "delivered_at",
    "delivered_text",
    "carrier",
    "submission_state",
    "session_id",
)
"""Of the table of results. Scripts read them: add at the end, never rename."""


UNKNOWN = SubmissionState.UNKNOWN
"""Also the state of a drop of which nobody knows whether the gateway has it: it may never come to be `pending`."""


def result_rows(redis: Redis, campaign_id: str) -> Iterator[Sequence[Cell]]:
    """A submission at a time: no more than 10,000 phones are held at once."""
    for submission in submissions.read(redis, campaigns.submission_ids(redis, campaign_id)):
        for each in dispositions.read(redis, submission):
            yield _row(submission, each)


def _row(submission: Submission, drop: Disposition) -> Sequence[Cell]:
    """The cells of `COLUMNS`."""
    return (
        drop.phone,
        UNKNOWN if submission.state is UNKNOWN and drop.state is DropState.PENDING else drop.state,
        drop.status or None,
        drop.reason or None,
        iso(drop.delivered_at),
        drop.delivered_text or None,
        drop.carrier or None,
        submission.state,
        submission.session_id or None,
    )
