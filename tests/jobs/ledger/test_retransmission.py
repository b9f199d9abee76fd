"""Replies are lost for real, redis-py sends the same script again, and the ledger says and holds what it would have."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from redis import Redis

from config.redis_connection import connect
from jobs.ledger import amnesia, campaigns, dispositions, evidence, keys, submissions
from jobs.models import (
    CampaignView,
    Disposition,
    DropState,
    Evidence,
    Finding,
    Intent,
    Run,
    Submission,
    SubmissionState,
)
from tests.fault_proxy import Fault, FaultKind, FaultProxy, Storm
from tests.jobs.ledger.conftest import NOW, new_campaign
from tests.servers import RedisServer

LATER = NOW + timedelta(seconds=15)
PHONES = ["6175550123", "6175550124"]
SEEN = Evidence(NOW, Finding.MARK, "a test")
DELIVERED = Disposition("6175550123", DropState.DELIVERED, "OK")

Step = Callable[[Redis], Any]


def take(redis: Redis) -> Any:
    return campaigns.take(redis, new_campaign(PHONES, ["6175550125"]), now=NOW, keep_key=timedelta(days=180))


def first(redis: Redis) -> Submission:
    return submissions.read(redis, ["bcdf-1"])[0]


def to(state: SubmissionState, **options: Any) -> Step:
    return lambda redis: submissions.move(redis, first(redis), state, now=NOW, attempt="a", **options)


def second_to(state: SubmissionState, **options: Any) -> Step:
    return lambda redis: submissions.move(redis, second(redis), state, now=NOW, attempt="c", evidence=SEEN, **options)


def second(redis: Redis) -> Submission:
    return submissions.read(redis, ["bcdf-2"])[0]


def stray(redis: Redis) -> Any:
    return evidence.take_stray(redis, second(redis), "7", account="default", evidence=SEEN, now=NOW)


def intend(intent: Intent) -> Step:
    return lambda redis: campaigns.intend(redis, "bcdf", intent, note="", now=NOW)


def carry_out(redis: Redis) -> Any:
    view = campaigns.read(redis, "bcdf")
    assert view is not None
    return campaigns.carried_out(redis, view, now=NOW)


def record(redis: Redis) -> None:
    """Its answer counts what was new to the ledger, and the second time nothing is."""
    dispositions.record(redis, first(redis), [DELIVERED], now=NOW)


def close(redis: Redis) -> None:
    """The same."""
    dispositions.close(redis, first(redis))


STORY: list[Step] = [
    take,
    lambda redis: submissions.claim(redis, "bcdf-1", attempt="a", now=NOW, until=LATER),
    lambda redis: submissions.claim(redis, "bcdf-1", attempt="b", now=NOW, until=LATER),
    to(SubmissionState.SENDING, only_running=True),
    lambda redis: submissions.leave(redis, first(redis), attempt="a", now=NOW),
    lambda redis: submissions.leave(redis, first(redis), attempt="b", now=NOW),
    to(SubmissionState.ACCEPTED, session_key=keys.session("default", "1"), session_id="1"),
    lambda redis: submissions.claim(redis, "bcdf-2", attempt="c", now=NOW, until=LATER),
    second_to(SubmissionState.SENDING, only_running=True),
    second_to(SubmissionState.UNKNOWN, due={keys.Due.SETTLE: LATER}),
    second_to(SubmissionState.ACCEPTED, session_key=keys.session("default", "1"), unclaimed=True),
    second_to(SubmissionState.ACCEPTED, session_key=keys.session("default", "2"), unclaimed=True, day_key="day"),
    stray,
    intend(Intent.PAUSE),
    lambda redis: submissions.confirm_run(redis, first(redis), Run.PAUSED, now=NOW),
    carry_out,
    intend(Intent.STOP),
    intend(Intent.RUN),
    record,
    close,
    to(SubmissionState.FINISHED),
    lambda redis: amnesia.look(redis, now=NOW),
]


def state_of(redis: Redis) -> tuple[CampaignView | None, list[Submission], list[Disposition], list[Any]]:
    """All that anybody can read of it."""
    due = [redis.zrange(each, 0, -1, withscores=True) for each in keys.Due]
    drops = list(dispositions.read(redis, first(redis)))
    seen = [evidence.read(redis, "bcdf-2"), evidence.in_doubt(redis), redis.smembers("day")]
    return campaigns.read(redis, "bcdf"), submissions.read(redis, ["bcdf-1", "bcdf-2"]), drops, [due, seen]


@pytest.fixture
def told(redis_server: RedisServer, redis: Redis) -> tuple[list[Any], Any]:
    """The answers and the end of the story, told without faults; then the server is empty again."""
    answers = [step(redis) for step in STORY]
    return answers, state_of(redis)


@pytest.mark.parametrize("kind", [FaultKind.LOSE_REPLY, FaultKind.CUT_REPLY, FaultKind.CUT_REQUEST])
def test_every_script_that_is_sent_twice_answers_and_does_as_if_it_were_sent_once(
    told: tuple[list[Any], Any], redis_server: RedisServer, redis: Redis, kind: FaultKind
) -> None:
    redis.flushall()
    with FaultProxy(redis_server.url) as proxy, connect(proxy.url) as unlucky:
        answers = []
        for step in STORY:
            proxy.arm(Fault(kind, on=[b"EVALSHA"], first_bytes=1))
            answers.append(step(unlucky))
        assert proxy.happened[kind] == len(STORY)
    assert (answers, state_of(redis)) == told


@pytest.mark.parametrize("seed", range(3))
def test_a_storm_changes_nothing_either(
    told: tuple[list[Any], Any], redis_server: RedisServer, redis: Redis, seed: int
) -> None:
    redis.flushall()
    with FaultProxy(redis_server.url) as proxy, connect(proxy.url) as unlucky:
        proxy.blow(Storm(seed, rate=0.15))
        answers = [step(unlucky) for step in STORY]
        assert sum(proxy.happened.values()) > 0
    assert (answers, state_of(redis)) == told
