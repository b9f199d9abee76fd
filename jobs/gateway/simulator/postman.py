"""Carries call records to `c_dispo_url` as the calls are made, and comes back until it hears `OK`.

One thread watches the sessions, a few carry. All waits are real time.
"""

import heapq
import itertools
import random
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from jobs.gateway.simulator.as_text import record_line
from jobs.gateway.simulator.book import Session
from jobs.gateway.simulator.calls import record_of, records_due
from jobs.gateway.simulator.gateway import Gateway
from jobs.gateway.simulator.lines import Lines
from jobs.gateway.simulator.reach import may_reach
from jobs.gateway.simulator.settings import Postbacks

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
    is_extra: bool = field(default=False, compare=False)
    """A second copy: sent once, and not counted as the record itself."""


class Postman:
    """Follows sessions that have a postback URL. Starts no thread before there is one."""

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway
        self._lock = threading.RLock()
        self._something_to_watch = threading.Condition(self._lock)
        self._something_to_carry = threading.Condition(self._lock)
        self._something_sent = threading.Condition(self._lock)
        self._followed: dict[str, int] = {}  # session id -> records seen so far
        self._parcels: list[Parcel] = []
        self._numbers = itertools.count()
        self._under_way = 0
        self._closing = False
        self._threads: list[threading.Thread] = []
        self._random = random.Random(gateway.settings.seed)

    def follow(self, session: Session) -> None:
        """Post this session's records as they come."""
        with self._lock:
            self._followed[session.id] = 0
            if not self._threads:
                self._start(self._watch)
                for _ in range(self._gateway.settings.postbacks.senders):
                    self._start(self._carry)
            self._something_to_watch.notify()

    def wait_for_first(self, session: Session, longest_s: float) -> None:
        """Return once a record of the session was posted, or after `longest_s`."""
        with self._lock:
            self._something_sent.wait_for(lambda: session.postbacks["sent"] or self._closing, longest_s)

    @property
    def waiting(self) -> int:
        """Posts that are not done: due, under way or to be tried again."""
        with self._lock:
            return len(self._parcels) + self._under_way

    def close(self) -> None:
        """Drop what is not posted; a post under way is given its time."""
        with self._lock:
            self._closing = True
            for condition in (self._something_to_watch, self._something_to_carry, self._something_sent):
                condition.notify_all()
        for thread in self._threads:
            thread.join(timeout=self._gateway.settings.postbacks.timeout_s + 1)

    def _start(self, work: Callable[[], None]) -> None:
        thread = threading.Thread(target=work, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _watch(self) -> None:
        while not self._closing:
            with self._lock:
                for session_id in list(self._followed):
                    self._collect(session_id)
                self._something_to_watch.wait(LOOK_EVERY_S if self._followed else None)

    def _collect(self, session_id: str) -> None:
        session, now = self._gateway.book.session(session_id), self._gateway.clock.now()
        if session is None or not self._gateway.settings.postbacks.on:
            return
        is_over, made = session.state(now).is_over, session.timeline.calls_made(now)
        due = records_due(self._gateway, session, now)
        for number in range(self._followed[session_id], due):
            self._post(session, number)
        self._followed[session_id] = due
        if is_over and due == made:
            del self._followed[session_id]

    def _post(self, session: Session, number: int) -> None:
        record = record_of(session, number, self._gateway.settings.seed)
        if record is None:
            return
        dialect, postbacks = self._gateway.dialect_of(session.account), self._gateway.settings.postbacks
        text = record_line(record, dialect, prefixed=dialect.postback_prefix)
        self._put(Parcel(self._due_s(postbacks), next(self._numbers), session, text))
        if self._random.random() < postbacks.duplicated:
            session.postbacks["extra"] += 1
            self._put(Parcel(self._due_s(postbacks), next(self._numbers), session, text, is_extra=True))

    def _due_s(self, postbacks: Postbacks) -> float:
        is_held_back = self._random.random() < postbacks.reordered
        return time.monotonic() + (self._random.uniform(0, postbacks.reordered_s) if is_held_back else 0)

    def _put(self, parcel: Parcel) -> None:
        with self._lock:
            heapq.heappush(self._parcels, parcel)
            self._something_to_carry.notify()

    def _next(self) -> Parcel | None:
        """The next parcel that is due; None when the postman closes."""
        with self._lock:
            while not self._closing:
                wait_s = self._parcels[0].due_s - time.monotonic() if self._parcels else None
                if wait_s is not None and wait_s <= 0:
                    self._under_way += 1
                    return heapq.heappop(self._parcels)
                self._something_to_carry.wait(wait_s)
        return None

    def _carry(self) -> None:
        lines = Lines()
        while parcel := self._next():
            settings, url = self._gateway.settings, parcel.session.postback_url
            may_go = may_reach(url, settings.reach)
            is_confirmed = may_go and lines.post(url, parcel.text, settings.postbacks.timeout_s)
            with self._lock:
                self._under_way -= 1
                parcel.session.postbacks["sent"] += may_go
                self._settle(parcel, settings.postbacks, is_confirmed=is_confirmed, may_go=may_go)
                self._something_sent.notify_all()
        lines.close()

    def _settle(self, parcel: Parcel, postbacks: Postbacks, *, is_confirmed: bool, may_go: bool) -> None:
        if parcel.is_extra:
            return
        if is_confirmed:
            parcel.session.postbacks["confirmed"] += 1
        elif not may_go or 0 < postbacks.attempts <= parcel.attempt:
            parcel.session.postbacks["given_up"] += 1
        else:
            parcel.due_s = time.monotonic() + min(
                postbacks.backoff_s * 2 ** min(parcel.attempt - 1, 20), LONGEST_BACKOFF_S
            )
            parcel.attempt += 1
            self._put(parcel)
