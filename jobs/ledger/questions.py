"""Questions about one call, and their answers: where the phone waits, so that the job that asks need not carry it.

A question is no promise: it and its answer are gone after `KEEP`.
"""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from pydantic import ConfigDict, TypeAdapter, with_config
from redis import Redis

from jobs.ledger import keys
from jobs.ledger.fields import text, to_ms
from jobs.models import Disposition

KEEP = timedelta(hours=1)


@with_config(ConfigDict(hide_input_in_errors=True))
@dataclass(frozen=True, slots=True)
class Question:
    """How did the drop of this session to this phone end? Once `answered_at`: by this record, by a refusal in the
    gateway's words, or, with neither, there is no record yet.
    """

    account: str
    session_id: str
    phone: str = field(repr=False)
    answered_at: datetime | None = None
    record: Disposition | None = None
    refusal: str = ""


_QUESTION = TypeAdapter(Question)


def ask(redis: Redis, question_id: str, question: Question, *, now: datetime) -> None:
    """Write a question down and have it asked; sent twice, it stands there once."""
    with redis.pipeline() as pipeline:
        pipeline.set(keys.question(question_id), _QUESTION.dump_json(question), ex=KEEP)
        pipeline.zadd(keys.Due.QUESTION, {question_id: to_ms(now)})
        pipeline.execute()


def read(redis: Redis, question_id: str) -> Question | None:
    """A question with its answer, if there is one; None once it is forgotten."""
    stored = redis.get(keys.question(question_id))
    return _QUESTION.validate_json(text(stored)) if stored else None


def forget(redis: Redis, phone: str) -> int:
    """Drop every question about a call to this phone, with its answer; answers how many."""
    known = [key for key in redis.scan_iter(f"{keys.question('')}*", count=1_000) if _is_about(redis.get(key), phone)]
    for key in known:
        redis.zrem(keys.Due.QUESTION, text(key).removeprefix(keys.question("")))
        redis.delete(key)
    return len(known)


def _is_about(stored: Any, phone: str) -> bool:
    return stored is not None and _QUESTION.validate_json(text(stored)).phone == phone


def settle(redis: Redis, question_id: str, answered: Question) -> None:
    """Write the answer down, unless the question is forgotten: nothing of it may stay for longer."""
    redis.set(keys.question(question_id), _QUESTION.dump_json(answered), xx=True, keepttl=True)
