"""A receiver is told everything that happens, at least once and under one id, however it behaves."""

import json
from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from standardwebhooks import WebhookVerificationError

from jobs.campaigns import control
from jobs.campaigns.desk import Desk
from jobs.campaigns.refresh import refresh
from jobs.campaigns.send import send
from jobs.gateway.simulator import Clock, Fault, FaultKind, Simulator
from jobs.ledger import bookmarks, due, events, keys, replays, submissions, subscriptions
from jobs.ledger.bookmarks import Took
from jobs.ledger.fields import to_ms
from jobs.ledger.keys import Due, Events
from jobs.ledger.subscriptions import Subscription
from jobs.models import EventKind, Intent, SubmissionState
from jobs.webhooks import deliver as delivery
from jobs.webhooks import receivers
from jobs.webhooks.deliver import REST_AFTER, WAITS, Delivered, deliver
from jobs.webhooks.documents import tell
from tests.jobs.campaigns.conftest import submission, taken
from tests.jobs.webhooks.conftest import Receiver, added, bookmark, due_now, happened

ANNA, BOB = "6175550101", "6175550102"


@pytest.fixture
def webhook(desk: Desk, receiver: Receiver) -> Subscription:
    return added(desk, receiver, "campaign", "submission", "drops")


def in_real_time(desk: Desk) -> Desk:
    """A receiver's library believes no signature of another day."""
    return replace(desk, clock=lambda: datetime.now(UTC))


def finished(desk: Desk, clock: Clock, *phones: str, key: str = "march") -> str:
    campaign_id = taken(desk, *phones, key=key).campaign_id
    send(desk, f"{campaign_id}-1")
    clock.jump(timedelta(minutes=1))
    refresh(desk, f"{campaign_id}-1")
    return campaign_id


def test_a_campaign_is_told_from_its_taking_to_its_end(
    desk: Desk, clock: Clock, receiver: Receiver, webhook: Subscription
) -> None:
    campaign_id = finished(desk, clock, ANNA, BOB)
    assert deliver(desk, "billing") is Delivered.TOLD
    work = [kind for kind in receiver.kinds if not kind.startswith("drops")]
    assert work == ["campaign.taken", "submission.accepted", "submission.finished", "campaign.ended"]
    ended = next(document for _, document in receiver.came if document["type"] == "campaign.ended")
    assert ended["data"]["campaign_id"] == campaign_id
    assert (ended["data"]["key"], ended["data"]["status"], ended["data"]["phones"]) == ("march", "finished", 2)
    drops = [drop for _, each in receiver.came if each["type"] == "drops.recorded" for drop in each["data"]["drops"]]
    assert sorted(drop["phone"] for drop in drops) == [ANNA, BOB]
    assert {drop["state"] for drop in drops} <= {"delivered", "failed"}
    assert not due_now(desk)


def test_the_signature_is_what_a_receivers_own_library_wants(
    desk: Desk, receiver: Receiver, webhook: Subscription
) -> None:
    taken(desk, ANNA)
    deliver(in_real_time(desk), "billing")
    assert receiver.verify(webhook.secrets[0])["type"] == "campaign.taken"
    with pytest.raises(WebhookVerificationError):
        receiver.verify(receivers.new_secret())


def test_a_changed_secret_and_the_old_one_both_sign_for_a_while(
    desk: Desk, receiver: Receiver, webhook: Subscription
) -> None:
    desk = in_real_time(desk)
    old_until = desk.clock() + timedelta(days=1)
    new = replace(webhook, secrets=(receivers.new_secret(), *webhook.secrets), old_until=old_until)
    assert subscriptions.change(desk.redis, webhook, new)
    taken(desk, ANNA)
    deliver(desk, "billing")
    for secret in new.secrets:
        receiver.verify(secret)
    assert subscriptions.change(desk.redis, new, replace(new, old_until=desk.clock()))
    taken(desk, BOB, key="april")
    deliver(desk, "billing")
    receiver.verify(new.secrets[0])
    with pytest.raises(WebhookVerificationError):
        receiver.verify(webhook.secrets[0])


def test_only_what_it_wants_to_know_is_told(desk: Desk, clock: Clock, receiver: Receiver) -> None:
    webhook = added(desk, receiver, "campaign")
    finished(desk, clock, ANNA)
    deliver(desk, "billing")
    assert receiver.kinds == ["campaign.taken", "campaign.ended"]
    assert webhook.streams() == [Events.WORK]
    assert events.after(desk.redis, Events.DROPS, "0-0", most=10) == []


def test_what_was_before_it_was_added_is_not_told_but_may_be_asked_for(
    desk: Desk, clock: Clock, receiver: Receiver
) -> None:
    taken(desk, ANNA)
    webhook = added(desk, receiver, "campaign")
    assert deliver(desk, "billing") is Delivered.TOLD
    assert receiver.kinds == []
    first = events.after(desk.redis, Events.WORK, "0-0", most=1)[0]
    replays.go_back(desk.redis, webhook, first.at)
    replays.switch_on(desk.redis, webhook, now=clock.now())
    assert due_now(desk)
    deliver(desk, "billing")
    assert receiver.ids == [f"evt_{first.id}"]


def test_a_request_and_its_repetition_are_told_once(desk: Desk, receiver: Receiver, webhook: Subscription) -> None:
    campaign_id = taken(desk, ANNA).campaign_id
    for _ in range(2):
        control.request(desk.redis, campaign_id, Intent.PAUSE, why="", now=desk.clock())
    deliver(desk, "billing")
    assert receiver.kinds == ["campaign.taken", "campaign.pause"]


def test_an_event_that_is_not_taken_comes_again_under_its_id_and_holds_up_no_other(
    desk: Desk, clock: Clock, receiver: Receiver, webhook: Subscription
) -> None:
    receiver.answers.extend([500])
    taken(desk, ANNA)
    taken(desk, BOB, key="april")
    deliver(desk, "billing")
    assert (len(receiver.came), bookmark(desk, webhook).again) == (2, 1)
    assert not due_now(desk)
    clock.jump(WAITS[0])
    assert due_now(desk)
    deliver(desk, "billing")
    assert receiver.ids == [receiver.ids[0], receiver.ids[1], receiver.ids[0]]
    assert (bookmark(desk, webhook).again, bookmark(desk, webhook).told) == (0, 2)


def test_what_is_new_does_not_wait_for_the_next_try_of_what_was_not_taken(
    desk: Desk, clock: Clock, receiver: Receiver, webhook: Subscription
) -> None:
    receiver.answers.extend([500, 500, 204])
    taken(desk, ANNA)
    deliver(desk, "billing")
    clock.jump(WAITS[0])
    deliver(desk, "billing")
    assert not due_now(desk)
    for number in range(3):  # each of them, and not the first alone
        taken(desk, BOB, key=f"april {number}")
        assert due_now(desk)
        deliver(desk, "billing")
        assert (len(receiver.came), due_now(desk)) == (3 + number, False)
    clock.jump(WAITS[1])
    deliver(desk, "billing")
    assert (receiver.ids[-1], bookmark(desk, webhook).again) == (receiver.ids[0], 0)


def test_what_is_new_wakes_a_receiver_that_rests_when_its_rest_is_over_and_not_before(
    desk: Desk, clock: Clock, receiver: Receiver, webhook: Subscription
) -> None:
    receiver.answers.extend([503] * REST_AFTER)
    for number in range(REST_AFTER):
        taken(desk, f"61755501{number:02}", key=str(number))
    clock.jump(timedelta(seconds=1))
    assert deliver(desk, "billing") is Delivered.RESTS
    for each in bookmarks.due_again(desk.redis, webhook, now=clock.now() + WAITS[0], most=9):
        desk.redis.zadd(keys.webhook_again(webhook.id), {each: to_ms(clock.now() + WAITS[-1])})
    bookmarks.stand(desk.redis, webhook, now=clock.now())
    for number in range(20):
        taken(desk, BOB, key=f"april {number}")
        assert not due_now(desk)
    clock.jump(delivery.REST_FIRST)
    assert due_now(desk)
    assert deliver(desk, "billing") is Delivered.TOLD
    assert (len(receiver.came), due_now(desk)) == (REST_AFTER + 20, False)


def test_a_webhook_that_is_being_told_is_not_rung_for_again(
    desk: Desk, clock: Clock, receiver: Receiver, webhook: Subscription
) -> None:
    """Its turn sees what comes; a bell for each event would only keep a worker busy."""
    receiver.answers.append(500)
    taken(desk, ANNA)
    deliver(desk, "billing")
    taken(desk, BOB, key="april")
    due.ring(desk.redis, Due.WEBHOOK, now=clock.now(), most=9, again_after=timedelta(minutes=1))
    taken(desk, BOB, key="may")
    assert not due_now(desk)


@pytest.mark.parametrize("answer", [307, 400, 503])
def test_whatever_is_not_2xx_is_not_taken_and_no_redirect_is_followed(
    desk: Desk, receiver: Receiver, webhook: Subscription, answer: int
) -> None:
    receiver.answers.append(answer)
    taken(desk, ANNA)
    deliver(desk, "billing")
    assert (len(receiver.came), bookmark(desk, webhook).last_answer) == (1, f"HTTP {answer}")


def test_a_receiver_that_takes_nothing_rests_and_no_event_uses_up_its_tries(
    desk: Desk, clock: Clock, receiver: Receiver, webhook: Subscription
) -> None:
    receiver.answers.extend([503] * 40)
    for number in range(10):
        taken(desk, f"61755501{number:02}", key=str(number))
    assert deliver(desk, "billing") is Delivered.RESTS
    assert len(receiver.came) == REST_AFTER
    assert deliver(desk, "billing") is Delivered.RESTS
    assert (len(receiver.came), due_now(desk)) == (REST_AFTER, False)
    for _ in range(36):
        clock.jump(delivery.REST_MOST)
        deliver(desk, "billing")
    assert bookmark(desk, webhook).untold == 0
    assert max(Counter(receiver.ids).values()) <= len(WAITS)
    receiver.answers.clear()
    for _ in range(300):
        clock.jump(timedelta(hours=1))
        deliver(desk, "billing")
    assert bookmark(desk, webhook).told == 10
    assert len(set(receiver.ids)) == 10


def test_a_receiver_that_takes_a_test_rests_no_longer(desk: Desk, receiver: Receiver, webhook: Subscription) -> None:
    receiver.answers.extend([503] * (REST_AFTER + 1))
    for number in range(REST_AFTER + 1):
        taken(desk, f"61755501{number:02}", key=str(number))
    assert deliver(desk, "billing") is Delivered.RESTS
    receivers.try_out(desk.redis, webhook, clock=desk.clock)
    assert (due_now(desk), bookmark(desk, webhook).last_answer) == (False, "HTTP 503")
    receivers.try_out(desk.redis, webhook, clock=desk.clock)
    found = bookmark(desk, webhook)
    assert (due_now(desk), found.last_answer, found.rests_until) == (True, "HTTP 204", None)
    assert deliver(desk, "billing") is Delivered.TOLD
    assert bookmark(desk, webhook).told == 1


def test_an_event_that_is_never_taken_is_given_up_and_told_again_when_a_person_wants(
    desk: Desk, clock: Clock, receiver: Receiver, webhook: Subscription
) -> None:
    receiver.answers.extend([422] * (len(WAITS) + 1))
    taken(desk, ANNA)
    for _ in range(300):
        deliver(desk, "billing")
        clock.jump(timedelta(minutes=30))
    (given_up,) = bookmarks.untold(desk.redis, webhook, most=5)
    assert (len(receiver.came), f"evt_{given_up[0]}") == (len(WAITS) + 1, receiver.ids[0])
    assert replays.tell_untold_again(desk.redis, webhook, now=clock.now()) == 1
    deliver(desk, "billing")
    assert (receiver.ids[-1], bookmark(desk, webhook).untold, bookmark(desk, webhook).told) == (receiver.ids[0], 0, 1)


def test_a_receiver_that_is_gone_is_switched_off(desk: Desk, receiver: Receiver, webhook: Subscription) -> None:
    receiver.answers.append(410)
    taken(desk, ANNA)
    deliver(desk, "billing")
    assert bookmark(desk, webhook).off_why == "the receiver answered HTTP 410"
    taken(desk, BOB, key="april")
    assert deliver(desk, "billing") is Delivered.OFF
    assert (len(receiver.came), due_now(desk)) == (1, False)


def test_one_at_a_time_tells(desk: Desk, receiver: Receiver, webhook: Subscription) -> None:
    taken(desk, ANNA)
    lease = timedelta(seconds=30)
    assert bookmarks.take_turn(desk.redis, webhook, "another", now=desk.clock(), lease=lease) is Took.TURN
    assert deliver(desk, "billing") is Delivered.TAKEN_ELSEWHERE
    assert receiver.came == []


def test_what_happens_wakes_a_webhook_that_had_nothing_to_tell(
    desk: Desk, receiver: Receiver, webhook: Subscription
) -> None:
    deliver(desk, "billing")
    assert not due_now(desk)
    taken(desk, ANNA)
    assert due_now(desk)


def test_an_outage_of_the_receiver_is_no_exception(desk: Desk, webhook: Subscription, receiver: Receiver) -> None:
    subscriptions.change(desk.redis, webhook, replace(webhook, url="http://127.0.0.1:9/told?token=canary"))
    taken(desk, ANNA)
    assert deliver(desk, "billing") is Delivered.TOLD
    found = bookmark(desk, webhook)
    assert (found.failures, found.again, found.last_answer) == (1, 1, "no connection")


def test_the_end_of_a_campaign_is_told_with_every_drop_accounted_for(desk: Desk, simulator: Simulator) -> None:
    simulator.faults.arm(Fault(kind=FaultKind.ACCEPT_THEN_RESET, on="submission"))
    campaign_id = taken(desk, ANNA, BOB).campaign_id
    send(desk, f"{campaign_id}-1")
    lost = submission(desk, campaign_id)
    assert submissions.move(desk.redis, lost, SubmissionState.GIVEN_UP, now=desk.clock(), attempt=lost.attempt)
    ended = happened(desk)[-1]
    assert ended.kind is EventKind.CAMPAIGN_ENDED
    assert json.loads(tell(desk.redis, ended).body)["data"]["drops_by_state"] == {"no_record": 2}


@pytest.mark.parametrize(
    ("name", "url", "topics", "says"),
    [
        ("two words", "https://example.com/", ["campaign"], "name is 1 to 40"),
        ("billing", "http://example.com/", ["campaign"], "must begin with https://"),
        ("billing", "ftp://example.com/", ["campaign"], "must begin with https://"),
        ("billing", "https://[", ["campaign"], "cannot be read"),
        ("billing", "https://example.com/", ["phones"], "--about knows"),
    ],
)
def test_who_cannot_be_a_receiver_is_told_why(clock: Clock, name: str, url: str, topics: list[str], says: str) -> None:
    with pytest.raises(receivers.Unfit, match=says):
        receivers.new(name, url, topics, now=clock.now())
