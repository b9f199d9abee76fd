"""`halt` and `unhalt`, and who says that nothing is sent at present."""

import json
from pathlib import Path
from typing import Any

import pytest
from redis import Redis

from jobs.ledger import amnesia
from tests.jobs.cli.conftest import NOW, SEND, Run

SINCE = "2026-03-02 10:00:00 Eastern (15:00:00 UTC)"


@pytest.fixture
def halted(redis: Redis, campaign_id: str) -> None:
    """A process has seen a write that the ledger does not know any more."""
    amnesia.look(redis, now=NOW)
    redis.hset("dropline:memory", "count", 0)
    assert amnesia.look(redis, now=NOW) is not None


@pytest.mark.usefixtures("halted")
def test_who_looks_at_campaigns_is_told_that_nothing_is_sent(run: Run, campaign_id: str, contacts: Path) -> None:
    send = ("send", contacts, *SEND, "--key", "april")
    for command in (("show", campaign_id), ("show", "nobody"), ("list",), ("unknowns",), send):
        said = " ".join(run(*command).err.split())
        assert said.startswith("The Redis server has lost data: what was sent may look unsent. Nothing is sent until")
        assert (
            f"Noticed {' '.join(SINCE.split())}: 1 important write was acknowledged, and the ledger knows 0 of them."
            in said
        )
        assert "Compare first: python -m jobs sessions today, python -m jobs reconcile today" in said
        assert 'then: python -m jobs unhalt --after-data-loss --why "..."' in said
    halt = json.loads(run("list", "--json").err)["halt"]
    assert (halt["since"], halt["is_data_loss"]) == ("2026-03-02T15:00:00Z", True)


@pytest.mark.usefixtures("halted")
def test_sending_goes_on_by_a_persons_word(run: Run, redis: Redis, campaign_id: str) -> None:
    said = run("unhalt", "--after-data-loss", "--why", "compared, all is well", "--by", "ana").out
    assert said.startswith("That ended the halt after the loss of data, noticed")
    assert "Sending goes on within seconds." in said
    assert amnesia.look(redis, now=NOW) is None
    assert run("list").err == ""
    for flags in ((), ("--after-data-loss",)):
        again = run("unhalt", "--why", "once more", "--json", *flags)
        assert (again.code, again.document) == (0, {"halt": None, "still": None})
    past: Any = redis.xrange("dropline:halts")
    ((_, kept),) = past
    assert (kept[b"ended_by"], kept[b"why"]) == (b"ana", b"compared, all is well")


@pytest.mark.usefixtures("halted")
def test_who_does_not_name_the_loss_of_data_does_not_end_its_halt(run: Run, redis: Redis) -> None:
    refused = run("unhalt", "--why", "let us go on")
    assert (refused.code, "no person had halted sending: data was lost" in refused.err) == (15, True)
    assert amnesia.look(redis, now=NOW) is not None


@pytest.mark.usefixtures("halted")
def test_without_a_reason_nothing_changes(run: Run, redis: Redis) -> None:
    assert run("unhalt").code == 2
    assert run("unhalt", "--why", " ").code == 2
    assert amnesia.look(redis, now=NOW) is not None


def test_a_person_halts_sending_and_who_looks_is_told_who_and_why(run: Run, redis: Redis, campaign_id: str) -> None:
    said = run("halt", "--why", "wrong script at 617-555-0123", "--by", "dana").out
    assert said.startswith("Nothing begins to be sent any more.\nSending is halted by dana since")
    for command in (("show", campaign_id), ("list",)):
        told = run(*command).err
        assert told.startswith(f"Sending is halted by dana since {SINCE}: wrong script at ")
        assert "617-555" not in told
    assert (
        "Your reason is kept beside dana's: one unhalt ends both." in run("halt", "--why", "me too", "--by", "ana").out
    )
    document = run("halt", "--why", "me too", "--by", "ana", "--json").document["halt"]
    assert (document["by"], [each["by"] for each in document["joined"]]) == ("dana", ["ana"])
    ended = run("unhalt", "--why", "script corrected").out
    assert "ana had joined: me too." in ended
    assert "Sending goes on within seconds." in ended
    assert amnesia.look(redis, now=NOW) is None


@pytest.mark.usefixtures("halted")
def test_who_ends_one_halt_of_two_is_told_of_the_other(run: Run, redis: Redis) -> None:
    run("halt", "--why", "wrong script", "--by", "dana")
    said = run("list").err
    assert said.index("lost data") < said.index("by dana")
    said = run("unhalt", "--why", "script corrected").out
    assert said.startswith("That ended the halt by dana since")
    assert "Still: The Redis server has lost data" in said
    assert "Sending goes on" in run("unhalt", "--after-data-loss", "--why", "compared, all is well").out


def test_without_a_reason_nothing_is_halted(run: Run, redis: Redis) -> None:
    assert run("halt").code == 2
    assert run("halt", "--why", "").code == 2
    assert amnesia.look(redis, now=NOW) is None
