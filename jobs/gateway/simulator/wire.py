"""One request's way back to its client, straight or crooked."""

import contextlib
import select
import socket
import struct
import threading
from http.server import BaseHTTPRequestHandler
from typing import Protocol

from jobs.gateway.simulator.spelling import Spelt

_RESET_ON_CLOSE = struct.pack("ii", 1, 0)  # SO_LINGER: on, for 0 seconds
_PARTING_S = 0.5


def part(connection: socket.socket) -> None:
    """Close a connection, so that a client that is still sending can read what it was told; or reset it."""
    with contextlib.suppress(OSError):
        if connection.getsockopt(socket.SOL_SOCKET, socket.SO_LINGER, len(_RESET_ON_CLOSE)) != _RESET_ON_CLOSE:
            connection.shutdown(socket.SHUT_WR)
            connection.settimeout(_PARTING_S)
            while connection.recv(65536):
                pass
    connection.close()


class Door(Protocol):
    """What a wire needs of the server it belongs to."""

    closing: threading.Event

    def shut_door(self, seconds: float, but: socket.socket | None = None) -> None:
        """Refuse connections for this long, and hang up on all `but` one."""


class Wire:
    """Answers one request. All times are real."""

    def __init__(self, handler: BaseHTTPRequestHandler, door: Door) -> None:
        self._handler = handler
        self._door = door

    def send(self, spelt: Spelt) -> None:
        """The answer as it should be."""
        self._head(spelt)
        self._handler.wfile.write(spelt.body)

    def send_half(self, spelt: Spelt) -> None:
        """The head promises all, half comes."""
        self._head(spelt)
        self._handler.wfile.write(spelt.body[: len(spelt.body) // 2])
        self._handler.close_connection = True

    def drip(self, spelt: Spelt, over_s: float) -> None:
        """The head at once, then the body a byte at a time."""
        self._head(spelt)
        for place in range(len(spelt.body)):
            self._handler.wfile.write(spelt.body[place : place + 1])
            self._handler.wfile.flush()
            if self.wait(over_s / len(spelt.body)):
                break

    def reset(self) -> None:
        """End with a TCP reset in place of an answer."""
        self._handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)
        self._handler.close_connection = True

    def hold(self) -> None:
        """Say nothing until the client hangs up."""
        self._handler.close_connection = True
        while not self.wait(0.02) and not self._is_hung_up():
            pass

    def shut_door(self, seconds: float) -> None:
        """Refuse connections for this long, and hang up on all others."""
        self._door.shut_door(seconds, self._handler.connection)

    def wait(self, seconds: float) -> bool:
        """Let time pass; true if the server closes meanwhile."""
        return self._door.closing.wait(seconds)

    def _is_hung_up(self) -> bool:
        readable, _, _ = select.select([self._handler.connection], [], [], 0)
        return bool(readable) and not self._handler.connection.recv(1, socket.MSG_PEEK)

    def _head(self, spelt: Spelt) -> None:
        self._handler.send_response(spelt.status)
        self._handler.send_header("Content-Type", spelt.content_type)
        self._handler.send_header("Content-Length", str(len(spelt.body)))
        self._handler.end_headers()
