"""Which campaigns there are, kept in this process: what is over is read once, and what is not again and again.

A campaign's status is stored nowhere, so nobody could ask the ledger for those of one status. Law of the room: this is
a list to look up, and never the truth; whatever is shown of a campaign is read anew.
"""

import time
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from operator import attrgetter
from threading import Lock, Thread

import structlog
from redis import Redis

from jobs.ledger import campaigns, newcomers
from jobs.ledger.newcomers import Mark
from jobs.models import CampaignStatus, CampaignView
from jobs.phones import split

MOST = 20_000
"""The newest so many can be looked for; an older one is found by its whole id."""

STEP = 200
"""Campaigns that are read at once."""

FRESH_S = 2.0
"""So old a list is good enough."""
PATIENCE_S = 0.05
FIRST_PATIENCE_S = 10
"""How long whoever asks waits for it to be read again, and to be read at all."""


log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Entry:
    """What can be asked for of a campaign."""

    id: str
    status: CampaignStatus
    created_at: datetime
    words: str
    """Its id, title and key, in small letters."""


class Register:
    """The newest campaigns. One per process; several threads may use it."""

    def __init__(self, redis: Redis, *, most: int = MOST, stopwatch: Callable[[], float] = time.monotonic) -> None:
        self._redis = redis
        self._most = most
        self._stopwatch = stopwatch
        self._lock = Lock()
        self._entries: dict[str, Entry] = {}  # newest first
        self._seen: Mark | None = None
        self._reading: Thread | None = None
        self._read_at_s = -FRESH_S
        self._trouble: type[Exception] | None = None

    def begin(self) -> Thread:
        """Read again what is not over, and what is new, beside whatever else is done; what is under way is enough."""
        with self._lock:
            if self._reading is None or not self._reading.is_alive():
                self._reading = Thread(target=self._refresh, name="register", daemon=True)
                self._reading.start()
            return self._reading

    def find(self, *, status: CampaignStatus | None = None, text: str = "") -> list[str]:
        """The ids of those that are asked for, newest first; whatever was taken up to now is among them."""
        self._freshen()
        with self._lock:
            found = list(self._entries.values())
        sought = text.casefold()
        wanted = found if status is None else [each for each in found if each.status is status]
        return [each.id for each in wanted if sought in each.words]

    def by_status(self) -> Counter[CampaignStatus]:
        """How many there are of each."""
        with self._lock:
            return Counter(map(attrgetter("status"), self._entries.values()))

    def _freshen(self) -> None:
        """Nobody waits long for what others have begun, but the first."""
        is_first = self._seen is None
        if is_first or self._stopwatch() - self._read_at_s >= FRESH_S:
            self.begin().join(FIRST_PATIENCE_S if is_first else PATIENCE_S)
        self._read_new()

    def _refresh(self) -> None:
        try:
            self._read(each.id for each in list(self._entries.values()) if not each.status.is_final)
            self._read_new()
            self._read_at_s = self._stopwatch()
            self._trouble = None
        except Exception as error:  # whoever asks is told by what they ask; the next one reads again
            if self._trouble is not type(error):
                log.info("register_not_read", kind=type(error).__name__)
            self._trouble = type(error)

    def _read_new(self) -> None:
        found = newcomers.look(self._redis, self._seen, most=self._most)
        new = [each for each in found.ids if each not in self._entries]
        self._read(new)
        with self._lock:
            if found.is_all:
                self._entries = {each: self._entries[each] for each in found.ids if each in self._entries}
            elif new:  # some of them late
                newest_first = sorted(self._entries.values(), key=attrgetter("created_at", "id"), reverse=True)
                self._entries = {each.id: each for each in newest_first[: self._most]}
            self._seen = found.mark

    def _read(self, ids: Iterable[str]) -> None:
        for step in split(ids, STEP):
            found = list(map(_entry, campaigns.read_all(self._redis, step)))
            with self._lock:
                self._entries.update((each.id, each) for each in found)


def _entry(campaign: CampaignView) -> Entry:
    words = "\n".join((campaign.id, campaign.terms.title, campaign.key)).casefold()
    return Entry(campaign.id, campaign.status, campaign.created_at, words)
