"""What the scheduler enqueues, run as a worker runs it: from an environment, against a server and a gateway."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from redis import Redis

from jobs import entrypoints, reconciliation
from jobs.eastern import eastern_date
from jobs.gateway.simulator import Simulator
from jobs.ledger import balances, days, due
from jobs.ledger.keys import Due
from jobs.models.reports import DayReport
from tests.servers import RedisServer

YESTERDAY = eastern_date(datetime.now(UTC)) - timedelta(days=1)


@pytest.fixture
def simulator(redis_server: RedisServer, redis: Redis, monkeypatch: pytest.MonkeyPatch) -> Iterator[Simulator]:
    """A gateway, and an environment that leads to it."""
    with Simulator() as running:
        account = {"GATEWAY_UID": "demo", "GATEWAY_PASSWORD": "demo", "GATEWAY_CALLS_PER_S": "1000"}
        for name, value in {"REDIS_URL": redis_server.url, "GATEWAY_URL": running.base_url, **account}.items():
            monkeypatch.setenv(name, value)
        entrypoints.desk.cache_clear()
        yield running
        entrypoints.desk().redis.close()
        entrypoints.desk.cache_clear()


def test_days_of_an_outage_are_made_up_for(redis: Redis, simulator: Simulator) -> None:
    before = YESTERDAY - timedelta(days=3)
    days.keep(redis, DayReport(account="default", day=before, found_at=datetime.now(UTC), is_done=True))
    missed = [f"default/{before + timedelta(days=number)}" for number in (1, 2, 3)]
    assert entrypoints.reconcile_day() == dict.fromkeys(missed, "done")
    assert entrypoints.reconcile_day() == {}
    assert due.count(redis, Due.RECONCILE) == 0
    assert [each.option for each in simulator.truth.arrivals] == ["campaign_by_date"] * 3


def test_what_one_job_cannot_do_the_next_one_does(redis: Redis, simulator: Simulator) -> None:
    began_at = datetime.now(UTC).replace(microsecond=0)
    entrypoints.wind_down.set()
    try:
        assert entrypoints.reconcile_day() == {f"default/{YESTERDAY}": "later"}
    finally:
        entrypoints.wind_down.clear()
    due_at = due.instant_of(redis, Due.RECONCILE, f"default/{YESTERDAY}")
    assert due_at
    assert due_at >= began_at + entrypoints.JOB_BUDGET  # another beside this one would compare the same
    assert entrypoints.reconcile_account(account="default", day=str(YESTERDAY)) == {f"default/{YESTERDAY}": "done"}
    assert not due.stands(redis, Due.RECONCILE, f"default/{YESTERDAY}")


def test_a_day_that_is_named_is_compared_again(redis: Redis, simulator: Simulator) -> None:
    for _ in range(2):
        assert entrypoints.reconcile_day(day=str(YESTERDAY)) == {f"default/{YESTERDAY}": "done"}
    assert len(simulator.truth.arrivals) == 2
    assert reconciliation.missed_days(redis, "default", now=datetime.now(UTC)) == []


def test_a_day_that_has_not_come_yet_is_refused_and_nothing_is_begun(redis: Redis, simulator: Simulator) -> None:
    in_two_days = YESTERDAY + timedelta(days=3)
    with pytest.raises(
        reconciliation.NotBegun, match=f"{in_two_days} has not come yet: .* compare a day that has begun"
    ):
        entrypoints.reconcile_day(day=str(in_two_days))
    assert not due.stands(redis, Due.RECONCILE, f"default/{in_two_days}")
    assert simulator.truth.arrivals == []


def test_balances_of_every_account_are_noted(redis: Redis, simulator: Simulator) -> None:
    assert entrypoints.note_balances() == {"default": 999_999}
    assert [each.remaining for each in balances.history(redis, "default")] == [999_999]


def test_a_house_without_anything_old_is_left_as_it_is(simulator: Simulator) -> None:
    assert entrypoints.keep_house() == {"dropped": 0, "left": 0}
