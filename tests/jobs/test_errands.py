"""An errand is enqueued once, and stays due until its job is done."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

import pytest
from redis import Redis
from rq.job import Job, JobStatus
from rq.results import Result
from rq.serializers import JSONSerializer
from structlog.testing import capture_logs

from config.queues import STATUS
from jobs.campaigns.balances import EVERY
from jobs.ledger import due, ticks
from jobs.ledger.keys import Due
from jobs.ringing.errands import ERRAND_AGAIN, ERRAND_PATIENCE, Errand, errand_id, run_errands
from jobs.ringing.errands import ERRANDS as PRODUCED
from jobs.ringing.queues import open_queue

SLOT = datetime(2026, 3, 2, 5, 20, tzinfo=UTC)
REFRESH = Errand("jobs.entrypoints.refresh_campaigns", STATUS, lambda slot: {"campaign_ids": [f"{slot:%Y-%m-%d}"]})
ERRANDS = {"look": REFRESH}
LOOK = errand_id("look", SLOT)


@pytest.fixture
def ledger(fake_redis: Redis) -> Redis:
    """A ledger in which the errand is due."""
    ticks.claim(fake_redis, "look", SLOT, seen=None, errand=LOOK)
    return fake_redis


def run(ledger: Redis, *, after: timedelta = timedelta(), errands: Mapping[str, Errand] = ERRANDS) -> int:
    return run_errands(ledger, errands, now=SLOT + after)


def job(ledger: Redis) -> Job:
    return Job.fetch(LOOK, connection=ledger, serializer=JSONSerializer)


def test_it_is_enqueued_once_with_its_slot_in_its_name_and_its_keywords(ledger: Redis) -> None:
    assert run(ledger) == 1
    assert LOOK == "look-20260302T052000Z"
    assert open_queue(ledger, STATUS).job_ids == [LOOK]
    assert job(ledger).kwargs == {"campaign_ids": ["2026-03-02"]}
    due.add(ledger, Due.ERRAND, [LOOK], SLOT)  # as one does who was frozen
    assert run(ledger) == 0
    assert run(ledger, after=ERRAND_AGAIN) == 0
    assert open_queue(ledger, STATUS).job_ids == [LOOK]


def test_it_is_due_until_its_job_is_done(ledger: Redis) -> None:
    run(ledger)
    job(ledger).set_status(JobStatus.FINISHED)
    assert run(ledger, after=ERRAND_AGAIN) == 0
    assert not due.stands(ledger, Due.ERRAND, LOOK)


def test_a_job_that_was_lost_is_enqueued_anew(ledger: Redis) -> None:
    run(ledger)
    job(ledger).delete()
    assert run(ledger, after=timedelta(days=3)) == 1


def test_one_that_failed_is_tried_again_for_a_day(ledger: Redis) -> None:
    run(ledger)
    failed = job(ledger)
    failed.set_status(JobStatus.FAILED)
    ledger.delete(open_queue(ledger, STATUS).key)
    failed.failed_job_registry.add(failed, 60)
    created = failed.created_at.replace(tzinfo=UTC)
    assert run_errands(ledger, ERRANDS, now=created + timedelta(hours=1)) == 1
    assert open_queue(ledger, STATUS).job_ids == [LOOK]
    job(ledger).set_status(JobStatus.FAILED)
    with capture_logs() as logs:
        assert run_errands(ledger, ERRANDS, now=created + ERRAND_PATIENCE + timedelta(hours=2)) == 0
    assert [line["event"] for line in logs] == ["errand_given_up"]
    assert not due.stands(ledger, Due.ERRAND, LOOK)


def test_one_that_is_broken_silences_no_other(ledger: Redis) -> None:
    due.add(ledger, Due.ERRAND, ["look-at noon"], SLOT - ERRAND_AGAIN)
    with capture_logs() as logs:
        assert run(ledger) == 1
    assert [(line["event"], line["errand"]) for line in logs] == [("errand_is_broken", "look-at noon")]
    assert open_queue(ledger, STATUS).job_ids == [LOOK]


def test_one_that_nobody_knows_is_not_kept_for_ever(ledger: Redis) -> None:
    with capture_logs() as logs:
        assert run(ledger, errands={}) == 0
    assert [line["event"] for line in logs] == ["errand_given_up"]
    assert due.count(ledger, Due.ERRAND) == 0


@pytest.mark.parametrize("status", [JobStatus.CANCELED, JobStatus.STOPPED])
def test_one_whose_job_somebody_cancelled_is_given_up(ledger: Redis, status: JobStatus) -> None:
    run(ledger)
    job(ledger).set_status(status)
    with capture_logs() as logs:
        assert run(ledger, after=ERRAND_AGAIN) == 0
    assert [line["event"] for line in logs] == ["errand_given_up"]
    assert not due.stands(ledger, Due.ERRAND, LOOK)


def test_one_that_waits_in_no_queue_is_given_up_after_a_day(ledger: Redis) -> None:
    run(ledger)
    ledger.delete(open_queue(ledger, STATUS).key)
    created = job(ledger).created_at.replace(tzinfo=UTC)
    assert run_errands(ledger, ERRANDS, now=created + ERRAND_PATIENCE / 2) == 0
    assert due.stands(ledger, Due.ERRAND, LOOK)
    run_errands(ledger, ERRANDS, now=created + ERRAND_PATIENCE * 2)
    assert not due.stands(ledger, Due.ERRAND, LOOK)


def finish(job: Job, answer: object) -> None:
    """As a worker does."""
    job.set_status(JobStatus.FINISHED)
    Result.create(job, Result.Type.SUCCESSFUL, ttl=60, return_value=answer)


def test_what_a_gateway_at_rest_did_not_say_is_asked_again_each_minute_until_the_next_slot(fake_redis: Redis) -> None:
    name = errand_id("balances", SLOT)
    ticks.claim(fake_redis, "balances", SLOT, seen=None, errand=name)
    assert run_errands(fake_redis, PRODUCED, now=SLOT) == 1
    for minute in (1, 2):
        job = Job.fetch(name, connection=fake_redis, serializer=JSONSerializer)
        finish(job, {"default": 500, "west": "no_answer", "east": "refused"})
        assert run_errands(fake_redis, PRODUCED, now=SLOT + minute * ERRAND_AGAIN) == 1
        assert Job.fetch(name, connection=fake_redis, serializer=JSONSerializer).kwargs == {"accounts": ["west"]}
    job = Job.fetch(name, connection=fake_redis, serializer=JSONSerializer)
    finish(job, {"west": "no_answer"})
    with capture_logs() as logs:
        assert run_errands(fake_redis, PRODUCED, now=SLOT + EVERY) == 0
    assert [(line["event"], line["log_level"]) for line in logs] == [("errand_not_done", "warning")]
    assert not due.stands(fake_redis, Due.ERRAND, name)


@pytest.mark.parametrize("answer", [{"default": 500, "east": "refused"}, None])
def test_balances_that_were_noted_or_refused_are_not_asked_for_again(fake_redis: Redis, answer: object) -> None:
    name = errand_id("balances", SLOT)
    ticks.claim(fake_redis, "balances", SLOT, seen=None, errand=name)
    run_errands(fake_redis, PRODUCED, now=SLOT)
    finish(Job.fetch(name, connection=fake_redis, serializer=JSONSerializer), answer)
    assert run_errands(fake_redis, PRODUCED, now=SLOT + ERRAND_AGAIN) == 0
    assert not due.stands(fake_redis, Due.ERRAND, name)


def test_a_house_that_is_too_much_for_one_job_is_gone_on_with_a_minute_later(fake_redis: Redis) -> None:
    name = errand_id("house", SLOT)
    ticks.claim(fake_redis, "house", SLOT, seen=None, errand=name)
    run_errands(fake_redis, PRODUCED, now=SLOT)
    finish(Job.fetch(name, connection=fake_redis, serializer=JSONSerializer), {"dropped": 900, "left": 1_000})
    assert run_errands(fake_redis, PRODUCED, now=SLOT + ERRAND_AGAIN) == 1
    again = Job.fetch(name, connection=fake_redis, serializer=JSONSerializer)
    assert (again.kwargs, again.get_status()) == ({}, JobStatus.QUEUED)
    finish(again, {"dropped": 7, "left": 0})
    assert run_errands(fake_redis, PRODUCED, now=SLOT + 2 * ERRAND_AGAIN) == 0
    assert not due.stands(fake_redis, Due.ERRAND, name)
