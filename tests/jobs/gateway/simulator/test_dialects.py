"""The same answers in every spelling seen."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import requests

from jobs.gateway.simulator import Clock, Settings, Simulator
from tests.jobs.gateway.simulator.desk import CAMPAIGN, call, json_call, submit, wait_until
from tests.jobs.gateway.simulator.desk import receiver as postback_receiver

NOON = datetime(2026, 6, 1, 16, 0, tzinfo=UTC)


@pytest.fixture
def simulator() -> Iterator[Simulator]:
    with Simulator(Settings(calls_per_second=1), clock=Clock(starts_at=NOON, stopped=True)) as simulator:
        yield simulator


@pytest.mark.parametrize(
    ("dialect", "answer"),
    [
        ({}, "OK\nsession_id={id}\nnumber of phone=1"),
        ({"blanks_for_newlines": True}, "OK session_id={id} number of phone=1"),
        ({"layout": "title_case"}, "OK\nSession ID={id}\nNumber of Phone=1"),
        ({"layout": "bare_id"}, "OK\n{id}\nNumber of Phone #s = 1"),
        ({"crlf": True}, "OK\r\nsession_id={id}\r\nnumber of phone=1"),
        ({"bom": True}, "\ufeffOK\nsession_id={id}\nnumber of phone=1"),
        ({"count": "absent"}, "OK\nsession_id={id}"),
        ({"json_everywhere": True}, '{{"new_campaign": "OK", "session_id": "{id}", "number_of_phone": 1}}'),
    ],
)
def test_an_acceptance_in_every_dialect(simulator: Simulator, dialect: dict[str, Any], answer: str) -> None:
    simulator.change({"dialect": dialect})
    body = requests.post(f"{simulator.base_url}vmb.php", data=CAMPAIGN, timeout=60).content.decode()
    (session,) = simulator.truth.sessions
    assert body == answer.format(id=session.id)


@pytest.mark.parametrize(
    ("dialect", "record"),
    [
        ({}, "var={id}|6175550102|Failure|Unable to Detect Voice Mail|2026-06-01 12:00:01|{carrier}"),
        ({"record_prefix": False}, "{id}|6175550102|Failure|Unable to Detect Voice Mail|2026-06-01 12:00:01|{carrier}"),
        (
            {"failure_word": "Fail"},
            "var={id}|6175550102|Fail|Unable to Detect Voice Mail|2026-06-01 12:00:01|{carrier}",
        ),
        ({"five_fields": True}, "var={id}|6175550102|Failure|Unable to Detect Voice Mail|2026-06-01 12:00:01"),
        (
            {"quoted_records": True},
            'var="{id}"|"6175550102"|"Failure"|"Unable to Detect Voice Mail"|"2026-06-01 12:00:01"|"{carrier}"',
        ),
    ],
)
def test_a_record_in_every_dialect(simulator: Simulator, dialect: dict[str, Any], record: str) -> None:
    simulator.change({"dialect": dialect})
    submit(simulator, c_phone="6175550102")
    (session,) = simulator.truth.sessions
    simulator.clock.jump(timedelta(seconds=1))
    results = json_call(simulator, c_option="campaign_result", session_id=session.id)
    carrier = results[0]["carrier"]
    body = call(simulator, c_option="callstatus", session_id=session.id, c_phone="6175550102")
    assert body == record.format(id=session.id, carrier=carrier)


def test_a_pending_call_may_have_a_record_with_an_empty_status(simulator: Simulator) -> None:
    simulator.change({"dialect": {"pending_records": True}})
    submit(simulator)
    (session,) = simulator.truth.sessions
    body = call(simulator, c_option="campaign_result", session_id=session.id)
    assert body == f"var={session.id}|6175550123||||"


def test_a_control_may_answer_with_the_session_id(simulator: Simulator) -> None:
    simulator.change({"dialect": {"id_with_controls": True}})
    submit(simulator)
    (session,) = simulator.truth.sessions
    assert call(simulator, c_option="pause", session_id=session.id) == f"OK\nsession ID={session.id}"


def test_a_postbacks_value_may_begin_with_var() -> None:
    settings = Settings.model_validate({"calls_per_second": 1000, "dialect": {"postback_prefix": True}})
    with postback_receiver() as (url, received), Simulator(settings) as simulator:
        submit(simulator, c_dispo_url=url)
        wait_until(lambda: len(received) == 1)
    assert received[0].startswith("var=")


def test_a_refusal_may_be_reworded(simulator: Simulator) -> None:
    simulator.change({"texts": {"assumed_bad_credentials": "Invalid login"}})
    assert call(simulator, c_password="x") == "ERROR\nInvalid login"


def test_the_json_gateway(simulator: Simulator) -> None:
    assert json_call(simulator, **CAMPAIGN) == {"ERROR": "c_method: required"}
    accepted = json_call(simulator, c_method="new_campaign", **CAMPAIGN)
    assert accepted["new_campaign"] == "OK"
    assert accepted["number_of_phone"] == 1
    simulator.clock.jump(timedelta(seconds=1))
    (record,) = json_call(simulator, c_option="campaign_result", session_id=accepted["session_id"])
    assert set(record) >= {"to phone", "dial status", "fail reason", "delivery time", "carrier"}
    assert json_call(simulator, remain_message="1") == {"remaining messages": 999_998, "pending messages": 0}
    assert json_call(simulator, c_option="stop", session_id="42") == {"ERROR": "42 invalid or not found"}


def test_json_has_its_dialects_too(simulator: Simulator) -> None:
    simulator.change(
        {
            "dialect": {
                "json_ids_as_numbers": True,
                "json_underscores": True,
                "json_lone_record": True,
                "count": "absent",
            }
        }
    )
    accepted = json_call(simulator, c_method="new_campaign", **CAMPAIGN)
    (session,) = simulator.truth.sessions
    assert accepted == {"new_campaign": "OK", "session_id": int(session.id)}
    simulator.clock.jump(timedelta(seconds=1))
    record = json_call(simulator, c_option="campaign_result", session_id=session.id)
    assert (record["session_id"], record["to_phone"]) == (int(session.id), "6175550123")


def test_the_balance_may_come_with_ok_and_commas(simulator: Simulator) -> None:
    simulator.change({"dialect": {"balance_with_ok": True, "thousands_commas": True}})
    assert call(simulator, remain_message="1") == "OK\nremaining messages=999,999\npending messages=0"


def test_the_international_gateway_is_refused_clearly(simulator: Simulator) -> None:
    body = requests.post(f"{simulator.base_url}slyi.php", data=CAMPAIGN, timeout=60).text
    assert body.startswith("ERROR\nthe simulator does not speak")


def test_there_is_nothing_else(simulator: Simulator) -> None:
    assert requests.post(f"{simulator.base_url}nothing.php", data=CAMPAIGN, timeout=60).status_code == 404
