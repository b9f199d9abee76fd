"""A canary phone, password and audio URL go in by every door, and sing nowhere but in the ledger and at the gateway."""

import json
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from rq import Queue
from rq.job import Job
from rq.serializers import JSONSerializer

from jobs.campaigns.purge import purge
from jobs.eastern import eastern_date
from jobs.gateway.simulator import Account, Fault, FaultKind, Settings
from jobs.ledger import campaigns, days, questions
from jobs.ledger.do_not_dial import Asked
from jobs.models import CampaignStatus, Terms
from tests.end_to_end.canaries import all_that_rq_stores
from tests.end_to_end.stage import Stage

pytestmark = pytest.mark.processes

PHONE = "6175550142"
PASSWORD = "canary-Pa55word"
AUDIO_SECRET = "canary-signature"
AUDIO_URL = f"https://audio.example.com/reminder.wav?sig={AUDIO_SECRET}"
CANARIES = (PHONE, PHONE[-7:], "(617) 555-0142", "617-555-0142", PASSWORD, AUDIO_SECRET)

CAMPAIGN = {"caller_id": "6175550100", "audio_url": AUDIO_URL, "recipients": ["(617) 555-0142", PHONE, "n/a"]}


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    with Stage(tmp_path, speed=200, GATEWAY_PASSWORD=PASSWORD, LOG_LEVEL="DEBUG") as made:
        accounts = {"demo": Account.model_validate({"password": PASSWORD})}
        made.simulator.gateway.settings = Settings(accounts=accounts, calls_per_second=100)
        yield made


def hand_in_raw(stage: Stage, campaign: dict[str, Any], **keywords: Any) -> Job:
    """As another system does it that knows nothing of us but RQ, a queue's name and a dotted path."""
    queue = Queue("campaigns", connection=stage.redis, serializer=JSONSerializer)
    return queue.enqueue("jobs.entrypoints.submit_campaign", kwargs={"campaign": campaign, **keywords})


def assert_silence(stage: Stage) -> None:
    stored, logged = all_that_rq_stores(stage.redis), stage.log_path.read_text()
    assert [canary for canary in CANARIES if canary in stored] == []
    assert [canary for canary in CANARIES if canary in logged] == []


def test_a_raw_campaign_is_taken_finished_and_forgotten_by_rq(stage: Stage) -> None:
    job = hand_in_raw(stage, CAMPAIGN, key="raw")
    before = all_that_rq_stores(stage.redis)
    assert [canary in before for canary in (PHONE, AUDIO_SECRET)] == [True, True]  # the search does find them
    stage.start_worker()
    stage.wait_for(lambda: bool(campaigns.newest(stage.redis, most=1)))
    (campaign,) = campaigns.newest(stage.redis, most=1)
    assert stage.wait_until_over(campaign.id).status is CampaignStatus.FINISHED
    assert stage.accepted() == {PHONE: 1}
    stage.wait_for(lambda: job.is_finished)
    job.refresh()  # type: ignore[no-untyped-call]  # rq leaves it without types
    assert job.kwargs == {}
    assert job.return_value() == {"campaign_id": campaign.id, "is_new": True}
    assert_silence(stage)


def test_the_raw_way_and_the_producer_lead_to_the_same_campaign(stage: Stage) -> None:
    stage.start_worker()
    terms = Terms.model_validate({name: value for name, value in CAMPAIGN.items() if name != "recipients"})
    campaign_id = stage.submit([PHONE], key="both", terms=terms)
    job = hand_in_raw(stage, CAMPAIGN, key="both")
    stage.wait_for(lambda: job.is_finished)
    assert job.return_value() == {"campaign_id": campaign_id, "is_new": False}
    stage.wait_until_over(campaign_id)
    assert stage.accepted() == {PHONE: 1}


def test_a_call_is_asked_about_by_a_job_that_carries_no_phone(stage: Stage) -> None:
    campaign_id = stage.submit([PHONE], key="asked about", terms=Terms(caller_id="6175550100", audio_title="Reminder"))
    stage.start_worker()
    stage.wait_until_over(campaign_id)
    (session,) = stage.simulator.truth.sessions
    question_id = stage.producer.ask_call_status(session.id, PHONE)
    stage.wait_for(lambda: bool((asked := questions.read(stage.redis, question_id)) and asked.answered_at))
    answered = questions.read(stage.redis, question_id)
    assert answered is not None
    assert answered.record is not None
    assert answered.record.phone == PHONE
    stage.wait_for(lambda: {"answer": "record"} in [each["answer"] for each in stage.events("job_done")])
    assert_silence(stage)


def test_a_day_is_compared_and_a_phone_purged_in_silence(stage: Stage) -> None:
    campaign_id = stage.submit([PHONE], key="purged", terms=Terms(caller_id="6175550100", audio_title="Reminder"))
    stage.start_worker()
    stage.wait_until_over(campaign_id)
    queue = Queue("status", connection=stage.redis, serializer=JSONSerializer)
    today = str(eastern_date(stage.simulator.clock.now()))
    daily = {"reconcile_day": {"day": today}, "note_balances": {}, "keep_house": {}}
    jobs = [queue.enqueue(f"jobs.entrypoints.{name}", kwargs=keywords) for name, keywords in daily.items()]
    stage.wait_for(lambda: all(job.is_finished for job in jobs))
    report = days.read(stage.redis, "default", date.fromisoformat(today))
    assert report
    receipt = purge(stage.redis, PHONE, Asked("dana", "asked to be forgotten", "cli", datetime.now(UTC)))
    assert receipt.is_complete
    assert [canary for canary in CANARIES if canary in report.model_dump_json() + receipt.model_dump_json()] == []
    assert_silence(stage)


@pytest.mark.parametrize(
    "wrong",
    [
        {"caller_id": PHONE[:-1]},
        {"audio_title": "also this"},
        {"audio_url": f"ftp://audio.example.com/{AUDIO_SECRET}"},
        {"recipients": [{"phone": PHONE}]},
        {"recipients": f"{PHONE},{PHONE}"},
        {"start": f"{PHONE} o'clock"},
        {"surprise": PHONE},
        {"recipients": ["617555014"]},
        {PHONE: "a field's name may be a secret too"},
    ],
    ids=lambda wrong: "-".join(wrong) if PHONE not in wrong else "phone-as-name",
)
def test_a_raw_campaign_that_is_refused_leaves_a_reason_and_nothing_else(stage: Stage, wrong: dict[str, Any]) -> None:
    stage.start_worker()
    job = hand_in_raw(stage, {**CAMPAIGN, **wrong})
    stage.wait_for(lambda: job.latest_result() is not None)
    stage.wait_for(lambda: bool(stage.events("job_failed")))
    failure = job.latest_result()
    assert failure is not None
    assert "InvalidCampaign" in str(failure.exc_string)
    assert "InvalidCampaign" in all_that_rq_stores(stage.redis)  # tracebacks are searched, too
    assert_silence(stage)


def test_a_key_conflict_leaves_nothing_behind(stage: Stage) -> None:
    stage.start_worker()
    first = hand_in_raw(stage, CAMPAIGN, key="one")
    stage.wait_for(lambda: first.is_finished)
    second = hand_in_raw(stage, {**CAMPAIGN, "recipients": ["2125550101"]}, key="one")
    stage.wait_for(lambda: second.latest_result() is not None)
    failure = second.latest_result()
    assert failure is not None
    assert "with another recipients" in str(failure.exc_string)
    assert_silence(stage)


@pytest.mark.parametrize("kind", [FaultKind.HTML, FaultKind.ACCEPT_THEN_RESET, FaultKind.REFUSE])
def test_a_gateway_that_misbehaves_makes_nobody_tell(stage: Stage, kind: FaultKind) -> None:
    stage.simulator.faults.arm(Fault(kind=kind, text=f"bad number {PHONE} for {AUDIO_URL}"))
    stage.start_worker()
    hand_in_raw(stage, CAMPAIGN)
    stage.wait_for(lambda: bool(campaigns.newest(stage.redis, most=1)))
    stage.wait_until_over(campaigns.newest(stage.redis, most=1)[0].id)
    assert_silence(stage)


def test_a_raw_job_whose_worker_is_killed_comes_back_and_is_taken(stage: Stage) -> None:
    """RQ's own registries give such a job up as failed, with its phones in it."""
    queue = Queue("campaigns", connection=stage.redis, serializer=JSONSerializer)
    job = hand_in_raw(stage, CAMPAIGN, key="abandoned")
    stage.redis.lrem(queue.key, 0, job.id)
    job.set_status("failed")  # type: ignore[arg-type]  # JobStatus is a str
    queue.failed_job_registry.add(job, ttl=3600, exc_string="rq.exceptions.AbandonedJobError")
    stage.start_worker()
    stage.wait_for(lambda: bool(campaigns.newest(stage.redis, most=1)))
    stage.wait_until_over(campaigns.newest(stage.redis, most=1)[0].id)
    assert stage.accepted() == {PHONE: 1}
    stage.wait_for(lambda: job.is_finished)
    assert_silence(stage)


def test_jobs_that_nobody_can_read_break_nothing_and_tell_nothing(stage: Stage) -> None:
    pickled = Queue("campaigns", connection=stage.redis)
    ours = Queue("campaigns", connection=stage.redis, serializer=JSONSerializer)
    submit = "jobs.entrypoints.submit_campaign"
    bad = [
        pickled.enqueue(submit, kwargs={"campaign": CAMPAIGN}, description="pickled"),
        ours.enqueue("jobs.entrypoints.submit_campain", kwargs={"campaign": CAMPAIGN}),
        ours.enqueue("jobs.entrypoints.control_campaign", args=["bcdf", PHONE]),
        ours.enqueue(submit, kwargs={"campaign": {**CAMPAIGN, "surprise": 1}}),
    ]
    stage.redis.hset(bad[-1].key, "origin", "nowhere")
    nothing = ours.enqueue(submit)
    nothing.data = b'["jobs.entrypoints.control_campaign", null, [], null]'
    nothing.save()
    good = hand_in_raw(stage, CAMPAIGN, key="good")
    stage.start_worker()
    stage.wait_for(lambda: good.is_finished)
    assert {job.get_status() for job in [*bad, nothing]} == {"failed"}
    assert stage.events("worker_died") == []
    assert {job.id for job in [*bad, nothing]} == set(ours.failed_job_registry.get_job_ids())
    stage.wait_for(lambda: not stage.redis.keys("rq:wip:*"))  # the good one may be being sent just now
    assert_silence(stage)


def test_a_raw_control_request_holds_and_is_carried_out(stage: Stage) -> None:
    campaign_id = stage.submit([PHONE], key="stopped")
    queue = Queue("control", connection=stage.redis, serializer=JSONSerializer)
    request = {"campaign_id": campaign_id, "verb": "stop", "why": f"asked for by {PHONE}"}
    stage.redis.delete("rq:queue:campaigns")  # its bell is lost; the stop comes before the next one
    job = queue.enqueue("jobs.entrypoints.control_campaign", kwargs=request, description="stop")
    stage.start_worker()
    over = stage.wait_until_over(campaign_id)
    assert over.status is CampaignStatus.STOPPED
    assert over.note == f"asked for by {PHONE}"
    stage.wait_for(lambda: job.is_finished)
    assert_silence(stage)
    assert json.dumps(stage.accepted()) == "{}"
