"""The sessions of a day."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from jobs.gateway.simulator import Clock, Fault, FaultKind, Simulator
from tests.jobs.gateway.simulator.desk import call, json_call, session_of, submit

LATE_EVENING = datetime(2026, 6, 2, 3, 0, tzinfo=UTC)  # 23:00 on June 1 in New York


@pytest.fixture
def simulator() -> Iterator[Simulator]:
    with Simulator(clock=Clock(starts_at=LATE_EVENING, stopped=True)) as simulator:
        yield simulator


def of_day(simulator: Simulator, day: str) -> str:
    return call(simulator, c_option="campaign_by_date", c_date=day)


def test_a_session_belongs_to_the_eastern_day_of_its_start(simulator: Simulator) -> None:
    now = session_of(submit(simulator))
    later = session_of(submit(simulator, c_date="2026-06-02 00:30:00"))
    assert of_day(simulator, "2026-06-01") == now
    assert of_day(simulator, "2026-06-02") == later
    assert of_day(simulator, "2026-06-03") == ""
    simulator.change({"day_of": "acceptance"})
    assert of_day(simulator, "2026-06-01") == f"{now}\n{later}"


def test_a_day_must_be_given_in_the_field_that_is_set(simulator: Simulator) -> None:
    assert call(simulator, c_option="campaign_by_date") == "ERROR\nc_date: required"
    assert of_day(simulator, "06/01/2026") == "ERROR\nc_date: invalid"
    simulator.change({"day_field": "c_day"})
    assert call(simulator, c_option="campaign_by_date", c_day="2026-06-01") == ""


def test_a_new_session_may_be_listed_late(simulator: Simulator) -> None:
    simulator.change({"listing_lag_s": 300})
    session = session_of(submit(simulator))
    assert of_day(simulator, "2026-06-01") == ""
    simulator.clock.jump(timedelta(seconds=300))
    assert of_day(simulator, "2026-06-01") == session


def test_a_session_that_a_fault_befell_may_be_listed_later_than_others(simulator: Simulator) -> None:
    simulator.faults.arm(Fault(kind=FaultKind.SLOW, seconds=0, unlisted_s=300))
    late, other = session_of(submit(simulator)), session_of(submit(simulator))
    assert of_day(simulator, "2026-06-01") == other
    simulator.clock.jump(timedelta(seconds=300))
    assert of_day(simulator, "2026-06-01") == f"{late}\n{other}"


@pytest.mark.parametrize(
    ("layout", "line"),
    [
        ("ids", "{id}"),
        ("one_line", "{id}"),
        ("titled", "{id}|Spring 2026"),
        ("table", '"{id}"|"Spring 2026"|"2026-06-01 23:00:00"|"1"'),
        ("labelled", "session_id={id} date=2026-06-01 23:00:00 title=Spring 2026"),
    ],
)
def test_the_layout_is_a_switch(simulator: Simulator, layout: str, line: str) -> None:
    simulator.change({"dialect": {"dates_layout": layout}})
    ids = [session_of(submit(simulator, c_title="Spring 2026")) for _ in range(2)]
    between = "," if layout == "one_line" else "\n"
    assert of_day(simulator, "2026-06-01") == between.join(line.format(id=each) for each in ids)


def test_in_json_a_day_is_an_array(simulator: Simulator) -> None:
    session = session_of(submit(simulator, c_title="Spring"))
    listed = json_call(simulator, c_option="campaign_by_date", c_date="2026-06-01")
    assert listed == [{"session_id": session, "title": "Spring"}]
