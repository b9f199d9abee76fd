"""A server of bare sockets, for answers that no decent HTTP server gives."""

import contextlib
import socket
import ssl
import struct
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial

Script = Callable[[socket.socket], None]
"""What is done with a connection; it is closed afterwards."""


@dataclass
class RawServer:
    """Where it listens, and what came in: the bytes of each connection, in the order of their arrival."""

    port: int
    received: list[bytearray] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/gateway/vmb.php"

    @property
    def tls_url(self) -> str:
        return f"https://localhost:{self.port}/gateway/vmb.php"


@contextmanager
def raw_server(script: Script, *, tls: ssl.SSLContext | None = None, reads: bool = True) -> Iterator[RawServer]:
    """Serve every connection by reading the whole request, unless told not to, then following the script."""
    with socket.create_server(("127.0.0.1", 0), backlog=64) as listener:
        server = RawServer(listener.getsockname()[1])
        listener.settimeout(0.02)
        closing = threading.Event()
        serve = partial(_serve, script=script, tls=tls, reads=reads)
        thread = threading.Thread(target=_accept, args=(listener, server, serve, closing))
        thread.start()
        try:
            yield server
        finally:
            closing.set()
            thread.join()


def _accept(
    listener: socket.socket,
    server: RawServer,
    serve: Callable[[socket.socket, bytearray], None],
    closing: threading.Event,
) -> None:
    threads = []
    while not closing.is_set():
        with contextlib.suppress(TimeoutError):
            connection, _ = listener.accept()
            server.received.append(bytearray())
            threads.append(threading.Thread(target=serve, args=(connection, server.received[-1])))
            threads[-1].start()
    for thread in threads:
        thread.join()


def _serve(
    connection: socket.socket, received: bytearray, *, script: Script, tls: ssl.SSLContext | None, reads: bool
) -> None:
    connection.settimeout(60)
    with contextlib.suppress(OSError):
        if tls:
            connection = tls.wrap_socket(connection, server_side=True)
        if not reads or _read_request(connection, received):
            script(connection)
    connection.close()


def _read_request(connection: socket.socket, received: bytearray) -> bool:
    """Read until the body is as long as its header says; False when the client hung up before."""
    while b"\r\n\r\n" not in received or len(received) < _length(received):
        part = connection.recv(65536)
        if not part:
            return False
        received += part
    return True


def _length(received: bytes | bytearray) -> int:
    head, _, _ = bytes(received).partition(b"\r\n\r\n")
    lines = dict(line.lower().split(b": ", 1) for line in head.split(b"\r\n")[1:])
    return len(head) + 4 + int(lines.get(b"content-length", 0))


def say(*parts: bytes) -> Script:
    """Send this and hang up."""
    return lambda connection: connection.sendall(b"".join(parts))


def http(body: bytes, status: str = "200 OK", *, length: int | None = None, headers: Iterable[str] = ()) -> bytes:
    """A response with a Content-Length, a wrong one if so wished."""
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body) if length is None else length}", *headers]
    return "\r\n".join([*lines, "", ""]).encode() + body


def drip(text: bytes, *, first: bytes = b"", every_s: float = 0.05) -> Script:
    """Send a byte now and a byte then, until all is sent or the client hangs up."""

    def script(connection: socket.socket) -> None:
        connection.sendall(first)
        for byte in text:
            connection.sendall(bytes([byte]))
            time.sleep(every_s)

    return script


def reset(connection: socket.socket) -> None:
    """End with a TCP reset."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def hold(connection: socket.socket) -> None:
    """Say nothing until the client hangs up."""
    connection.recv(1)
