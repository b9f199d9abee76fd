"""What is not kept until it can be told is counted and said; what is kept is told, in order, whatever else comes."""

import time
from dataclasses import replace
from datetime import timedelta

import pytest
from redis import Redis

from jobs.campaigns import housekeeping, sweep
from jobs.campaigns.desk import Desk
from jobs.gateway.simulator import Clock
from jobs.ledger import bookmarks, due, events, replays, subscriptions
from jobs.ledger.bookmarks import End, Verdict
from jobs.ledger.events import TELL, Event
from jobs.ledger.keys import Due, Events
from jobs.ledger.packing import pack_phone
from jobs.ledger.script import Script
from jobs.ledger.subscriptions import Subscription
from jobs.webhooks.deliver import deliver
from tests.jobs.campaigns.conftest import taken
from tests.jobs.webhooks.conftest import Receiver, added, bookmark, due_now, happened

ANNA, BOB = "6175550101", "6175550102"
RECORD = pack_phone(ANNA) + bytes(9)

DROPS = Script(TELL, "for _ = 1, ARGV[1] do tell_drops('dropline:campaign:x', 'dropline:submission:x-1', ARGV[2]) end")
ARCHIVED = Script(TELL, "tell('campaign.archived', 'dropline:campaign:x')")


@pytest.fixture
def on_server(desk: Desk, redis: Redis) -> Desk:
    """A server trims as its own code has it, and a fake as it likes."""
    return replace(desk, redis=redis)


@pytest.fixture
def webhook(on_server: Desk, receiver: Receiver) -> Subscription:
    return added(on_server, receiver, "campaign", "drops")


def drops(desk: Desk) -> list[Event]:
    return events.after(desk.redis, Events.DROPS, "0-0", most=10_000)


def give_up(desk: Desk, webhook: Subscription, *ids: str, most: int = 10) -> None:
    bookmarks.take_turn(desk.redis, webhook, "test", now=desk.clock(), lease=timedelta(minutes=1))
    for each in ids:
        verdict = Verdict(End.GIVEN_UP, desk.clock(), "HTTP 422")
        bookmarks.note(desk.redis, webhook, "test", verdict, event_id=each, most_untold=most)
    bookmarks.end_turn(desk.redis, webhook, "test", now=desk.clock())


def test_what_the_server_trims_before_it_is_told_is_counted(
    on_server: Desk, receiver: Receiver, webhook: Subscription
) -> None:
    desk = on_server
    for number in range(5):
        taken(desk, ANNA, key=str(number))
    kept = happened(desk)[3]
    desk.redis.xtrim(Events.WORK, maxlen=2, approximate=False)
    deliver(desk, "billing")
    found = bookmark(desk, webhook)
    assert (len(receiver.came), found.missed, found.missed_until) == (2, 3, kept.at)
    deliver(desk, "billing")
    assert bookmark(desk, webhook).missed == 3


def test_so_is_what_leaves_nothing_behind(on_server: Desk, receiver: Receiver, webhook: Subscription) -> None:
    desk = on_server
    for number in range(3):
        taken(desk, ANNA, key=str(number))
    desk.redis.xtrim(Events.WORK, maxlen=0, approximate=False)
    for _ in range(2):
        deliver(desk, "billing")
    assert (len(receiver.came), bookmark(desk, webhook).missed) == (0, 3)
    taken(desk, BOB, key="april")
    deliver(desk, "billing")
    assert (len(receiver.came), bookmark(desk, webhook).missed) == (1, 3)


def test_what_a_purge_takes_out_is_not_missed(on_server: Desk, receiver: Receiver, webhook: Subscription) -> None:
    desk = on_server
    for phone in (ANNA, BOB, ANNA, BOB, ANNA):
        DROPS(desk.redis, [], [1, pack_phone(phone) + bytes(9)])
    assert events.forget(desk.redis, ANNA) == 3
    deliver(desk, "billing")
    assert (len(receiver.came), bookmark(desk, webhook).missed) == (2, 0)
    new = added(desk, receiver, "drops", name="crm")
    deliver(desk, "crm")
    assert bookmark(desk, new).missed == 0


def test_a_purged_event_that_waits_for_its_next_try_is_not_missed_either(
    on_server: Desk, clock: Clock, receiver: Receiver, webhook: Subscription
) -> None:
    desk = on_server
    receiver.answers.append(500)
    DROPS(desk.redis, [], [1, RECORD])
    deliver(desk, "billing")
    events.forget(desk.redis, ANNA)
    clock.jump(timedelta(minutes=1))
    deliver(desk, "billing")
    assert (bookmark(desk, webhook).again, bookmark(desk, webhook).missed) == (0, 0)


def test_one_that_is_trimmed_while_it_waits_for_its_next_try_is_missed(
    on_server: Desk, clock: Clock, receiver: Receiver, webhook: Subscription
) -> None:
    desk = on_server
    receiver.answers.append(500)
    taken(desk, ANNA)
    deliver(desk, "billing")
    desk.redis.xtrim(Events.WORK, maxlen=0, approximate=False)
    clock.jump(timedelta(minutes=1))
    deliver(desk, "billing")
    assert (bookmark(desk, webhook).again, bookmark(desk, webhook).missed) == (0, 1)


def test_drops_that_come_one_by_one_are_all_kept(on_server: Desk, webhook: Subscription) -> None:
    DROPS(on_server.redis, [], [3_000, RECORD])
    assert [each.number for each in drops(on_server)] == list(range(1, 3_001))


def test_the_oldest_drops_make_room_by_their_weight(on_server: Desk, receiver: Receiver, webhook: Subscription) -> None:
    desk, thousand = on_server, 1_000
    DROPS(desk.redis, [], [thousand, RECORD])
    heavy = events.MOST_DROP_BYTES // (thousand * len(RECORD) + events.ENTRY_BYTES) + 1
    DROPS(desk.redis, [], [heavy, RECORD * thousand])
    kept = drops(desk)
    weight = sum(len(each.records) + events.ENTRY_BYTES for each in kept)
    assert events.MOST_DROP_BYTES * 0.99 < weight < events.MOST_DROP_BYTES + 2 * thousand * len(RECORD)
    assert {len(each.records) for each in kept} == {thousand * len(RECORD)}


def test_drops_are_told_in_the_order_in_which_all_happened_and_starve_nothing(
    desk: Desk, clock: Clock, receiver: Receiver
) -> None:
    added(desk, receiver, "campaign", "drops")
    for number in range(60):
        DROPS(desk.redis, [], [1, RECORD])
        if number % 20 == 0:
            time.sleep(0.002)  # the server's clock tells milliseconds apart
            taken(desk, BOB, key=str(number))
            time.sleep(0.002)
    deliver(desk, "billing")
    assert [at for at, kind in enumerate(receiver.kinds) if kind == "campaign.taken"] == [1, 22, 43]
    assert len(receiver.came) == 63


def test_a_kind_that_this_version_does_not_know_holds_up_nothing(desk: Desk, receiver: Receiver) -> None:
    webhook = added(desk, receiver, "campaign")
    taken(desk, ANNA)
    ARCHIVED(desk.redis, [], [])
    taken(desk, BOB, key="april")
    deliver(desk, "billing")
    assert (receiver.kinds, bookmark(desk, webhook).missed) == (["campaign.taken"] * 2, 0)


def test_an_event_that_cannot_be_told_by_a_fault_of_ours_holds_up_nothing(desk: Desk, receiver: Receiver) -> None:
    webhook = added(desk, receiver, "campaign", "drops")
    DROPS(desk.redis, [], [1, pack_phone(ANNA) + b"\t" + bytes(8)])  # of a state that there is not
    taken(desk, BOB)
    deliver(desk, "billing")
    assert (receiver.kinds, bookmark(desk, webhook).again) == (["campaign.taken"], 1)


def test_a_replay_counts_what_is_kept_and_notes_the_rest_as_missed(desk: Desk, receiver: Receiver) -> None:
    webhook = added(desk, receiver, "campaign")
    for number in range(3):
        taken(desk, ANNA, key=str(number))
    deliver(desk, "billing")
    give_up(desk, webhook, *(each.id for each in happened(desk)))
    desk.redis.xtrim(Events.WORK, maxlen=1, approximate=False)
    assert replays.tell_untold_again(desk.redis, webhook, now=desk.clock()) == 1
    found = bookmark(desk, webhook)
    assert (found.again, found.untold, found.missed) == (1, 0, 2)


def test_what_was_given_up_and_is_told_after_all_is_untold_no_more(desk: Desk, receiver: Receiver) -> None:
    webhook = added(desk, receiver, "campaign")
    taken(desk, ANNA)
    (event,) = happened(desk)
    give_up(desk, webhook, event.id)
    deliver(desk, "billing")
    assert (len(receiver.came), bookmark(desk, webhook).untold) == (1, 0)


def test_only_the_newest_that_were_given_up_are_remembered(on_server: Desk, webhook: Subscription) -> None:
    desk = on_server
    give_up(desk, webhook, "w1-0", "w2-0", "w3-0", most=2)
    assert (bookmark(desk, webhook).untold, bookmark(desk, webhook).missed) == (2, 1)


def test_removing_the_last_that_is_told_of_drops_forgets_their_phones(desk: Desk, receiver: Receiver) -> None:
    first, last = added(desk, receiver, "drops"), added(desk, receiver, "drops", name="crm")
    DROPS(desk.redis, [], [1, RECORD])
    subscriptions.remove(desk.redis, first)
    assert len(drops(desk)) == 1
    subscriptions.remove(desk.redis, last)
    assert not desk.redis.exists(Events.DROPS)


def test_phones_are_not_kept_longer_in_events_than_elsewhere(
    on_server: Desk, clock: Clock, webhook: Subscription
) -> None:
    desk, keep = on_server, timedelta(days=1)
    DROPS(desk.redis, [], [3, RECORD])
    written_at = drops(desk)[0].at
    assert housekeeping.clear_out_events(desk.redis, keep=keep, now=written_at + keep) == 0
    assert housekeeping.clear_out_events(desk.redis, keep=keep, now=written_at + 2 * keep) == 3
    assert drops(desk) == []


def test_a_webhook_that_stands_nowhere_is_found_if_it_has_something_to_tell(desk: Desk, receiver: Receiver) -> None:
    added(desk, receiver, "campaign")
    assert sweep.sweep(desk.redis, now=desk.clock()).webhooks == 0
    taken(desk, ANNA)
    due.remove(desk.redis, Due.WEBHOOK, ["billing"])
    assert [sweep.sweep(desk.redis, now=desk.clock()).webhooks for _ in range(2)] == [1, 0]
    assert due_now(desk)


def test_a_turn_goes_on_until_its_time_is_over(desk: Desk, receiver: Receiver) -> None:
    added(desk, receiver, "campaign")
    for number in range(120):
        ARCHIVED(desk.redis, [], [])
        taken(desk, ANNA, key=str(number))
    deliver(desk, "billing")
    assert len(receiver.came) == 120
