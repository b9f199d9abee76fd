"""One phone purged by hand, with a receipt; and results of a campaign whose phones are gone."""

import io
import sys
from datetime import timedelta
from pathlib import Path

import pytest

from jobs.ledger import retention, subscriptions
from jobs.webhooks import receivers
from tests.jobs.cli.terminal import NOON, Terminal

WHY = ("--why", "asked to be forgotten", "--by", "dana")


@pytest.fixture
def over(terminal: Terminal) -> str:
    """A campaign to two phones that has ended."""
    campaign_id, _ = terminal.send("6175550101", "6175550104")
    terminal.simulator.clock.jump(timedelta(minutes=1))
    terminal.run("reconcile", "today")
    return campaign_id


def test_a_phone_from_stdin_is_purged_and_the_receipt_does_not_name_it(
    terminal: Terminal, over: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO("(617) 555-0101\n"))
    said = terminal.run("purge", "-", *WHY, "--json")
    (receipt,) = said.document["receipts"]
    assert (said.code, said.document["is_complete"], receipt["by"]) == (0, True, "dana")
    assert receipt["places"] == [{"campaign_id": over, "submission_id": f"{over}-1", "came_to": "removed"}]
    assert "0101" not in said.out + said.err
    assert "6175550101" not in terminal.run("results", over).out
    assert terminal.run("purge", "--receipts", "--json").document["receipts"] == [receipt]


def test_the_receipt_tells_of_events_and_of_what_was_not_looked_at(terminal: Terminal) -> None:
    billing = receivers.new("billing", "https://billing.example/", ["drops"], now=NOON)
    subscriptions.add(terminal.redis, billing)
    terminal.send("6175550101")
    terminal.simulator.clock.jump(timedelta(minutes=1))
    terminal.run("reconcile", "today")
    said = " ".join(terminal.run("purge", "6175550101", *WHY).out.split())
    assert "1 event for webhooks, dropped with the other drops in it" in said
    assert "Not looked at: titles, keys and reasons as people wrote them" in said


def test_phones_from_a_file_are_purged_one_by_one(terminal: Terminal, over: str, tmp_path: Path) -> None:
    path = tmp_path / "phones.txt"
    path.write_text("617-555-0101\n\n6175550104\n6175550104\n")
    said = terminal.run("purge", "--from", str(path), *WHY)
    assert said.code == 0
    assert said.out.count("removed, with how its drop ended") == 2
    assert terminal.run("results", over).out.count("\n") == 1


def test_calls_under_way_end_with_a_code_of_their_own(terminal: Terminal) -> None:
    campaign_id, _ = terminal.send("6175550101")
    said = terminal.run("purge", "6175550101", *WHY)
    assert (said.code, "STAYS until its calls are over" in said.out) == (13, True)
    assert "2026-03-02 12:00:00 Eastern (17:00:00 UTC)  by dana" in said.out
    assert "run the same command again when these calls are over" in said.err
    assert f"python -m jobs stop {campaign_id}" in said.err
    assert "0101" not in said.err


def test_that_a_reason_is_required_stands_in_the_help(terminal: Terminal) -> None:
    assert "Required, except with --receipts" in " ".join(terminal.run("purge", "--help").out.replace("│", " ").split())


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("6175550101",), "--why"),
        (("617555010", *WHY), "Digits are missing"),
        (WHY, "give one phone"),
        (("6175550101", "--from", "x", *WHY), "give one phone"),
        (("--from", "missing", *WHY), "cannot read missing"),
    ],
)
def test_a_slip_changes_nothing(terminal: Terminal, over: str, arguments: tuple[str, ...], says: str) -> None:
    said = terminal.run("purge", *arguments)
    assert (said.code, says in said.err, "has changed nothing" in said.err) == (2, True, True)
    assert "6175550101" in terminal.run("results", over).out


def test_results_of_a_campaign_whose_phones_are_gone_are_its_counts(
    terminal: Terminal, over: str, tmp_path: Path
) -> None:
    assert retention.drop(terminal.redis, over, now=terminal.simulator.clock.now())
    path = tmp_path / "results.csv"
    said = terminal.run("results", over, "--to", str(path))
    assert (said.code, said.out, path.exists()) == (14, "", False)
    assert "2 phones: 1 delivered, 1 failed" in said.err
    assert "RETENTION_DAYS" in said.err
    document = terminal.run("show", over, "--json").document
    assert (document["phones_dropped_at"], document["whereabouts"]) == (
        "2026-03-02T17:01:00Z",
        {"delivered": 1, "failed": 1},
    )
    assert "phones dropped" in terminal.run("show", over).out
