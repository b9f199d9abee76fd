"""The one true list: every session that was accepted and every request that arrived.

Law of the room: nothing is ever taken out, and no password is ever put in.
"""

import itertools
import threading
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from types import MappingProxyType

from jobs.gateway.simulator.outcomes import REMOVED, Outcome
from jobs.gateway.simulator.timeline import State, Timeline


@dataclass(slots=True)
class Session:
    """An accepted submission. `phones` have 10 digits and stand in the order received; `outcomes` go with them."""

    id: str
    account: str
    fields: Mapping[str, str]
    audio: str
    phones: tuple[str, ...]
    outcomes: tuple[Outcome, ...]
    likeness: str
    """What it shares with a submission that the gateway takes for a repetition."""
    accepted_at: datetime
    timeline: Timeline
    unlisted: timedelta = timedelta(0)
    """So much later than others it shows in the listing of its day."""
    postbacks: Counter[str] = field(default_factory=Counter)
    """How many posts were `sent`; how many records were `confirmed`, `given_up`, and sent twice as `extra`."""

    @property
    def title(self) -> str:
        return self.fields.get("c_title", "")

    @property
    def postback_url(self) -> str:
        return self.fields.get("c_dispo_url", "")

    def state(self, at: datetime) -> State:
        return self.timeline.state(at)

    def counts(self, at: datetime) -> dict[str, int]:
        """Calls by outcome, and `pending` for those not made by `at`."""
        made = self.outcomes[: self.timeline.calls_made(at)]
        counts = {str(outcome): made.count(outcome) for outcome in Outcome}
        return {"pending": len(self.phones) - len(made)} | {name: count for name, count in counts.items() if count}


@dataclass(slots=True)
class Arrival:
    """A request that arrived, and what became of it. `fields` are without password and phones."""

    number: int
    endpoint: str
    option: str
    fields: Mapping[str, str]
    phone_count: int
    arrived_at: datetime
    arrived_s: float
    """Real time, seconds since the epoch: what to compare other programs' logs with."""
    first_phone: str = field(default="", repr=False)
    session_id: str = ""
    """The session that was accepted, or that the request names."""
    verdict: str = ""
    """`accepted`, `refused`, `answered` or `not_found`; empty while it is under way or if it was never looked at."""
    fault: str = ""
    hints: tuple[str, ...] = ()
    """What a developer should look at in the request itself."""
    answered_s: float | None = None


def without_secrets(fields: Mapping[str, str]) -> Mapping[str, str]:
    """The fields less phones, which are kept apart, and anything that looks like a password."""
    kept = {name: value for name, value in fields.items() if name != "c_phone" and "pass" not in name.lower()}
    return MappingProxyType(kept)


class Book:
    """Safe to use from many threads; hold `lock` to look and then write."""

    def __init__(self) -> None:
        self.lock = threading.RLock()
        self._sessions: dict[str, Session] = {}
        self._arrivals: list[Arrival] = []
        self._ids = _session_ids()

    def new_session_id(self) -> str:
        with self.lock:
            return next(self._ids)

    def accept(self, session: Session) -> None:
        with self.lock:
            self._sessions[session.id] = session

    def session(self, session_id: str) -> Session | None:
        return self._sessions.get(session_id)

    @property
    def sessions(self) -> list[Session]:
        """In the order of their acceptance."""
        with self.lock:
            return list(self._sessions.values())

    def note(self, endpoint: str, option: str, fields: Mapping[str, str], at: datetime) -> Arrival:
        """Write down a request before anything is done about it."""
        phones = fields.get("c_phone", "")
        with self.lock:
            arrival = Arrival(
                number=len(self._arrivals) + 1,
                endpoint=endpoint,
                option=option,
                fields=without_secrets(fields),
                phone_count=phones.count(",") + 1 if phones else 0,
                arrived_at=at,
                arrived_s=time.time(),
                first_phone=phones.partition(",")[0].strip(),
                session_id=fields.get("session_id", ""),
            )
            self._arrivals.append(arrival)
        return arrival

    @property
    def arrivals(self) -> list[Arrival]:
        with self.lock:
            return list(self._arrivals)

    def accepted_phones(self) -> Counter[str]:
        """How often each phone was accepted, over all sessions and within each."""
        return Counter(itertools.chain.from_iterable(session.phones for session in self.sessions))

    def accepted_more_than_once(self) -> dict[str, int]:
        return {phone: times for phone, times in self.accepted_phones().items() if times > 1}

    def rang_more_than_once(self, at: datetime) -> dict[str, int]:
        """Phones that were really called twice or more by `at`."""
        calls: Counter[str] = Counter()
        for session in self.sessions:
            made = session.timeline.calls_made(at)
            ringing = (outcome not in REMOVED for outcome in session.outcomes[:made])
            calls.update(itertools.compress(session.phones, ringing))
        return {phone: times for phone, times in calls.items() if times > 1}


def _session_ids() -> Iterator[str]:
    """Ids above 2^32, never the same twice even over restarts; every fourth has 11 digits, the others 10."""
    first = 5_000_000_000 + int(time.time() * 100) % 4_000_000_000
    for number in itertools.count():
        own = first + number
        yield str(own * 10 + 7 if number % 4 == 3 else own)
