"""Calls as they are made, their records, and the controls."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from jobs.gateway.simulator import Clock, Settings, Simulator
from tests.jobs.gateway.simulator.desk import ask, call, phones, session_of, submit

NOON = datetime(2026, 6, 1, 16, 0, tzinfo=UTC)


def simulator_at_noon(settings: Settings) -> Simulator:
    return Simulator(settings, clock=Clock(starts_at=NOON, stopped=True))


@pytest.fixture
def simulator() -> Iterator[Simulator]:
    """One call per simulated second; noon Eastern; time moves by jumps only."""
    with simulator_at_noon(Settings(calls_per_second=1, failure_share=0)) as simulator:
        yield simulator


def pass_by(simulator: Simulator, seconds: float) -> None:
    simulator.clock.jump(timedelta(seconds=seconds))


def results(simulator: Simulator, session_id: str) -> list[str]:
    return call(simulator, c_option="campaign_result", session_id=session_id).split("\n")


def test_a_call_has_no_record_before_it_is_made(simulator: Simulator) -> None:
    session = session_of(submit(simulator))
    assert call(simulator, c_option="callstatus", session_id=session, c_phone="6175550123") == ""
    pass_by(simulator, 1)
    record = call(simulator, c_option="callstatus", session_id=session, c_phone="6175550123")
    assert record.startswith(f"var={session}|6175550123|OK||2026-06-01 12:00:01|")
    assert len(record.split("|")) == 6


@pytest.mark.parametrize(
    ("phone", "status", "reason"),
    [
        ("6175550101", "OK", ""),
        ("6175550102", "Failure", "Unable to Detect Voice Mail"),
        ("6175550103", "Failure", "VM may be full or not setup"),
        ("6175550104", "Failure", "Voicemail Busy"),
        ("6175550105", "Failure", "Landline Removed"),
        ("6175550106", "Failure", "Do Not Dial List Removed"),
    ],
)
def test_magic_numbers_end_as_the_table_says(simulator: Simulator, phone: str, status: str, reason: str) -> None:
    session = session_of(submit(simulator, c_phone=phone))
    pass_by(simulator, 1)
    (record,) = results(simulator, session)
    assert record.split("|")[1:4] == [phone, status, reason]


def test_a_magic_number_never_gets_a_record(simulator: Simulator) -> None:
    session = session_of(submit(simulator, c_phone="6175550107"))
    pass_by(simulator, 5)
    assert results(simulator, session) == [""]
    assert ask(simulator, f"sessions/{session}")["state"] == "finished"


def test_a_phone_given_twice_rings_once(simulator: Simulator) -> None:
    session = session_of(submit(simulator, c_phone="6175550123,6175550123"))
    pass_by(simulator, 2)
    assert [record.split("|")[3] for record in results(simulator, session)] == ["", "Duplicate Removed"]
    assert not simulator.truth.rang_more_than_once(simulator.now)


def test_other_numbers_fail_in_the_share_asked_for_and_always_the_same() -> None:
    ends = []
    for _ in range(2):
        with simulator_at_noon(Settings(failure_share=0.25, seed=7)) as simulator:
            session = session_of(submit(simulator, c_phone=",".join(phones(2000))))
            pass_by(simulator, 200)
            ends.append([record.split("|")[2:4] for record in results(simulator, session)])
    assert ends[0] == ends[1]
    assert 400 < sum(status == "Failure" for status, _ in ends[0]) < 600


def test_a_scheduled_campaign_begins_at_its_eastern_time(simulator: Simulator) -> None:
    session = session_of(submit(simulator, c_date="2026-06-01 13:00:00"))
    pass_by(simulator, 3600)
    assert results(simulator, session) == [""]
    pass_by(simulator, 1)
    assert "2026-06-01 13:00:01" in results(simulator, session)[0]


def test_the_end_time_cuts_a_campaign_short(simulator: Simulator) -> None:
    session = session_of(submit(simulator, c_phone=",".join(phones(10)), c_endtime="2026-06-01 12:00:04"))
    pass_by(simulator, 60)
    assert len(results(simulator, session)) == 4
    assert ask(simulator, f"sessions/{session}")["state"] == "out_of_time"
    assert call(simulator, c_option="stop", session_id=session) == f"ERROR\n{session} already finished"


def test_the_end_time_may_be_ignored_as_gateways_do() -> None:
    with simulator_at_noon(Settings(calls_per_second=1, end_time_honoured=False)) as simulator:
        session = session_of(submit(simulator, c_phone=",".join(phones(10)), c_endtime="2026-06-01 12:00:04"))
        pass_by(simulator, 60)
        assert len(results(simulator, session)) == 10


def test_a_pause_holds_the_calls_until_run(simulator: Simulator) -> None:
    session = session_of(submit(simulator, c_phone=",".join(phones(10))))
    pass_by(simulator, 3)
    assert call(simulator, c_option="pause", session_id=session) == "OK"
    pass_by(simulator, 100)
    assert len(results(simulator, session)) == 3
    assert call(simulator, c_option="run", session_id=session) == "OK"
    pass_by(simulator, 2)
    times = [record.split("|")[4][-8:] for record in results(simulator, session)]
    assert times == ["12:00:01", "12:00:02", "12:00:03", "12:01:44", "12:01:45"]


@pytest.mark.parametrize("option", ["stop", "cancel"])
def test_after_a_stop_nothing_rings_and_nothing_restarts(simulator: Simulator, option: str) -> None:
    session = session_of(submit(simulator, c_phone=",".join(phones(10))))
    pass_by(simulator, 3)
    assert call(simulator, c_option=option, session_id=session) == "OK"
    pass_by(simulator, 100)
    assert len(results(simulator, session)) == 3
    assert call(simulator, c_option="run", session_id=session) == f"ERROR\n{session} already finished"
    assert call(simulator, c_option=option, session_id=session) == f"ERROR\n{session} already finished"


def test_stop_is_for_running_and_cancel_for_scheduled_campaigns() -> None:
    with simulator_at_noon(Settings(cancel_takes_running=False)) as simulator:
        later = session_of(submit(simulator, c_date="2026-06-01 13:00:00"))
        now = session_of(submit(simulator))
        assert call(simulator, c_option="stop", session_id=later) == f"ERROR\n{later} not running"
        assert call(simulator, c_option="cancel", session_id=now) == f"ERROR\n{now} not scheduled"
        assert call(simulator, c_option="cancel", session_id=later) == "OK"
        assert call(simulator, c_option="stop", session_id=now) == "OK"


@pytest.mark.parametrize("option", ["pause", "run", "cancel", "stop", "callstatus", "campaign_result"])
def test_a_session_must_be_named_and_known(simulator: Simulator, option: str) -> None:
    assert call(simulator, c_option=option) == "ERROR\nsession_id: required"
    assert call(simulator, c_option=option, session_id="42") == "ERROR\n42 invalid or not found"


def test_the_balance_counts_what_was_delivered_and_what_is_to_come(simulator: Simulator) -> None:
    submit(simulator, c_phone=",".join(phones(10)))
    pass_by(simulator, 4)
    assert call(simulator, remain_message="1") == "remaining messages=999995\npending messages=6"


def test_ten_thousand_records_are_listed() -> None:
    with simulator_at_noon(Settings(calls_per_second=10_000)) as simulator:
        session = session_of(submit(simulator, c_phone=",".join(phones(10_000))))
        pass_by(simulator, 1)
        assert len(results(simulator, session)) == 10_000


def test_time_may_run_sixty_times_faster() -> None:
    with Simulator(Settings(calls_per_second=1), clock=Clock(speed=6000)) as simulator:
        before_at = simulator.now
        session = session_of(submit(simulator))
        while results(simulator, session) == [""]:
            pass
        assert simulator.now - before_at >= timedelta(seconds=1)
