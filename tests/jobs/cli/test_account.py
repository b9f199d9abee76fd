"""What the gateway says of an account, in front of a person and of a script."""

from dataclasses import replace
from datetime import timedelta

import pytest

from jobs.campaigns.balances import note_balance
from jobs.entrypoints import open_desk
from jobs.gateway.simulator import Fault, FaultKind
from tests.jobs.cli.terminal import NOON, Terminal
from tests.servers import free_port


def test_the_balance_is_said_in_words_and_in_json(terminal: Terminal) -> None:
    assert terminal.run("balance").out == "999,999 messages remaining, 0 pending.\n"
    assert terminal.run("balance", "--json").document == {
        "account": "default",
        "remaining": 999_999,
        "pending": 0,
        "floor": None,
        "is_low": False,
    }


@pytest.mark.parametrize("dialect", ["text", "json"])
def test_good_credentials_are_verified_in_either_dialect(terminal: Terminal, dialect: str) -> None:
    said = terminal.run("verify", GATEWAY_DIALECT=dialect)
    assert (said.code, said.out) == (0, "The gateway takes the credentials of account default.\n")
    script = {"text": "vmb.php", "json": "vmb.json.php"}[dialect]
    assert [each.endpoint for each in terminal.simulator.truth.arrivals] == [script]


def test_bad_credentials_are_refused_with_the_gateways_words_and_never_shown(terminal: Terminal) -> None:
    said = terminal.run("verify", GATEWAY_PASSWORD="hunter22")
    assert said.code == 8
    assert "c_uid or c_password: invalid" in said.err
    assert "GATEWAY_PASSWORD" in said.err
    assert "hunter22" not in said.out + said.err


@pytest.mark.parametrize("command", [("balance",), ("audio", "list"), ("reconcile", "today")])
def test_whoever_asks_with_a_wrong_password_is_told_where_it_stands(
    terminal: Terminal, command: tuple[str, ...]
) -> None:
    said = terminal.run(*command, GATEWAY_PASSWORD="hunter22")
    assert said.code == 8
    assert "c_uid or c_password: invalid. Check GATEWAY_UID and GATEWAY_PASSWORD, or GATEWAY" in said.out + said.err


def test_an_account_that_may_not_use_the_api_is_not_told_to_mend_its_password(terminal: Terminal) -> None:
    terminal.simulator.faults.arm(Fault(kind=FaultKind.REFUSE, on="any", text="API access not allowed"))
    said = terminal.run("verify")
    assert said.code == 8
    assert "have the gateway's support allow the account (GATEWAY_UID and GATEWAY_PASSWORD) to use the API" in said.err
    assert "compare" not in said.err


@pytest.mark.parametrize(
    "command",
    [("verify",), ("balance",), ("sessions", "today"), ("call-status", "123456", "6175550123"), ("stop", "123456")],
)
def test_without_credentials_the_variables_that_are_missing_are_named(
    terminal: Terminal, command: tuple[str, ...]
) -> None:
    said = terminal.run(*command, without=("GATEWAY_UID", "GATEWAY_PASSWORD"))
    assert said.code == 7
    assert "GATEWAY_UID: is missing" in said.err
    assert "GATEWAY_PASSWORD: is missing" in said.err
    assert not terminal.simulator.truth.arrivals


def test_bad_credentials_of_a_further_account_are_looked_for_where_they_stand(terminal: Terminal) -> None:
    accounts = '{"west": {"uid": "west", "password": "hunter22"}}'
    said = terminal.run("verify", "--account", "west", GATEWAY_ACCOUNTS=accounts)
    assert (said.code, "GATEWAY_ACCOUNTS" in said.err, "hunter22" in said.err) == (8, True, False)


def test_an_account_that_is_none_is_said_to_be_none(terminal: Terminal) -> None:
    said = terminal.run("balance", "--account", "west")
    assert said.code == 2
    assert "west" in said.err


def test_a_gateway_out_of_reach_and_one_that_babbles_are_said_to_be(terminal: Terminal) -> None:
    said = terminal.run("balance", GATEWAY_URL=f"http://127.0.0.1:{free_port()}/gateway/")
    assert (said.code, "was not reached" in said.err) == (8, True)
    terminal.simulator.faults.arm(Fault(kind=FaultKind.HTML, on="question"))
    said = terminal.run("balance", "--json")
    assert (said.code, "a page of HTML" in said.err) == (8, True)


def test_a_days_sessions_are_matched_with_ours(terminal: Terminal) -> None:
    _, session_id = terminal.send("6175550123")
    terminal.redis.delete(f"dropline:session:default:{session_id}")
    assert terminal.run("sessions", "today", "--json").document["unknown"] == 1
    campaign_id, ours = terminal.send("6175550124")
    document = terminal.run("sessions", "2026-03-02", "--json").document
    assert (document["day"], document["matched"], document["unknown"]) == ("2026-03-02", 1, 1)
    assert document["sessions"] == [
        {"session_id": session_id, "title": "", "campaign_id": None, "submission_id": None}
        | {"state": None, "is_followed": False},
        {
            "session_id": ours,
            "title": "",
            "campaign_id": campaign_id,
            "submission_id": f"{campaign_id}-1",
            "state": "accepted",
            "is_followed": True,
        },
    ]
    said = terminal.run("sessions", "today")
    assert "unknown here" in said.out
    assert "2 sessions on 2026-03-02 (Eastern), 1 unknown here." in said.out


def test_a_day_is_eastern(terminal: Terminal) -> None:
    terminal.send("6175550123")
    terminal.simulator.clock.jump(timedelta(hours=11))  # 23:00 in the East, past midnight in UTC
    assert terminal.run("sessions", "today", "--json").document["day"] == f"{NOON:%Y-%m-%d}"
    assert terminal.run("sessions", "yesterday", "--json").document["day"] == "2026-03-01"
    assert "lists no session for 2026-03-01" in terminal.run("sessions", "yesterday").out


def test_a_listing_cut_short_is_no_empty_day(terminal: Terminal) -> None:
    terminal.send("6175550123")
    terminal.simulator.faults.arm(Fault(kind=FaultKind.HALF_BODY, on="question"))
    assert terminal.run("sessions", "today").code == 8


def test_a_day_that_is_none_is_explained(terminal: Terminal) -> None:
    said = terminal.run("sessions", "tomorrow week")
    assert (said.code, "such as 2026-03-02" in said.err) == (2, True)


def test_a_phone_in_a_title_is_masked(terminal: Terminal) -> None:
    terminal.simulator.change({"dialect": {"dates_layout": "titled"}})
    terminal.send("6175550123")
    terminal.simulator.faults.arm(Fault(kind=FaultKind.ANSWER, on="question", text="9381694821|call 617-555-0123"))
    assert "555-0123" not in terminal.run("sessions", "today").out


def test_a_balance_below_its_floor_is_pointed_out_here_and_in_the_list(terminal: Terminal) -> None:
    said = terminal.run("balance", BALANCE_FLOOR="1000000")
    assert "below the floor of 1,000,000" in said.out
    assert terminal.run("balance", "--json", BALANCE_FLOOR="1000000").document["is_low"]
    assert "Nothing was noted" in terminal.run("balance", "--history").out
    desk = replace(open_desk(dict(terminal.env) | {"BALANCE_FLOOR": "1000000"}), clock=terminal.simulator.clock.now)
    with desk.redis:
        note_balance(desk, "default")
    document = terminal.run("balance", "--history", "--json").document
    assert document["history"] == [{"at": "2026-03-02T17:00:00Z", "remaining": 999_999, "pending": 0}]
    assert document["low"] == {"since": "2026-03-02T17:00:00Z", "floor": 1_000_000}
    assert "999,999" in terminal.run("balance", "--history").out
    assert "missing" not in terminal.run("balance", "--history").out
    terminal.simulator.clock.jump(timedelta(minutes=50))
    assert "2 notes missing" in terminal.run("balance", "--history").out
    assert "Account default is below its floor of 1,000,000 messages" in terminal.run("list").err
