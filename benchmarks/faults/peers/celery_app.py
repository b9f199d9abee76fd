"""Celery with `acks_late` and `autoretry_for`. The careful one acknowledges early, which is Celery's default."""

import os
from collections.abc import Mapping

from celery import Celery, states
from requests import RequestException

from benchmarks.faults import errands
from benchmarks.faults.peers.gateway import IS_CAREFUL, RETRIES, NeverLeft, NotAccepted, submit_campaign

REDIS_URL = os.environ["REDIS_URL"]

app = Celery("campaigns", broker=REDIS_URL, backend=REDIS_URL)
app.conf.broker_connection_retry_on_startup = True
app.conf.broker_transport_options = {
    # An unacknowledged task is delivered again after this; an hour by default, longer than any wait before a retry:
    # https://docs.celeryq.dev/en/stable/getting-started/backends-and-brokers/redis.html#visibility-timeout
    "visibility_timeout": 30,
    # Looked for every 10 s, not every 100 s: https://docs.celeryq.dev/projects/kombu/en/stable/reference/kombu.transport.redis.html
    "unacked_restore_throttle": 1,
}
if not IS_CAREFUL:
    # "When you need the task to be executed again if the worker crashes mid-execution":
    # https://docs.celeryq.dev/en/stable/faq.html#should-i-use-retry-or-acks-late
    app.conf.task_acks_late = True
    # Otherwise the task of a child that was killed is acknowledged and marked as failed:
    # https://docs.celeryq.dev/en/stable/userguide/configuration.html#task-reject-on-worker-lost
    app.conf.task_reject_on_worker_lost = True
    # "Reserve one task at a time": https://docs.celeryq.dev/en/stable/userguide/optimizing.html
    app.conf.worker_prefetch_multiplier = 1

SAID = {states.SUCCESS: "accepted", states.FAILURE: "failed"}


# The page's own example is a call over HTTP, with `autoretry_for=(RequestException,), retry_backoff=True`:
# https://docs.celeryq.dev/en/stable/userguide/tasks.html#automatic-retry-for-known-exceptions
@app.task(
    name="submit",  # the errands run this file as a script, and the worker as a module
    autoretry_for=(NeverLeft,) if IS_CAREFUL else (NeverLeft, NotAccepted, RequestException),
    retry_backoff=True,
    max_retries=RETRIES,
)
def submit(title: str, phones: list[str]) -> str:
    """The task."""
    return submit_campaign(title, phones)


def hand_in(campaigns: Mapping[str, list[str]]) -> dict[str, str]:
    """The business key as task id: https://docs.celeryq.dev/en/stable/faq.html#can-i-specify-a-custom-task-id."""
    return {key: submit.apply_async(args=[key, phones], task_id=key).id for key, phones in campaigns.items()}


def look(task_id: str) -> str:
    """As the result backend says it: https://docs.celeryq.dev/en/stable/userguide/tasks.html#built-in-states."""
    return SAID.get(app.AsyncResult(task_id).state, "open")


if __name__ == "__main__":
    errands.run(hand_in, look)
