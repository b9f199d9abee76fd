"""One RQ worker on one queue, in this process. With two queues RQ can lose a job between pop and start.

RQ's SimpleWorker does the work; what is changed here is how it ends. Its own handlers raise inside the blocking pop,
and abort the job at the second signal; Heroku sends several, to every process. Ours only set a flag, which is looked at
between two jobs, and by long jobs between two submissions.
"""

import os
import signal
import threading
import time
from datetime import UTC, datetime
from random import Random
from types import FrameType, TracebackType

import structlog
from redis import Redis
from redis.client import Pipeline
from rq import Queue, SimpleWorker, worker_registration
from rq.executions import Execution
from rq.job import Job

from config.queues import QueueSpec
from jobs import entrypoints
from jobs.ringing.queues import open_queue
from worker.failures import is_bell, sort_failure

LOOK_UP_S = 2
"""How long one blocking pop lasts, and so how long an idle worker takes to notice that it should end."""
MAINTENANCE_S = 15
"""How often RQ's registries are cleaned of what a killed worker left behind."""
WORKER_TTL_S = 30
"""How long a silent worker counts as alive."""

log = structlog.get_logger()


def end_with(parent: int, *, grace_s: float) -> None:
    """Wind down when the process `parent` is gone, and end for good `grace_s` later, whatever it is that we wait for.

    Without Redis, RQ waits inside its pop for as long as it takes, and nobody would be left to kill us.
    """

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(1)
        entrypoints.wind_down.set()
        time.sleep(grace_s)
        os._exit(1)

    threading.Thread(target=watch, name="end-with-parent", daemon=True).start()


class QueueWorker(SimpleWorker):
    """A worker for one queue that ends between two jobs, at one signal or at ten."""

    log_result_lifespan = False

    def __init__(self, redis: Redis, spec: QueueSpec, *, name: str, random: Random) -> None:
        super().__init__(
            [open_queue(redis, spec)],
            name=name,
            connection=redis,
            serializer="json",
            exception_handlers=[self._sort_failure],
            default_result_ttl=spec.result_ttl_s,
            worker_ttl=WORKER_TTL_S,
            maintenance_interval=MAINTENANCE_S,
            log_job_description=False,
        )
        self._spec = spec
        self._random = random

    @property
    def dequeue_timeout(self) -> int:
        """Seconds of one blocking pop."""
        return LOOK_UP_S

    def dequeue_job_and_maintain_ttl(
        self, timeout: int | None, max_idle_time: int | None = None
    ) -> tuple[Job, Queue] | None:
        """The next job, or None when it is time to end. A job that is popped is always worked on."""
        while not entrypoints.wind_down.is_set():
            found = super().dequeue_job_and_maintain_ttl(timeout, max_idle_time=LOOK_UP_S)
            if found:
                return found
        return None

    def heartbeat(self, timeout: int | None = None, pipeline: Pipeline | None = None) -> None:
        """Say that it lives, and come back into RQ's register: RQ writes there at birth alone, and so a worker of a
        server that was emptied would never be seen again.
        """
        if pipeline is None and self.connection.sadd(self.redis_workers_keys, self.key):
            self.connection.hset(self.key, mapping=self.serialize())
            worker_registration.register(self)
        super().heartbeat(timeout, pipeline)

    def execute_job(self, job: Job, queue: Queue) -> None:
        """A job belongs to the queue that it came by, whatever it says: by its origin RQ files and finds it."""
        if job.origin != queue.name:
            job.origin = queue.name
            self.connection.hset(job.key, "origin", queue.name)
        super().execute_job(job, queue)

    def perform_job(self, job: Job, queue: Queue, execution: Execution) -> bool:
        """Run one job, with its ids on every log line."""
        began = time.monotonic()
        with structlog.contextvars.bound_contextvars(job_id=job.id, queue=queue.name):
            done = super().perform_job(job, queue, execution)
            answer = job._result if done else None
            log.info("job_done" if done else "job_failed", answer=answer, took_s=round(time.monotonic() - began, 3))
        return done

    def subscribe(self) -> None:
        """No command channel: it would cost a connection, and all it could do to an in-process worker is end it."""

    def unsubscribe(self) -> None:
        """There is nothing to unsubscribe from."""

    def _install_signal_handlers(self) -> None:
        signal.signal(signal.SIGTERM, self._end_soon)
        signal.signal(signal.SIGINT, self._end_soon)

    def _end_soon(self, signum: int, frame: FrameType | None) -> None:
        entrypoints.wind_down.set()

    def _sort_failure(
        self, job: Job, kind: type[BaseException], error: BaseException, traceback: TracebackType | None
    ) -> None:
        """RQ records the failure after this, and only if this does not raise; `rescue` finds what was not sorted.

        Whoever enqueued it may have asked RQ for retries: these would come on top of ours, without its payload once it
        was given up, and those with an interval never, for they wait for RQ's scheduler, which nobody runs here.
        """
        job.retries_left = None
        try:
            self._sort(job, error)
        except Exception as unsorted:
            log.error("job_not_sorted", kind=type(unsorted).__name__)  # noqa: TRY400  # a traceback may tell phones

    def _sort(self, job: Job, error: BaseException) -> None:
        if is_bell(job):
            return
        now = datetime.now(UTC)
        wait = sort_failure(self.connection, job, error, spec=self._spec, now=now, random=self._random)
        log.warning("job_comes_back" if wait else "job_given_up", wait_s=wait and wait.total_seconds())
