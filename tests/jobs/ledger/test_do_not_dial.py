"""The list says who is on it now, and its history who wanted that, why and when."""

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from redis import Redis

from config.redis_connection import connect
from jobs.ledger import amnesia, do_not_dial, due
from jobs.ledger.do_not_dial import Asked, Request, UnexplainedRequest, Verb
from jobs.ledger.durability import NotDurable
from jobs.ledger.keys import Due
from tests.jobs.ledger.conftest import NOW, Retransmitting
from tests.servers import RedisServer

ANNA, BOB, CARL = "6175550123", "2125550101", "9995550199"
ASKED = Asked(by="dana", why="called and asked", source="cli", at=NOW)


def add(ledger: Redis, *phones: str, account: str = "default", asked: Asked = ASKED) -> int:
    return do_not_dial.change(ledger, account, Verb.ADD, phones, asked)


def remove(ledger: Redis, *phones: str, account: str = "default") -> int:
    return do_not_dial.change(ledger, account, Verb.REMOVE, phones, ASKED)


def test_a_number_is_listed_until_it_is_removed(ledger: Redis) -> None:
    assert add(ledger, ANNA, BOB) == 2
    assert add(ledger, BOB, CARL) == 1
    assert do_not_dial.listed(ledger, "default", [ANNA, BOB, CARL, "3105550111"]) == {ANNA, BOB, CARL}
    assert remove(ledger, ANNA, "3105550111") == 1
    assert do_not_dial.listed(ledger, "default", [ANNA, BOB]) == {BOB}
    assert sorted(do_not_dial.numbers(ledger, "default")) == sorted([BOB, CARL])
    found = do_not_dial.read(ledger, "default")
    assert (found.numbers, found.changes, found.confirmed, found.unconfirmed) == (2, 6, 0, 6)


def test_every_request_is_in_the_history_also_one_that_changed_nothing(ledger: Redis) -> None:
    later = replace(ASKED, by="eve", why="import of May", source="may.csv", at=NOW + timedelta(days=1))
    add(ledger, BOB, ANNA)
    add(ledger, ANNA, asked=later)
    remove(ledger, ANNA)
    assert list(do_not_dial.history(ledger, "default")) == [
        Request(2, Verb.ADD, (BOB, ANNA), ASKED),
        Request(3, Verb.ADD, (ANNA,), later),
        Request(4, Verb.REMOVE, (ANNA,), ASKED),
    ]
    assert [each.number for each in do_not_dial.history(ledger, "default", after=2)] == [3, 4]
    assert [each.number for each in do_not_dial.history_of(ledger, "default", BOB)] == [2]
    assert do_not_dial.version(ledger, "default") == 4


def test_a_long_history_is_read_to_its_end(fake_redis: Redis) -> None:
    for number in range(2 * do_not_dial.PAGE + 1):
        add(fake_redis, ANNA, f"310555{number:04}")
    found = list(do_not_dial.history_of(fake_redis, "default", ANNA))
    assert [each.number for each in found] == list(range(2, 4 * do_not_dial.PAGE + 3, 2))


def test_lists_of_two_accounts_have_nothing_in_common(ledger: Redis) -> None:
    add(ledger, ANNA, account="east")
    add(ledger, BOB, account="west")
    assert do_not_dial.listed(ledger, "east", [ANNA, BOB]) == {ANNA}
    assert do_not_dial.listed(ledger, "west", [ANNA, BOB]) == {BOB}
    assert remove(ledger, ANNA, account="west") == 0
    assert do_not_dial.listed(ledger, "east", [ANNA]) == {ANNA}
    assert do_not_dial.accounts(ledger) == ["east", "west"]
    assert next(do_not_dial.history_of(ledger, "west", BOB)).phones == (BOB,)
    assert do_not_dial.read(ledger, "north") == do_not_dial.ListView("north", 0, 0, 0, None, 0, "")


def test_who_came_on_it_since_is_told_without_those_who_left_again(ledger: Redis) -> None:
    add(ledger, ANNA)
    version = do_not_dial.version(ledger, "default")
    everybody = [ANNA, BOB, CARL]
    assert do_not_dial.listed_since(ledger, "default", everybody, version) == (set(), 1)
    add(ledger, BOB, CARL)
    remove(ledger, CARL)
    assert do_not_dial.listed_since(ledger, "default", everybody, version) == ({BOB}, 4)
    assert do_not_dial.listed_since(ledger, "default", [CARL], version) == (set(), 4)
    assert do_not_dial.listed_since(ledger, "default", everybody, 4) == (set(), 4)


def test_a_change_makes_the_account_due_at_the_gateway(ledger: Redis) -> None:
    add(ledger, ANNA, account="west")
    assert due.ring(ledger, Due.DO_NOT_DIAL, now=NOW, most=9, again_after=timedelta(minutes=1)) == ["west"]


def test_a_retransmitted_request_answers_as_the_first_and_is_written_once(ledger: Redis) -> None:
    twice = Retransmitting(connection_pool=ledger.connection_pool)
    assert add(twice, ANNA, BOB) == 2
    assert remove(twice, ANNA) == 1
    assert do_not_dial.read(ledger, "default").numbers == 1
    assert len(list(do_not_dial.history(ledger, "default"))) == 2


def test_what_is_on_the_disk_outlasts_a_power_cut() -> None:
    with RedisServer(appendonly=True) as server, connect(server.url) as redis:
        add(redis, ANNA)
        do_not_dial.wait_for_disk(redis, "default", now=NOW)
        server.restart()
        assert do_not_dial.listed(redis, "default", [ANNA]) == {ANNA}


def test_a_server_without_a_file_does_not_say_that_it_is_on_the_disk(redis: Redis) -> None:
    add(redis, ANNA)
    with pytest.raises(NotDurable):
        do_not_dial.wait_for_disk(redis, "default", now=NOW)


def test_a_ledger_that_forgot_a_request_is_noticed(redis: Redis) -> None:
    add(redis, ANNA)
    assert amnesia.look(redis, now=NOW) is None
    redis.flushall()
    assert amnesia.look(redis, now=NOW) is not None


@pytest.mark.parametrize("wrong", [{"by": " "}, {"why": ""}, {"source": "\n"}, {"why": "x" * 301}], ids=str)
def test_a_request_without_a_name_or_a_reason_is_refused(wrong: dict[str, str]) -> None:
    with pytest.raises(UnexplainedRequest, match=f"{next(iter(wrong))}: must be said"):
        replace(ASKED, **wrong)  # type: ignore[arg-type]  # strings, all of them


@pytest.mark.parametrize("count", [0, do_not_dial.STEP + 1])
def test_a_request_of_nobody_or_of_too_many_is_a_mistake(fake_redis: Redis, count: int) -> None:
    with pytest.raises(ValueError, match="takes 1 to 500 phones"):
        add(fake_redis, *(f"617555{number:04}" for number in range(count)))


def test_many_numbers_come_back_whole_and_stay_small(redis: Redis) -> None:
    phones = [f"{212 + number % 600}{200 + number % 799}{number % 10_000:04}" for number in range(20_000)]
    for start in range(0, len(phones), do_not_dial.STEP):
        add(redis, *set(phones[start : start + do_not_dial.STEP]))
    assert set(do_not_dial.numbers(redis, "default")) == set(phones)
    assert do_not_dial.listed(redis, "default", phones) == set(phones)
    assert do_not_dial.read(redis, "default").numbers == len(set(phones))
    buckets = redis.keys(b"dropline:do-not-dial:default:*")
    assert {redis.object("encoding", bucket) for bucket in buckets} == {b"intset"}


phones = st.from_regex("[2-9][0-9]{2}[2-9][0-9]{6}", fullmatch=True)
changes = st.tuples(st.sampled_from(Verb), st.sets(phones | st.sampled_from([ANNA, BOB]), min_size=1, max_size=4))


@pytest.mark.thorough
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(wanted=st.lists(changes, max_size=8), since=st.integers(0, 8))
def test_the_list_is_what_its_history_adds_up_to(redis: Redis, wanted: list[tuple[Verb, set[str]]], since: int) -> None:
    redis.flushall()
    versions, states = [0], [set[str]()]
    for verb, named in wanted:
        before = states[-1]
        after = before | named if verb is Verb.ADD else before - named
        assert do_not_dial.change(redis, "default", verb, named, ASKED) == len(before ^ after)
        versions.append(do_not_dial.version(redis, "default"))
        states.append(after)
    named = set().union(*(each for _, each in wanted))
    assert set(do_not_dial.numbers(redis, "default")) == states[-1]
    assert do_not_dial.listed(redis, "default", named) == states[-1]
    at = min(since, len(wanted))
    fresh, newest = do_not_dial.listed_since(redis, "default", named, versions[at])
    assert newest == versions[-1]
    assert states[-1] - states[at] <= fresh <= states[-1]
