"""A receiver: a real HTTP server that writes down what it is told, and answers as a test wants."""

import json
import threading
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from standardwebhooks import Webhook as Verifier

from jobs.campaigns.desk import Desk
from jobs.ledger import bookmarks, due, events, subscriptions
from jobs.ledger.bookmarks import Bookmark
from jobs.ledger.events import Event
from jobs.ledger.keys import Due, Events
from jobs.ledger.subscriptions import Subscription
from jobs.webhooks import receivers
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
        self.meanwhile: Callable[[], object] | None = None
        """What happens once, while it has the next event and has not answered."""

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
        if meanwhile := self.meanwhile:
            self.meanwhile = None
            meanwhile()
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


def added(desk: Desk, receiver: Receiver, *topics: str, name: str = "billing") -> Subscription:
    made = receivers.new(name, receiver.url, topics, now=desk.clock())
    assert subscriptions.add(desk.redis, made)
    return made


def bookmark(desk: Desk, webhook: Subscription) -> Bookmark:
    return bookmarks.read(desk.redis, webhook)


def due_now(desk: Desk) -> bool:
    return due.count(desk.redis, Due.WEBHOOK, by=desk.clock()) > 0


def happened(desk: Desk) -> list[Event]:
    """What became of campaigns and submissions, as far as it is kept."""
    return events.after(desk.redis, Events.WORK, "0-0", most=1000)


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    made = Receiver()
    with serving(made) as url:
        made.url = url
        yield made
