"""One request on one fresh connection, with one deadline that holds however slowly the other side drips.

A connection reports to its `Flight` when DNS, TCP and TLS are done and not a byte of the request has left; from then on
every wait ends at the deadline.
"""

import io
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from time import monotonic
from typing import Any, cast

from urllib3.connection import HTTPConnection, HTTPSConnection


@dataclass(frozen=True, slots=True)
class Timeouts:
    """How long a request may take: to connect (each address), between two bytes of the answer, and altogether.

    No first byte leaves after `deadline_s`, and nothing is awaited beyond it. Only looking up the host's name and
    connecting, before anything has left, can take longer: the name is the system resolver's, at its own pace.
    """

    connect_s: float = 5
    read_s: float = 20
    deadline_s: float = 22


class Leg(StrEnum):
    """How far a request is that may have left."""

    SENDING = "sending"
    """Its first byte may have left, its last may have not."""
    WAITING = "waiting"
    """It left whole; no answer had come."""
    READING = "reading"
    """The answer had begun."""


class KeptBack(Exception):
    """The request must not leave. Of no kind that urllib3 would translate."""


class Flight:
    """One request on its way: how far it is, and how long it still has."""

    def __init__(self, timeouts: Timeouts, before_send: Callable[[], None] = lambda: None) -> None:
        self.timeouts = timeouts
        self.leg: Leg | None = None
        """None while nothing can have left."""
        self.objection: Exception | None = None
        self._before_send = before_send
        self._deadline = monotonic() + timeouts.deadline_s

    def take_off(self, sock: Any) -> "_Socket":
        """The connected socket, guarded, for a request that may leave now; raises `KeptBack` when it may not."""
        try:
            self._before_send()
        except Exception as objection:
            self.objection = objection
        if self.leg or self.objection or self.seconds_left() <= 0:
            raise KeptBack("held back at the last moment")
        self.leg = Leg.SENDING
        return _Socket(sock, self)

    def seconds_left(self) -> float:
        """Until the deadline; less than nothing after it."""
        return self._deadline - monotonic()

    def limit(self, sock: Any) -> None:
        """Let the socket's next wait end at the deadline at the latest."""
        left = self.seconds_left()
        if left <= 0:
            raise TimeoutError
        sock.settimeout(min(left, self.timeouts.read_s))


class _Socket:
    """A connected socket with a flight's limits: as much of a socket's face as http.client and urllib3 look at."""

    def __init__(self, sock: Any, flight: Flight) -> None:
        self._sock = sock
        self._flight = flight

    def sendall(self, data: bytes) -> None:
        rest = memoryview(data)
        while rest:
            self._flight.limit(self._sock)
            rest = rest[self._sock.send(rest) :]

    def makefile(self, _mode: str) -> io.BufferedReader:
        self._flight.leg = Leg.WAITING
        return io.BufferedReader(_Reader(self._sock, self._flight))

    def settimeout(self, _seconds: float | None) -> None:
        """The flight sets the limits, not those who ride on it."""

    def close(self) -> None:
        self._sock.close()


class _Reader(io.RawIOBase):
    """What comes in on a flight's socket; keeps the socket open until it is closed itself, as a socket's file does."""

    def __init__(self, sock: Any, flight: Flight) -> None:
        super().__init__()
        self._sock = sock
        self._flight = flight
        self._file = sock.makefile("rb", buffering=0)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        self._flight.limit(self._sock)
        return cast("int | None", self._file.readinto(buffer))

    def close(self) -> None:
        self._file.close()
        super().close()


class Connection(HTTPConnection):
    """A connection that asks its flight for permission once it stands."""

    def __init__(self, *args: Any, flight: Flight, **options: Any) -> None:
        super().__init__(*args, **options)
        self._flight = flight

    def connect(self) -> None:
        super().connect()
        self.sock = self._flight.take_off(self.sock)


class TLSConnection(Connection, HTTPSConnection):
    """The same; here standing includes a verified TLS handshake."""
