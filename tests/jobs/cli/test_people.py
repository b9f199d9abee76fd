"""`people` and `looks`: a password is shown once, and a slip changes nothing."""

import io

import pytest
from redis import Redis

from jobs.cli.exits import Exit
from jobs.ledger import looks, people
from tests.jobs.cli.conftest import NOW, Run


def test_somebody_who_is_added_gets_a_password_that_works(run: Run, redis: Redis) -> None:
    added = run("people", "add", "dana", "--role", "operate", "--phones", "--json")
    assert added.code == 0
    document = added.document
    assert (document["name"], document["role"], document["sees_phones"]) == ("dana", "operate", True)
    assert people.prove(redis, "dana", document["password"])
    shown = run("people", "add", "will", "--role", "watch")
    assert "will may log in to the page." in shown.out
    assert "It is shown this once." in shown.out


def test_a_password_can_be_one_s_own(run: Run, redis: Redis, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("a horse of another colour\n"))
    added = run("people", "add", "dana", "--role", "watch", "--ask")
    assert added.code == 0
    assert "colour" not in added.out + added.err
    assert people.prove(redis, "dana", "a horse of another colour")


def test_a_slip_changes_nothing(run: Run, redis: Redis) -> None:
    run("people", "add", "dana", "--role", "watch")
    for command in (("add", "dana", "--role", "operate"), ("remove", "alex"), ("password", "alex")):
        assert run("people", *command).code == Exit.BAD_INPUT
    assert [each.role for each in people.everybody(redis)] == ["watch"]


def test_the_list_says_who_may_what_and_who_left_is_not_on_it(run: Run) -> None:
    run("people", "add", "dana", "--role", "operate", "--phones")
    run("people", "add", "will", "--role", "watch")
    assert "whole, on record" in run("people", "list").out
    run("people", "remove", "dana")
    assert [each["name"] for each in run("people", "list", "--json").document["people"]] == ["will"]


def test_another_password_takes_the_place_of_the_first(run: Run, redis: Redis) -> None:
    first = run("people", "add", "dana", "--role", "watch", "--json").document["password"]
    second = run("people", "password", "dana", "--json").document["password"]
    assert people.prove(redis, "dana", first) is None
    assert people.prove(redis, "dana", second)


def test_looks_say_who_saw_what(run: Run, redis: Redis) -> None:
    assert "Nobody has looked" in run("looks").out
    looks.note_look(redis, "dana", "submission bcdf-1", NOW)
    assert "submission bcdf-1" in run("looks").out
    assert run("looks", "--json").document["looks"][0]["who"] == "dana"
