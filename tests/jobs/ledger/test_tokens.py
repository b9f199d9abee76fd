"""Tokens: known by their digest, good until they are revoked or too old, and named for ever."""

from datetime import timedelta

import pytest
from redis import Redis

from jobs.ledger import tokens
from jobs.ledger.tokens import USED_WITHIN, UnknownToken, UnusableName
from jobs.models.scopes import Scope
from tests.jobs.ledger.conftest import NOW

SCOPES = frozenset({Scope.READ, Scope.SEND})


def test_a_token_is_found_by_its_text_alone(redis: Redis) -> None:
    text = tokens.create(redis, "crm", SCOPES, now=NOW)
    found = tokens.find(redis, text, now=NOW)
    assert found is not None
    assert (found.name, found.scopes) == ("crm", SCOPES)
    wrong = text[:-1] + ("A" if text[-1] != "A" else "B")
    assert [tokens.find(redis, each, now=NOW) for each in (wrong, "", "crm")] == [None, None, None]


def test_a_token_has_256_random_bits_and_a_shape_that_is_known(redis: Redis) -> None:
    made = {tokens.create(redis, f"n{number}", SCOPES, now=NOW) for number in range(20)}
    assert len(made) == 20
    assert all(map(tokens.has_the_shape, made))
    assert not any(map(tokens.has_the_shape, ["", "dpl_", "dpl_" + "x" * 44, "dpl_" + "é" * 43]))


def test_the_ledger_does_not_hold_the_token(redis: Redis) -> None:
    text = tokens.create(redis, "crm", SCOPES, now=NOW)
    tokens.find(redis, text, now=NOW)
    stored = [value for key in redis.scan_iter() for pair in redis.hgetall(key).items() for value in (key, *pair)]
    assert [each for each in stored if text[4:14].encode() in each] == []


def test_one_that_is_revoked_opens_nothing_and_its_name_stays_taken(redis: Redis) -> None:
    text = tokens.create(redis, "crm", SCOPES, now=NOW)
    tokens.revoke(redis, "crm", now=NOW)
    tokens.revoke(redis, "crm", now=NOW + timedelta(days=1))
    assert tokens.find(redis, text, now=NOW) is None
    assert [each.revoked_at for each in tokens.every(redis)] == [NOW]
    with pytest.raises(UnusableName):
        tokens.create(redis, "crm", SCOPES, now=NOW)
    with pytest.raises(UnknownToken):
        tokens.revoke(redis, "nobody", now=NOW)


def test_one_that_is_too_old_opens_nothing(redis: Redis) -> None:
    text = tokens.create(redis, "crm", SCOPES, now=NOW, expires_at=NOW + timedelta(days=1))
    assert tokens.find(redis, text, now=NOW + timedelta(hours=23)) is not None
    assert tokens.find(redis, text, now=NOW + timedelta(days=1)) is None


def test_its_last_use_is_noted_coarsely(redis: Redis) -> None:
    text = tokens.create(redis, "crm", SCOPES, now=NOW)
    for at in (NOW, NOW + USED_WITHIN / 2):
        tokens.find(redis, text, now=at)
    assert [each.used_at for each in tokens.every(redis)] == [NOW]
    tokens.find(redis, text, now=NOW + USED_WITHIN)
    assert [each.used_at for each in tokens.every(redis)] == [NOW + USED_WITHIN]


@pytest.mark.parametrize("name", ["", " crm", "a" * 65, "crm\n", "naïve"])
def test_what_cannot_be_a_name_is_refused(redis: Redis, name: str) -> None:
    with pytest.raises(UnusableName):
        tokens.create(redis, name, SCOPES, now=NOW)
