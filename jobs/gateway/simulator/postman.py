"""Carries call records to `c_dispo_url` as the calls are made, and comes back until it hears `OK`."""

import heapq
import http.client
import itertools
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from ipaddress import ip_address
from urllib.parse import SplitResult, urlencode, urlsplit

from jobs.gateway.simulator.book import Session
from jobs.gateway.simulator.gateway import Gateway, record_of
from jobs.gateway.simulator.settings import Postbacks
from jobs.gateway.simulator.spelling import spell_record

LOOK_EVERY_S = 0.02
LONGEST_BACKOFF_S = 60.0


@dataclass(order=True, slots=True)
class Parcel:
    """One record on its way; due at a monotonic time."""

    due_s: float
    number: int
    session: Session = field(compare=False)
    text: str = field(compare=False)
    attempt: int = field(default=1, compare=False)


class Postman:
    """Threads that follow sessions with a postback URL. Starts none before there is something to follow."""

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway
        self._condition = threading.Condition()
        self._followed: dict[str, int] = {}  # session id -> calls seen so far
        self._parcels: list[Parcel] = []
        self._numbers = itertools.count()
        self._under_way = 0
        self._closing = False
        self._threads: list[threading.Thread] = []

    def follow(self, session: Session) -> None:
        with self._condition:
            self._followed[session.id] = 0
            if not self._threads:
                self._start(self._look)
                for _ in range(self._gateway.settings.postbacks.senders):
                    self._start(self._send)
            self._condition.notify_all()

    @property
    def waiting(self) -> int:
        """Records made but not yet confirmed or given up."""
        with self._condition:
            return len(self._parcels) + self._under_way

    def close(self) -> None:
        with self._condition:
            self._closing = True
            self._condition.notify_all()
        for thread in self._threads:
            thread.join(timeout=self._gateway.settings.postbacks.timeout_s + 1)

    def _start(self, work: Callable[[], None]) -> None:
        thread = threading.Thread(target=work, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _look(self) -> None:
        while not self._closing:
            with self._condition:
                for session_id in list(self._followed):
                    self._collect(session_id)
                self._condition.wait(LOOK_EVERY_S if self._followed else None)

    def _collect(self, session_id: str) -> None:
        session = self._gateway.book.session(session_id)
        now = self._gateway.clock.now()
        if session is None or not self._gateway.settings.postbacks.on:
            return
        is_over = session.state(now).is_over
        seen, made = self._followed[session_id], session.timeline.calls_made(now)
        for number in range(seen, made):
            self._post(session, number)
        self._followed[session_id] = made
        if is_over:
            del self._followed[session_id]

    def _post(self, session: Session, number: int) -> None:
        settings = self._gateway.settings
        record = record_of(session, number, settings.seed)
        if record is None:
            return
        text = spell_record(record, settings.dialect, prefixed=settings.dialect.postback_prefix)
        self._put(Parcel(time.monotonic(), next(self._numbers), session, text))

    def _put(self, parcel: Parcel) -> None:
        with self._condition:
            heapq.heappush(self._parcels, parcel)
            self._condition.notify()

    def _next(self) -> Parcel | None:
        """The next parcel that is due; None when the postman closes."""
        with self._condition:
            while not self._closing:
                wait_s = self._parcels[0].due_s - time.monotonic() if self._parcels else None
                if wait_s is not None and wait_s <= 0:
                    self._under_way += 1
                    return heapq.heappop(self._parcels)
                self._condition.wait(wait_s)
        return None

    def _send(self) -> None:
        lines = Lines()
        while parcel := self._next():
            postbacks = self._gateway.settings.postbacks
            may_go = self._gateway.settings.reach == "any" or is_loopback(parcel.session.postback_url)
            is_confirmed = may_go and lines.post(parcel.session.postback_url, parcel.text, postbacks.timeout_s)
            self._book(parcel, postbacks, is_confirmed=is_confirmed, is_last=not may_go)
        lines.close()

    def _book(self, parcel: Parcel, postbacks: Postbacks, *, is_confirmed: bool, is_last: bool) -> None:
        with self._condition:
            self._under_way -= 1
            counts = parcel.session.postbacks
            counts["sent"] += not is_last
            if is_confirmed:
                counts["confirmed"] += 1
            elif is_last or parcel.attempt >= postbacks.attempts:
                counts["given_up"] += 1
            else:
                wait_s = min(postbacks.backoff_s * 2 ** (parcel.attempt - 1), LONGEST_BACKOFF_S)
                parcel.attempt += 1
                parcel.due_s = time.monotonic() + wait_s
                self._put(parcel)


def is_loopback(url: str) -> bool:
    """Whether a URL stays on this machine, judged by its host as written."""
    host = urlsplit(url).hostname or ""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


class Lines:
    """Open connections, one for each host; used by one thread."""

    def __init__(self) -> None:
        self._open: dict[tuple[str, str], http.client.HTTPConnection] = {}

    def post(self, url: str, record: str, timeout_s: float) -> bool:
        """Whether the receiver answered 200 and a body of exactly `OK`."""
        parts = urlsplit(url)
        try:
            return self._try(parts, record, timeout_s)
        except (OSError, http.client.HTTPException, ValueError):
            if connection := self._open.pop((parts.scheme, parts.netloc), None):
                connection.close()
            return False

    def close(self) -> None:
        for connection in self._open.values():
            connection.close()

    def _try(self, parts: SplitResult, record: str, timeout_s: float) -> bool:
        connection = self._connection(parts, timeout_s)
        target = f"{parts.path or '/'}?{parts.query}" if parts.query else parts.path or "/"
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        connection.request("POST", target, urlencode({"var": record}), headers)
        response = connection.getresponse()
        return response.read() == b"OK" and response.status == http.HTTPStatus.OK

    def _connection(self, parts: SplitResult, timeout_s: float) -> http.client.HTTPConnection:
        place = (parts.scheme, parts.netloc)
        if place not in self._open:
            kind = {"http": http.client.HTTPConnection, "https": http.client.HTTPSConnection}.get(parts.scheme)
            if kind is None or not parts.hostname:
                raise ValueError("not an address of the web")
            self._open[place] = kind(parts.hostname, parts.port, timeout=timeout_s)
        return self._open[place]
