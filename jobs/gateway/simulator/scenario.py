"""A scenario: the clock, the switches and the faults a simulator starts with, from a YAML file."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import AwareDatetime, ValidationError

from jobs.gateway.simulator.clock import Clock
from jobs.gateway.simulator.faults import Fault
from jobs.gateway.simulator.plain_yaml import Sheet, UnreadableYaml, read_yaml
from jobs.gateway.simulator.problems import Problem, problems_in
from jobs.gateway.simulator.settings import Settings, Speed, Switches, laid_over


class ClockStart(Switches):
    """How time begins. `starts_at` has an offset; without it time begins now."""

    speed: Speed = 1
    stopped: bool = False
    starts_at: AwareDatetime | None = None

    def clock(self) -> Clock:
        return Clock(self.speed, self.starts_at, stopped=self.stopped)


class Scenario(Switches):
    """What a simulator starts with."""

    clock: ClockStart = ClockStart()
    settings: Settings = Settings()
    faults: tuple[Fault, ...] = ()


class BadScenario(Exception):
    """What is stated makes no scenario; carries every problem at once."""

    def __init__(self, *problems: Problem) -> None:
        super().__init__("; ".join(map(str, problems)))
        self.problems = problems


class UnreadableScenario(Exception):
    """A scenario file cannot be used; carries a line for each problem, which begins with the file's name."""

    def __init__(self, *problems: str) -> None:
        super().__init__("; ".join(problems))
        self.problems = problems


def read_scenario(path: Path) -> Scenario:
    """The scenario in a YAML file; raises `UnreadableScenario` naming line and field of everything at fault."""
    try:
        sheet = read_yaml(path.read_bytes())
        return amended(Scenario(), _stated_in(sheet))
    except OSError as error:
        raise UnreadableScenario(_told(path, None, error.strerror or str(error))) from None
    except UnreadableYaml as error:
        raise UnreadableScenario(_told(path, error.line, error.problem)) from None
    except BadScenario as bad:
        lines = sorted(((sheet.line_of(each.place), str(each)) for each in bad.problems), key=lambda told: told[0] or 0)
        raise UnreadableScenario(*(_told(path, *told) for told in lines)) from None


def amended(scenario: Scenario, stated: Mapping[str, Any]) -> Scenario:
    """The scenario with some values stated anew; raises `BadScenario`."""
    try:
        return laid_over(scenario, stated)
    except ValidationError as invalid:
        raise BadScenario(*problems_in(invalid, Scenario)) from None


def _stated_in(sheet: Sheet) -> Mapping[str, Any]:
    """A file with nothing but comments states nothing."""
    if not isinstance(sheet.values, dict | None):
        raise UnreadableYaml("must have the fields clock, settings and faults, or some of them", 1)
    return sheet.values or {}


def _told(path: Path, line: int | None, problem: str) -> str:
    return f"{path}, line {line}: {problem}" if line else f"{path}: {problem}"
