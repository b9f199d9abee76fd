"""Webhooks on the page: how each does, a test, and telling again; no URL, no secret, and nothing by those who watch."""

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from redis import Redis

from jobs.ledger import bookmarks, keys, subscriptions
from jobs.ledger.fields import to_ms
from jobs.ledger.people import Role
from jobs.ledger.subscriptions import Subscription
from jobs.webhooks import receivers
from tests.jobs.webhooks.conftest import Receiver, receiver
from tests.web.front_door import front_door, make_site
from tests.web.people import Visit, add

__all__ = ["receiver"]

NOW = datetime(2026, 11, 23, 17, 0, tzinfo=UTC)


@pytest.fixture
def webhook(redis: Redis, receiver: Receiver) -> Subscription:
    made = receivers.new("billing", receiver.url, ["campaign"], now=NOW)
    subscriptions.add(redis, made)
    return made


@pytest.fixture
def address(redis: Redis) -> Iterator[str]:
    with front_door(make_site(redis, clock=lambda: NOW)) as address:
        yield address


def visit(redis: Redis, address: str, role: Role) -> Visit:
    add(redis, "dana", role)
    made = Visit(address)
    made.sign_in("dana")
    return made


def test_each_is_listed_by_its_host_and_a_test_shows_what_was_answered(
    redis: Redis, address: str, webhook: Subscription, receiver: Receiver
) -> None:
    dana = visit(redis, address, Role.OPERATE)
    page = dana.get("/webhooks").text
    assert webhook.host in page
    assert "nothing told yet" in page
    receiver.answers.append(503)
    refused = dana.send("/webhooks", "/webhooks/billing/test").text
    assert "billing did not take the test" in refused
    taken = dana.send("/webhooks", "/webhooks/billing/test").text
    assert "billing took the test" in taken
    assert receiver.kinds == ["webhook.test"] * 2
    assert [word for word in ("canary", webhook.secrets[0]) if word in page + refused + taken] == []


def test_a_webhook_that_is_off_is_told_again_by_replay(redis: Redis, address: str, webhook: Subscription) -> None:
    redis.hset(keys.webhook(webhook.id), mapping={"off_since": to_ms(NOW), "off_why": "410 Gone"})
    dana = visit(redis, address, Role.OPERATE)
    assert "410 Gone" in dana.get("/webhooks").text
    assert dana.send("/webhooks", "/webhooks/billing/replay").status_code == 303
    assert bookmarks.read(redis, webhook).off_since is None


def test_nothing_is_told_for_those_who_watch_or_by_a_form_that_is_not_ours(
    redis: Redis, address: str, webhook: Subscription, receiver: Receiver
) -> None:
    watching = visit(redis, address, Role.WATCH)
    assert "<form method" not in watching.get("/webhooks").text.partition("<main")[2]
    assert watching.send("/", "/webhooks/billing/test").status_code == 403
    add(redis, "kim")
    operating = Visit(address)
    operating.sign_in("kim")
    assert operating.post("/webhooks/billing/test", token="forged").status_code == 403
    assert operating.send("/webhooks", "/webhooks/nobody/test").status_code == 404
    assert receiver.came == []
