"""What a webhook is still to be told is counted, whatever it is told of, and cheaply."""

from typing import Any

import pytest
from redis import Connection, ConnectionPool, Redis

from jobs.ledger import backlogs, events, subscriptions
from jobs.ledger.backlogs import MOST_LOOKED_AT, Backlog
from jobs.ledger.events import TELL
from jobs.ledger.keys import Events
from jobs.ledger.subscriptions import Subscription
from jobs.models import EventKind
from tests.jobs.ledger.conftest import NOW
from tests.servers import RedisServer


def added(redis: Redis, *topics: str, name: str = "billing") -> Subscription:
    made = Subscription(name, name, "https://billing.example/", topics, ("whsec_QUJD",), NOW)
    assert subscriptions.add(redis, made)
    return made


def happen(redis: Redis, kind: EventKind, times: int = 1) -> None:
    script = f"{TELL} for _ = 1, ARGV[2] do tell(ARGV[1], 'bcdf') end"
    redis.eval(script, 0, kind, times)


def backlog(redis: Redis, webhook: Subscription) -> Backlog:
    return backlogs.stand(redis, webhook).backlog


@pytest.mark.parametrize("topics", [("campaign", "submission"), ("campaign",), ("campaign", "drops")])
def test_what_came_since_it_was_added_waits(redis: Redis, topics: tuple[str, ...]) -> None:
    happen(redis, EventKind.CAMPAIGN_TAKEN, 5)
    webhook = added(redis, *topics)
    assert backlog(redis, webhook) == Backlog()
    happen(redis, EventKind.CAMPAIGN_TAKEN, 3)
    (first, *_) = events.after(redis, Events.WORK, "0-0", most=9)[5:]
    assert backlog(redis, webhook) == Backlog(3, is_more=False, since=first.at)


def test_what_it_is_not_told_of_does_not_wait(redis: Redis) -> None:
    webhook = added(redis, "campaign")
    happen(redis, EventKind.SUBMISSION_ACCEPTED, 4)
    assert backlog(redis, webhook) == Backlog()


def test_a_long_line_is_not_read_to_its_end(redis: Redis) -> None:
    all_, some = added(redis, "campaign", "submission"), Subscription("b", "b", "", ("campaign",), (), NOW)
    happen(redis, EventKind.CAMPAIGN_TAKEN, MOST_LOOKED_AT + 7)
    assert (backlog(redis, all_).count, backlog(redis, all_).is_more) == (MOST_LOOKED_AT + 7, False)
    assert (backlog(redis, some).count, backlog(redis, some).is_more) == (MOST_LOOKED_AT, True)


class Counted(Connection):
    """A connection that knows how often it has sent something."""

    times = 0

    def send_packed_command(self, command: Any, check_health: bool = True) -> None:
        type(self).times += 1
        super().send_packed_command(command, check_health)  # type: ignore[no-untyped-call]  # redis has no types here


def test_many_webhooks_are_looked_at_in_as_many_round_trips_as_one(redis: Redis, redis_server: RedisServer) -> None:
    pool = ConnectionPool.from_url(redis_server.url, connection_class=Counted)
    with Redis(connection_pool=pool) as counted:
        counted.ping()
        for number in range(9):
            added(redis, "campaign" if number % 2 else "drops", "submission", name=f"w{number}")
        happen(redis, EventKind.SUBMISSION_ACCEPTED, 2)
        before = Counted.times
        assert [each.waiting for each in backlogs.everyone(counted)] == [2] * 9
        assert Counted.times - before == 4
    pool.disconnect()
