"""What is due is rung for, in jobs that carry ids and nothing else."""

from datetime import UTC, datetime, timedelta

import pytest
from redis import Redis
from rq.job import Job
from rq.serializers import JSONSerializer
from structlog.testing import capture_logs

from config.accounts import UnknownAccount
from config.queues import CAMPAIGNS, CONTROL, STATUS, queue_named
from jobs.campaigns.control import UnknownCampaign
from jobs.campaigns.do_not_dial import UnexplainedRequest, Verb
from jobs.campaigns.plan import Plan, plan
from jobs.campaigns.take import KeyConflict
from jobs.contacts import Row
from jobs.ledger import campaigns, due
from jobs.ledger.keys import Due
from jobs.models import Intent, Terms
from jobs.producer import Producer, ring
from jobs.ringing.bells import BELLS, DEEP, Bell
from jobs.ringing.queues import open_queue

NOW = datetime(2026, 3, 2, 17, 0, tzinfo=UTC)
TERMS = Terms(caller_id="6175550100", audio_title="Reminder")


@pytest.fixture
def producer(fake_redis: Redis) -> Producer:
    return Producer(fake_redis, lead=timedelta(minutes=10), clock=lambda: NOW)


def planned(*phones: str) -> Plan:
    return plan(Row(line, phone) for line, phone in enumerate(phones, start=1))


def jobs_in(redis: Redis, name: str) -> list[Job]:
    queue = open_queue(redis, queue_named(name))
    return [job for job in Job.fetch_many(queue.job_ids, connection=redis, serializer=JSONSerializer) if job]


def test_a_campaign_rings_at_once_with_its_ids_and_a_harmless_description(
    fake_redis: Redis, producer: Producer
) -> None:
    taken = producer.submit(TERMS, planned("6175550123"), key="one")
    (job,) = jobs_in(fake_redis, "campaigns")
    assert job.func_name == "jobs.entrypoints.send_submissions"
    assert job.kwargs == {"submission_ids": [f"{taken.campaign_id}-1"]}
    assert job.description == f"send_submissions {taken.campaign_id}-1"
    assert (job.timeout, job.result_ttl, job.failure_ttl) == (300, 60, 7 * 86_400)
    assert b"5550123" not in b"".join(fake_redis.hgetall(job.key).values())  # type: ignore[arg-type]  # nothing is decoded here


def test_a_thousand_campaigns_ring_in_a_few_jobs_a_few_at_a_time(fake_redis: Redis, producer: Producer) -> None:
    handed_in = [(TERMS, planned(f"617555{number:04}"), f"key {number}") for number in range(1_000)]
    taken = producer.submit_many(handed_in)
    assert len({each.campaign_id for each in taken}) == 1_000
    rung: list[str] = []
    sizes = []
    while jobs := jobs_in(fake_redis, "campaigns"):
        sizes.append(len(jobs))
        rung += [each for job in jobs for each in job.kwargs["submission_ids"]]
        assert producer.ring() == 0
        fake_redis.delete("rq:queue:campaigns")
        producer.ring()
    assert sizes == [3, 3, 3, 1]
    assert sorted(rung) == sorted(f"{each.campaign_id}-1" for each in taken)
    again = producer.submit_many(handed_in)
    assert [(each.campaign_id, each.is_new) for each in again] == [(each.campaign_id, False) for each in taken]


def test_many_at_once_ring_for_those_before_a_refusal(fake_redis: Redis, producer: Producer) -> None:
    producer.submit(TERMS, planned("2125550101"), key="taken")
    with pytest.raises(KeyConflict):
        producer.submit_many([(TERMS, planned("6175550123"), "new"), (TERMS, planned("6175550123"), "taken")])
    assert len(jobs_in(fake_redis, "campaigns")) == 2


def test_a_bell_that_was_lost_rings_again_and_one_that_was_heard_does_not(
    fake_redis: Redis, producer: Producer
) -> None:
    producer.submit(TERMS, planned("6175550123"), key="one")
    fake_redis.delete("rq:queue:campaigns")
    assert ring(fake_redis, now=NOW + timedelta(seconds=29)) == 0
    assert ring(fake_redis, now=NOW + timedelta(seconds=30)) == 1
    assert ring(fake_redis, now=NOW + timedelta(seconds=31)) == 0


def test_a_deep_queue_is_behind_and_is_not_rung_again(fake_redis: Redis, producer: Producer) -> None:
    open_queue(fake_redis, CAMPAIGNS).push_job_id("waiting")
    fake_redis.rpush("rq:queue:campaigns", *[f"job-{number}" for number in range(DEEP)])
    producer.submit(TERMS, planned("6175550123"), key="one")
    assert len(open_queue(fake_redis, CAMPAIGNS).job_ids) == DEEP + 1
    assert due.count(fake_redis, Due.SEND, by=NOW) == 1


def test_campaigns_handed_in_raw_do_not_keep_others_from_being_rung(fake_redis: Redis, producer: Producer) -> None:
    open_queue(fake_redis, CAMPAIGNS).push_job_id("waiting")
    fake_redis.rpush("rq:queue:campaigns", *[f"job-{number}" for number in range(50)])
    producer.submit(TERMS, planned("6175550123"), key="one")
    assert due.count(fake_redis, Due.SEND, by=NOW) == 0


def test_a_request_holds_and_rings_in_the_control_queue(fake_redis: Redis, producer: Producer) -> None:
    taken = producer.submit(TERMS, planned("6175550123"), key="one")
    producer.control(taken.campaign_id, "stop", why="wrong list")
    view = campaigns.read(fake_redis, taken.campaign_id)
    assert view is not None
    assert (view.intent, view.note) == (Intent.STOP, "wrong list")
    (job,) = jobs_in(fake_redis, CONTROL.name)
    assert job.kwargs == {"campaign_id": taken.campaign_id}
    with pytest.raises(UnknownCampaign):
        producer.control("nobody", "stop")


def test_while_one_campaign_waits_for_its_control_it_does_not_ring_again_and_another_does(
    fake_redis: Redis, producer: Producer
) -> None:
    first, second = (producer.submit(TERMS, planned("6175550123"), key=key) for key in ("one", "two"))
    producer.control(first.campaign_id, "stop")
    for seconds in range(10, 600, 10):
        ring(fake_redis, now=NOW + timedelta(seconds=seconds))
    producer.control(second.campaign_id, "stop")
    jobs = jobs_in(fake_redis, CONTROL.name)
    assert [job.kwargs["campaign_id"] for job in jobs] == [first.campaign_id, second.campaign_id]
    fake_redis.delete("rq:queue:control")  # both are begun, and what they do takes its time
    ring(fake_redis, now=NOW + timedelta(seconds=620))
    again = jobs_in(fake_redis, CONTROL.name)
    assert sorted(job.kwargs["campaign_id"] for job in again) == sorted([first.campaign_id, second.campaign_id])
    assert {job.id for job in jobs}.isdisjoint(job.id for job in again)


def test_an_account_whose_name_begins_another_rings_for_itself(fake_redis: Redis, producer: Producer) -> None:
    for account in ("west-2", "west"):
        producer.do_not_dial(account, Verb.ADD, [Row(1, "6175550123")], by="dana", why="asked", source="api")
    assert [job.kwargs["account"] for job in jobs_in(fake_redis, CONTROL.name)] == ["west-2", "west"]


def test_a_campaign_for_later_rings_at_its_lead(fake_redis: Redis, producer: Producer) -> None:
    later = TERMS.model_copy(update={"start": NOW + timedelta(hours=2)})
    producer.submit(later, planned("6175550123"), key="later")
    assert jobs_in(fake_redis, "campaigns") == []
    assert ring(fake_redis, now=NOW + timedelta(hours=1, minutes=49)) == 0
    assert ring(fake_redis, now=NOW + timedelta(hours=1, minutes=50)) == 1


def test_a_do_not_dial_request_rings_for_its_account_without_its_phones(fake_redis: Redis, producer: Producer) -> None:
    rows = [Row(1, "617-555-0123"), Row(2, "n/a")]
    changed = producer.do_not_dial("west", Verb.ADD, rows, by="dana", why="called and asked", source="api")
    assert (changed.changed, len(changed.refused)) == (1, 1)
    (job,) = jobs_in(fake_redis, CONTROL.name)
    assert job.func_name == "jobs.entrypoints.sync_do_not_dial"
    assert job.kwargs == {"account": "west"}
    with pytest.raises(UnexplainedRequest):
        producer.do_not_dial("west", Verb.ADD, rows, by="", why="called and asked", source="api")
    with pytest.raises(UnknownAccount):
        producer.do_not_dial("west:7", Verb.ADD, rows, by="dana", why="called and asked", source="api")


def test_a_question_about_a_call_rings_without_the_phone(fake_redis: Redis, producer: Producer) -> None:
    question_id = producer.ask_call_status("9381694821", "6175550123")
    (job,) = [each for each in jobs_in(fake_redis, STATUS.name) if each.func_name == "jobs.entrypoints.call_status"]
    assert job.kwargs == {"question_id": question_id}
    assert b"5550123" not in b"".join(fake_redis.hgetall(job.key).values())  # type: ignore[arg-type]  # nothing is decoded here


@pytest.mark.parametrize("bell", BELLS, ids=lambda bell: bell.due.name)
def test_every_bell_rings_for_an_id_of_its_kind(fake_redis: Redis, bell: Bell) -> None:
    due_id = {Due.RECONCILE: "north-east/2026-03-02"}.get(bell.due, "bcdf-1")
    due.add(fake_redis, bell.due, [due_id], NOW)
    assert ring(fake_redis, now=NOW) == 1
    (job,) = jobs_in(fake_redis, bell.queue.name)
    assert job.kwargs == bell.keywords([due_id])
    due.add(fake_redis, bell.due, [due_id], NOW)
    if bell.ids_per_job == 1:
        assert ring(fake_redis, now=NOW) == 0  # one waits for it


def test_a_bell_that_is_broken_does_not_silence_the_others(fake_redis: Redis) -> None:
    fake_redis.zadd(Due.CONTROL, {b"\xff": 1})  # nothing of ours writes such an id
    due.add(fake_redis, Due.REFRESH, ["bcdf-1"], NOW)
    with capture_logs() as logs:
        assert ring(fake_redis, now=NOW) == 1
    assert [(line["event"], line["bell"]) for line in logs] == [("bell_is_broken", Due.CONTROL)]
