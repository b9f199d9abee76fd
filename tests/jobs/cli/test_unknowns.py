"""What nobody knows, in front of a person, and what a person makes of it."""

from datetime import timedelta

import pytest

from jobs.campaigns.marks import mark_of
from jobs.cli.exits import Exit
from jobs.ledger import balances, submissions
from jobs.ledger.balances import Noted
from jobs.models import WhenUnknown
from tests.jobs.cli.terminal import Terminal
from tests.jobs.outcomes.conftest import by_hand

PHONES = ("6175550123", "6175550124")


@pytest.fixture
def lost(terminal: Terminal) -> str:
    """A submission that the gateway took without saying so."""
    return terminal.lose(*PHONES)


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
    terminal.look(lost)
    (document,) = terminal.run("unknowns", "--json").document["unknowns"]
    assert (document["submission_id"], document["state"], document["phones"]) == (lost, "unknown", 2)
    assert [each["finding"] for each in document["evidence"]] == ["unclear"]


def test_a_slip_of_the_finger_is_not_told_that_nothing_is_unknown(terminal: Terminal, lost: str) -> None:
    ran = terminal.run("unknowns", "nobody")
    assert (ran.code, ran.out) == (Exit.NO_SUCH_CAMPAIGN, "")
    assert "no campaign nobody is known here" in ran.err
    campaign_id = lost.rpartition("-")[0]
    terminal.run("decide", lost, "give-up", "--why", "it is late", "--force")
    told = terminal.run("unknowns", campaign_id).out
    assert told == f"No submission of {campaign_id} is unknown: nothing is to be decided.\n"


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
    terminal.look(lost)
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


def test_what_is_given_up_has_no_record_and_is_over(terminal: Terminal, lost: str) -> None:
    refused = terminal.run("decide", lost, "give-up", "--why", "the website is down for good")
    assert (refused.code, "may be ringing now; `stop SESSION` once it shows up" in refused.err) == (15, True)
    decided = terminal.run("decide", lost, "give-up", "--why", "the website is down for good", "--force")
    assert (decided.code, "it is not stopped unless its campaign is" in decided.out) == (0, True)
    campaign_id = lost.rpartition("-")[0]
    shown = terminal.run("show", campaign_id, "--json").document
    assert (shown["status"], shown["whereabouts"]) == ("finished", {"no_record": 2})
    assert shown["submissions"][0]["state"] == "given_up"
    over = terminal.run("decide", lost, "resend", "--why", "changed my mind")
    assert (over.code, "is given_up" in over.err) == (15, True)
    assert terminal.run("unknowns", "nobody-1").code == 5


def mark(terminal: Terminal, submission_id: str) -> str:
    """That of the newest attempt."""
    return mark_of(submissions.read(terminal.redis, [submission_id])[0].attempt)


def spaced(text: str) -> list[str]:
    """The lines without the blanks that draw columns."""
    return [" ".join(line.split()) for line in text.splitlines()]


@pytest.mark.parametrize(("title", "before"), [("March", "March "), ("", "")])
def test_what_the_gateways_own_console_calls_it_is_shown(terminal: Terminal, title: str, before: str) -> None:
    lost = terminal.lose(*PHONES, title=title)
    sent_title = f"{before}[{mark(terminal, lost)}]"
    assert terminal.simulator.truth.sessions[0].title == sent_title
    assert f"title at the gateway {sent_title}" in spaced(terminal.run("unknowns", lost).out)
    assert any(line.startswith(f"{sent_title} {lost} 2 ") for line in spaced(terminal.run("unknowns").out))
    assert terminal.run("unknowns", lost, "--json").document["sent_title"] == sent_title


def test_a_phone_in_a_title_is_not_shown(terminal: Terminal) -> None:
    lost = terminal.lose(*PHONES, title="Live 202611231609 for 617-555-0123")
    told = terminal.run("unknowns", lost, "--json").document
    shown = "Live 202611231609 for ***0123"
    assert (told["title"], told["sent_title"]) == (shown, f"{shown} [{mark(terminal, lost)}]")
    for words in (("unknowns",), ("unknowns", lost), ("show", told["campaign_id"])):
        assert "617-555" not in terminal.run(*words).out


def test_sessions_that_may_be_it_stand_side_by_side_and_a_person_decides(terminal: Terminal, lost: str) -> None:
    terminal.simulator.change({"dialect": {"dates_layout": "table"}, "postbacks": {"on": False}})
    own_id = terminal.simulator.truth.sessions[0].id
    twin = by_hand(terminal.simulator, *PHONES, title=f"a copy [{mark(terminal, lost)}]")
    terminal.look(lost, at=timedelta(seconds=1.5))
    said = spaced(terminal.run("unknowns", lost).out)
    calls = "2026-03-02 12:00:01 1 of our 2 phones"
    for session_id, title in ((own_id, "March"), (twin, "a copy")):
        (row,) = [line for line in said if line.startswith(f"{session_id} ")]
        assert row.startswith(f"{session_id} 2026-03-02 12:00:01 2026-03-02 12:00:00")
        assert f"{calls} {title} [{mark(terminal, lost)}]" in row
    assert "By itself nothing happens as long as more than one session may be it: a person decides which." in said
    refused = terminal.run("decide", lost, "give-up", "--why", "late")
    assert (refused.code, "it may be ringing now: the gateway lists more than one" in refused.err) == (15, True)
    assert "add --force" in refused.err
    assert terminal.run("decide", lost, "give-up", "--why", "late", "--force").code == 0


def test_after_a_resend_the_attempts_before_are_shown_with_their_titles(terminal: Terminal) -> None:
    terminal.send("2125550101")
    lost = terminal.lose(*PHONES, is_taken=False)
    first = mark(terminal, lost)
    terminal.look_until_absent(lost)
    assert terminal.run("decide", lost, "resend", "--why", "not there").code == 0
    before = f"also sent 2026-03-02 12:00:00 Eastern 2026-03-02 17:00:00 UTC March [{first}]"
    assert before in spaced(terminal.run("unknowns", lost).out)
    terminal.send_again(lost)
    said = spaced(terminal.run("unknowns", lost).out)
    assert before in said
    assert f"title at the gateway March [{mark(terminal, lost)}]" in said
    (former,) = terminal.run("unknowns", lost, "--json").document["sent_before"]
    assert (former["mark"], former["sent_at"]) == (first, "2026-03-02T17:00:00Z")


def test_a_balance_is_shown_with_what_it_was_before_or_that_nobody_knows(terminal: Terminal, lost: str) -> None:
    terminal.look(lost)
    nothing = "none was noted before it was sent (a scheduler notes it), so there is nothing to compare it"
    assert nothing in terminal.run("unknowns", lost).out
    sent_at = terminal.simulator.clock.now()
    for at, remaining in ((sent_at - timedelta(hours=7), 500), (sent_at + timedelta(hours=1), 100)):
        balances.note(terminal.redis, "default", Noted(at, remaining, 3))
    said = terminal.run("unknowns", lost).out
    assert "500 left, 3 pending at 2026-03-02 05:00:00, before it was sent; " in said
    assert "it has 2 phones. Others may send through the account, too" in said
    before = terminal.run("unknowns", lost, "--json").document["balance_before"]
    assert before == {"at": "2026-03-02T10:00:00Z", "remaining": 500, "pending": 3}


def test_who_gives_a_campaign_is_told_its_submissions_that_are_unknown(terminal: Terminal, lost: str) -> None:
    campaign_id = lost.rpartition("-")[0]
    meant = terminal.run("decide", campaign_id, "give-up", "--why", "x")
    assert (meant.code, f"did you mean its submission {lost}?" in meant.err) == (5, True)
    terminal.run("decide", lost, "give-up", "--why", "x", "--force")
    none = terminal.run("decide", campaign_id, "give-up", "--why", "x")
    assert (none.code, "none of its submissions is unknown" in none.err) == (5, True)


def test_a_decision_that_takes_no_session_says_what_it_takes(terminal: Terminal, lost: str) -> None:
    refused = terminal.run("decide", lost, "give-up", "5000000001", "--why", "x")
    assert (refused.code, "give-up takes the submission alone, and no session" in refused.err) == (2, True)
    assert f'python -m jobs decide {lost} give-up --why "..."' in refused.err


def test_a_resend_that_comes_too_early_says_how_long_and_what_is_missing(terminal: Terminal) -> None:
    terminal.send("2125550101")
    lost = terminal.lose(*PHONES, is_taken=False)
    terminal.look(lost, at=timedelta(minutes=4))
    early = terminal.run("decide", lost, "resend", "--why", "x").err
    assert "0 of the 3 complete listings that it takes are in (they count from 2026-03-02 12:05:00 Eastern on)" in early
    assert "at the earliest in 6 minutes, 2026-03-02 12:10:00 Eastern" in early
    terminal.look(lost, at=timedelta(minutes=2))
    later = terminal.run("decide", lost, "resend", "--why", "x").err
    assert "1 of the 3 complete listings that it takes are in, and the last comes 5 minutes or more after" in later
    assert "at the earliest in 5 minutes, 2026-03-02 12:11:00 Eastern" in later
    assert "1 of the 3 complete listings" in terminal.run("unknowns", lost).out


def test_who_stops_a_campaign_is_told_of_what_may_be_ringing(terminal: Terminal, lost: str) -> None:
    campaign_id = lost.rpartition("-")[0]
    terminal.run("decide", lost, "give-up", "--why", "x", "--force")
    stopped = " ".join(terminal.run("stop", campaign_id).out.split())
    assert "1 submission is given up and may be ringing; it is stopped once found: python -m jobs sessions" in stopped


def test_a_stop_says_that_what_is_unknown_is_stopped_once_it_is_found(terminal: Terminal, lost: str) -> None:
    campaign_id = lost.rpartition("-")[0]
    stopped = " ".join(terminal.run("stop", campaign_id).out.split())
    may_ring = "1 submission is unknown and may be ringing; it is stopped once found: python -m jobs unknowns"
    assert f"{may_ring} {campaign_id}" in stopped


def test_a_days_sessions_show_which_is_that_of_what_was_given_up(terminal: Terminal, lost: str) -> None:
    terminal.simulator.change({"dialect": {"dates_layout": "titled"}})
    assert f"in doubt: {lost}" in terminal.run("sessions", "today").out
    terminal.run("decide", lost, "give-up", "--why", "x", "--force")
    for _ in range(2):
        assert f"given up: {lost}" in terminal.run("sessions", "today").out
        terminal.look(lost)
    (listed,) = terminal.run("sessions", "today", "--json").document["sessions"]
    assert (listed["submission_id"], listed["state"], listed["is_followed"]) == (lost, "given_up", False)


def test_who_sends_again_is_told_how_a_first_session_is_found(terminal: Terminal, lost: str) -> None:
    first = mark(terminal, lost)
    said = terminal.run("decide", lost, "resend", "--force", "--why", "the website does not show it").out
    assert "goes on ringing until it is found, and is stopped only then" in said
    assert f"by the mark [{first}] where the gateway's listings show titles" in said


def test_of_many_the_same_is_said_once_and_no_session_is_made_up(terminal: Terminal) -> None:
    for number in range(5):
        terminal.lose(f"617555012{number}", is_taken=False, key=str(number))
    said = terminal.run("unknowns").out
    assert said.count("By itself: a session that shows up within 2 days is adopted.") == 1
    assert "and 2 more: By itself" in said
    assert "adopt SESSION" not in said
    assert said.count('decide SUBMISSION give-up --force --why "..."') == 1


def test_what_settles_by_itself_asks_nobody_to_decide(terminal: Terminal) -> None:
    terminal.lose(*PHONES, is_taken=False, when_unknown=WhenUnknown.RESEND)
    assert "It settles without a person; what is known: python -m jobs unknowns" in " ".join(
        terminal.run("list").out.split()
    )
