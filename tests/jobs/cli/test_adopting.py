"""What is asked of the gateway before a session is adopted by hand, and what is said where it cannot be asked."""

import pytest

from jobs.gateway.simulator import Fault, FaultKind
from tests.jobs.cli.terminal import Terminal

NO_ACCOUNT = ("GATEWAY_UID", "GATEWAY_PASSWORD")


@pytest.fixture
def lost(terminal: Terminal) -> str:
    """A submission that the gateway took without saying so."""
    return terminal.lose("6175550123", "6175550124")


def adopt(lost: str, session_id: str, *more: str) -> tuple[str, ...]:
    """The command."""
    return ("decide", lost, "adopt", session_id, "--why", "it is on the website", *more)


@pytest.mark.parametrize("force", [(), ("--force",)])
@pytest.mark.parametrize("mistyped", ["12345", "1234567", "850000000a"])
def test_a_session_that_the_gateway_does_not_know_is_never_adopted(
    terminal: Terminal, lost: str, mistyped: str, force: tuple[str, ...]
) -> None:
    refused = terminal.run(*adopt(lost, mistyped, *force))
    assert (refused.code, "the gateway knows no" in refused.err) == (15, True)
    assert "--force" not in refused.err
    assert terminal.run("unknowns", lost, "--json").document["state"] == "unknown"


def test_a_session_without_calls_that_the_gateway_does_not_list_is_adopted_by_force_alone(
    terminal: Terminal, lost: str
) -> None:
    """Some gateways have no other answer for a session that there is not."""
    no_records = Fault(kind=FaultKind.ANSWER, on="question")
    terminal.simulator.faults.arm(no_records)
    refused = terminal.run(*adopt(lost, "1234567"))
    assert (refused.code, "does not list a session 1234567" in refused.err) == (15, True)
    terminal.simulator.faults.arm(no_records)
    assert terminal.run(*adopt(lost, "1234567", "--force")).code == 0


def test_without_an_account_the_variables_are_named_and_force_alone_adopts(terminal: Terminal, lost: str) -> None:
    session_id = terminal.simulator.truth.sessions[0].id
    refused = terminal.run(*adopt(lost, session_id), without=NO_ACCOUNT)
    assert (refused.code, "the settings of this machine" in refused.err) == (7, True)
    assert all(f"{name}: is missing" in refused.err for name in NO_ACCOUNT)
    assert terminal.run(*adopt(lost, session_id, "--force"), without=NO_ACCOUNT).code == 0
    assert terminal.run(*adopt(lost, session_id), without=NO_ACCOUNT).code == 0  # decided already


def test_a_gateway_that_does_not_answer_is_named_as_that(terminal: Terminal, lost: str) -> None:
    session_id = terminal.simulator.truth.sessions[0].id
    nobody = "http://127.0.0.1:9/gateway/"
    refused = terminal.run(*adopt(lost, session_id), GATEWAY_URL=nobody)
    assert (refused.code, "The gateway was not reached" in refused.err) == (8, True)
    assert "Wait a minute, and run this again." in refused.err
    wrong = terminal.run(*adopt(lost, session_id), GATEWAY_PASSWORD="wrong")
    assert (wrong.code, "The gateway refused (credentials)" in wrong.err) == (8, True)
    assert terminal.run(*adopt(lost, session_id, "--force"), GATEWAY_URL=nobody).code == 0
