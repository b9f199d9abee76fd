"""People take turns with the workers at the gateway, and are told when there is none to be had soon."""

from datetime import UTC, datetime, timedelta

import pytest
from structlog.testing import capture_logs

from jobs.gateway.simulator import Fault, FaultKind
from jobs.ledger import breaker, limits
from jobs.ledger.breaker import BreakerState
from jobs.ledger.limits import Lane, Limits, Slot
from tests.jobs.cli.conftest import started
from tests.jobs.cli.terminal import NOON, Terminal
from tests.servers import free_port

TICK = timedelta(seconds=1)

ASKING = [
    ("balance",),
    ("verify",),
    ("sessions", "today"),
    ("call-status", "123456", "6175550123"),
    ("audio", "list"),
    ("stop", "123456"),
]


def use_up_calls(terminal: Terminal, lane: Lane, *, for_s: float) -> None:
    slow = Limits(calls_per_s=1 / for_s)
    limits.take(terminal.redis, "default", slow, lane, token="a", now=NOON, patience=timedelta())


@pytest.mark.parametrize("command", ASKING)
def test_who_finds_all_calls_taken_for_long_is_told_and_nothing_is_asked(
    terminal: Terminal, command: tuple[str, ...]
) -> None:
    use_up_calls(terminal, Lane.VERBS if command[0] == "stop" else Lane.READS, for_s=30)
    said = terminal.run(*command, "--json")
    assert said.code == 8
    assert "the gateway was not asked: the workers use all calls of this account" in said.error["message"]
    assert "rest" not in said.error["message"]
    assert said.error["kept"] == "No call was made, and nothing was changed."
    assert said.error["todo"].startswith("Run the same command again at 2026-03-02 12:00:")
    assert not terminal.simulator.truth.arrivals


def test_a_short_wait_is_waited(terminal: Terminal) -> None:
    use_up_calls(terminal, Lane.READS, for_s=0.3)
    assert terminal.run("balance").code == 0


def test_what_people_ask_uses_a_call_of_the_account(terminal: Terminal) -> None:
    assert terminal.run("balance").code == 0
    at_five = Limits(calls_per_s=5)
    found = limits.take(
        terminal.redis, "default", at_five, Lane.READS, token="b", now=NOON, patience=timedelta(seconds=1)
    )
    assert found == Slot(NOON + timedelta(seconds=0.2))


def test_a_gateway_that_gets_a_rest_is_left_alone(terminal: Terminal) -> None:
    rest = timedelta(minutes=1)
    for token in "abcde":
        breaker.fail(terminal.redis, "default", token=token, now=NOON, first_rest=rest, longest_rest=rest)
    said = terminal.run("balance")
    assert said.code == 8
    assert "it gets a rest after failures in a row, until 2026-03-02 12:01:" in " ".join(said.err.split())
    assert "all calls" not in said.err
    assert not terminal.simulator.truth.arrivals


def test_the_breaker_hears_how_it_went(terminal: Terminal) -> None:
    terminal.simulator.faults.arm(Fault(kind=FaultKind.HTML, on="question"))
    assert terminal.run("balance").code == 8
    assert breaker.read(terminal.redis, "default").failures == 1
    assert terminal.run("balance").code == 0
    assert breaker.read(terminal.redis, "default").failures == 0


@pytest.mark.parametrize("command", ASKING)
def test_who_gets_no_answer_is_told_to_ask_again_and_nothing_of_submissions(
    terminal: Terminal, command: tuple[str, ...]
) -> None:
    terminal.simulator.faults.arm(Fault(kind=FaultKind.HTML, on="any", times=2))
    nowhere = f"http://127.0.0.1:{free_port()}/gateway/"
    for said in (terminal.run(*command), terminal.run(*command, GATEWAY_URL=nowhere)):
        assert said.code == 8
        assert "Run the same command again" in said.err
        assert "evidence" not in said.err


def test_a_person_s_terminal_shows_no_log_line(terminal: Terminal) -> None:
    for token in "abcd":
        breaker.fail(terminal.redis, "default", token=token, now=datetime.now(UTC), first_rest=TICK, longest_rest=TICK)
    nowhere = f"http://127.0.0.1:{free_port()}/gateway/"
    with started("balance", env={**terminal.env, "GATEWAY_URL": nowhere}) as process:
        _, err = process.communicate(timeout=60)
    assert breaker.read(terminal.redis, "default").state is BreakerState.OPEN
    assert " ".join(err.split()) == (
        "error: The gateway was not reached (the connection was refused), so nothing was sent. "
        "This command has changed nothing. Run the same command again. For long: is GATEWAY_URL right?"
    )


def test_what_a_command_found_out_is_told_in_the_log_of_the_workers(terminal: Terminal) -> None:
    for token in "abcde":
        breaker.fail(terminal.redis, "default", token=token, now=NOON, first_rest=TICK, longest_rest=TICK)
    terminal.simulator.clock.jump(TICK)
    with capture_logs() as logs:
        assert terminal.run("balance").code == 0
        assert logs == []
        terminal.send("6175550123")
    assert "gateway_is_back" in [each["event"] for each in logs]


@pytest.mark.parametrize("command", [("balance",), ("verify",)])
def test_without_redis_the_gateway_is_asked_all_the_same(terminal: Terminal, command: tuple[str, ...]) -> None:
    said = terminal.run(*command, REDIS_URL="redis://127.0.0.1:1/0")
    assert (said.code, said.err) == (0, "")
    assert len(terminal.simulator.truth.arrivals) == 1
