"""A person at rq-dashboard who presses every button there is, again and again.

Its buttons are calls of RQ's own, seen in its source: each is done here the way it does it. It runs with --json, as
ours does.
"""

import threading
from collections import Counter
from collections.abc import Callable, Iterator
from random import Random

from redis import Redis
from redis.exceptions import RedisError
from rq import Queue
from rq.exceptions import InvalidJobOperation, NoSuchJobError
from rq.job import Job, requeue_job
from rq.registry import BaseRegistry
from rq.serializers import JSONSerializer

from config.queues import QUEUES

REGISTRIES = ("started", "finished", "failed", "deferred", "scheduled", "canceled")


def requeue_one(queue: Queue, random: Random) -> None:
    """The button beside a failed job."""
    if ids := queue.failed_job_registry.get_job_ids():
        requeue_job(random.choice(ids), queue.connection, serializer=JSONSerializer)


def requeue_all(queue: Queue, random: Random) -> None:
    """The button above the failed ones."""
    for job_id in queue.failed_job_registry.get_job_ids():
        requeue_job(job_id, queue.connection, serializer=JSONSerializer)


def delete_one(queue: Queue, random: Random) -> None:
    """The button beside any job, in whatever state."""
    ids = [*queue.get_job_ids(), *(job_id for registry in _registries(queue) for job_id in registry.get_job_ids())]
    if ids:
        _delete(queue, random.choice(ids))


def empty_queue(queue: Queue, random: Random) -> None:
    """The button above the queued ones."""
    queue.empty()  # type: ignore[no-untyped-call]  # rq leaves it without types


def empty_registries(queue: Queue, random: Random) -> None:
    """The same button on every other list: it deletes what is there one by one."""
    for registry in _registries(queue):
        for job_id in registry.get_job_ids():
            _delete(queue, job_id)


def compact(queue: Queue, random: Random) -> None:
    """The button that takes out ids of jobs that are gone."""
    queue.compact()  # type: ignore[no-untyped-call]  # rq leaves it without types


BUTTONS: tuple[Callable[[Queue, Random], None], ...] = (
    requeue_one,
    requeue_all,
    delete_one,
    empty_queue,
    empty_registries,
    compact,
)


def press(redis: Redis, random: Random, *, until: threading.Event, pause_s: float = 0.3) -> Counter[str]:
    """Press one button after the other, on a queue each; answers how often each was pressed."""
    pressed: Counter[str] = Counter()
    while not until.wait(random.uniform(0, 2 * pause_s)):
        button, spec = random.choice(BUTTONS), random.choice(QUEUES)
        try:
            button(Queue(spec.name, connection=redis, serializer=JSONSerializer), random)
        except (NoSuchJobError, InvalidJobOperation, RedisError):
            continue  # somebody was quicker, or the server is away: the page shows an error
        pressed[button.__name__] += 1
    return pressed


def _registries(queue: Queue) -> Iterator[BaseRegistry]:
    return (getattr(queue, f"{name}_job_registry") for name in REGISTRIES)


def _delete(queue: Queue, job_id: str) -> None:
    Job.fetch(job_id, connection=queue.connection, serializer=JSONSerializer).delete()
