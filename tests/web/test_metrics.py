"""What Prometheus is told: true, well named, bounded, and for visitors only."""

import re
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta

import pytest
import requests
from prometheus_client.parser import text_string_to_metric_families
from redis import Redis
from rq import SimpleWorker

from config.queues import CAMPAIGNS, QUEUES, STATUS
from jobs.ledger import amnesia, balances, breaker, campaigns, days, due, keys, leadership, subscriptions, ticks
from jobs.ledger.balances import Noted
from jobs.ledger.breaker import Cause
from jobs.ledger.fields import to_ms
from jobs.ledger.keys import Due
from jobs.ledger.meter import CALL, Count, Meter
from jobs.models import CampaignStatus, Intent
from jobs.models.reports import DayReport, Named
from jobs.outcomes.heard import Heard
from jobs.ringing.queues import open_queue
from jobs.webhooks import receivers
from tests.jobs.ledger.conftest import new_campaign
from tests.web.front_door import front_door, make_site
from tests.web.visitors import SENDER, WATCHER, by_header
from web.metrics.catalogue import METRICS
from web.metrics.metric import Kind
from web.postbacks import TurnedAway

MINUTE = timedelta(minutes=1)

ACCOUNTS = {
    "GATEWAY_UID": "ops@example.com",
    "GATEWAY_PASSWORD": "swordfish",
    "GATEWAY_ACCOUNTS": '{"west": {"uid": "west@example.com", "password": "tunafish"}}',
}


@pytest.fixture
def now() -> datetime:
    """When the test runs: the tests may have been collected long before."""
    return datetime.now(UTC)


@pytest.fixture
def address(redis: Redis) -> Iterator[str]:
    with front_door(make_site(redis, ACCOUNTS), [by_header]) as address:
        yield address


def told(address: str) -> dict[str, float]:
    """Every sample by its name and labels, as `name{label="value"}`."""
    answer = requests.get(f"{address}/metrics", headers=WATCHER, timeout=60)
    assert (answer.status_code, answer.headers["Cache-Control"]) == (200, "no-store")
    samples: dict[str, float] = {}
    for family in text_string_to_metric_families(answer.text):
        for sample in family.samples:
            labels = ",".join(f"{name}={value}" for name, value in sorted(sample.labels.items()))
            samples[f"{sample.name}{{{labels}}}" if labels else sample.name] = sample.value
    return samples


def test_only_who_may_read_is_told_anything(address: str) -> None:
    assert requests.get(f"{address}/metrics", timeout=60).status_code == 401
    assert requests.get(f"{address}/metrics", headers=SENDER, timeout=60).status_code == 403


def test_an_empty_ledger_has_numbers_too(address: str) -> None:
    samples = told(address)
    assert samples["dropline_queue_jobs{queue=control}"] == 0
    assert samples["process_resident_memory_bytes"] > 0
    assert samples["dropline_campaigns{status=needs_decision}"] == 0
    assert samples["dropline_scheduler_leads"] == 0
    assert samples["dropline_breaker_open{account=west,cause=refusal}"] == 0


def test_what_never_came_is_counted_as_none_so_that_the_first_is_seen_to_come(redis: Redis, address: str) -> None:
    samples = told(address)
    assert {samples[f"dropline_postbacks_total{{end={end}}}"] for end in Heard} == {0}
    assert {samples[f"dropline_postbacks_turned_away_total{{why={why}}}"] for why in TurnedAway} == {0}
    assert samples["dropline_postbacks_expected"] == 0
    with front_door(make_site(redis, {"PUBLIC_URL": "https://drops.example.com"}), [by_header]) as expecting:
        assert told(expecting)["dropline_postbacks_expected"] == 1


def test_queues_their_workers_and_what_failed(redis: Redis, address: str, now: datetime) -> None:
    queue = open_queue(redis, CAMPAIGNS)
    old = queue.enqueue("jobs.entrypoints.keep_house")
    redis.hset(old.key, "enqueued_at", (now - MINUTE).strftime("%Y-%m-%dT%H:%M:%S.%fZ"))
    queue.enqueue("jobs.entrypoints.keep_house")
    redis.zadd(open_queue(redis, STATUS).failed_job_registry.key, {"some-job": 1})
    worker = SimpleWorker([queue], connection=redis, serializer="json")
    worker.register_birth()  # type: ignore[no-untyped-call]  # rq leaves it without types
    redis.sadd("rq:workers:campaigns", "rq:worker:killed-long-ago")
    samples = told(address)
    assert samples["dropline_queue_jobs{queue=campaigns}"] == 2
    assert 60 <= samples["dropline_queue_oldest_seconds{queue=campaigns}"] < 600
    assert samples["dropline_failed_jobs{queue=status}"] == 1
    assert [samples[f"dropline_workers{{queue={spec.name}}}"] for spec in QUEUES] == [0, 1, 0]
    worker.register_death()  # type: ignore[no-untyped-call]


def test_campaigns_and_submissions_are_counted_as_they_change(redis: Redis, address: str, now: datetime) -> None:
    for number in range(3):
        new = new_campaign(["6175550123"], ["6175550124"], campaign_id=f"bcd{number}", key=f"key {number}")
        campaigns.take(redis, new, now=now, keep_key=MINUTE)
    assert told(address)["dropline_campaigns{status=waiting}"] == 3
    campaigns.intend(redis, "bcd1", Intent.PAUSE, note="", now=now)
    redis.zrem(keys.UNFINISHED, "bcd2")
    samples = told(address)
    assert samples["dropline_campaigns{status=waiting}"] == 2
    assert samples["dropline_campaigns{status=paused}"] == 1
    assert sum(samples[f"dropline_campaigns{{status={each}}}"] for each in CampaignStatus) == 3
    assert samples["dropline_submissions{state=planned}"] == 6
    assert samples["dropline_campaigns_not_counted"] == 0


def test_what_is_late_and_what_is_in_doubt(redis: Redis, address: str, now: datetime) -> None:
    due.add(redis, Due.SEND, ["bcdf-1"], now - 2 * MINUTE)
    due.add(redis, Due.SEND, ["bcdf-2"], now + MINUTE)
    due.add(redis, Due.END, ["bcdf"], now + 60 * MINUTE)
    redis.zadd(keys.IN_DOUBT, {"bcdf-3": (now - 10 * MINUTE).timestamp() * 1000})
    samples = told(address)
    assert samples["dropline_due{set=send}"] == 2
    assert 120 <= samples["dropline_due_late_seconds{set=send}"] < 600
    assert samples["dropline_due_late_seconds{set=end}"] == 0
    assert samples["dropline_in_doubt_submissions"] == 1
    assert 600 <= samples["dropline_in_doubt_oldest_seconds"] < 1200


def test_what_workers_have_counted(redis: Redis, address: str) -> None:
    meter = Meter()
    meter.count(Count.CALLS, "submissions", "answered", "west")
    for seconds in (0.2, 0.3):
        meter.time(CALL, "submissions", seconds=seconds)
    meter.flush(redis)
    samples = told(address)
    assert samples["dropline_gateway_calls_total{account=west,end=answered,lane=submissions}"] == 1
    assert samples["dropline_gateway_call_duration_seconds_bucket{lane=submissions,le=0.25}"] == 1
    assert samples["dropline_gateway_call_duration_seconds_bucket{lane=submissions,le=+Inf}"] == 2
    assert samples["dropline_gateway_call_duration_seconds_sum{lane=submissions}"] == 0.5


def test_accounts_that_are_held_back_low_or_behind(redis: Redis, address: str, now: datetime) -> None:
    since = now - MINUTE
    breaker.fail(redis, "west", token="a", now=since, first_rest=MINUTE, longest_rest=MINUTE, cause=Cause.REFUSAL)
    balances.note(redis, "west", Noted(now - MINUTE, 4_000, None))
    balances.note_low(redis, "west", balances.Low(now, 5_000))
    redis.hset(keys.do_not_dial("west"), mapping={"changes": 12, "confirmed": 5})
    samples = told(address)
    assert samples["dropline_breaker_open{account=west,cause=refusal}"] == 1
    assert samples["dropline_breaker_open_seconds{account=west,cause=refusal}"] >= 60
    assert samples["dropline_breaker_open{account=west,cause=trouble}"] == 0
    assert samples["dropline_balance_messages{account=west}"] == 4_000
    assert samples["dropline_balance_is_low{account=west}"] == 1
    assert samples["dropline_do_not_dial_unconfirmed{account=west}"] == 7
    assert "dropline_balance_messages{account=default}" not in samples


def test_the_comparison_of_the_last_days(redis: Redis, now: datetime) -> None:
    now = datetime(2026, 11, 24, 3, tzinfo=UTC)  # in the East it is still the 23rd
    report = DayReport(
        account="west", day=date(2026, 11, 22), found_at=now, is_done=True, matched=7, missing=Named(total=2)
    )
    days.keep(redis, report)
    with front_door(make_site(redis, ACCOUNTS, clock=lambda: now), [by_header]) as address:
        samples = told(address)
        days.keep(redis, report.model_copy(update={"is_over": False}))
        assert told(address)["dropline_reconciled{account=west,days_ago=1}"] == 0
    assert samples["dropline_reconciled{account=west,days_ago=1}"] == 1
    assert samples["dropline_reconciled_sessions{account=west,days_ago=1,finding=matched}"] == 7
    assert samples["dropline_reconciled_sessions{account=west,days_ago=1,finding=missing}"] == 2
    assert samples["dropline_reconciled_sessions{account=west,days_ago=1,finding=contrary}"] == 0


def test_the_scheduler_and_its_timetable(redis: Redis, address: str, now: datetime) -> None:
    leadership.hold(redis, "a scheduler", now=now, lasts=60 * MINUTE)
    ticks.claim(redis, "sweep", now, seen=None, late=timedelta(seconds=1.5))
    redis.hset(keys.TICKS, "ring", 1000)  # by a scheduler that did not say how late it was
    samples = told(address)
    assert (samples["dropline_scheduler_leads"], samples["dropline_scheduler_terms_total"]) == (1, 1)
    assert samples["dropline_timetable_slot_timestamp_seconds{entry=sweep}"] == pytest.approx(now.timestamp(), abs=0.01)
    assert samples["dropline_timetable_late_seconds{entry=sweep}"] == 1.5
    assert "dropline_timetable_late_seconds{entry=ring}" not in samples


def test_a_halt_and_what_the_server_says_of_itself(redis: Redis, address: str, now: datetime) -> None:
    amnesia.halt(redis, why="a wrong script", by="dana", now=now)
    samples = told(address)
    assert samples["dropline_sending_halted{cause=person}"] == 1
    assert samples["dropline_sending_halted{cause=memory}"] == 0
    assert samples["dropline_redis_memory_bytes"] > 0
    assert samples["dropline_redis_append_only"] == 0


def test_a_server_that_says_nothing_of_itself_is_watched_without(fake_redis: Redis) -> None:
    with front_door(make_site(fake_redis), [by_header]) as address:
        samples = told(address)
    assert "dropline_redis_memory_bytes" not in samples
    assert samples["dropline_queue_jobs{queue=control}"] == 0


def test_webhooks_that_are_behind_rest_or_gave_up(redis: Redis, address: str, now: datetime) -> None:
    for name in ("billing", "crm"):
        subscriptions.add(redis, receivers.new(name, "https://example.com/canary", ["campaign", "submission"], now=now))
    webhook = subscriptions.read(redis, "billing")
    assert webhook
    campaigns.take(redis, new_campaign(["6175550123"]), now=now, keep_key=MINUTE)
    until = to_ms(now + 60 * MINUTE)
    redis.hset(keys.webhook(webhook.id), mapping={"failures": 4, "rests_until": until, "missed": 2})
    redis.zadd(keys.webhook_again(webhook.id), {"w1-0": 1})
    redis.zadd(keys.webhook_untold(webhook.id), {"w2-0": 1})
    redis.hset(keys.webhook(webhook.id), "off_since", to_ms(now))
    samples = told(address)
    found = {
        name.removeprefix("dropline_webhook_").partition("{")[0]: samples[name]
        for name in samples
        if "=billing" in name
    }
    assert 0 <= found.pop("oldest_seconds") < 600
    assert found == {"waiting": 2, "untold": 1, "missed_total": 2, "resting": 1, "failures": 4, "off": 1}
    assert (samples["dropline_webhook_waiting{webhook=crm}"], samples["dropline_webhook_resting{webhook=crm}"]) == (
        1,
        0,
    )
    assert not [name for name in samples if "canary" in name]


def test_openmetrics_is_spoken_with_who_asks_for_it(address: str) -> None:
    asks = {**WATCHER, "Accept": "application/openmetrics-text; version=1.0.0"}
    answer = requests.get(f"{address}/metrics", headers=asks, timeout=60)
    assert answer.headers["content-type"].startswith("application/openmetrics-text")
    assert answer.text.endswith("# EOF\n")


def test_names_are_as_prometheus_wants_them() -> None:
    names = [metric.name for metric in METRICS]
    assert len(set(names)) == len(names)
    for metric in METRICS:
        assert re.fullmatch(r"dropline_[a-z_]+", metric.name)
        assert metric.name.endswith("_total") == (metric.kind is Kind.COUNTER)
        assert metric.meaning.endswith(".")
        assert not re.search(r"_(ms|minutes|hours|percent|kb|mb)\b", metric.name)


def test_whatever_is_told_of_dropline_is_in_the_catalogue(address: str) -> None:
    """And so on the page that says "every metric", which is written from it."""
    text = requests.get(f"{address}/metrics", headers=WATCHER, timeout=60).text
    assert set(re.findall(r"^# HELP (dropline_\w+)", text, re.MULTILINE)) == {metric.name for metric in METRICS}


def test_wrong_tokens_are_counted(redis: Redis, address: str) -> None:
    name = "dropline_web_tokens_refused_total{why=wrong}"
    before = told(address)[name]
    wrong = {"Authorization": "Bearer dpl_" + "x" * 43}
    with front_door(make_site(redis)) as door:
        assert requests.get(f"{door}/v1/campaigns", headers=wrong, timeout=60).status_code == 401
    assert told(address)[name] == before + 1


def test_no_phone_title_or_key_is_among_what_is_told(redis: Redis, address: str, now: datetime) -> None:
    new = new_campaign(["6175550123"], ["6175550124"])
    campaigns.take(redis, new, now=now, keep_key=MINUTE)
    text = requests.get(f"{address}/metrics", headers=WATCHER, timeout=60).text
    assert not any(word in text for word in (new.id, new.key, new.terms.title, "61755", "swordfish"))


def test_postbacks_are_counted_by_what_came_of_them(address: str) -> None:
    for body in (b"var=hello", b"x" * 9_000):
        requests.post(f"{address}/postbacks/{'0' * 32}", data=body, timeout=60)
    seen = told(address)
    assert seen["dropline_postbacks_total{end=unknown_token}"] == 1
    assert seen["dropline_postbacks_total{end=oversized}"] == 1
    assert seen["dropline_postback_lag_seconds_count"] == 0
