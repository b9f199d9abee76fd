"""A day compared by hand: in words, in JSON, kept, and shown again."""

from datetime import timedelta

from jobs.gateway.simulator import Fault, FaultKind
from tests.jobs.cli.terminal import Terminal
from tests.jobs.cli.test_sessions import stranger
from tests.jobs.cli.test_unknowns import lost

__all__ = ["lost"]


def test_a_day_is_compared_kept_and_shown_again(terminal: Terminal) -> None:
    campaign_id, session_id = terminal.send("6175550101")
    elsewhere = stranger(terminal.simulator)
    terminal.simulator.clock.jump(timedelta(minutes=1))
    assert terminal.run("reconcile", "today", "--show").code == 2
    said = terminal.run("reconcile", "today")
    assert said.code == 0
    assert "2 sessions listed by the gateway, 1 of them ours" in said.out
    assert "1 begun outside" in said.out
    assert elsewhere in said.out
    document = terminal.run("reconcile", "today", "--json").document
    assert document == terminal.run("reconcile", "2026-03-02", "--show", "--json").document
    assert (document["is_clean"], document["is_done"], document["outside"]["total"]) == (False, True, 1)
    assert document["found_at"] == "2026-03-02T17:01:00Z"
    assert terminal.run("show", campaign_id, "--json").document["status"] == "finished"
    assert session_id not in said.out


def test_a_gateway_that_says_nothing_ends_with_its_own_code(terminal: Terminal) -> None:
    terminal.send("6175550101")
    terminal.simulator.faults.arm(Fault(kind=FaultKind.HTML, on="question", times=0))
    said = terminal.run("reconcile", "today")
    assert (said.code, "could not be compared as a whole" in said.out, "page of HTML" in said.out) == (8, True, True)
    assert "page of HTML" in terminal.run("reconcile", "today", "--show", "--json").document["trouble"]


def test_the_session_of_what_was_given_up_is_named_with_its_submission(terminal: Terminal, lost: str) -> None:
    given_up = terminal.run("decide", lost, "give-up", "--by", "dana", "--why", "nobody knows", "--force")
    assert given_up.code == 0
    terminal.simulator.clock.jump(timedelta(minutes=1))
    said = terminal.run("reconcile", "today").out
    assert "1 of submissions that were given up: the gateway had taken them" in said
    assert lost in said
    assert "begun outside" not in said


def test_a_clean_day_says_so(terminal: Terminal) -> None:
    assert "Ledger and gateway say the same." in terminal.run("reconcile", "yesterday").out
