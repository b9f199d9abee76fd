"""`halt` and `unhalt`, and who says that nothing is sent at present."""

import json

import pytest
from redis import Redis

from jobs.ledger import amnesia
from tests.jobs.cli.conftest import NOW, Run


@pytest.fixture
def halted(redis: Redis, campaign_id: str) -> None:
    """A process has seen a write that the ledger does not know any more."""
    amnesia.look(redis, now=NOW)
    redis.hset("dropline:memory", "count", 0)
    assert amnesia.look(redis, now=NOW) is not None


@pytest.mark.usefixtures("halted")
def test_who_looks_at_campaigns_is_told_that_nothing_is_sent(run: Run, campaign_id: str) -> None:
    for command in (("show", campaign_id), ("list",)):
        said = run(*command).err
        assert said.startswith("Sending is halted since 2026-03-02T15:00:00Z: 1 important writes were acknowledged")
        assert "unhalt --help" in said
    halt = json.loads(run("list", "--json").err)["halt"]
    assert halt["since"] == "2026-03-02T15:00:00Z"


@pytest.mark.usefixtures("halted")
def test_sending_goes_on_by_a_persons_word(run: Run, redis: Redis, campaign_id: str) -> None:
    assert run("unhalt", "--why", "compared, all is well").out.startswith("Sending goes on")
    assert amnesia.look(redis, now=NOW) is None
    assert run("list").err == ""
    again = run("unhalt", "--why", "once more", "--json")
    assert (again.code, again.document) == (0, {"halt": None, "still": None})


@pytest.mark.usefixtures("halted")
def test_without_a_reason_nothing_changes(run: Run, redis: Redis) -> None:
    assert run("unhalt").code == 2
    assert run("unhalt", "--why", " ").code == 2
    assert amnesia.look(redis, now=NOW) is not None


def test_a_person_halts_sending_and_who_looks_is_told_who_and_why(run: Run, redis: Redis, campaign_id: str) -> None:
    said = run("halt", "--why", "wrong script at 617-555-0123", "--by", "dana").out
    assert said.startswith("Nothing begins to be sent any more. Sending is halted since 2026-03-02T15:00:00Z by dana:")
    for command in (("show", campaign_id), ("list",)):
        told = run(*command).err
        assert told.startswith("Sending is halted since 2026-03-02T15:00:00Z by dana: wrong script at ")
        assert "617-555" not in told
    assert run("halt", "--why", "me too", "--by", "ana", "--json").document["halt"]["by"] == "dana"
    assert run("unhalt", "--why", "script corrected").out.startswith("Sending goes on")
    assert amnesia.look(redis, now=NOW) is None


@pytest.mark.usefixtures("halted")
def test_who_ends_one_halt_of_two_is_told_of_the_other(run: Run, redis: Redis) -> None:
    run("halt", "--why", "wrong script", "--by", "dana")
    assert "important writes" in run("list").err
    said = run("unhalt", "--why", "compared, all is well").out
    assert said.startswith("That ended one halt of two. Sending is halted since 2026-03-02T15:00:00Z by dana: wrong")
    assert run("unhalt", "--why", "script corrected").out.startswith("Sending goes on")


def test_without_a_reason_nothing_is_halted(run: Run, redis: Redis) -> None:
    assert run("halt").code == 2
    assert run("halt", "--why", "").code == 2
    assert amnesia.look(redis, now=NOW) is None
