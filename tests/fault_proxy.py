"""A TCP proxy that misbehaves as it is told: between a client and the Redis server or the gateway of a test.

A fault is meant for a request, the bytes that a client sends at once, and befalls that request or its reply. What a
storm does to a connection follows from its seed and the number of the connection, and from nothing else.
"""

import select
import socket
import struct
import threading
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum
from random import Random
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit

_TICK_S = 0.05
"""How soon a connection that waits for nothing in particular notices that the proxy is closed."""


class FaultKind(StrEnum):
    """What happens to a request or its reply."""

    CUT_REQUEST = "cut_request"
    """Its first bytes arrive; then both sides are reset."""
    LOSE_REPLY = "lose_reply"
    """It arrives and is worked on; when the reply comes, both sides are reset and nothing of it is passed on."""
    CUT_REPLY = "cut_reply"
    """The first bytes of the reply are passed on; then both sides are reset."""
    HALF_OPEN = "half_open"
    """Neither it nor anything after it passes, in either direction, and the connection stays open."""
    DELAY = "delay"
    """The reply comes late."""
    DRIP = "drip"
    """The reply comes byte by byte."""
    HOLD = "hold"
    """The reply waits until `release()`."""


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault for the next `times` requests that contain all of `on`."""

    kind: FaultKind
    on: Sequence[bytes] = ()
    times: int = 1
    first_bytes: int = 1
    """How much passes before a cut."""
    seconds: float = 1
    """How long a delay is, or the time between two bytes that drip."""


@dataclass(frozen=True, slots=True)
class Storm:
    """Faults at random: each request meets one with the probability `rate`."""

    seed: int
    rate: float
    kinds: Sequence[FaultKind] = (
        FaultKind.CUT_REQUEST,
        FaultKind.LOSE_REPLY,
        FaultKind.CUT_REPLY,
        FaultKind.DELAY,
        FaultKind.DRIP,
    )
    longest_delay_s: float = 0.5
    longest_drip_s: float = 0.01
    """The longest time between two bytes."""

    def fault(self, random: Random) -> Fault | None:
        """What the next request of a connection meets, by that connection's own randomness."""
        if random.random() >= self.rate:
            return None
        kind = random.choice(self.kinds)
        longest_s = self.longest_drip_s if kind is FaultKind.DRIP else self.longest_delay_s
        return Fault(kind, first_bytes=random.randint(1, 40), seconds=random.uniform(0, longest_s))


class FaultProxy:
    """Listens on a loopback port and passes everything on to `url`'s, until it is told otherwise; a context manager."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self._upstream = (str(parts.hostname), int(parts.port or 0))
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = parts._replace(netloc=f"127.0.0.1:{self._listener.getsockname()[1]}").geturl()
        """The same URL, by way of the proxy."""
        self.happened: Counter[FaultKind] = Counter()
        self._armed: list[Fault] = []
        self._storm: Storm | None = None
        self._lock = threading.Lock()
        self._holds, self._released = threading.Event(), threading.Event()
        self.calmed, self.closed = threading.Event(), threading.Event()
        self._threads = [threading.Thread(target=self._accept, name="fault-proxy", daemon=True)]

    def arm(self, fault: Fault) -> None:
        """Have a fault happen; several wait for their requests side by side."""
        self.calmed.clear()
        if fault.kind is FaultKind.HOLD:
            self._holds.clear()
            self._released.clear()
        with self._lock:
            self._armed += [fault] * fault.times

    def blow(self, storm: Storm) -> None:
        """Begin a storm; connections that are there already keep their numbers."""
        self.calmed.clear()
        self._storm = storm

    def calm(self) -> None:
        """No more faults but those under way; what drips comes at once."""
        self.calmed.set()
        self._storm = None
        with self._lock:
            self._armed.clear()

    def wait_until_it_holds(self, *, patience_s: float = 60) -> None:
        """Until a reply is held, so that the server has done what the client does not know yet."""
        assert self._holds.wait(patience_s), "no reply came to be held"

    def release(self) -> None:
        """Let go what is held."""
        self._released.set()

    def fault_for(self, request: bytes, random_of: Callable[[int], Random]) -> Fault | None:
        """What befalls a request on a connection that has its own randomness for each seed."""
        with self._lock:
            fault = next((each for each in self._armed if all(part in request for part in each.on)), None)
            if fault:
                self._armed.remove(fault)
            elif self._storm:
                fault = self._storm.fault(random_of(self._storm.seed))
            if fault:
                self.happened[fault.kind] += 1
            return fault

    def hold(self) -> None:
        """Wait for `release()`."""
        self._holds.set()
        self._released.wait()

    def __enter__(self) -> Self:
        self._threads[0].start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        self.closed.set()
        self._released.set()
        for thread in self._threads:
            thread.join(timeout=60)
        self._listener.close()

    def _accept(self) -> None:
        self._listener.settimeout(_TICK_S)
        number = 0
        while not self.closed.is_set():
            with suppress(TimeoutError):
                client, _ = self._listener.accept()
                number += 1
                link = threading.Thread(target=self._serve, args=(client, number), name="fault-link", daemon=True)
                self._threads.append(link)
                link.start()

    def _serve(self, client: socket.socket, number: int) -> None:
        with client, suppress(OSError), socket.create_connection(self._upstream, timeout=60) as server:
            _Link(self, client, server, number).run()


class _Link:
    """One connection. A single thread serves both directions, so that it alone closes, and a reset is one."""

    def __init__(self, proxy: FaultProxy, client: socket.socket, server: socket.socket, number: int) -> None:
        self._proxy, self._client, self._server, self._number = proxy, client, server, number
        self._randoms: dict[int, Random] = {}
        self._fault: Fault | None = None
        for sock in (client, server):
            sock.settimeout(30)
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def run(self) -> None:
        """Until one side ends, or a fault does it."""
        while not self._proxy.closed.is_set():
            readable, _, _ = select.select([self._client, self._server], [], [], _TICK_S)
            for sock in readable:
                data = sock.recv(65_536)
                pass_on = self._request if sock is self._client else self._reply
                if not data or not pass_on(data):
                    return

    def _request(self, data: bytes) -> bool:
        """Pass a request on, or what a fault leaves of it; say whether the connection lives."""
        fault = self._proxy.fault_for(data, self._random)
        self._fault = fault or self._fault
        if fault and fault.kind is FaultKind.CUT_REQUEST:
            self._server.sendall(data[: fault.first_bytes])
            return self._reset()
        if fault and fault.kind is FaultKind.HALF_OPEN:
            return self._fall_silent()
        self._server.sendall(data)
        return True

    def _random(self, seed: int) -> Random:
        return self._randoms.setdefault(seed, Random(f"{seed}/{self._number}"))

    def _reply(self, data: bytes) -> bool:
        fault, self._fault = self._fault, None
        match fault.kind if fault else None:
            case FaultKind.LOSE_REPLY:
                return self._reset()
            case FaultKind.CUT_REPLY if fault and fault.first_bytes < len(data):
                self._client.sendall(data[: fault.first_bytes])
                return self._reset()
            case FaultKind.DELAY if fault:
                self._proxy.closed.wait(fault.seconds)
            case FaultKind.DRIP if fault:
                return self._drip(data, fault.seconds)
            case FaultKind.HOLD:
                self._proxy.hold()
        self._client.sendall(data)
        return True

    def _drip(self, data: bytes, apart_s: float) -> bool:
        for place, byte in enumerate(data, start=1):
            self._client.sendall(bytes([byte]))
            if self._proxy.calmed.wait(apart_s):
                self._client.sendall(data[place:])
                return True
            if self._proxy.closed.is_set():
                return False
        return True

    def _fall_silent(self) -> bool:
        self._proxy.closed.wait()
        return False

    def _reset(self) -> bool:
        """A close that throws away what is under way, and tells the other side so at once."""
        for sock in (self._client, self._server):
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            sock.close()
        return False
