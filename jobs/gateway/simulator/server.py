"""The HTTP side: a thread per connection, kept alive, and a door that can be shut."""

import contextlib
import socket
import sys
import threading
import time
import traceback
from collections.abc import Callable
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler
from typing import Any, cast

from jobs.gateway.simulator.request import Request
from jobs.gateway.simulator.wire import Wire, part

LARGEST_BODY = 4_000_000
BACKLOG = 1024
LOOK_EVERY_S = 0.05
CLOSE_WITHIN_S = 5.0
TRY_AGAIN_S = 2.0


Serve = Callable[[Request, Wire], None]
"""Answers a request on the wire."""


class Server:
    """Has its port from its creation on; serves once `start` is called, while its door is open."""

    def __init__(self, host: str, port: int, serve: Serve) -> None:
        self.serve = serve
        self.closing = threading.Event()
        self._lock = threading.Lock()
        self._connections: set[socket.socket] = set()
        self._listener = _bound(host, port)
        self._listener.listen(BACKLOG)
        self._address: tuple[str, int] = self._listener.getsockname()[:2]
        self._shut_until_s = 0.0
        self._thread = threading.Thread(target=self._let_in, daemon=True)

    @property
    def port(self) -> int:
        return self._address[1]

    def start(self) -> None:
        self._thread.start()

    def close(self) -> None:
        """Stop listening, hang up on everybody, and wait a little for the threads to notice."""
        self.closing.set()
        _wake(self._listener)
        self._thread.join()
        self._listener.close()
        deadline_s = time.monotonic() + CLOSE_WITHIN_S
        while self._connections and time.monotonic() < deadline_s:
            self._hang_up(but=None)
            time.sleep(0.005)

    def shut_door(self, seconds: float, but: socket.socket | None = None) -> None:
        """Refuse connections for this long (real time; 0 opens again) and hang up on those there are."""
        with self._lock:
            was_open = not self._shut_until_s
            if was_open and not seconds:
                return
            self._shut_until_s = time.monotonic() + seconds
            if was_open:
                self._listener = _deafened(self._listener)
        if seconds:
            self._hang_up(but)

    def _hang_up(self, but: socket.socket | None) -> None:
        for connection in tuple(self._connections):
            if connection is not but:
                with contextlib.suppress(OSError):
                    connection.shutdown(socket.SHUT_RDWR)

    def _let_in(self) -> None:
        while not self.closing.is_set():
            if self._shut_until_s:
                self._open_in_time()
            else:
                self._let_one_in()

    def _open_in_time(self) -> None:
        self.closing.wait(min(LOOK_EVERY_S, max(0.0, self._shut_until_s - time.monotonic())))
        with self._lock:
            if time.monotonic() >= self._shut_until_s:
                self._open()

    def _open(self) -> None:
        try:
            self._listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            self._listener.listen(BACKLOG)
        except OSError as error:
            self._shut_until_s = time.monotonic() + TRY_AGAIN_S
            trouble = f"the simulator cannot open its door on port {self.port} again: {error.strerror}; it keeps trying"
            print(trouble, file=sys.stderr, flush=True)  # noqa: T201  # whoever runs it must see it
        else:
            self._shut_until_s = 0.0

    def _let_one_in(self) -> None:
        try:
            connection, address = self._listener.accept()
        except OSError:  # nobody came in time, or the door was shut meanwhile
            return
        connection.settimeout(None)
        self._connections.add(connection)
        threading.Thread(target=self._attend, args=(connection, address), daemon=True).start()

    def _attend(self, connection: socket.socket, address: Any) -> None:
        try:
            Handler(connection, address, cast("Any", self))  # it needs no more of a server than ours has
        except ConnectionError:
            pass  # a client that hangs up is its own business
        except Exception:
            traceback.print_exc(file=sys.stderr)
        finally:
            part(connection)
            self._connections.discard(connection)


def _bound(host: str, port: int) -> socket.socket:
    """A socket that has the port by its number, 0 for any: one that the system chose is lost when listening ends."""
    if not port:
        with _bound_as_told(host, 0) as chosen:
            return _bound_as_told(host, chosen.getsockname()[1])
    return _bound_as_told(host, port)


def _bound_as_told(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
    except OSError:
        listener.close()
        raise
    listener.settimeout(LOOK_EVERY_S)
    return listener


def _deafened(listener: socket.socket) -> socket.socket:
    """A socket that keeps the listener's port and does not listen, so that connections are refused.

    Linux ends the listening and leaves the port; whoever has set SO_REUSEADDR, as servers do, could take it all the
    same, unless we have not. Elsewhere the port is free for a moment.
    """
    address = listener.getsockname()[:2]
    try:
        listener.shutdown(socket.SHUT_RDWR)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 0)
    except OSError:
        listener.close()
        return _bound(*address)
    return listener


def _wake(listener: socket.socket) -> None:
    """End a wait in `accept` at once where the system allows it; elsewhere it ends by its timeout."""
    with contextlib.suppress(OSError):
        listener.shutdown(socket.SHUT_RDWR)


class Handler(BaseHTTPRequestHandler):
    """Reads requests; what they mean is for the server's `serve`."""

    protocol_version = "HTTP/1.1"
    server_version = "GatewaySimulator"
    disable_nagle_algorithm = True
    wbufsize = -1

    def do_GET(self) -> None:
        length = self.headers.get("Content-Length", "0")
        if not length.isdecimal() or int(length) > LARGEST_BODY or "Transfer-Encoding" in self.headers:
            self.close_connection = True
            return self.send_error(HTTPStatus.BAD_REQUEST, "a Content-Length of at most 4,000,000 is needed")
        body = self.rfile.read(int(length))
        if len(body) < int(length):
            self.close_connection = True
            return None
        server: Any = self.server
        request = Request(self.command, self.path, self.headers.get("Content-Type", ""), body)
        server.serve(request, Wire(self, server))
        return None

    do_POST = do_DELETE = do_GET  # noqa: N815 -- http.server finds methods by these names

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 -- the name is http.server's
        """Nothing: the book has it all, and better."""
