"""A TLS front for a server that speaks none, with a certificate that it signs itself, as hosted Redis has it."""

import select
import socket
import socketserver
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from tests.certificates import self_signed


@contextmanager
def tls_front(folder: Path, target_port: int) -> Iterator[int]:
    """A loopback port that speaks TLS and passes everything on to `target_port`. Needs the program openssl."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*self_signed(folder, "redis.test"))

    class Relay(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            with (
                suppress(OSError),  # a client that does not trust us, or speaks no TLS, hangs up
                context.wrap_socket(self.request, server_side=True) as client,
                socket.create_connection(("127.0.0.1", target_port)) as target,
            ):
                _pump(client, target)

    class Front(socketserver.ThreadingTCPServer):
        daemon_threads = True

    with Front(("127.0.0.1", 0), Relay) as front:
        threading.Thread(target=front.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        yield front.server_address[1]
        front.shutdown()


def _pump(client: ssl.SSLSocket, target: socket.socket) -> None:
    while True:
        ready = [client] if client.pending() else select.select([client, target], [], [])[0]
        for source in ready:
            data = source.recv(65_536)
            if not data:
                return
            (target if source is client else client).sendall(data)
