"""What RQ's cleaning makes of jobs whose worker was killed."""

from random import Random

from redis import Redis
from rq import Queue
from rq.job import Job, JobStatus

from config.queues import CAMPAIGNS
from jobs.ledger import due
from jobs.ledger.keys import Due
from jobs.producer import open_queue
from worker.queue_worker import QueueWorker

CAMPAIGN = {"campaign": {"recipients": ["6175550142"]}}


def begun_and_abandoned(queue: Queue) -> Job:
    job = queue.enqueue("jobs.entrypoints.submit_campaign", kwargs=CAMPAIGN)
    queue.connection.delete(queue.key)
    job.set_status(JobStatus.STARTED)
    queue.connection.zadd(queue.started_job_registry.key, {f"{job.id}:execution": 1})
    return job


def test_an_unreadable_job_that_was_abandoned_takes_no_good_one_with_it(redis: Redis) -> None:
    queue = open_queue(redis, CAMPAIGNS)
    good, bad = begun_and_abandoned(queue), begun_and_abandoned(Queue("campaigns", connection=redis))
    worker = QueueWorker(redis, CAMPAIGNS, name="cleaner", random=Random(1))
    worker.clean_registries()  # type: ignore[no-untyped-call]  # rq leaves it without types
    assert set(queue.failed_job_registry.get_job_ids()) == {good.id, bad.id}
    assert queue.started_job_registry.get_job_ids() == []
    assert Job.fetch(good.id, connection=redis, serializer="json").kwargs == CAMPAIGN
    assert due.stands(redis, Due.REQUEUE, good.id)
    assert not due.stands(redis, Due.REQUEUE, bad.id)
    assert Job.fetch(bad.id, connection=redis, serializer="json").kwargs == {}
