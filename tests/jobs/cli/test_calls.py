"""One call, asked about from here or by a worker."""

import threading
import time
from dataclasses import replace
from datetime import timedelta

from jobs.campaigns.questions import answer
from jobs.entrypoints import open_desk
from jobs.ledger import due
from jobs.ledger.keys import Due
from tests.jobs.cli.terminal import Terminal


def test_a_call_is_pending_and_then_has_its_record(terminal: Terminal) -> None:
    _, session_id = terminal.send("6175550101", "6175550102")
    assert terminal.run("call-status", session_id, "(617) 555-0101").out == "***0101: no record yet.\n"
    terminal.simulator.clock.jump(timedelta(seconds=10))
    assert terminal.run("call-status", session_id, "6175550101").out.startswith(
        "***0101: delivered (OK), 2026-03-02 12:"
    )
    said = terminal.run("call-status", session_id, "6175550102", "--json")
    assert said.document | {"carrier": "", "delivered_at": "", "delivered_text": ""} == {
        "session_id": session_id,
        "phone": "***0102",
        "has_record": True,
        "is_in_session": True,
        "state": "failed",
        "status": "Failure",
        "reason": "Unable to Detect Voice Mail",
        "delivered_at": "",
        "delivered_text": "",
        "carrier": "",
    }
    assert "5550102" not in said.out + said.err


def test_what_is_no_phone_or_no_session_never_reaches_the_gateway(terminal: Terminal) -> None:
    said = terminal.run("call-status", "9381694821", "55501")
    assert (said.code, "Digits are missing" in said.err, "55501" in said.err) == (2, True, False)
    assert terminal.run("call-status", "bcdfgh", "6175550123").code == 2
    assert not terminal.simulator.truth.arrivals


def test_a_session_that_the_gateway_does_not_know_is_its_refusal(terminal: Terminal) -> None:
    said = terminal.run("call-status", "9381694821", "6175550123")
    assert said.code == 8
    assert "refused to tell of session 9381694821: 9381694821 invalid or not found" in " ".join(said.err.split())


def test_a_phone_that_the_session_does_not_call_is_said_to_be_none_of_its(terminal: Terminal) -> None:
    _, session_id = terminal.send("6175550101")
    assert terminal.run("call-status", session_id, "6175550199").out == (
        f"***0199: no record, and there will be none. Session {session_id} does not call this phone.\n"
    )
    assert terminal.run("call-status", session_id, "6175550199", "--json").document["is_in_session"] is False
    assert terminal.run("call-status", session_id, "6175550101", "--json").document["is_in_session"] is True
    elsewhere = terminal.run("call-status", session_id, "6175550199", REDIS_URL="redis://127.0.0.1:1/0")
    assert "has not called this phone yet, or is not to call it at all." in " ".join(elsewhere.out.split())


def worker(terminal: Terminal) -> threading.Thread:
    """Answers the first question that is due, as a worker's job would."""

    def work() -> None:
        desk = replace(open_desk(terminal.env), clock=terminal.simulator.clock.now)
        with desk.redis:
            while not (ids := due.ring(desk.redis, Due.QUESTION, now=later, most=1, again_after=timedelta(0))):
                time.sleep(0.01)
            answer(desk, ids[0])

    later = terminal.simulator.clock.now() + timedelta(hours=1)
    thread = threading.Thread(target=work)
    thread.start()
    return thread


def test_a_machine_without_an_account_has_a_worker_ask(terminal: Terminal) -> None:
    _, session_id = terminal.send("6175550101")
    terminal.simulator.clock.jump(timedelta(seconds=10))
    thread = worker(terminal)
    said = terminal.run(
        "call-status", session_id, "6175550101", "--by-worker", without=("GATEWAY_UID", "GATEWAY_PASSWORD")
    )
    thread.join()
    assert (said.code, said.out.startswith("***0101: delivered")) == (0, True)


def test_a_refusal_comes_back_through_the_worker(terminal: Terminal) -> None:
    thread = worker(terminal)
    said = terminal.run("call-status", "9381694821", "6175550123", "--by-worker")
    thread.join()
    assert (said.code, "9381694821 invalid or not found" in " ".join(said.err.split())) == (8, True)
