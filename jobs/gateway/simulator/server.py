"""The HTTP side: a thread per connection, kept alive, with a hand on the socket for faults."""

import contextlib
import select
import socket
import socketserver
import struct
import sys
import threading
import time
from collections.abc import Callable
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler
from typing import Any

from jobs.gateway.simulator.spelling import Spelt

LARGEST_BODY = 4_000_000
_RESET_ON_CLOSE = struct.pack("ii", 1, 0)  # SO_LINGER: on, for 0 seconds


class Wire:
    """One request's way back to its client, straight or crooked."""

    def __init__(self, handler: "Handler") -> None:
        self._handler = handler

    def send(self, spelt: Spelt) -> None:
        self._head(spelt)
        self._handler.wfile.write(spelt.body)

    def send_half(self, spelt: Spelt) -> None:
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
        self._handler.server.resets.add(self._handler.connection)
        self._handler.close_connection = True

    def hold(self) -> None:
        """Say nothing until the client hangs up."""
        self._handler.close_connection = True
        while not self.wait(0.02) and not self._is_hung_up():
            pass

    def wait(self, seconds: float) -> bool:
        """Let real time pass; true if the server closes meanwhile."""
        return self._handler.server.closing.wait(seconds)

    def _is_hung_up(self) -> bool:
        readable, _, _ = select.select([self._handler.connection], [], [], 0)
        return bool(readable) and not self._handler.connection.recv(1, socket.MSG_PEEK)

    def _head(self, spelt: Spelt) -> None:
        self._handler.send_response(spelt.status)
        self._handler.send_header("Content-Type", spelt.content_type)
        self._handler.send_header("Content-Length", str(len(spelt.body)))
        self._handler.end_headers()


Serve = Callable[[str, str, bytes, Wire], None]
"""Takes the method, the target and the body of a request, and answers on the wire."""


class Handler(BaseHTTPRequestHandler):
    """Reads requests; what they mean is for the server's `serve`."""

    protocol_version = "HTTP/1.1"
    server_version = "GatewaySimulator"
    disable_nagle_algorithm = True
    wbufsize = -1
    server: "Server"

    def do_GET(self) -> None:
        self._serve()

    do_POST = do_DELETE = do_GET  # noqa: N815 -- http.server finds methods by these names

    def _serve(self) -> None:
        length = self.headers.get("Content-Length", "0")
        if not length.isdigit() or int(length) > LARGEST_BODY or "Transfer-Encoding" in self.headers:
            self.close_connection = True
            return self.send_error(HTTPStatus.BAD_REQUEST, "a Content-Length of at most 4,000,000 is needed")
        body = self.rfile.read(int(length))
        if len(body) == int(length):
            self.server.serve(self.command, self.path, body, Wire(self))
        else:
            self.close_connection = True
        return None

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 -- the name is http.server's
        """Nothing: the book has it all, and better."""


class Server(socketserver.ThreadingTCPServer):
    """Listens from its creation on; serves once `start` is called."""

    allow_reuse_address = True
    daemon_threads = True
    request_queue_size = 1024

    def __init__(self, host: str, port: int, serve: Serve) -> None:
        self.serve = serve
        self.closing = threading.Event()
        self.resets: set[socket.socket] = set()
        self._connections: set[socket.socket] = set()
        super().__init__((host, port), Handler)
        self._thread = threading.Thread(target=self.serve_forever, args=(0.05,), daemon=True)

    @property
    def port(self) -> int:
        return int(self.socket.getsockname()[1])

    def start(self) -> None:
        self._thread.start()

    def close(self) -> None:
        """Stop listening, hang up on everybody, and wait a little for the threads to notice."""
        self.closing.set()
        self.shutdown()
        self._thread.join()
        self.server_close()
        for connection in tuple(self._connections):
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        deadline = time.monotonic() + 5
        while self._connections and time.monotonic() < deadline:
            time.sleep(0.005)

    def process_request(self, request: Any, client_address: Any) -> None:
        self._connections.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        if request in self.resets:
            self.resets.discard(request)
            self.close_request(request)
        else:
            super().shutdown_request(request)
        self._connections.discard(request)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that hangs up is its own business; anything else is a fault of ours and shown."""
        if not isinstance(sys.exc_info()[1], ConnectionError):
            super().handle_error(request, client_address)
