"""The switches and the views below /_simulator/."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
import requests

from jobs.gateway.simulator import Clock, Settings, Simulator
from jobs.gateway.simulator.hints import WITHIN_REACH
from tests.jobs.gateway.simulator.desk import CAMPAIGN, ask, call, phones, submit, tell

NOON = datetime(2026, 6, 1, 16, 0, tzinfo=UTC)


@pytest.fixture
def simulator() -> Iterator[Simulator]:
    with Simulator(Settings(calls_per_second=1), clock=Clock(starts_at=NOON, stopped=True)) as simulator:
        yield simulator


def test_switches_are_turned_while_it_runs_and_the_others_stay(simulator: Simulator) -> None:
    changes = {"dialect": {"layout": "bare_id"}, "accounts": {"other": {"password": "secret"}}}
    told = tell(simulator, "settings", changes)
    assert told.status_code == 200
    assert "secret" not in told.text
    settings = ask(simulator, "settings")
    assert settings["calls_per_second"] == 1
    assert settings["dialect"]["layout"] == "bare_id"
    assert sorted(settings["accounts"]) == ["demo", "other"]
    assert call(simulator, c_uid="other", c_password="secret", c_option="user_verify") == "OK"


@pytest.mark.parametrize(
    ("page", "told", "problem"),
    [
        ("settings", {"dialect": {"layuot": "live"}}, "dialect.layuot: there is no such field; is layout meant?"),
        ("settings", {"failure_share": 2}, "failure_share: must be less than or equal to 1"),
        ("settings", [], "the body must be an object with the switches to change"),
        ("clock", {"sped": 2}, "sped: there is no such field; is speed meant?"),
        (
            "clock",
            {"jump_to": "2026-05-31T00:00:00Z"},
            "time never goes back; it is 2026-06-01T16:00:00+00:00",
        ),
        ("clock", {"jump_to": "2200-01-01T00:00:01Z"}, "time ends with the year 2199; it is 2026-06-01T16:00:00+00:00"),
        ("clock", {"jump_s": 1e300}, "jump_s: must be less than or equal to 1000000000"),
        ("clock", {"speed": 1e300}, "speed: must be less than or equal to 1000000"),
        ("clock", {"jump_s": -1}, "jump_s: must be greater than or equal to 0"),
        ("faults", {"kind": "html", "chance": 3}, "chance: must be less than or equal to 1"),
        ("faults", "html", "must have fields of its own"),
        ("settings", {"reach": None}, "reach: has no value"),
        ("door", {}, "shut_s: is missing"),
        (
            "faults",
            [{"kind": "html"}, {"kind": "html", "chance": 3}],
            "faults #2.chance: must be less than or equal to 1",
        ),
    ],
)
def test_what_is_not_understood_is_refused_by_name(simulator: Simulator, page: str, told: object, problem: str) -> None:
    response = tell(simulator, page, told)
    assert response.status_code == 422
    assert response.json()["problems"] == [problem]


@pytest.mark.parametrize("data", ["{", "[" * 100_000], ids=["cut", "deep"])
def test_what_is_no_json_is_refused(simulator: Simulator, data: str) -> None:
    assert requests.post(f"{simulator.console_url}settings", data=data, timeout=60).status_code == 400


def test_time_jumps_stops_and_goes(simulator: Simulator) -> None:
    assert tell(simulator, "clock", {"jump_s": 3600}).json()["now"] == "2026-06-01T17:00:00+00:00"
    assert tell(simulator, "clock", {"jump_to": "2026-06-01T18:00:00Z"}).json()["stopped"] is True
    assert tell(simulator, "clock", {"stopped": False, "speed": 1000}).json()["speed"] == 1000
    assert ask(simulator, "clock")["now"] > "2026-06-01T18:00:00"
    stopped_at = tell(simulator, "clock", {"stopped": True}).json()["now"]
    assert ask(simulator, "clock")["now"] == stopped_at


def test_a_shut_door_refuses_connections_for_a_while(simulator: Simulator) -> None:
    assert tell(simulator, "door", {"shut_s": 0.3}).status_code == 200
    with pytest.raises(requests.ConnectionError, match="refused"):
        submit(simulator)
    assert simulator.truth.arrivals == []
    simulator.shut_door(0)  # opens again, a moment later
    for _ in range(200):
        try:
            assert submit(simulator).startswith("OK")
            break
        except requests.ConnectionError:
            continue


def test_lists_come_in_parts(simulator: Simulator) -> None:
    for phone in phones(5):
        submit(simulator, c_phone=phone)
    part = ask(simulator, "sessions", offset="1", limit="2", phones="0")
    assert part["total"] == 5
    assert [each["session_id"] for each in part["sessions"]] == [each.id for each in simulator.truth.sessions[1:3]]
    assert len(ask(simulator, "requests", offset="4")["requests"]) == 1
    response = requests.get(f"{simulator.console_url}sessions?limit=many", timeout=60)
    assert (response.status_code, response.json()["problems"]) == (422, ["limit: must be a whole number"])


def test_a_session_that_was_never_accepted_is_not_there(simulator: Simulator) -> None:
    assert requests.get(f"{simulator.console_url}sessions/42", timeout=60).status_code == 404


def test_a_person_sees_what_goes_on(simulator: Simulator) -> None:
    simulator.change({"seed": 3})
    submit(simulator, c_title="<Spring>")
    simulator.clock.jump(timedelta(seconds=1))
    for url in (simulator.console_url, simulator.console_url.rstrip("/")):
        page = requests.get(url, timeout=60)
        assert page.headers["Content-Type"].startswith("text/html")
        assert "&lt;Spring&gt;" in page.text
        assert "1 of 1" in page.text
        assert "2026-06-01 12:00:01" in page.text


def test_the_schema_names_every_switch(simulator: Simulator) -> None:
    schema = ask(simulator, "schema")
    assert set(schema) == {"settings", "faults", "clock", "door", "scenario"}
    assert set(schema["settings"]["properties"]) == set(Settings.model_fields)


def test_it_is_well(simulator: Simulator) -> None:
    assert ask(simulator, "health") == {"ok": True, "now": "2026-06-01T16:00:00+00:00"}


def test_a_request_gets_hints_about_itself(simulator: Simulator) -> None:
    submit(simulator, c_passwrd="secret", c_callerId="6175550100", c_title="Spring%20sale")
    requests.post(f"{simulator.base_url}vmb.php", json=CAMPAIGN, timeout=60)
    requests.get(f"{simulator.base_url}vmb.php", timeout=60)
    hints = [each["hints"] for each in ask(simulator, "requests")["requests"]]
    assert hints[0] == [
        "c_passwrd: not a field of the gateway; is c_password meant?",
        "c_callerId: not a field of the gateway; is c_callerID meant?",
        "c_title: seems to be encoded twice",
    ]
    assert hints[1] == ["Content-Type: must be application/x-www-form-urlencoded, or nothing of the body is read"]
    assert "GET: the gateway takes form POSTs only" in hints[2]
    assert "secret" not in requests.get(f"{simulator.console_url}requests", timeout=60).text


def test_a_receiver_that_nothing_is_posted_to_is_hinted_at(simulator: Simulator) -> None:
    for reach in ("loopback", "any"):
        simulator.change({"reach": reach})
        submit(simulator, c_dispo_url="http://receiver.invalid/")
    hints = [each["hints"] for each in ask(simulator, "requests")["requests"]]
    assert hints == [[f"c_dispo_url: nothing is posted there; {WITHIN_REACH}"], []]


def test_a_request_that_misses_every_endpoint_is_told_where_they_are(simulator: Simulator) -> None:
    missed = requests.post(simulator.base_url.replace("/gateway/", "/gatway/vmb.ph"), data=CAMPAIGN, timeout=60)
    assert missed.status_code == 404
    assert (
        missed.text
        == f"Not Found. The gateway is at {simulator.base_url}, and what it knows at {simulator.console_url}\n"
    )
    (noted,) = ask(simulator, "requests")["requests"]
    assert (noted["verdict"], noted["phone_count"]) == ("not_found", 1)
    assert noted["hints"] == ["/gatway/vmb.ph: there is no such endpoint; is /gateway/vmb.php meant?"]
    assert "c_password" not in noted["fields"]
    requests.get(simulator.base_url.replace("/gateway/", "/favicon.ico"), timeout=60)
    assert ask(simulator, "requests")["total"] == 1
