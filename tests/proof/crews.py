"""Workers, scheduler and web process of a round, as a process manager keeps them, and the blows that they get."""

import os
import signal
import subprocess
import time
from collections import Counter
from contextlib import suppress
from pathlib import Path
from typing import Self

from tests.end_to_end.stage import Stage, children_of, kill_group
from tests.proof.plan import CREWS, Blow, Strike


class Crews:
    """Supervisors with their workers, a scheduler and a web process; who ends is started again. A context manager: in
    the end all are killed.

    One crew has postbacks sent to the web process, the other asks: what both find out must be one.
    """

    def __init__(self, stage: Stage, **env: str) -> None:
        self._stage = stage
        self._env = env
        self._leaders: list[subprocess.Popen[bytes]] = []
        self._frozen: list[tuple[float, int]] = []
        """When to let go on (monotonic), and whom: a file descriptor, because a process id may be somebody else's."""
        self._redis_thaws_s = 0.0
        self.struck: Counter[Blow] = Counter()
        self.killed_processes = 0

    def __enter__(self) -> Self:
        self._leaders = [self._start_worker(place) for place in range(CREWS)]
        self._scheduler = self._stage.start_scheduler(**self._env)
        self._web = self._stage.start_web(**self._env)
        return self

    def __exit__(self, *_: object) -> None:
        self.end()

    def end(self) -> None:
        """SIGKILL to everybody who was ever started; nobody is started any more."""
        self._thaw(until_s=float("inf"))
        for worker in self._stage.workers:
            kill_group(worker)

    @property
    def are_thawed(self) -> bool:
        """Whether nobody is frozen."""
        return not self._frozen and not self._redis_thaws_s

    def keep_alive(self) -> None:
        """Start who has ended, and let go on who was frozen for long enough."""
        self._thaw(until_s=time.monotonic())
        for place, leader in enumerate(self._leaders):
            if leader.poll() is not None:
                self._leaders[place] = self._start_worker(place)
        if self._scheduler.poll() is not None:
            self._scheduler = self._stage.start_scheduler(**self._env)
        if self._web.poll() is not None:
            self._web = self._stage.start_web(**self._env)

    def _start_worker(self, place: int) -> subprocess.Popen[bytes]:
        postbacks = {} if place else {"PUBLIC_URL": self._stage.web_url}
        return self._stage.start_worker(**self._env, **postbacks)

    def strike(self, strike: Strike) -> None:
        """Deal a blow. Who is not there, because the last one was so short ago, gets none, and none is counted."""
        if self._deal(strike):
            self.struck[strike.blow] += 1

    def _deal(self, strike: Strike) -> bool:
        match strike.blow:
            case Blow.KILL_REDIS:
                self._kill_redis(strike.lasts_s)
            case Blow.FREEZE_REDIS:
                self._stage.redis_server.freeze()
                self._redis_thaws_s = time.monotonic() + strike.lasts_s
            case Blow.KILL_SCHEDULER:
                self._kill(self._scheduler.pid)
                self._scheduler.wait()
            case Blow.KILL_WEB:
                self._kill(self._web.pid)
                self._web.wait()
            case Blow.KILL_WORKER | Blow.FREEZE_WORKER:
                return self._hit_a_worker(strike)
            case _:
                return self._hit_a_machine(strike, self._leaders[strike.crew])
        return True

    def _hit_a_machine(self, strike: Strike, leader: subprocess.Popen[bytes]) -> bool:
        if leader.poll() is not None:
            return False
        match strike.blow:
            case Blow.KILL_MACHINE:
                self.killed_processes += 1 + len(_children(leader))
                kill_group(leader)
                self._stage.workers.remove(leader)
            case Blow.KILL_SUPERVISOR:
                self._kill(leader.pid)
                leader.wait()
            case Blow.FREEZE_MACHINE:
                self._freeze([leader.pid, *_children(leader)], strike.lasts_s)
        return True

    def _hit_a_worker(self, strike: Strike) -> bool:
        """Of the crew that is meant, or of another one if that has none at the moment."""
        crews = [*self._leaders[strike.crew :], *self._leaders[: strike.crew]]
        found = ([pid for pid in _children(leader) if _serves(pid, strike.queue)] for leader in crews)
        pids = next(filter(None, found), [])
        if strike.blow is Blow.FREEZE_WORKER:
            self._freeze(pids, strike.lasts_s)
        else:
            for pid in pids:
                self._kill(pid)
        return bool(pids)

    def _kill_redis(self, away_s: float) -> None:
        self.killed_processes += 1
        self._redis_thaws_s = 0
        self._stage.redis_server.kill()
        time.sleep(away_s)
        self._stage.redis_server.start()

    def _kill(self, pid: int) -> None:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
        self.killed_processes += 1

    def _freeze(self, pids: list[int], lasts_s: float) -> None:
        for pid in pids:
            with suppress(ProcessLookupError):
                descriptor = os.pidfd_open(pid)
                self._frozen.append((time.monotonic() + lasts_s, descriptor))
                signal.pidfd_send_signal(descriptor, signal.SIGSTOP)

    def _thaw(self, *, until_s: float) -> None:
        for thaws_s, descriptor in [each for each in self._frozen if each[0] <= until_s]:
            with suppress(ProcessLookupError):
                signal.pidfd_send_signal(descriptor, signal.SIGCONT)
            os.close(descriptor)
            self._frozen.remove((thaws_s, descriptor))
        if self._redis_thaws_s and self._redis_thaws_s <= until_s:
            self._stage.redis_server.thaw()
            self._redis_thaws_s = 0


def _children(leader: subprocess.Popen[bytes]) -> list[int]:
    try:
        return children_of(leader)
    except FileNotFoundError:  # it is gone
        return []


def _serves(pid: int, queue: str) -> bool:
    try:
        return queue.encode() in Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
    except FileNotFoundError:
        return False
