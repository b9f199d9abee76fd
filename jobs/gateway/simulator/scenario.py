"""A scenario: the clock, the switches and the faults a simulator starts with, from a TOML file."""

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

from pydantic import AwareDatetime, Field, ValidationError

from jobs.gateway.simulator.clock import Clock
from jobs.gateway.simulator.faults import Fault
from jobs.gateway.simulator.settings import Settings, Switches, laid_over, problems_in


class ClockStart(Switches):
    """How time begins. `starts_at` has an offset; without it time begins now."""

    speed: Annotated[float, Field(gt=0)] = 1
    stopped: bool = False
    starts_at: AwareDatetime | None = None

    def clock(self) -> Clock:
        return Clock(self.speed, self.starts_at, stopped=self.stopped)


class Scenario(Switches):
    """What a simulator starts with."""

    clock: ClockStart = ClockStart()
    settings: Settings = Settings()
    faults: tuple[Fault, ...] = ()


class UnreadableScenario(Exception):
    """A scenario cannot be used; carries every problem at once."""

    def __init__(self, *problems: str) -> None:
        super().__init__("; ".join(problems))
        self.problems = problems


def read_scenario(path: Path) -> Scenario:
    """The scenario in a TOML file; raises `UnreadableScenario` naming every field at fault."""
    try:
        return parse_scenario(tomllib.loads(path.read_text(encoding="utf-8")))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise UnreadableScenario(f"{path.name}: {error}") from None


def parse_scenario(stated: Mapping[str, Any]) -> Scenario:
    """The scenario from plain values; raises `UnreadableScenario` naming every field at fault."""
    return amended(Scenario(), stated)


def amended(scenario: Scenario, stated: Mapping[str, Any]) -> Scenario:
    """The scenario with some values stated anew; raises like `parse_scenario`."""
    try:
        return laid_over(scenario, stated)
    except ValidationError as invalid:
        raise UnreadableScenario(*problems_in(invalid)) from None
