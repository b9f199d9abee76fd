"""A receiver: a real HTTP server that writes down what it is told, and answers as a test wants."""

import json
import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from standardwebhooks import Webhook as Verifier

from tests.jobs.campaigns.conftest import clock, desk, simulator

__all__ = ["clock", "desk", "simulator"]


class Receiver:
    """What came, in order: ids, documents and headers. `answers` are used up one by one; then it is 204."""

    def __init__(self) -> None:
        self.answers: deque[int] = deque()
        self.came: list[tuple[str, Any]] = []
        self.headers: list[dict[str, str]] = []
        self.bodies: list[bytes] = []
        self.url = ""

    @property
    def ids(self) -> list[str]:
        return [each for each, _ in self.came]

    @property
    def kinds(self) -> list[str]:
        return [document["type"] for _, document in self.came]

    def verify(self, secret: str, number: int = -1) -> Any:
        """Whether the signature is right, as a receiver's own library sees it; raises where it is not."""
        return Verifier(secret).verify(self.bodies[number], self.headers[number])

    def take(self, headers: dict[str, str], body: bytes) -> int:
        answer = self.answers.popleft() if self.answers else 204
        self.headers.append(headers)
        self.bodies.append(body)
        self.came.append((headers["webhook-id"], json.loads(body)))
        return answer


@contextmanager
def serving(receiver: Receiver) -> Iterator[str]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            answer = receiver.take({name.lower(): value for name, value in self.headers.items()}, body)
            self.send_response(answer)
            if answer == 307:
                self.send_header("location", receiver.url)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/told?token=canary"
        finally:
            server.shutdown()
            thread.join()


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    made = Receiver()
    with serving(made) as url:
        made.url = url
        yield made
