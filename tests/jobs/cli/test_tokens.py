"""`tokens`: shown once, listed without the secret, and revoked by name."""

import pytest
from redis import Redis

from jobs.cli.exits import Exit
from jobs.ledger import tokens
from tests.jobs.cli.conftest import NOW, Run


def test_a_token_is_shown_when_it_is_made_and_never_again(run: Run, redis: Redis) -> None:
    made = run("tokens", "create", "crm", "--scope", "send", "--scope", "read", "--days", "30")
    text = made.out.splitlines()[-1]
    found = tokens.find(redis, text, now=NOW)
    assert found is not None
    assert sorted(found.scopes) == ["read", "send"]
    listed = run("tokens", "list")
    assert "crm" in listed.out
    assert text not in listed.out + run("tokens", "list", "--json").out


def test_a_program_gets_it_as_json(run: Run, redis: Redis) -> None:
    made = run("tokens", "create", "crm", "--scope", "read", "--json").document
    assert tokens.find(redis, made["token"], now=NOW) is not None
    assert (made["name"], made["scopes"], made["state"]) == ("crm", ["read"], "good")


def test_a_revoked_token_opens_nothing(run: Run, redis: Redis) -> None:
    text = run("tokens", "create", "crm", "--scope", "read", "--json").document["token"]
    assert run("tokens", "revoke", "crm").code == Exit.DONE
    assert tokens.find(redis, text, now=NOW) is None
    assert run("tokens", "list", "--json").document["tokens"][0]["state"] == "revoked"


@pytest.mark.parametrize(
    ("words", "there_are"),
    [
        (("tokens", "create", "crm", "--scope", "write"), "read, send, control, phones"),
        (("people", "add", "dana", "--role", "admin"), "watch, operate"),
    ],
)
def test_a_word_that_there_is_not_is_answered_with_those_that_there_are(
    run: Run, words: tuple[str, ...], there_are: str
) -> None:
    refused = run(*words)
    assert refused.code == Exit.BAD_INPUT
    assert f"There is no such word; there are: {there_are}." in " ".join(refused.err.split())
    (problem,) = run(*words, "--json").error["problems"]
    assert problem == f"Invalid value for '{words[-2]}': There is no such word; there are: {there_are}."


def test_a_name_that_is_taken_or_unknown_is_said(run: Run) -> None:
    run("tokens", "create", "crm", "--scope", "read")
    assert run("tokens", "create", "crm", "--scope", "read", "--json").error["name"] == "bad_input"
    assert run("tokens", "revoke", "nobody", "--json").error["kept"] == "This command has changed nothing."
    assert run("tokens", "create", "other").code == Exit.BAD_INPUT
