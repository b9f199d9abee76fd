"""RQ's classes as rq-dashboard is to see them: JSON alone, never pickle, and nothing in a job that could harm anybody.

A job of another system may say anything. Of each job there is shown which function it calls, with ids and words of
ours; of a failure and a result what the logs would show, and no URL at all.
"""

import re
from collections.abc import Callable, Mapping
from copy import copy
from typing import Any

from redis import Redis
from rq import Queue, Worker
from rq.job import Job
from rq.results import Result
from rq.serializers import JSONSerializer

from config.masking import HIDDEN, mask_text, mask_value

HARMLESS = ("account", "campaign_id", "campaign_ids", "day", "names", "question_id", "submission_ids", "verb")
"""Keywords of our entry points that hold ids or words."""

MOST_SAID = 20_000
"""Characters of a traceback; it ends with what matters."""

_WORD = re.compile(r"[A-Za-z0-9_./-]{1,80}")
_URL = re.compile(r"[a-z][a-z0-9+.-]*://[^\s\"'<>]+", re.I)


def described(function: str, keywords: Mapping[str, Any]) -> str:
    """A job in a line: its function, and those of its keywords that are harmless."""
    told = (f"{name}={_told(keywords[name])}" for name in HARMLESS if name in keywords)
    return " ".join([_word(function), *told])


def harmless(text: str) -> str:
    """A text without phones, secrets and URLs."""
    return mask_text(_URL.sub(HIDDEN, text[-MOST_SAID:]))


def _told(value: Any) -> str:
    if isinstance(value, list) and value:
        return _word(value[0]) + (f" and {len(value) - 1} more" if len(value) > 1 else "")
    return _word(value)


def _word(value: Any) -> str:
    return mask_text(value) if isinstance(value, str) and _WORD.fullmatch(value) else HIDDEN


class ShownJob(Job):
    """A job without anything that its producer wrote in words."""

    def __init__(self, id: str | None = None, connection: Redis | None = None, serializer: Any = None) -> None:  # noqa: A002  # rq's name
        super().__init__(id, connection, JSONSerializer)

    def restore(self, raw_data: Any) -> Any:
        """As RQ does it; then the description is ours."""
        restored = super().restore(raw_data)
        self.description = self.get_call_string()
        return restored

    def get_call_string(self) -> str:
        """What the job is about."""
        try:
            return described(self.func_name or "", self.kwargs)
        except Exception:  # whatever lies there, it is shown that it cannot be read
            return "unreadable"

    def latest_result(self, timeout: int = 0) -> Result | None:
        """The newest, without what should not be seen."""
        found = super().latest_result()
        if found is None:
            return None
        shown = copy(found)
        shown.exc_string = harmless(found.exc_string) if found.exc_string else found.exc_string
        shown.return_value = mask_value(found.return_value, harmless)
        return shown

    def get_meta(self, refresh: bool = True) -> dict[str, Any]:
        """Counts of ours, or what another system wrote."""
        found: dict[str, Any] = mask_value(super().get_meta(refresh), harmless)
        return found

    @property
    def dependency_ids(self) -> list[str]:
        """As something that can be decoded: rq-dashboard takes them for bytes."""
        return [_Name(each) for each in super().dependency_ids]


class _Name(str):
    __slots__ = ()

    def decode(self, encoding: str = "utf-8") -> str:
        """Itself."""
        return str(self)


class ShownQueue(Queue):
    """A queue of such jobs."""

    job_class = ShownJob

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.serializer = JSONSerializer


class ShownWorker(Worker):
    """A worker at such jobs. RQ hands no serializer on to it, and it would unpickle what it works on."""

    job_class = ShownJob
    queue_class = ShownQueue

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.serializer = JSONSerializer


def requeue_job(job_id: str, connection: Redis, serializer: Any = None) -> Job:
    """As RQ's own, for jobs as they are: what is shown of one must not take the place of what it says."""
    job = Job.fetch(job_id, connection=connection, serializer=JSONSerializer)
    job.requeue()
    return job


REPLACED: Mapping[str, Callable[..., Any]] = {
    "Job": ShownJob,
    "Queue": ShownQueue,
    "Worker": ShownWorker,
    "requeue_job": requeue_job,
}
"""What rq-dashboard finds where it looks for RQ's own."""
