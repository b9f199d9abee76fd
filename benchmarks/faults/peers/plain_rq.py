"""RQ with `Retry`. `work` runs a worker; `hand-in` and `look` are the errands."""

import os
import sys
from collections.abc import Mapping

from redis import Redis
from rq import Queue, Retry, Worker
from rq.exceptions import NoSuchJobError
from rq.job import Job, JobStatus

from benchmarks.faults import errands
from benchmarks.faults.peers.gateway import IS_CAREFUL, RETRIES, NeverLeft, submit_campaign

REDIS = Redis.from_url(os.environ["REDIS_URL"])
QUEUE = Queue("campaigns", connection=REDIS)

# "Retry up to 3 times, with longer interval in between": https://python-rq.org/docs/exceptions/#retrying-failed-jobs
# The page has [10, 30, 60] seconds; a tenth of that here, and the last one stands for all further retries.
RETRY = Retry(max=RETRIES, interval=[1, 3, 6])

SAID = {JobStatus.FINISHED: "accepted", JobStatus.FAILED: "failed"}


def submit(title: str, phones: list[str]) -> str | Retry:
    """The job. The careful one asks for its retries itself: https://python-rq.org/docs/jobs/#returning-retry.

    With `retry=` a job would also be run again after its worker was killed.
    """
    try:
        return submit_campaign(title, phones)
    except NeverLeft:
        if IS_CAREFUL:
            return RETRY
        raise


def hand_in(campaigns: Mapping[str, list[str]]) -> dict[str, str]:
    """The business key as job id: https://python-rq.org/docs/jobs/#job-creation."""
    function, retry = "benchmarks.faults.peers.plain_rq.submit", None if IS_CAREFUL else RETRY
    return {key: QUEUE.enqueue(function, key, phones, job_id=key, retry=retry).id for key, phones in campaigns.items()}


def look(job_id: str) -> str:
    """Finished, or in the FailedJobRegistry."""
    try:
        return SAID.get(Job.fetch(job_id, connection=REDIS).get_status(), "open")
    except NoSuchJobError:
        return "open"


def work() -> None:
    """A script of our own, with what every job needs preloaded: https://python-rq.org/docs/workers/#performance-notes.

    With a scheduler, as `interval` asks for. The other numbers let RQ find an abandoned job after about 75 seconds;
    with its defaults that takes up to 14 minutes. They do not change what then happens to it.
    """
    worker = Worker([QUEUE], connection=REDIS, worker_ttl=30, maintenance_interval=15, job_monitoring_interval=5)
    worker.work(with_scheduler=True)


if __name__ == "__main__":
    work() if sys.argv[1:] == ["work"] else errands.run(hand_in, look)
