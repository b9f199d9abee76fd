"""Sessions that are with the gateway, made in the ledger as a sender makes them, for benchmarks that need many."""

from datetime import date, datetime

from redis import Redis

from jobs.ledger import claims, keys, submissions
from jobs.ledger.fields import to_ms
from jobs.ledger.keys import Due
from jobs.models import Submission, SubmissionState


def go_live(
    redis: Redis,
    submission: Submission,
    session_id: str,
    *,
    days: list[date],
    now: datetime,
    gateway_count: int,
    look_at: datetime | None = None,
) -> None:
    """Move a planned submission to `accepted` under this session; `look_at` is when its records are wanted."""
    listed_under = [keys.listed("default", day) for day in days]
    claims.claim(redis, submission.id, attempt="a", now=now, until=now)
    submissions.move(redis, submission, SubmissionState.SENDING, now=now, listed_under=listed_under, sent_at=to_ms(now))
    submissions.move(
        redis,
        submission,
        SubmissionState.ACCEPTED,
        now=now,
        due={Due.REFRESH: look_at} if look_at else {},
        session_key=keys.session("default", session_id),
        session_id=session_id,
        gateway_count=gateway_count,
    )
