"""The manual and the simulator agree."""

import re
from itertools import chain
from pathlib import Path

import pytest

from jobs.gateway.simulator import Account, Dialect, FaultKind, Postbacks, Recording, Settings, Simulator, read_scenario
from jobs.gateway.simulator.faults import Fault
from jobs.gateway.simulator.outcomes import MAGIC

MANUAL = Path("docs/simulator.md").read_text(encoding="utf-8")

NAMES = chain.from_iterable(kind.model_fields for kind in (Settings, Dialect, Postbacks, Account, Recording, Fault))


@pytest.mark.parametrize("name", sorted({*NAMES, *FaultKind, *MAGIC}))
def test_the_manual_names_every_switch_fault_and_magic_number(name: str) -> None:
    assert f"`{name}`" in MANUAL


def test_the_scenario_in_the_manual_works(tmp_path: Path) -> None:
    (text,) = re.findall(r"```yaml\n(.*?)```", MANUAL, re.DOTALL)
    path = tmp_path / "scenario.yaml"
    path.write_text(text, encoding="utf-8")
    with Simulator.from_scenario(read_scenario(path)) as simulator:
        assert simulator.faults.armed
