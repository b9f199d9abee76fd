"""Scenario files."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from jobs.gateway.simulator import Scenario, Simulator, UnreadableScenario, read_scenario
from tests.jobs.gateway.simulator.desk import submit

STORM = """
clock:
  speed: 60
  starts_at: 2026-06-01T12:00:00-04:00

settings:
  calls_per_second: 2
  failure_share: 0.25
  end_time_honoured: no
  dialect:
    layout: title_case
  accounts:
    acme:
      password: 0123
      credits: 500
      phone_lists:
        0815: [6175550101, "6175550102"]

faults:
  - kind: refuse
    on: submission
    text: 12:30
    skip: 1
"""


def write(folder: Path, text: str) -> Path:
    path = folder / "storm.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def test_a_scenario_sets_the_clock_the_switches_and_the_faults(tmp_path: Path) -> None:
    with Simulator.from_scenario(read_scenario(write(tmp_path, STORM))) as simulator:
        assert simulator.clock.speed == 60
        assert simulator.now.isoformat().startswith("2026-06-01T16:0")
        assert "\nSession ID=" in submit(simulator, c_uid="acme", c_password="0123")
        assert submit(simulator) == "ERROR\n12:30"


def test_phones_passwords_and_lists_keep_their_digits_and_words_are_what_their_field_makes_of_them(
    tmp_path: Path,
) -> None:
    settings = read_scenario(write(tmp_path, STORM)).settings
    assert settings.end_time_honoured is False
    assert settings.accounts["acme"].credits == 500
    assert settings.accounts["acme"].phone_lists == {"0815": ("6175550101", "6175550102")}


@pytest.mark.parametrize("written", ["2026-06-01T12:00:00-04:00", "2026-06-01 16:00:00Z", "'2026-06-01T16:00Z'"])
def test_time_may_begin_at_any_instant_with_an_offset(tmp_path: Path, written: str) -> None:
    clock = read_scenario(write(tmp_path, f"clock:\n  starts_at: {written}")).clock
    assert clock.starts_at == datetime(2026, 6, 1, 16, tzinfo=UTC)


@pytest.mark.parametrize("text", ["", "# nothing yet\n", "null", "{}"])
def test_a_file_that_states_nothing_changes_nothing(tmp_path: Path, text: str) -> None:
    assert read_scenario(write(tmp_path, text)) == Scenario()


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("settings:\n  failure_shar: 1", "2: settings.failure_shar: there is no such field; is failure_share meant?"),
        ("settings:\n  weather: bad", "2: settings.weather: there is no such field"),
        ("settings:\n  calls_per_second: fast", "2: settings.calls_per_second: must be a number"),
        ("clock:\n  speed: .inf", "2: clock.speed: must be a number"),
        ("clock:\n  stopped: perhaps", "2: clock.stopped: must be true or false"),
        ("clock:\n  starts_at: 2026-06-01T12:00:00", "2: clock.starts_at: needs its offset from UTC, such as "),
        ("clock:\n  starts_at: 12:30", "2: clock.starts_at: must be an instant, such as 2026-"),
        ("clock:", "1: clock: has no value"),
        ("settings: loud", "1: settings: must have fields of its own"),
        ("settings:\n  accounts:\n    a: {credits: 1.5}", "3: settings.accounts.a.credits: must be a whole number"),
        (
            "settings:\n  accounts:\n    a:\n      recordings:\n        - title: b",
            "5: settings.accounts.a.recordings #1.file: is missing",
        ),
        (
            "settings:\n  accounts:\n    a:\n      phone_lists:\n        b:\n          - 0123456789",
            "6: settings.accounts.a.phone_lists.b #1: must match pattern ",
        ),
        ("faults:\n  - kind: html\n  - kind: hail", "3: faults #2.kind: must be 'accept_then_never_answer', "),
        ("faults: {kind: html}", "1: faults: must be a list"),
        ("- clock", "1: must have the fields clock, settings and faults, or some of them"),
        ("clock: {}\nclock: {}", "2: clock: stands here a second time, and first in line 1"),
    ],
)
def test_a_scenario_at_fault_is_refused_naming_line_and_field(tmp_path: Path, text: str, problem: str) -> None:
    path = write(tmp_path, text)
    with pytest.raises(UnreadableScenario) as caught:
        read_scenario(path)
    (told,) = caught.value.problems
    assert told.startswith(f"{path}, line {problem}")


def test_every_problem_is_told_in_the_order_of_the_file_and_no_secret_with_it(tmp_path: Path) -> None:
    text = (
        "faults:\n  - kind: hail\nsettings:\n  accounts:\n    acme:\n      password: [tell-nobody]\nclock:\n  sped: 2\n"
    )
    with pytest.raises(UnreadableScenario) as caught:
        read_scenario(write(tmp_path, text))
    assert [told.partition(": ")[0].rpartition(" ")[2] for told in caught.value.problems] == ["2", "6", "8"]
    assert "tell-nobody" not in str(caught.value)


def test_a_scenario_that_is_not_there_is_said_so(tmp_path: Path) -> None:
    with pytest.raises(UnreadableScenario, match=r"none\.yaml: No such file"):
        read_scenario(tmp_path / "none.yaml")
