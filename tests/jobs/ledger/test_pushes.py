"""What the gateway has confirmed is a number: up to there it was told everything, in order, whoever told it."""

from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from redis import Redis

from jobs.ledger import do_not_dial, due, pushes
from jobs.ledger.do_not_dial import Verb
from jobs.ledger.keys import Due
from jobs.ledger.pushes import Push
from tests.jobs.ledger.conftest import NOW, Retransmitting
from tests.jobs.ledger.test_do_not_dial import ANNA, ASKED, BOB, CARL, add, phones, remove

AGAIN = NOW + timedelta(seconds=30)


def confirm(ledger: Redis, push: Push, *, refused: str = "") -> bool:
    return pushes.confirm(ledger, "default", push, now=NOW, again_at=AGAIN, refused=refused)


def next_push(ledger: Redis, most: int = 100) -> Push:
    push = pushes.next_push(ledger, "default", most=most)
    assert push is not None
    return push


def test_changes_of_one_kind_are_told_together_and_in_order(ledger: Redis) -> None:
    add(ledger, ANNA)
    add(ledger, BOB)
    remove(ledger, ANNA)
    assert next_push(ledger) == Push(Verb.ADD, (ANNA, BOB), after=0, upto=2)
    assert confirm(ledger, next_push(ledger))
    assert next_push(ledger) == Push(Verb.REMOVE, (ANNA,), after=2, upto=3)
    assert due.stands(ledger, Due.DO_NOT_DIAL, "default")
    assert confirm(ledger, next_push(ledger))
    assert pushes.next_push(ledger, "default", most=100) is None
    assert not due.stands(ledger, Due.DO_NOT_DIAL, "default")
    found = do_not_dial.read(ledger, "default")
    assert (found.unconfirmed, found.confirmed_at) == (0, NOW)


def test_a_long_request_is_told_in_parts(ledger: Redis) -> None:
    add(ledger, ANNA, BOB, CARL)
    assert next_push(ledger, 2) == Push(Verb.ADD, (BOB, ANNA), after=0, upto=2)
    confirm(ledger, next_push(ledger, 2))
    assert do_not_dial.read(ledger, "default").unconfirmed == 1
    assert next_push(ledger, 2) == Push(Verb.ADD, (CARL,), after=2, upto=3)


def test_what_two_told_at_the_same_time_is_told_once_more(ledger: Redis) -> None:
    add(ledger, ANNA)
    slow = next_push(ledger)
    assert confirm(ledger, next_push(ledger))
    remove(ledger, ANNA)
    assert confirm(ledger, next_push(ledger))
    assert not confirm(ledger, slow)  # nobody knows whether the gateway heard this before or after the removal
    assert next_push(ledger) == slow
    assert due.count(ledger, Due.DO_NOT_DIAL, by=NOW) == 1


def test_a_retransmitted_confirmation_answers_as_the_first(ledger: Redis) -> None:
    add(ledger, ANNA)
    twice = Retransmitting(connection_pool=ledger.connection_pool)
    assert confirm(twice, next_push(ledger))
    assert do_not_dial.read(ledger, "default").unconfirmed == 0


def test_a_number_that_comes_while_the_gateway_confirms_stays_due(ledger: Redis) -> None:
    add(ledger, ANNA)
    push = next_push(ledger)
    add(ledger, BOB)
    confirm(ledger, push)
    assert due.count(ledger, Due.DO_NOT_DIAL, by=AGAIN) == 1
    pushes.rest(ledger, "default")
    assert due.stands(ledger, Due.DO_NOT_DIAL, "default")
    confirm(ledger, next_push(ledger))
    due.add(ledger, Due.DO_NOT_DIAL, ["default"], NOW)
    pushes.rest(ledger, "default")
    assert not due.stands(ledger, Due.DO_NOT_DIAL, "default")


def test_trouble_is_counted_and_over_with_the_next_confirmation(ledger: Redis) -> None:
    add(ledger, ANNA, BOB)
    assert [pushes.note_trouble(ledger, "default", "it is down") for _ in range(2)] == [1, 2]
    pushes.narrow(ledger, "default", 1)
    assert do_not_dial.read(ledger, "default").trouble == "it is down"
    assert next_push(ledger).phones == (BOB,)
    confirm(ledger, next_push(ledger), refused=BOB)
    found = do_not_dial.read(ledger, "default")
    assert (found.trouble, found.refused) == ("", 1)
    assert next_push(ledger).phones == (ANNA,)


batches = st.lists(st.tuples(st.sampled_from(Verb), st.sets(phones, min_size=1, max_size=5)), min_size=1, max_size=6)


@pytest.mark.thorough
@settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(wanted=batches, sizes=st.lists(st.integers(1, 6), min_size=1), overtaken=st.sets(st.integers(0, 10)))
def test_a_gateway_that_does_as_it_is_told_ends_with_our_list(
    fake_redis: Redis, wanted: list[tuple[Verb, set[str]]], sizes: list[int], overtaken: set[int]
) -> None:
    fake_redis.flushall()
    for verb, named in wanted:
        do_not_dial.change(fake_redis, "default", verb, named, ASKED)
    theirs = set[str]()
    held: list[Push] = []
    for turn in range(1_000):
        push = pushes.next_push(fake_redis, "default", most=sizes[turn % len(sizes)])
        if turn in overtaken and push:
            held.append(push)  # a second teller reads the same, and is slow
        if push is None and not held:
            break
        push = push or held.pop()
        theirs = theirs | set(push.phones) if push.verb is Verb.ADD else theirs - set(push.phones)
        confirm(fake_redis, push)
    assert theirs == set(do_not_dial.numbers(fake_redis, "default"))
    assert do_not_dial.read(fake_redis, "default").unconfirmed == 0
