"""What nobody knows, in front of a person, and what a person makes of it."""

from dataclasses import replace
from datetime import timedelta

import pytest

from jobs.campaigns.desk import Desk
from jobs.campaigns.plan import plan
from jobs.campaigns.send import Sent, send
from jobs.campaigns.take import take
from jobs.contacts import Row
from jobs.entrypoints import open_desk
from jobs.gateway.simulator import Fault, FaultKind
from jobs.models import Terms
from jobs.outcomes.settle import settle
from tests.jobs.cli.terminal import Terminal

PHONES = ("6175550123", "6175550124")


def desk_of(terminal: Terminal) -> Desk:
    return replace(open_desk(terminal.env), clock=terminal.simulator.clock.now)


@pytest.fixture
def lost(terminal: Terminal) -> str:
    """A submission that the gateway took without saying so."""
    desk = desk_of(terminal)
    terms = Terms(caller_id="6175550100", audio_title="Reminder", title="March")
    planned = plan(Row(line, phone) for line, phone in enumerate(PHONES, start=1))
    taken = take(terminal.redis, terms, planned, key="march", now=desk.clock(), lead=timedelta(0))
    terminal.simulator.faults.arm(Fault(kind=FaultKind.ACCEPT_THEN_RESET))
    with desk.redis:
        assert send(desk, f"{taken.campaign_id}-1") is Sent.UNKNOWN
    return f"{taken.campaign_id}-1"


def look(terminal: Terminal, submission_id: str) -> None:
    desk = desk_of(terminal)
    with desk.redis:
        settle(desk, submission_id)


def test_what_is_unknown_is_listed_with_what_is_known_and_what_can_be_done(terminal: Terminal, lost: str) -> None:
    said = terminal.run("unknowns").out
    assert "Nobody knows whether the gateway took 1 submission." in said
    assert "nobody has looked yet" in said
    assert f"decide {lost} give-up" in said
    campaign_id = lost.rpartition("-")[0]
    for command in (("show", campaign_id), ("list",)):
        out = terminal.run(*command).out
        assert "1 submission is unknown, since 2026-03-02 12:00:00 Eastern" in out
        assert "python -m jobs unknowns" in out
    look(terminal, lost)
    (document,) = terminal.run("unknowns", "--json").document["unknowns"]
    assert (document["submission_id"], document["state"], document["phones"]) == (lost, "unknown", 2)
    assert [each["finding"] for each in document["evidence"]] == ["unclear"]
    assert terminal.run("unknowns", "nobody").out == "No submission is unknown: nothing is to be decided.\n"


def test_the_phones_of_what_is_unknown_are_exported_as_unknown(terminal: Terminal, lost: str) -> None:
    rows = terminal.run("results", lost.rpartition("-")[0]).out.splitlines()[1:]
    assert [row.split(",")[:2] for row in rows] == [[phone, "unknown"] for phone in PHONES]


def test_a_session_is_adopted_by_hand_and_the_story_is_told(terminal: Terminal, lost: str) -> None:
    session_id = terminal.simulator.truth.sessions[0].id
    decided = terminal.run("decide", lost, "adopt", session_id, "--why", "it is on the website", "--by", "dana")
    assert decided.code == 0
    assert f"{lost} is session {session_id} from now on" in decided.out
    again = terminal.run("decide", lost, "adopt", session_id, "--why", "it is on the website")
    assert (again.code, "was decided before" in again.out) == (0, True)
    story = terminal.run("unknowns", lost).out
    assert "adopt" in story
    assert "it is on the website" in story
    assert "dana" in story
    assert session_id in story
    assert not [phone for phone in PHONES if phone in story]


def test_what_speaks_against_a_decision_is_said_and_nothing_changes(terminal: Terminal, lost: str) -> None:
    terminal.send("2125550101")
    other = terminal.simulator.truth.sessions[-1].id
    look(terminal, lost)
    refused = terminal.run("decide", lost, "resend", "--why", "hurry", "--json")
    assert (refused.code, refused.error["code"]) == (15, 15)
    assert "do not say yet whose they are" in refused.error["message"]
    assert refused.error["kept"] == "This command has changed nothing."
    taken = terminal.run("decide", lost, "adopt", other, "--why", "hurry")
    assert (taken.code, "cannot be another one" in taken.err) == (15, True)


@pytest.mark.parametrize(
    "arguments",
    [("resend",), ("adopt", "--why", "x"), ("resend", "5000000001", "--why", "x"), ("guess", "--why", "x")],
)
def test_a_decision_needs_a_reason_and_the_right_words(
    terminal: Terminal, lost: str, arguments: tuple[str, ...]
) -> None:
    assert terminal.run("decide", lost, *arguments).code == 2
    assert terminal.run("decide", lost, "give-up", "--why", " ").code == 2
    assert terminal.run("unknowns", lost, "--json").document["evidence"] == []


def test_without_an_account_a_session_is_adopted_by_force_alone(terminal: Terminal, lost: str) -> None:
    session_id = terminal.simulator.truth.sessions[0].id
    no_account = ("GATEWAY_UID", "GATEWAY_PASSWORD")
    command = ("decide", lost, "adopt", session_id, "--why", "seen")
    refused = terminal.run(*command, without=no_account)
    assert (refused.code, "could not be asked" in refused.err) == (15, True)
    assert terminal.run(*command, "--force", without=no_account).code == 0


def test_what_is_given_up_has_no_record_and_is_over(terminal: Terminal, lost: str) -> None:
    assert terminal.run("decide", lost, "give-up", "--why", "the website is down for good").code == 0
    campaign_id = lost.rpartition("-")[0]
    shown = terminal.run("show", campaign_id, "--json").document
    assert (shown["status"], shown["whereabouts"]) == ("finished", {"no_record": 2})
    assert shown["submissions"][0]["state"] == "given_up"
    over = terminal.run("decide", lost, "resend", "--why", "changed my mind")
    assert (over.code, "is given_up" in over.err) == (15, True)
    assert terminal.run("unknowns", "nobody-1").code == 5
