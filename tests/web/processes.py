"""`python -m web` in a process of its own, which may be killed and comes back at the same address."""

import os
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

import requests

from tests.servers import free_port

ROOT = Path(__file__).parents[2]
START_PATIENCE_S = 90
COMMAND = (sys.executable, "-m", "web")


class WebProcess:
    """A context manager that starts it and leaves nothing behind. Its log is in `log_path`."""

    def __init__(
        self, redis_url: str, log_path: Path, *, command: Sequence[str] = COMMAND, env: Mapping[str, str] = os.environ
    ) -> None:
        self.log_path = log_path
        self._port = free_port()
        own = {"REDIS_URL": redis_url, "PORT": str(self._port), "LOG_FORMAT": "json"}
        self._env = {"PATH": env["PATH"], **own}
        self._command = command
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self._port}"

    @property
    def pid(self) -> int:
        """Of the one that runs now."""
        assert self.process
        return self.process.pid

    def start(self) -> None:
        """Start it and wait until it answers."""
        with self.log_path.open("ab") as log:
            self.process = subprocess.Popen(list(self._command), cwd=ROOT, env=self._env, stdout=log, stderr=log)
        gives_up_at = time.monotonic() + START_PATIENCE_S
        while not self._answers():
            assert self.process.poll() is None, self.log_path.read_text()[-4_000:]
            assert time.monotonic() < gives_up_at, self.log_path.read_text()[-4_000:]
            time.sleep(0.05)

    def kill(self) -> None:
        """SIGKILL."""
        if self.process:
            self.process.kill()
            self.process.wait()

    def restart(self) -> None:
        """Kill it and start it again."""
        self.kill()
        self.start()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        self.kill()

    def _answers(self) -> bool:
        try:
            return requests.get(f"{self.address}/nowhere", timeout=60).status_code == 404
        except requests.RequestException:
            return False
