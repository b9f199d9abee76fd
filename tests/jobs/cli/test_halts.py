"""`unhalt`, and who says that nothing is sent at present."""

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
    assert (again.code, again.document) == (0, {"halt": None})


@pytest.mark.usefixtures("halted")
def test_without_a_reason_nothing_changes(run: Run, redis: Redis) -> None:
    assert run("unhalt").code == 2
    assert run("unhalt", "--why", " ").code == 2
    assert amnesia.look(redis, now=NOW) is not None
