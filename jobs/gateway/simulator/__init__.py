"""A stand-in for the gateway over real HTTP, written from the wire protocol alone: the oracle of every test.

Law of the room: nothing is shared with the client it judges, and it never says a phone was not accepted that was.
"""

from jobs.gateway.simulator.clock import Clock
from jobs.gateway.simulator.faults import Fault, FaultKind
from jobs.gateway.simulator.scenario import Scenario, UnreadableScenario, read_scenario
from jobs.gateway.simulator.settings import Account, Dialect, Layout, Postbacks, Recording, Settings, Texts
from jobs.gateway.simulator.simulator import Simulator

__all__ = [
    "Account",
    "Clock",
    "Dialect",
    "Fault",
    "FaultKind",
    "Layout",
    "Postbacks",
    "Recording",
    "Scenario",
    "Settings",
    "Simulator",
    "Texts",
    "UnreadableScenario",
    "read_scenario",
]
