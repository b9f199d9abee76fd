"""New campaigns, over real HTTP."""

import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
import requests

from jobs.gateway.simulator import Account, Clock, Settings, Simulator
from tests.jobs.gateway.simulator.desk import ask, call, phones, session_of, submit


@pytest.fixture
def simulator() -> Iterator[Simulator]:
    clock = Clock(starts_at=datetime(2026, 6, 1, 16, 0, tzinfo=UTC), stopped=True)
    with Simulator(clock=clock) as simulator:
        yield simulator


def test_a_good_campaign_is_accepted_with_an_id_and_a_count(simulator: Simulator) -> None:
    body = submit(simulator, c_phone="6175550123,16175550124")
    assert body == f"OK\nsession_id={session_of(body)}\nnumber of phone=2"
    (session,) = simulator.truth.sessions
    assert session.phones == ("6175550123", "6175550124")


def test_session_ids_are_above_32_bits_and_some_have_11_digits(simulator: Simulator) -> None:
    ids = [session_of(submit(simulator)) for _ in range(8)]
    assert len(set(ids)) == 8
    assert all(int(each) > 2**32 for each in ids)
    assert {len(each) for each in ids} == {10, 11}


def test_everything_missing_is_said_at_once_a_line_each(simulator: Simulator) -> None:
    body = call(simulator, c_title="Spring")
    assert body.split("\n") == [
        "ERROR",
        "c_record_audio, c_url or c_sys_audio_name: required",
        "c_phone: required",
        "c_callerID: required",
        "c_date: required",
    ]
    assert not simulator.truth.sessions


def test_missing_credentials_are_named(simulator: Simulator) -> None:
    assert call(simulator, c_uid="") == "ERROR\nc_uid: required"
    assert call(simulator, c_uid="", c_password="") == "ERROR\nc_uid: required\nc_password: required"


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"c_password": "wrong"}, "c_uid or c_password: invalid"),
        ({"c_uid": "nobody"}, "c_uid or c_password: invalid"),
        ({"c_record_audio": "reminder"}, "c_record_audio: not found"),
        ({"c_url": "https://audio.example/a.wav"}, "c_record_audio, c_url, c_sys_audio_name: only one allowed"),
        ({"c_record_audio": "", "c_url": "https://audio.example/a.wav"}, "c_audio: required"),
        ({"c_record_audio": "", "c_url": "https://audio.example/a", "c_audio": "ogg"}, "c_audio: invalid"),
        ({"c_record_audio": "", "c_url": "a.wav", "c_audio": "wav"}, "Bad Audio, can't download"),
        ({"c_phone": "6175550123,617555012"}, "c_phone: invalid number"),
        ({"c_phone": ",".join(phones(10_001))}, "c_phone: more than 10000 numbers"),
        ({"c_callerID": "12"}, "c_callerID: invalid"),
        ({"c_date": "2026-06-01T14:00:00"}, "c_date: invalid"),
        ({"c_date": "2026-02-30 14:00:00"}, "c_date: invalid"),
        ({"c_date": "2026-06-01 11:58:00"}, "c_date: in the past"),
        ({"c_date": "2026-08-30 12:00:01"}, "c_date: more than 90 days ahead"),
        ({"c_endtime": "14:00"}, "c_endtime: invalid"),
        ({"c_endtime": "2026-06-01 12:00:00"}, "c_endtime: before c_date"),
    ],
)
def test_a_faulty_campaign_is_refused_with_its_reason(
    simulator: Simulator, changes: dict[str, str], problem: str
) -> None:
    assert submit(simulator, **changes) == f"ERROR\n{problem}"
    assert not simulator.truth.sessions


@pytest.mark.parametrize(
    "changes",
    [
        {"c_record_audio": "", "c_url": "https://audio.example/a", "c_audio": "Mp3"},
        {"c_record_audio": "", "c_sys_audio_name": "r18904b140407197964.wav"},
        {"c_date": "2026-08-30 12:00:00"},
        {"c_date": "2026-06-01 12:00:00", "c_endtime": "2026-06-01 12:00:01"},
        {"c_phone": ",".join(phones(10_000))},
        {"c_method": "new_campaign", "mobile_only": "1", "remain_message": "1", "c_title": "Spring & <fall>"},
    ],
)
def test_every_documented_form_is_accepted(simulator: Simulator, changes: dict[str, str]) -> None:
    assert submit(simulator, **changes).startswith("OK\n")


@pytest.mark.parametrize(
    ("now", "text", "starts_at"),
    [
        (datetime(2026, 3, 8, tzinfo=UTC), "2026-03-08 01:59:59", datetime(2026, 3, 8, 6, 59, 59, tzinfo=UTC)),
        (datetime(2026, 3, 8, tzinfo=UTC), "2026-03-08 03:00:00", datetime(2026, 3, 8, 7, 0, tzinfo=UTC)),
        (datetime(2026, 3, 8, tzinfo=UTC), "2026-03-08 02:30:00", datetime(2026, 3, 8, 7, 30, tzinfo=UTC)),
        (datetime(2026, 11, 1, tzinfo=UTC), "2026-11-01 00:59:59", datetime(2026, 11, 1, 4, 59, 59, tzinfo=UTC)),
        (datetime(2026, 11, 1, tzinfo=UTC), "2026-11-01 01:30:00", datetime(2026, 11, 1, 5, 30, tzinfo=UTC)),
        (datetime(2026, 11, 1, tzinfo=UTC), "2026-11-01 02:00:00", datetime(2026, 11, 1, 7, 0, tzinfo=UTC)),
    ],
)
def test_dates_are_eastern_in_the_nights_the_clocks_change_too(now: datetime, text: str, starts_at: datetime) -> None:
    with Simulator(clock=Clock(starts_at=now, stopped=True)) as simulator:
        submit(simulator, c_date=text)
        (session,) = simulator.truth.sessions
    assert session.timeline.starts_at == starts_at


def test_bad_phones_may_be_dropped_instead_and_the_count_tells() -> None:
    with Simulator(Settings(bad_phones="drop")) as simulator:
        assert submit(simulator, c_phone="6175550123,12,6175550124").endswith("\nnumber of phone=2")


def test_credits_are_needed_for_every_phone() -> None:
    with Simulator(Settings(accounts={"demo": Account(credits=2)})) as simulator:
        assert submit(simulator, c_phone="6175550123,6175550124,6175550125") == "ERROR\nnot enough credits"
        assert submit(simulator, c_phone="6175550123,6175550124").startswith("OK\n")
        assert submit(simulator) == "ERROR\nnot enough credits"


def test_an_account_may_be_kept_from_the_api() -> None:
    with Simulator(Settings(accounts={"demo": Account(may_use_api=False)})) as simulator:
        assert submit(simulator) == "ERROR\nAPI access not allowed"


def test_what_was_received_can_be_read_back_without_the_password(simulator: Simulator) -> None:
    submit(simulator, c_title="Spring", c_dispo_url="http://127.0.0.1:1/token")
    listed = ask(simulator, "sessions")
    assert listed["total"] == 1
    (session,) = listed["sessions"]
    assert session["title"] == "Spring"
    assert session["phones"] == ["6175550123"]
    assert session["fields"]["c_callerID"] == "6175550100"
    assert "phones" not in ask(simulator, f"sessions/{session['session_id']}", phones="0")
    (request,) = ask(simulator, "requests", option="new_campaign")["requests"]
    assert request["verdict"] == "accepted"
    assert request["phone_count"] == 1
    assert "demo" not in {value for name, value in request["fields"].items() if name != "c_uid"}
    assert {"c_password", "c_phone"}.isdisjoint(request["fields"])


def test_a_phone_accepted_twice_is_told_on(simulator: Simulator) -> None:
    submit(simulator, c_phone="6175550123,6175550124")
    submit(simulator, c_phone="6175550124")
    summary = ask(simulator, "summary")
    assert summary["accepted_more_than_once"] == {"6175550124": 2}
    assert summary["rang_more_than_once"] == {}
    simulator.clock.jump(timedelta(seconds=1))
    assert ask(simulator, "summary")["rang_more_than_once"] == {"6175550124": 2}


def test_ten_thousand_phones_are_taken_quickly(simulator: Simulator) -> None:
    text = ",".join(phones(10_000))
    began_s = time.monotonic()
    assert submit(simulator, c_phone=text).endswith("=10000")
    assert time.monotonic() - began_s < 20  # a quadratic look at them would take minutes


def test_a_body_without_a_length_is_refused_outright(simulator: Simulator) -> None:
    response = requests.post(f"{simulator.base_url}vmb.php", data=iter([b"c_uid=demo"]), timeout=60)
    assert response.status_code == 400
