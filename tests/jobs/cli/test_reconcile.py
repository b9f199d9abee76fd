"""A day compared by hand: in words, in JSON, kept, and shown again."""

import time
from datetime import timedelta

import pytest

from jobs.__main__ import main
from jobs.campaigns.desk import Timings
from jobs.gateway.simulator import Fault, FaultKind
from jobs.ledger import breaker, days, due
from jobs.ledger.breaker import BreakerState
from jobs.ledger.keys import Due
from jobs.ledger.limits import Lane
from tests.jobs.cli.terminal import NOON, Terminal
from tests.jobs.cli.test_asking import use_up_calls
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
    assert (said.code, "page of HTML" in said.out, "listed by the gateway" in said.out) == (8, True, False)
    assert "The day was never compared as a whole." in said.out
    document = terminal.run("reconcile", "today", "--show", "--json").document
    assert "page of HTML" in document["trouble"]
    assert (document["is_compared"], document["failed_at"]) == (False, "2026-03-02T17:00:00Z")


def test_a_comparison_that_fails_says_so_beside_what_was_found_before(terminal: Terminal) -> None:
    terminal.send("6175550101")
    stranger(terminal.simulator)
    terminal.simulator.clock.jump(timedelta(minutes=1))
    assert terminal.run("reconcile", "today").code == 0
    found = terminal.run("reconcile", "today", "--show", "--json").document
    terminal.simulator.clock.jump(timedelta(hours=1))
    terminal.simulator.faults.arm(Fault(kind=FaultKind.ANSWER, on="question", text="", times=0))
    compared = terminal.run("reconcile", "today")
    shown = terminal.run("reconcile", "today", "--show")
    for said in (compared, shown):
        words = " ".join(said.out.split())
        assert said.code == 8
        assert "comparison at 2026-03-02 13:01:00 Eastern (18:01:00 UTC) failed: the gateway lists no session" in words
        assert "The workers ask again at 2026-03-02 14:01:00 Eastern" in words
        assert "What follows was found 2026-03-02 12:01:00 Eastern (17:01:00 UTC) and still stands." in words
        assert "2 sessions listed by the gateway, 1 of them ours." in words
        assert "Found 2026" not in words
        assert words.index("failed:") < words.index("still stands") < words.index("2 sessions listed")
    failed = terminal.run("reconcile", "today", "--show", "--json").document
    facts = {"trouble", "failed_at", "again_at", "is_clean"}
    assert {name for name in found if found[name] != failed[name]} <= facts
    assert (failed["failed_at"], failed["again_at"]) == ("2026-03-02T18:01:00Z", "2026-03-02T19:01:00Z")
    assert due.stands(terminal.redis, Due.RECONCILE, "default/2026-03-02")
    terminal.simulator.faults.clear()
    assert terminal.run("reconcile", "today", "--json").document == found


def test_a_day_that_has_not_come_is_refused_and_no_report_is_kept(terminal: Terminal) -> None:
    said = terminal.run("reconcile", "2026-03-03", "--json")
    assert (said.code, said.error["message"]) == (
        2,
        "2026-03-03 has not come yet: today is 2026-03-02 in the East; compare a day that has begun",
    )
    assert not terminal.simulator.truth.arrivals
    assert not terminal.redis.keys("*day*")


def test_the_session_of_what_was_given_up_is_named_with_its_submission(terminal: Terminal, lost: str) -> None:
    given_up = terminal.run("decide", lost, "give-up", "--by", "dana", "--why", "nobody knows", "--force")
    assert given_up.code == 0
    terminal.simulator.clock.jump(timedelta(minutes=1))
    said = terminal.run("reconcile", "today").out
    assert "1 of submissions that were given up: the gateway had taken them" in said
    assert lost in said
    assert "begun outside" not in said


def test_a_clean_day_says_so(terminal: Terminal) -> None:
    terminal.send("6175550101")
    terminal.simulator.clock.jump(timedelta(minutes=1))
    said = terminal.run("reconcile", "today").out
    assert "Ledger and gateway say the same.\nThe day was not over then; the workers compare it again" in said
    terminal.simulator.clock.jump(timedelta(hours=13))
    said = terminal.run("reconcile", "yesterday").out
    assert ("Ledger and gateway say the same." in said, "not over" in said) == (True, False)


def test_a_day_without_any_session_is_not_said_to_agree(terminal: Terminal) -> None:
    said = terminal.run("reconcile", "yesterday")
    assert (said.code, "Nothing on either side" in said.out, "say the same" in said.out) == (0, True, False)


def test_a_gateway_that_gets_a_rest_is_not_asked_and_nothing_is_begun(terminal: Terminal) -> None:
    rest = timedelta(minutes=1)
    for token in "abcde":
        breaker.fail(terminal.redis, "default", token=token, now=NOON, first_rest=rest, longest_rest=rest)
    said = terminal.run("reconcile", "yesterday", "--json")
    assert said.code == 8
    assert said.error["message"].endswith("until 2026-03-02 12:01:00 Eastern (17:01:00 UTC)")
    assert said.error["todo"] == "Run the same command again at 2026-03-02 12:01:00 Eastern (17:01:00 UTC)."
    assert not terminal.simulator.truth.arrivals
    assert not terminal.redis.keys("*day*")


def test_a_rest_that_begins_in_the_middle_ends_the_comparison(terminal: Terminal) -> None:
    rest = timedelta(seconds=10)
    for token in "abcde":
        breaker.fail(terminal.redis, "default", token=token, now=NOON - rest, first_rest=rest, longest_rest=rest)
    terminal.simulator.faults.arm(Fault(kind=FaultKind.HTML, on="question", times=0))
    said = terminal.run("reconcile", "yesterday", "--json")
    assert breaker.read(terminal.redis, "default").state is BreakerState.OPEN
    assert (said.code, "it gets a rest" in said.error["message"]) == (8, True)
    assert said.error["kept"] == "Call records that came in are noted; the next comparison begins anew."
    assert days.read(terminal.redis, "default", NOON.date() - timedelta(days=1)) is None


def test_a_short_wait_for_a_call_is_said_and_waited(terminal: Terminal, capsys: pytest.CaptureFixture[str]) -> None:
    use_up_calls(terminal, Lane.READS, for_s=Timings().slot_patience.total_seconds() + 3)
    began = time.monotonic()
    code = main(["reconcile", "yesterday"], terminal.env, lambda: NOON + timedelta(seconds=time.monotonic() - began))
    out, err = capsys.readouterr()
    assert (code, "Nothing on either side" in out) == (0, True)
    assert err.startswith("Waiting for the gateway: the workers use all calls of this account")


def test_the_help_says_that_scripts_read_is_clean_and_not_the_exit_code(terminal: Terminal) -> None:
    said = " ".join(terminal.run("reconcile", "--help").out.split())
    assert "and not what was found: scripts read `is_clean` of --json" in said
