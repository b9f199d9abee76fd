"""The two edges of a desk, its ledger and its gateway, with every step across them counted and open to interruption.

Nothing of ours is patched: a desk is handed these clients as it is handed the usual ones. What happens between two
steps happens in the process alone, so that a process which dies there has died before the second.
"""

import importlib
import pkgutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any
from urllib.parse import parse_qs

from redis import Redis
from redis.client import Pipeline
from redis.connection import ConnectionPool

from jobs import ledger
from jobs.gateway.client import GatewayClient, Timeouts
from jobs.gateway.transport import Answer
from jobs.ledger.script import Script


class Killed(BaseException):
    """Stands for SIGKILL: no handler of ours catches it, and nothing that is tried afterwards gets across an edge."""


class Moment(StrEnum):
    """When a step is interrupted."""

    BEFORE = "before"
    AFTER = "after"
    """It was carried out, and who took it does not know yet."""


@dataclass(frozen=True, slots=True)
class Interruption:
    """What happens at step `at`, counted from 0; it may raise, or return and let the desk go on."""

    at: int
    moment: Moment
    happens: Callable[[], None]


@dataclass
class Life:
    """The steps of one process so far, by their names."""

    interruptions: Sequence[Interruption] = ()
    steps: list[str] = field(default_factory=list)
    is_over: bool = False

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        """Cross an edge, unless this process is dead."""
        if self.is_over:
            raise Killed
        number = len(self.steps)
        self.steps.append(name)
        self._interrupt(number, Moment.BEFORE)
        try:
            yield
        finally:
            self._interrupt(number, Moment.AFTER)

    def end(self) -> None:
        """The process dies, here and now."""
        self.is_over = True
        raise Killed

    def _interrupt(self, number: int, moment: Moment) -> None:
        for each in self.interruptions:
            if (each.at, each.moment) == (number, moment) and not self.is_over:
                each.happens()


class SteppedRedis(Redis):
    """A connection to the ledger, with a pool of its own as every process has."""

    def __init__(self, url: str, life: Life) -> None:
        super().__init__(connection_pool=ConnectionPool.from_url(url, driver_info=None))
        self.life = life

    def execute_command(self, *args: Any, **options: Any) -> Any:
        with self.life.step(_name_of(args)):
            return super().execute_command(*args, **options)  # type: ignore[no-untyped-call]  # redis-py leaves it without types

    def pipeline(self, transaction: bool = True, shard_hint: Any = None) -> "SteppedPipeline":
        pipeline = SteppedPipeline(self.connection_pool, self.response_callbacks, transaction, shard_hint)
        pipeline.life = self.life
        return pipeline


class SteppedPipeline(Pipeline):
    """Many commands that go out at once are one step. Ours are transactions, or one write and questions."""

    life: Life

    def execute(self, raise_on_error: bool = True) -> list[Any]:
        names = dict.fromkeys(_name_of(command[0]) for command in self.command_stack)
        with self.life.step("+".join(names)):
            return super().execute(raise_on_error)


class SteppedGateway(GatewayClient):
    """The real client, each of whose calls is a step, and waits for its answer as long as it is told at that step."""

    life: Life
    waits: Callable[[], Timeouts]

    def _ask(self, form: Any, **options: Any) -> Answer:
        fields = parse_qs(form.get_secret_value().decode())
        option = fields.get("c_option", ["remain_message" if "remain_message" in fields else "new_campaign"])[0]
        with self.life.step(f"gateway {option}"):
            self._timeouts = self.waits()
            return super()._ask(form, **options)


def _name_of(command: Any) -> str:
    name = str(command[0])
    if name == "EVALSHA":
        return _SCRIPTS.get(command[1], name)
    return _SCRIPTS.get(Script(command[1]).digest, name) if name == "EVAL" else name


def _scripts() -> Iterator[tuple[str, str]]:
    for found in pkgutil.iter_modules(ledger.__path__):
        module = importlib.import_module(f"{ledger.__name__}.{found.name}")
        for name, value in vars(module).items():
            if isinstance(value, Script):
                yield value.digest, f"{found.name} {name.strip('_').lower()}"


_SCRIPTS = dict(_scripts())
"""The name of each script of the ledger, by its digest."""
