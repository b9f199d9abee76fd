"""A person and a turn at once: what the person said holds, and a turn that is overtaken undoes nothing."""

from dataclasses import replace
from datetime import timedelta

from jobs.campaigns.desk import Desk
from jobs.gateway.simulator import Clock
from jobs.ledger import bookmarks, due, replays, subscriptions
from jobs.ledger.bookmarks import End, Took, Verdict
from jobs.ledger.keys import Due
from jobs.ledger.subscriptions import Subscription
from jobs.webhooks import receivers
from jobs.webhooks.deliver import LEASE, Delivered, deliver
from tests.jobs.campaigns.conftest import taken
from tests.jobs.webhooks.conftest import Receiver, added, bookmark, due_now, happened

ANNA, BOB = "6175550101", "6175550102"


def replay(desk: Desk, webhook: Subscription) -> None:
    """As a person has it."""
    replays.tell_untold_again(desk.redis, webhook, now=desk.clock())
    replays.switch_on(desk.redis, webhook, now=desk.clock())


def test_the_event_that_was_answered_with_410_is_told_first_when_it_is_switched_on(
    desk: Desk, clock: Clock, receiver: Receiver
) -> None:
    webhook = added(desk, receiver, "campaign")
    receiver.answers.extend([500, 204, 410])
    for key in ("a", "b"):
        taken(desk, ANNA, key=key)
    deliver(desk, "billing")
    clock.jump(timedelta(minutes=1))
    taken(desk, ANNA, key="c")
    assert deliver(desk, "billing") is Delivered.OFF  # at the first one's second try
    replay(desk, webhook)
    deliver(desk, "billing")
    assert (receiver.ids[3:], bookmark(desk, webhook).told) == ([f"evt_{happened(desk)[at].id}" for at in (0, 2)], 3)


def test_going_back_during_a_turn_is_not_undone_by_it(desk: Desk, receiver: Receiver) -> None:
    webhook = added(desk, receiver, "campaign")
    for number in range(3):
        taken(desk, ANNA, key=str(number))
    deliver(desk, "billing")
    taken(desk, BOB, key="april")
    receiver.meanwhile = lambda: replays.go_back(desk.redis, webhook, happened(desk)[0].at)
    assert deliver(desk, "billing") is Delivered.OVERTAKEN
    assert due_now(desk)
    deliver(desk, "billing")
    assert receiver.ids[-4:] == [f"evt_{each.id}" for each in happened(desk)]


def test_going_back_never_goes_forwards(desk: Desk, clock: Clock, receiver: Receiver) -> None:
    webhook = added(desk, receiver, "campaign")
    taken(desk, ANNA)
    replays.go_back(desk.redis, webhook, happened(desk)[0].at + timedelta(days=1))
    deliver(desk, "billing")
    assert receiver.kinds == ["campaign.taken"]


def test_removing_it_during_a_turn_leaves_nothing(desk: Desk, receiver: Receiver) -> None:
    for answer in (500, 410, 204):
        webhook = added(desk, receiver, "campaign")
        taken(desk, ANNA, key=str(answer))
        receiver.answers.append(answer)
        receiver.meanwhile = lambda: subscriptions.remove(desk.redis, webhook)  # noqa: B023  # called in this round
        deliver(desk, "billing")
        assert deliver(desk, "billing") is Delivered.OFF
        assert list(desk.redis.scan_iter("dropline:webhook*")) == []
        assert not due_now(desk)


def test_one_that_is_added_anew_under_an_old_name_begins_from_then_on(
    desk: Desk, clock: Clock, receiver: Receiver
) -> None:
    webhook = added(desk, receiver, "campaign")
    taken(desk, ANNA)
    receiver.answers.append(500)

    def change_ones_mind() -> None:
        subscriptions.remove(desk.redis, webhook)
        added(desk, receiver, "campaign")

    receiver.meanwhile = change_ones_mind
    deliver(desk, "billing")
    taken(desk, BOB, key="april")
    clock.jump(timedelta(minutes=1))
    deliver(desk, "billing")
    assert [document["data"]["key"] for _, document in receiver.came] == ["march", "april"]


def test_a_secret_that_is_changed_during_a_turn_stays_changed(desk: Desk, receiver: Receiver) -> None:
    webhook = added(desk, receiver, "campaign")
    taken(desk, ANNA)
    receiver.answers.append(410)
    new = replace(webhook, secrets=(receivers.new_secret(), *webhook.secrets))
    receiver.meanwhile = lambda: subscriptions.change(desk.redis, webhook, new)
    deliver(desk, "billing")
    assert subscriptions.read(desk.redis, "billing") == new
    assert bookmark(desk, webhook).off_since


def test_of_two_who_change_a_secret_one_is_told_so(desk: Desk, receiver: Receiver) -> None:
    webhook = added(desk, receiver, "campaign")
    first, second = (replace(webhook, secrets=(receivers.new_secret(), *webhook.secrets)) for _ in range(2))
    assert subscriptions.change(desk.redis, webhook, first)
    assert not subscriptions.change(desk.redis, webhook, second)
    subscriptions.remove(desk.redis, webhook)
    assert not subscriptions.change(desk.redis, first, second)


def test_a_turn_that_outlives_its_lease_writes_nothing_more(desk: Desk, clock: Clock, receiver: Receiver) -> None:
    webhook = added(desk, receiver, "campaign")
    taken(desk, ANNA)
    (event,) = happened(desk)
    assert bookmarks.take_turn(desk.redis, webhook, "frozen", now=desk.clock(), lease=LEASE) is Took.TURN
    clock.jump(LEASE)
    assert deliver(desk, "billing") is Delivered.TOLD
    before = bookmark(desk, webhook)
    late = Verdict(End.AGAIN, desk.clock(), "HTTP 500", tries=1, again_at=desk.clock(), failures=1)
    assert not bookmarks.note(desk.redis, webhook, "frozen", late, event_id=event.id)
    assert bookmark(desk, webhook) == before


def test_one_that_is_switched_on_while_a_worker_looks_at_it_stays_due(desk: Desk, receiver: Receiver) -> None:
    webhook = added(desk, receiver, "campaign")
    taken(desk, ANNA)
    receiver.answers.append(410)
    deliver(desk, "billing")
    replay(desk, webhook)  # the worker has seen that it is off, and is only now about to say that nothing is to be done
    bookmarks.end_turn(desk.redis, webhook, "slow", now=desk.clock())
    assert due.stands(desk.redis, Due.WEBHOOK, "billing")
