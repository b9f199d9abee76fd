"""Receivers added, tried, watched and told again by hand."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from redis import Redis

from jobs.cli.exits import Exit
from jobs.ledger import bookmarks, events, subscriptions
from jobs.ledger.bookmarks import End, Verdict
from jobs.ledger.keys import Events
from tests.jobs.cli.conftest import NOW, Run
from tests.jobs.ledger.conftest import taken
from tests.jobs.webhooks.conftest import Receiver, serving


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    made = Receiver()
    with serving(made) as url:
        made.url = url
        yield made


@pytest.fixture
def billing(run: Run, receiver: Receiver) -> str:
    """The secret of a webhook."""
    added = run("webhooks", "add", "billing", receiver.url, "--about", "campaign", "--json")
    return str(added.document["secret"])


def test_a_secret_is_shown_once_and_a_url_never_whole(run: Run, receiver: Receiver) -> None:
    added = run("webhooks", "add", "billing", receiver.url)
    assert added.out.count("whsec_") == 1
    listed = run("webhooks", "list")
    assert "127.0.0.1" in listed.out
    for each in (listed, run("webhooks", "list", "--json"), run("webhooks", "test", "billing")):
        assert "whsec_" not in each.out + each.err
        assert "canary" not in each.out + each.err


def test_a_test_says_what_the_receiver_answered(run: Run, receiver: Receiver, billing: str) -> None:
    receiver.answers.append(500)
    refused = run("webhooks", "test", "billing", now=datetime.now(UTC))
    assert (refused.code, "did not take it: HTTP 500" in refused.err) == (Exit.NO_ANSWER, True)
    taken = run("webhooks", "test", "billing", "--json", now=datetime.now(UTC))
    assert (taken.code, taken.document["answer"]) == (0, "HTTP 204")
    assert receiver.verify(billing)["type"] == "webhook.test"


def test_a_rotated_secret_signs_besides_the_old_one(run: Run, receiver: Receiver, billing: str) -> None:
    now = datetime.now(UTC)
    new = run("webhooks", "rotate", "billing", "--json", now=now).document["secret"]
    run("webhooks", "test", "billing", now=now)
    assert receiver.verify(billing) == receiver.verify(new)


def test_what_was_given_up_is_shown_and_told_again(run: Run, redis: Redis, billing: str) -> None:
    taken(redis, ["6175550101"])
    (event,) = events.after(redis, Events.WORK, "0-0", most=2)
    webhook = subscriptions.read(redis, "billing")
    assert webhook
    bookmarks.take_turn(redis, webhook, "worker", now=NOW, lease=timedelta(minutes=1))
    bookmarks.note(redis, webhook, "worker", Verdict(End.GIVEN_UP, NOW, "HTTP 422"), event_id=event.id)
    assert f"evt_{event.id}" in run("webhooks", "untold", "billing").out
    assert run("webhooks", "replay", "billing", "--since", "2026-03-01T00:00Z", "--json").document["again"] == 1
    assert run("webhooks", "untold", "billing").out == "None.\n"


def test_what_waits_is_counted_and_since_when(run: Run, redis: Redis, billing: str) -> None:
    taken(redis, ["6175550101"])
    (first,) = events.after(redis, Events.WORK, "0-0", most=9)
    found = run("webhooks", "list", "--json").document["webhooks"][0]
    assert (found["behind"], found["behind_is_more"], found["again"]) == (1, False, 0)
    assert found["behind_since"].startswith(f"{first.at:%Y-%m-%dT%H:%M}")
    assert "waits since" in run("webhooks", "list").out


def test_times_are_said_as_people_say_them(run: Run, redis: Redis, billing: str) -> None:
    at = NOW + timedelta(microseconds=123_456)
    taken(redis, ["6175550101"])
    (event,) = events.after(redis, Events.WORK, "0-0", most=2)
    webhook = subscriptions.read(redis, "billing")
    assert webhook
    bookmarks.take_turn(redis, webhook, "worker", now=at, lease=timedelta(minutes=1))
    bookmarks.note(redis, webhook, "worker", Verdict(End.GIVEN_UP, at, "HTTP 422"), event_id=event.id)
    bookmarks.note(redis, webhook, "worker", Verdict(End.GONE, at, "HTTP 410"), event_id=event.id)
    words = (("list",), ("untold", "billing"), ("rotate", "billing"), ("replay", "billing", "--since", f"{at}"))
    said = [run("webhooks", *each, now=at).out for each in words]
    assert [("Eastern" in each, "23456" in each) for each in said] == [(True, False)] * len(said)


def test_a_removed_webhook_is_forgotten(run: Run, redis: Redis, billing: str) -> None:
    assert run("webhooks", "remove", "billing").code == 0
    assert run("webhooks", "list", "--json").document == {"webhooks": []}
    assert list(redis.scan_iter("dropline:webhook*")) == []


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("add", "billing", "https://billing.example/"), "named 'billing' already"),
        (("add", "two words", "https://billing.example/"), "1 to 40 letters"),
        (("add", "crm", "http://crm.example/"), "must begin with https://"),
        (("add", "crm", "https://crm.example/", "--about", "phones"), "--about knows campaign, submission, drops"),
        (("test", "bilings"), "there is: billing"),
        (("replay", "billing", "--since", "monday"), "--since"),
    ],
)
def test_a_slip_changes_nothing_and_is_said(run: Run, billing: str, arguments: tuple[str, ...], says: str) -> None:
    refused = run("webhooks", *arguments)
    assert (refused.code, says in refused.err) == (Exit.BAD_INPUT, True)
    assert [each["name"] for each in run("webhooks", "list", "--json").document["webhooks"]] == ["billing"]
