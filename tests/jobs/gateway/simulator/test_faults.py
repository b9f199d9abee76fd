"""What can go wrong on the wire, and what the book says of it."""

import time
from collections.abc import Iterator

import pytest
import requests

from jobs.gateway.simulator import Settings, Simulator
from tests.jobs.gateway.simulator.desk import CAMPAIGN, ask, call, post, submit, tell, wait_until


@pytest.fixture
def simulator() -> Iterator[Simulator]:
    with Simulator() as simulator:
        yield simulator


def arm(simulator: Simulator, **fault: object) -> None:
    assert tell(simulator, "faults", fault).status_code == 200


def test_accepted_and_never_answered(simulator: Simulator) -> None:
    arm(simulator, kind="accept_then_never_answer")
    with pytest.raises(requests.ReadTimeout):
        post(simulator, CAMPAIGN, timeout_s=0.2)
    assert len(simulator.truth.sessions) == 1


def test_not_accepted_and_never_answered(simulator: Simulator) -> None:
    arm(simulator, kind="never_answer_before_accepting")
    with pytest.raises(requests.ReadTimeout):
        post(simulator, CAMPAIGN, timeout_s=0.2)
    assert not simulator.truth.sessions


@pytest.mark.parametrize(("kind", "accepted"), [("accept_then_reset", 1), ("reset_before_accepting", 0)])
def test_a_reset_before_or_after_accepting(simulator: Simulator, kind: str, accepted: int) -> None:
    arm(simulator, kind=kind)
    with pytest.raises(requests.ConnectionError, match="reset"):
        submit(simulator)
    assert len(simulator.truth.sessions) == accepted


@pytest.mark.parametrize(("kind", "accepted"), [("answer_502_after_accepting", 1), ("answer_502_before_accepting", 0)])
def test_a_502_before_or_after_accepting(simulator: Simulator, kind: str, accepted: int) -> None:
    arm(simulator, kind=kind)
    assert requests.post(f"{simulator.base_url}vmb.php", data=CAMPAIGN, timeout=60).status_code == 502
    assert len(simulator.truth.sessions) == accepted


def test_half_a_body(simulator: Simulator) -> None:
    arm(simulator, kind="half_body")
    with pytest.raises(requests.exceptions.ChunkedEncodingError, match="IncompleteRead"):
        submit(simulator)
    assert len(simulator.truth.sessions) == 1


@pytest.mark.parametrize(("kind", "accepted"), [("html", 1), ("html_before_accepting", 0)])
def test_html_in_place_of_an_answer(simulator: Simulator, kind: str, accepted: int) -> None:
    arm(simulator, kind=kind)
    assert submit(simulator).startswith("<!DOCTYPE html>")
    assert len(simulator.truth.sessions) == accepted


def test_a_slow_answer_and_one_that_drips(simulator: Simulator) -> None:
    arm(simulator, kind="slow", seconds=0.5)
    with pytest.raises(requests.ReadTimeout):
        post(simulator, CAMPAIGN, timeout_s=0.1)
    arm(simulator, kind="drip", seconds=0.3)
    assert post(simulator, CAMPAIGN, timeout_s=0.2).startswith("OK\nsession_id=")
    assert len(simulator.truth.sessions) == 2


def test_acceptance_may_come_after_the_client_has_gone(simulator: Simulator) -> None:
    arm(simulator, kind="accept_late", seconds=0.4)
    with pytest.raises(requests.ReadTimeout):
        post(simulator, CAMPAIGN, timeout_s=0.1)
    assert not simulator.truth.sessions
    wait_until(lambda: len(simulator.truth.sessions) == 1)


def test_a_refusal_and_an_answer_of_ones_own(simulator: Simulator) -> None:
    arm(simulator, kind="refuse", text="the moon is full")
    arm(simulator, kind="answer", text="OK")
    assert submit(simulator) == "ERROR\nthe moon is full"
    assert submit(simulator) == "OK"
    assert len(simulator.truth.sessions) == 1


def test_faults_strike_the_requests_they_are_meant_for_as_often_as_told(simulator: Simulator) -> None:
    arm(simulator, kind="refuse", text="title", title="Spring", times=2)
    arm(simulator, kind="refuse", text="phone", first_phone="6175550199", times=0)
    arm(simulator, kind="refuse", text="control", on="control")
    assert submit(simulator).startswith("OK")
    assert submit(simulator, c_title="Spring") == "ERROR\ntitle"
    assert submit(simulator, c_phone="6175550199,6175550123") == "ERROR\nphone"
    assert submit(simulator, c_title="Spring") == "ERROR\ntitle"
    assert submit(simulator, c_title="Spring").startswith("OK")
    assert call(simulator, c_option="stop", session_id="42") == "ERROR\ncontrol"
    assert [each["text"] for each in ask(simulator, "faults")["armed"]] == ["phone"]
    requests.delete(f"{simulator.console_url}faults", timeout=60)
    assert submit(simulator, c_phone="6175550199").startswith("OK")


def test_the_book_says_which_request_was_struck(simulator: Simulator) -> None:
    arm(simulator, kind="html")
    submit(simulator)
    (request,) = ask(simulator, "requests")["requests"]
    assert (request["fault"], request["verdict"]) == ("html", "accepted")


def test_an_unknown_field_or_kind_is_refused_by_name(simulator: Simulator) -> None:
    response = tell(simulator, "faults", {"kind": "html", "tmes": 2})
    assert response.status_code == 422
    assert response.json()["problems"] == ["tmes: there is no such field; is times meant?"]
    assert tell(simulator, "faults", {"kind": "hail"}).json()["problems"][0].startswith("kind: ")
    assert tell(simulator, "nonsense", {}).status_code == 404


def test_some_requests_may_pass_before_a_fault_strikes(simulator: Simulator) -> None:
    arm(simulator, kind="refuse", text="third", skip=2)
    assert [submit(simulator)[:2] for _ in range(4)] == ["OK", "OK", "ER", "OK"]


def test_a_fault_by_chance_strikes_the_same_requests_in_every_run() -> None:
    runs = []
    for _ in range(2):
        with Simulator(Settings(seed=7)) as simulator:
            arm(simulator, kind="refuse", chance=0.5, times=0)
            runs.append([submit(simulator)[:2] for _ in range(40)])
    assert runs[0] == runs[1]
    assert 10 < runs[0].count("ER") < 30


@pytest.mark.parametrize(("kind", "accepted"), [("down_after_accepting", 1), ("down_before_accepting", 0)])
def test_the_gateway_may_go_down(simulator: Simulator, kind: str, accepted: int) -> None:
    arm(simulator, kind=kind, seconds=0.5)
    with pytest.raises(requests.ConnectionError):
        submit(simulator)
    with pytest.raises(requests.ConnectionError, match="refused"):
        submit(simulator)
    assert len(simulator.truth.sessions) == accepted
    time.sleep(0.6)
    assert submit(simulator).startswith("OK")


def test_a_kept_connection_is_cut_when_the_gateway_goes_down(simulator: Simulator) -> None:
    with requests.Session() as session:
        session.post(f"{simulator.base_url}vmb.php", data=CAMPAIGN, timeout=60)
        simulator.shut_door(0.2)
        with pytest.raises(requests.ConnectionError):
            session.post(f"{simulator.base_url}vmb.php", data=CAMPAIGN, timeout=60)
