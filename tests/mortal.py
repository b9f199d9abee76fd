"""A Redis client whose process dies at a chosen moment: before a command leaves, or after its answer has come."""

from typing import Any

from redis import Connection, ConnectionPool, Redis

GREETINGS = frozenset({"HELLO", "CLIENT", "AUTH", "SELECT", "PING"})
"""What redis-py says by itself when a connection is new; no step of anybody's."""


class Killed(BaseException):
    """Stands for SIGKILL: no handler of ours catches it, and nothing that is tried afterwards reaches the server."""


class Life:
    """How many commands are left, and whether the last one is carried out before death."""

    def __init__(self, commands: int, *, last_is_done: bool) -> None:
        self.commands = commands
        self.last_is_done = last_is_done
        self.steps: list[str] = []

    def step(self, name: str) -> None:
        """One command is about to leave; raises `Killed` where it may not."""
        self.steps.append(name)
        self.commands -= 1
        if self.commands < 0 or (self.commands == 0 and not self.last_is_done):
            raise Killed

    def answered(self) -> None:
        """An answer has come; raises `Killed` where nobody lives to read it."""
        if self.commands <= 0:
            raise Killed


class _MortalConnection(Connection):
    def __init__(self, *, life: Life, **kwargs: Any) -> None:
        self._life = life
        self._command = ""
        self._is_step = False
        super().__init__(**kwargs)  # type: ignore[no-untyped-call]  # redis-py leaves it without types

    def send_command(self, *args: Any, **kwargs: Any) -> Any:
        self._command = str(args[0])
        return super().send_command(*args, **kwargs)  # type: ignore[no-untyped-call]  # redis-py leaves it without types

    def send_packed_command(self, command: Any, check_health: bool = True) -> Any:
        name, self._command = self._command or "pipeline", ""
        self._is_step = name not in GREETINGS
        if self._is_step:
            self._life.step(name)
        return super().send_packed_command(command, check_health)  # type: ignore[no-untyped-call]  # redis-py leaves it without types

    def read_response(self, *args: Any, **kwargs: Any) -> Any:
        answer = super().read_response(*args, **kwargs)
        if self._is_step:
            self._life.answered()
        return answer


def mortal(url: str, life: Life) -> Redis:
    """A client that lives as long as `life` says."""
    host, _, port = url.removeprefix("redis://").partition("/")[0].partition(":")
    pool = ConnectionPool(connection_class=_MortalConnection, host=host, port=int(port), life=life)
    return Redis(connection_pool=pool)
