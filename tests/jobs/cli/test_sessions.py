"""One session told something by its own id: ours, and strangers."""

from dataclasses import replace
from datetime import timedelta

import pytest
import requests

from jobs.campaigns.plan import Plan
from jobs.campaigns.send import Sent, send
from jobs.campaigns.take import take
from jobs.entrypoints import open_desk
from jobs.gateway.simulator import Fault, FaultKind, Simulator
from jobs.ledger import submissions
from jobs.models import Run, Submission, Terms
from tests.jobs.cli.terminal import NOON, Terminal


def stranger(simulator: Simulator, c_date: str = "now") -> str:
    """A session that somebody began by other means."""
    form = {
        "c_uid": "demo",
        "c_password": "demo",
        "c_record_audio": "Reminder",
        "c_callerID": "6175550100",
        "c_date": c_date,
        "c_phone": "6175550123,6175550124",
    }
    requests.post(f"{simulator.base_url}vmb.php", data=form, timeout=60)
    return simulator.truth.sessions[-1].id


def verbs(simulator: Simulator) -> list[str]:
    return [each.option for each in simulator.truth.arrivals if each.option in {"pause", "run", "stop", "cancel"}]


def submission(terminal: Terminal, campaign_id: str) -> Submission:
    (found,) = submissions.read(terminal.redis, [f"{campaign_id}-1"])
    return found


def test_a_session_of_ours_is_paused_and_resumed_alone_and_the_ledger_knows(terminal: Terminal) -> None:
    campaign_id, session_id = terminal.send("6175550123", "6175550124")
    said = terminal.run("pause", session_id, "--why", "a complaint")
    assert said.code == 0
    assert f"of campaign {campaign_id}" in said.out
    assert submission(terminal, campaign_id).run is Run.PAUSED
    assert "a complaint" in submission(terminal, campaign_id).reason
    assert terminal.run("resume", session_id).code == 0
    assert submission(terminal, campaign_id).run is Run.GOING
    assert verbs(terminal.simulator) == ["pause", "run"]


def test_a_scheduled_session_of_ours_is_cancelled_even_when_stop_is_asked_for(terminal: Terminal) -> None:
    campaign_id, session_id = terminal.send("6175550123", start=NOON + timedelta(days=1))
    said = terminal.run("stop", session_id, "--json")
    assert said.document == {
        "session_id": session_id,
        "campaign_id": campaign_id,
        "submission_id": f"{campaign_id}-1",
        "verb": "stop",
        "run": "ended",
        "had_ended": False,
        "refusals": [],
    }
    assert verbs(terminal.simulator) == ["cancel"]
    assert submission(terminal, campaign_id).run is Run.ENDED


def test_a_stranger_that_is_scheduled_refuses_stop_and_takes_cancel(terminal: Terminal) -> None:
    session_id = stranger(terminal.simulator, "2026-03-05 09:00:00")
    said = terminal.run("stop", session_id)
    assert said.code == 0
    assert "is a stranger" in said.out
    assert "refused to stop it" in said.out
    assert "not running" in said.out
    assert "The gateway has ended it." in said.out
    assert verbs(terminal.simulator) == ["stop", "cancel"]


def test_a_stranger_is_cancelled_by_the_verb_that_was_asked_for(terminal: Terminal) -> None:
    assert terminal.run("cancel", stranger(terminal.simulator, "2026-03-05 09:00:00")).code == 0
    assert verbs(terminal.simulator) == ["cancel"]


def test_a_session_that_is_refused_by_both_verbs_explains_both(terminal: Terminal) -> None:
    said = terminal.run("cancel", "9381694821", "--json")
    assert said.code == 8
    assert [(each["verb"], each["kind"]) for each in said.document["refusals"]] == [
        ("cancel", "not_found"),
        ("stop", "not_found"),
    ]
    text = terminal.run("stop", "9381694821").out
    assert "refused to stop it (not_found): 9381694821 invalid" in text
    assert "refused to cancel it (not_found): 9381694821 invalid" in text
    assert "Nothing has changed." in text


@pytest.mark.parametrize(("verb", "code"), [("stop", 0), ("cancel", 0), ("pause", 8), ("resume", 8)])
def test_a_session_that_is_over_has_reached_its_end_and_nothing_else(terminal: Terminal, verb: str, code: int) -> None:
    session_id = stranger(terminal.simulator)
    terminal.simulator.clock.jump(timedelta(minutes=1))
    said = terminal.run(verb, session_id)
    assert said.code == code
    assert ("never runs again" in said.out) is (code == 8)
    assert "It had ended before" in said.out
    assert "has ended it" not in said.out


def test_the_rest_of_a_campaign_is_spoken_of_where_there_is_one(terminal: Terminal) -> None:
    campaign_id, session_id = terminal.send("6175550123")
    alone = terminal.run("stop", session_id).out
    assert "the rest" not in alone
    assert f"python -m jobs show {campaign_id}" in alone
    assert "the rest of the campaign is as it was" in terminal.run("stop", one_of_two(terminal)).out


def one_of_two(terminal: Terminal) -> str:
    """A session of a campaign that has another one."""
    terms, plan = Terms(caller_id="6175550100", audio_title="Reminder"), Plan(2, (("6175550124",), ("6175550125",)), ())
    taken = take(terminal.redis, terms, plan, key="two", now=NOON, lead=timedelta(days=90))
    desk = replace(open_desk(terminal.env), clock=terminal.simulator.clock.now)
    with desk.redis:
        assert {send(desk, f"{taken.campaign_id}-{number}") for number in (1, 2)} == {Sent.ACCEPTED}
    return terminal.simulator.truth.sessions[-1].id


def test_a_session_of_a_stopped_campaign_is_not_let_run_again(terminal: Terminal) -> None:
    campaign_id, session_id = terminal.send("6175550123")
    terminal.run("stop", campaign_id)
    said = terminal.run("resume", session_id)
    assert (said.code, "told to stop" in said.err) == (12, True)
    assert verbs(terminal.simulator) == []


def test_an_answer_that_is_lost_is_said_to_be_lost_and_may_be_repeated(terminal: Terminal) -> None:
    session_id = stranger(terminal.simulator)
    terminal.simulator.faults.arm(Fault(kind=FaultKind.ACCEPT_THEN_RESET, on="control"))
    said = terminal.run("stop", session_id)
    assert (said.code, "whether the gateway did it is not known" in said.err) == (8, True)
    assert terminal.run("stop", session_id).code == 0


@pytest.mark.parametrize("odd", ["12345", "1" * 21])
def test_digits_that_are_no_session_are_refused_here(terminal: Terminal, odd: str) -> None:
    assert terminal.run("stop", odd).code == 2
    assert not terminal.simulator.truth.arrivals
