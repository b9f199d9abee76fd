"""A worker rings for what is due as long as no scheduler does."""

from datetime import timedelta

from redis import Redis

from config.queues import CONTROL
from jobs.ledger import due, leadership
from jobs.ledger.clock import server_time
from jobs.ledger.keys import Due
from jobs.ringing.queues import open_queue
from worker import chores


def test_a_worker_rings_only_while_no_scheduler_leads(fake_redis: Redis) -> None:
    now = server_time(fake_redis)
    due.add(fake_redis, Due.CONTROL, ["bcdf"], now - timedelta(seconds=5))
    leadership.hold(fake_redis, "scheduler", now=now, lasts=timedelta(seconds=15))
    chores.ring(fake_redis)
    assert open_queue(fake_redis, CONTROL).count == 0
    leadership.release(fake_redis, "scheduler")
    chores.ring(fake_redis)
    assert open_queue(fake_redis, CONTROL).count == 1
