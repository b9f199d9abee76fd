"""Scenario files."""

from pathlib import Path

import pytest

from jobs.gateway.simulator import Simulator, UnreadableScenario, read_scenario
from tests.jobs.gateway.simulator.desk import submit

STORM = """
[clock]
speed = 60
starts_at = 2026-06-01T12:00:00-04:00

[settings]
calls_per_second = 2
failure_share = 0.25

[settings.dialect]
layout = "title_case"

[settings.accounts.acme]
password = "secret"
credits = 500

[[faults]]
kind = "refuse"
text = "the moon is full"
skip = 1
"""


def write(folder: Path, text: str) -> Path:
    path = folder / "storm.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_a_scenario_sets_the_clock_the_switches_and_the_faults(tmp_path: Path) -> None:
    with Simulator.from_scenario(read_scenario(write(tmp_path, STORM))) as simulator:
        assert simulator.clock.speed == 60
        assert simulator.now.isoformat().startswith("2026-06-01T16:0")
        assert "\nSession ID=" in submit(simulator, c_uid="acme", c_password="secret")
        assert submit(simulator) == "ERROR\nthe moon is full"


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("[settings]\nfailure_shar = 1", "settings.failure_shar: Extra inputs are not permitted"),
        ('[[faults]]\nkind = "hail"', "faults.0.kind: Input should be 'accept_then_never_answer'"),
        ("[clock]\nstarts_at = 2026-06-01T12:00:00", "clock.starts_at: Input should have timezone info"),
        ("[clock", "storm.toml: "),
    ],
)
def test_a_scenario_at_fault_is_refused_naming_the_field(tmp_path: Path, text: str, problem: str) -> None:
    with pytest.raises(UnreadableScenario) as caught:
        read_scenario(write(tmp_path, text))
    assert caught.value.problems[0].startswith(problem)


def test_a_scenario_that_is_not_there_is_said_so(tmp_path: Path) -> None:
    with pytest.raises(UnreadableScenario, match="No such file"):
        read_scenario(tmp_path / "none.toml")
