"""Who may log in: by a password that is kept by nobody, and only for as long as they may."""

from datetime import timedelta

import pytest
from redis import Redis

from jobs.ledger import keys, logins, people
from jobs.ledger.people import KnownPerson, Role, UnfitWords, UnknownPerson
from tests.jobs.ledger.conftest import NOW

PASSWORD = "a horse of another colour"


def add(ledger: Redis, name: str = "dana", *, password: str = PASSWORD) -> people.Person:
    return people.add(ledger, name, Role.OPERATE, password, sees_phones=True, now=NOW)


def test_a_password_proves_a_person_and_nothing_else_does(fake_redis: Redis) -> None:
    dana = add(fake_redis)
    assert people.prove(fake_redis, "dana", PASSWORD) == dana
    assert people.prove(fake_redis, "dana", PASSWORD + "x") is None
    assert people.prove(fake_redis, "nobody", PASSWORD) is None
    assert people.prove(fake_redis, "no\nbody" * 100, "") is None


def test_no_password_is_kept_or_shown(fake_redis: Redis) -> None:
    dana = add(fake_redis)
    kept = fake_redis.hget(keys.PEOPLE, "dana")
    assert PASSWORD not in str(kept)
    assert dana.password_hash not in repr(dana)
    assert dana.epoch not in repr(dana)


def test_a_name_is_given_once(fake_redis: Redis) -> None:
    add(fake_redis)
    with pytest.raises(KnownPerson):
        add(fake_redis, password="something else altogether")
    assert people.prove(fake_redis, "dana", PASSWORD)


@pytest.mark.parametrize(("name", "password"), [("", PASSWORD), ("a b", PASSWORD), ("dana", "short"), ("d", "x" * 257)])
def test_what_cannot_be_a_name_or_a_password_is_refused(fake_redis: Redis, name: str, password: str) -> None:
    with pytest.raises(UnfitWords):
        add(fake_redis, name, password=password)
    assert people.everybody(fake_redis) == []


def test_passwords_that_are_made_up_differ_and_can_be_used(fake_redis: Redis) -> None:
    made = {people.new_password() for _ in range(20)}
    assert len(made) == 20
    assert add(fake_redis, password=made.pop())


def test_a_login_lasts_while_it_is_used_and_a_week_at_most(fake_redis: Redis) -> None:
    secret = logins.begin(fake_redis, add(fake_redis), now=NOW)
    (name,) = fake_redis.keys("dropline:login:*")
    assert secret.encode() not in name
    fake_redis.expire(name, 5)
    assert logins.person_of(fake_redis, secret, now=NOW)
    assert fake_redis.ttl(name) > 5
    assert logins.person_of(fake_redis, secret, now=NOW + logins.LONGEST + timedelta(seconds=1)) is None
    assert logins.person_of(fake_redis, secret + "x", now=NOW) is None


def test_another_password_or_a_removal_ends_every_login(fake_redis: Redis) -> None:
    dana = add(fake_redis)
    first, second = (logins.begin(fake_redis, dana, now=NOW) for _ in range(2))
    people.change_password(fake_redis, "dana", "yet another colour")
    assert logins.person_of(fake_redis, first, now=NOW) is None
    third = logins.begin(fake_redis, people.known(fake_redis, "dana"), now=NOW)
    people.remove(fake_redis, "dana")
    add(fake_redis)
    assert [logins.person_of(fake_redis, each, now=NOW) for each in (second, third)] == [None, None]


def test_whoever_logs_out_is_out(fake_redis: Redis) -> None:
    secret = logins.begin(fake_redis, add(fake_redis), now=NOW)
    logins.end(fake_redis, secret)
    assert logins.person_of(fake_redis, secret, now=NOW) is None


def test_nobody_can_be_changed_who_is_not_there(fake_redis: Redis) -> None:
    with pytest.raises(UnknownPerson):
        people.remove(fake_redis, "dana")
    with pytest.raises(UnknownPerson):
        people.change_password(fake_redis, "dana", PASSWORD)


def test_whoever_is_removed_while_a_password_is_changed_stays_removed(fake_redis: Redis) -> None:
    dana = add(fake_redis)

    class Slow(type(fake_redis)):  # type: ignore[misc]  # a client whose second command comes after another's removal
        reads = 0

        def execute_command(self, *args: object, **options: object) -> object:
            answer = super().execute_command(*args, **options)
            if args[0] == "HGET" and not self.reads:
                self.reads += 1
                people.remove(fake_redis, dana.name)
            return answer

    slow = Slow(connection_pool=fake_redis.connection_pool)
    with pytest.raises(UnknownPerson):
        people.change_password(slow, "dana", "yet another colour")
    assert people.everybody(fake_redis) == []


def test_what_failed_is_counted_together_for_a_while_that_nobody_can_prolong(fake_redis: Redis) -> None:
    both = ("name dana", "network 192.0.2.1")
    logins.note_failure(fake_redis, both)
    for key in fake_redis.scan_iter():
        assert fake_redis.expire(key, 60)
    logins.note_failure(fake_redis, both)
    logins.note_failure(fake_redis, ("name alex", both[1]))
    assert logins.failures(fake_redis, (*both, "name alex", "name kim")) == [2, 3, 1, 0]
    assert sorted(fake_redis.ttl(key) > 60 for key in fake_redis.scan_iter()) == [False, False, True]
    logins.forget_failures(fake_redis, "name dana")
    assert logins.failures(fake_redis, both) == [0, 3]
