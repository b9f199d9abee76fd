"""A judge that finds nothing must find what was put there for it to find."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from redis import Redis

from jobs.campaigns.desk import Desk
from jobs.campaigns.marks import mark_of, marked
from jobs.campaigns.refresh import refresh
from jobs.campaigns.send import send
from jobs.gateway.simulator import Clock, Simulator
from jobs.ledger import campaigns, due, evidence, keys
from jobs.ledger.fields import to_ms
from jobs.ledger.keys import Due
from jobs.models import Intent
from tests import oracle
from tests.jobs.campaigns.conftest import NOON, TERMS, submission, taken
from tests.jobs.campaigns.conftest import clock as clock
from tests.jobs.campaigns.conftest import desk as desk
from tests.jobs.campaigns.conftest import simulator as simulator


@pytest.fixture
def campaign_id(desk: Desk) -> str:
    """A campaign whose session has called both its people, and said so."""
    campaign_id = taken(desk, "6175550101", "6175550102").campaign_id
    send(desk, f"{campaign_id}-1")
    return campaign_id


def followed(desk: Desk, clock: Clock, campaign_id: str) -> None:
    clock.jump(desk.timings.poll_first)
    refresh(desk, f"{campaign_id}-1")


def test_nothing_is_found_where_all_is_well(desk: Desk, simulator: Simulator, clock: Clock, campaign_id: str) -> None:
    assert oracle.findings(desk.redis, simulator) == []
    assert oracle.unfinished(desk.redis) == [f"{campaign_id} is running"]
    followed(desk, clock, campaign_id)
    oracle.check(desk.redis, simulator)
    assert oracle.unfinished(desk.redis) == []


Wrong = Callable[[Redis, str], object]


def put(field: str, value: str) -> Wrong:
    return lambda redis, campaign_id: redis.hset(keys.submission(f"{campaign_id}-1"), field, value)


WRONGS: list[tuple[Wrong, str]] = [
    (put("state", "planned"), "is planned, and the gateway runs 1 sessions of it"),
    (put("session_id", "1"), "the gateway has no session 1 of it"),
    (put("run", "paused"), "is said to be paused, and the gateway has it running"),
    (put("run", "ended"), "is said to have ended, and the gateway has it running"),
    (put("d:delivered", "2"), "counts its drops as"),
    (lambda redis, own: redis.hincrby(keys.campaign(own), "n:accepted", 1), "counts its submissions by state as"),
    (lambda redis, own: redis.hincrby(keys.campaign(own), "p:accepted", 1), "counts its phones by state as"),
    (lambda redis, own: redis.hincrby(keys.campaign(own), "rows", 1), "has 3 rows"),
    (lambda redis, own: due.remove(redis, Due.REFRESH, [f"{own}-1"]), "stands in no due set"),
    (lambda redis, own: redis.set(keys.dispositions(f"{own}-1"), b"\1" + b"\0" * 17), "1 drops of"),
    (
        lambda redis, own: redis.hset(keys.campaign(own), "terms", '{"caller_id": "6175550100", "audio_title": "x"}'),
        "nobody asked for",
    ),
]


@pytest.mark.parametrize(("wrong", "finding"), WRONGS, ids=[finding for _, finding in WRONGS])
def test_what_is_wrong_is_found(desk: Desk, simulator: Simulator, campaign_id: str, wrong: Wrong, finding: str) -> None:
    wrong(desk.redis, campaign_id)
    assert finding in "\n".join(oracle.findings(desk.redis, simulator))


def test_a_phone_that_was_accepted_twice_is_found(desk: Desk, simulator: Simulator, campaign_id: str) -> None:
    desk.gateway("default").submit(TERMS, ["6175550101"], title=TERMS.title, postback_url=None, start_at=None)
    found = oracle.findings(desk.redis, simulator)
    assert found == [f"1 phones of {campaign_id}-1 were accepted more than once, in 2 sessions"]


def test_a_stop_that_nobody_will_carry_out_is_found(desk: Desk, simulator: Simulator, campaign_id: str) -> None:
    campaigns.intend(desk.redis, campaign_id, Intent.STOP, note="", now=NOON)
    assert oracle.findings(desk.redis, simulator) == []
    due.remove(desk.redis, Due.CONTROL, [campaign_id])
    (found,) = oracle.findings(desk.redis, simulator)
    assert "was told to stop, 1 are not, and it stands in no due set" in found


SENT = f"token@{int(NOON.timestamp() * 1000)}"
"""An earlier attempt, as it lies in a submission."""


@pytest.mark.parametrize(
    "fields",
    [
        {"former": SENT},
        {"former": SENT, "state": "finished"},
        {"former": SENT, "state": "withdrawn"},
        {"state": "unknown"},
        {"state": "given_up"},
    ],
    ids=lambda fields: "-".join(fields.values()).removeprefix(SENT) or "accepted",
)
def test_a_session_that_may_still_turn_up_and_that_nobody_looks_for_is_found(
    desk: Desk, campaign_id: str, fields: dict[Any, Any]
) -> None:
    own, terms = f"{campaign_id}-1", oracle.Terms(desk.clock(), look_for=desk.timings.look_for)
    assert oracle.forgotten(desk.redis, terms) == []
    desk.redis.hset(keys.submission(own), mapping=fields)
    (found,) = oracle.forgotten(desk.redis, terms)
    assert "may still turn up, and nobody looks for it" in found
    due.add(desk.redis, Due.SETTLE, [own], NOON)
    assert oracle.forgotten(desk.redis, terms) == []


def test_an_attempt_that_is_too_old_need_not_be_looked_for(desk: Desk, campaign_id: str) -> None:
    desk.redis.hset(keys.submission(f"{campaign_id}-1"), "former", SENT)
    assert oracle.forgotten(desk.redis, oracle.Terms(NOON + oracle.LOOK_FOR)) == []
    assert desk.timings.look_for == oracle.LOOK_FOR


def test_a_stray_that_nobody_will_stop_is_found(desk: Desk, campaign_id: str) -> None:
    desk.redis.hset(keys.strays(campaign_id), "999999999", "going")
    (found,) = oracle.forgotten(desk.redis, oracle.Terms(NOON))
    assert "has 1 strays that are not stopped" in found
    evidence.stray_has_ended(desk.redis, campaign_id, "999999999")
    assert oracle.forgotten(desk.redis, oracle.Terms(NOON)) == []


def test_a_session_of_an_earlier_attempt_counts_only_where_the_gateway_lists_in_time(
    desk: Desk, simulator: Simulator, campaign_id: str
) -> None:
    own = f"{campaign_id}-1"
    earlier = marked(TERMS.title, mark_of("token"))
    session = desk.gateway("default").submit(TERMS, ["6175550101"], title=earlier, postback_url=None, start_at=None)
    simulator.truth.sessions[-1].unlisted = timedelta(hours=1)
    assert len(oracle.findings(desk.redis, simulator)) == 1  # no attempt of ours
    desk.redis.hset(keys.submission(own), "former", SENT)
    due.add(desk.redis, Due.SETTLE, [own], NOON)
    assert oracle.findings(desk.redis, simulator) == []
    assert list(oracle.late_sessions(desk.redis, simulator)) == [own]
    simulator.truth.sessions[-1].unlisted = timedelta(0)
    assert len(oracle.findings(desk.redis, simulator)) == 1
    simulator.change({"listing_lag_s": 60})
    evidence.stray_has_ended(desk.redis, campaign_id, session.session_id)
    (found,) = oracle.findings(desk.redis, simulator)
    assert "is said to have ended, and the gateway has it running" in found


def test_where_the_late_one_is_followed_the_one_that_was_sent_again_is_the_one_too_many(
    desk: Desk, simulator: Simulator, campaign_id: str
) -> None:
    own = submission(desk, campaign_id)
    again = marked(TERMS.title, mark_of("token"))
    session = desk.gateway("default").submit(TERMS, ["6175550101"], title=again, postback_url=None, start_at=None)
    desk.redis.hset(keys.submission(own.id), "former", f"token@{to_ms(NOON + timedelta(minutes=20))}")
    due.add(desk.redis, Due.SETTLE, [own.id], NOON)
    assert len(oracle.findings(desk.redis, simulator)) == 1  # the first was listed in time
    simulator.truth.sessions[0].unlisted = timedelta(hours=1)
    assert oracle.findings(desk.redis, simulator) == []
    (late,) = oracle.late_sessions(desk.redis, simulator)[own.id]
    assert late.id == session.session_id


def test_whose_a_session_is_must_be_clear(desk: Desk, simulator: Simulator, campaign_id: str) -> None:
    taken(desk, "6175550101", key="april")
    with pytest.raises(oracle.SharedPhone):
        oracle.findings(desk.redis, simulator)
