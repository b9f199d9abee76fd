"""One system through the whole script: a Redis, a gateway and worker processes of its own, all gone when it is over."""

import json
import os
import signal
import subprocess
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from benchmarks.faults import errands
from benchmarks.faults.script import Incident, Trial
from benchmarks.faults.systems import ROOT, System
from benchmarks.faults.verdicts import Said
from jobs.gateway.simulator import Settings, Simulator
from tests.servers import RedisServer

TICK_S = 0.02
REDIS_AWAY_S = 1.0
AFTERWARDS_S = 5.0
"""How long is waited, once the system is at rest, for what may still reach the gateway late."""
RESTART_AFTER_S = 1.0
"""How soon a worker that ended by itself is started again, as a process manager would."""
HAND_IN_WITHIN_S = 60.0


class Interrupted(Exception):
    """Somebody asked the run to end."""


@dataclass(frozen=True, slots=True)
class Played:
    """What came of the script. `accepted` is how often the gateway accepted each phone, from its own book."""

    said: Mapping[str, Said]
    accepted: Counter[str]
    took_s: float
    incidents: int


def play(system: System, script: Sequence[Trial], folder: Path, *, patience_s: float, stop: threading.Event) -> Played:
    """Run the script against a system; its logs stay in `folder`. Raises `Interrupted` soon after `stop` is set."""
    began = time.monotonic()
    folder.mkdir(parents=True)
    (folder / errands.CAMPAIGNS).write_text(json.dumps({trial.key: trial.phones for trial in script}))
    with ExitStack() as opened:
        redis = opened.enter_context(RedisServer(appendonly=True))
        gateway = opened.enter_context(Simulator(Settings(calls_per_second=100)))
        gateway.faults.arm(*(trial.fault for trial in script if trial.fault))
        environment = {**os.environ, **system.environment, "REDIS_URL": redis.url, "GATEWAY_URL": gateway.base_url}
        hand_in = _start(_errand(system, "hand-in", folder), environment, folder / "errands.log")
        with _ended(hand_in):
            hand_in.wait(HAND_IN_WITHIN_S)
        crew = opened.enter_context(Crew(system, environment, folder / "workers.log"))
        look = _start(_errand(system, "look", folder, str(patience_s)), environment, folder / "errands.log")
        with _ended(look):
            incidents = _watch(script, gateway, crew, redis, lambda: look.poll() is not None, stop)
        stop.wait(AFTERWARDS_S)
        said = {key: Said(word) for key, word in json.loads((folder / errands.SAID).read_text()).items()}
        return Played(said, gateway.truth.accepted_phones(), time.monotonic() - began, incidents)


def _watch(
    script: Sequence[Trial],
    gateway: Simulator,
    crew: "Crew",
    redis: RedisServer,
    is_over: Callable[[], bool],
    stop: threading.Event,
) -> int:
    """Keep workers alive and let incidents happen when their fault strikes; answers how many did."""
    waiting = {trial.key: trial.mishap.incident for trial in script if trial.mishap.incident}
    happened = 0
    while not is_over():
        if stop.wait(TICK_S):
            raise Interrupted
        crew.keep_alive()
        for key in _struck(gateway) & waiting.keys():
            _happen(waiting.pop(key), crew, redis)
            happened += 1
    return happened


def _struck(gateway: Simulator) -> set[str]:
    """The titles of the campaigns that a fault has befallen."""
    return {arrival.fields.get("c_title", "").partition(" [")[0] for arrival in gateway.truth.arrivals if arrival.fault}


def _happen(incident: Incident | None, crew: "Crew", redis: RedisServer) -> None:
    match incident:
        case Incident.KILL_WORKERS:
            crew.kill()
        case Incident.RESTART_REDIS:
            redis.kill()
            time.sleep(REDIS_AWAY_S)
            redis.start()


class Crew:
    """The worker processes of a system, each in a session of its own. What ends by itself is started again."""

    def __init__(self, system: System, environment: Mapping[str, str], log: Path) -> None:
        self._system = system
        self._environment = environment
        self._log = log
        self._workers: list[subprocess.Popen[bytes] | None] = [None] * len(system.workers)
        self._start_at = 0.0

    def keep_alive(self) -> None:
        """Start those that are not running, soon."""
        now = time.monotonic()
        for place, worker in enumerate(self._workers):
            if worker is not None and worker.poll() is not None:
                kill_session(worker)  # its children, if it left any
                self._workers[place], self._start_at = None, now + RESTART_AFTER_S
            elif worker is None and now >= self._start_at:
                command = [self._system.python, *self._system.workers[place]]
                self._workers[place] = _start(command, self._environment, self._log)

    def kill(self) -> None:
        """SIGKILL to all of them and to their children, at once."""
        for worker in self._workers:
            if worker is not None:
                kill_session(worker)

    def __enter__(self) -> "Crew":
        self.keep_alive()
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()


def kill_session(process: subprocess.Popen[bytes]) -> None:
    """SIGKILL to a process that we started and to all that came of it.

    By session and not by process group: RQ gives the child that runs a job a group of its own, and it would live on.
    """
    process.kill()
    while pids := _members(process.pid):
        for pid in pids:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        process.poll()  # until it is waited for, it is still a member
        time.sleep(0.001)
    process.wait()


def _members(session: int) -> list[int]:
    """The living processes of a session, from Linux's /proc: after the name come state, parent, group, session."""
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            state, _, _, sid = stat.read_text().rpartition(")")[2].split()[:4]
            if int(sid) == session and state != "Z":
                found.append(int(stat.parent.name))
    return found


@contextmanager
def _ended(process: subprocess.Popen[bytes]) -> Iterator[None]:
    """In the end the process is gone, however that comes; raises RuntimeError if it failed."""
    try:
        yield
    finally:
        kill_session(process)
    if process.returncode:
        raise RuntimeError(f"{process.args!r} ended with {process.returncode}")


def _errand(system: System, *words: object) -> list[str]:
    return [system.python, "-m", system.errands, *map(str, words)]


def _start(command: Sequence[str], environment: Mapping[str, str], log: Path) -> subprocess.Popen[bytes]:
    with log.open("ab") as output:
        return subprocess.Popen(
            command,
            cwd=ROOT,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
