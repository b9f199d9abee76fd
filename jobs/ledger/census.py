"""How many campaigns there are of each status, submissions of each state, drops of each end: for those who watch.

A campaign that is over does not change any more, so it is counted once and remembered; what one count costs depends on
what is unfinished, and has a bound. What became of a campaign after its end, a late record or a stray, is seen where
it stands among the unfinished again.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from threading import Lock

from redis import Redis

from jobs.ledger import campaigns, keys, newcomers
from jobs.ledger.fields import text
from jobs.ledger.newcomers import Mark
from jobs.models import CampaignStatus, CampaignView, DropState, SubmissionState
from jobs.phones import split

STEP = 250
"""Campaigns read in one round trip: about 3 ms of the server's time."""

MOST_NEW = 20_000
"""Campaigns that one count meets for the first time; so many take about three seconds, and only after the start."""

MOST_AGAIN = 500
"""Unfinished campaigns that one count looks at again, those first that were not looked at for longest."""

_Facts = tuple[int, ...]
"""Of one campaign or of all: how many of each status, of each state, of each end, in the order of the enums."""

_NOTHING: _Facts = (0,) * (len(CampaignStatus) + len(SubmissionState) + len(DropState))


@dataclass(frozen=True, slots=True)
class Counts:
    """What was counted."""

    campaigns: Mapping[CampaignStatus, int]
    submissions: Mapping[SubmissionState, int]
    drops: Mapping[DropState, int]
    not_yet: int
    """Campaigns that were not met yet."""


class Census:
    """Counts again and again, and remembers what it has counted. Any thread may ask."""

    def __init__(self, *, most_new: int = MOST_NEW, most_again: int = MOST_AGAIN) -> None:
        self._most_new, self._most_again = most_new, most_again
        self._lock = Lock()
        self._begin()

    def _begin(self) -> None:
        self._book = _Book()
        self._seen: Mark | None = None
        self._new = _Line()
        """Those that were not met yet."""
        self._open = _Line()
        """Those met that were not over, as far as was known."""

    def count(self, redis: Redis) -> Counts:
        """Count. Raises `RedisError`, and the next count makes up for it."""
        with self._lock:
            self._meet(redis)
            unfinished = _unfinished(redis)  # before they are looked at: who ends meanwhile has one more turn
            for line, most in ((self._open, self._most_again), (self._new, self._most_new)):
                turn = line.first(most)
                self._look(redis, turn)
                line.leave(turn)
            self._open.join(each for each in unfinished if each in self._book)
            return _counts(self._book.all, not_yet=len(self._new))

    def _meet(self, redis: Redis) -> None:
        found = newcomers.look(redis, self._seen)
        if found.is_all and self._book.has_others(found.ids):
            self._begin()  # it is another ledger
        self._new.join(each for each in reversed(found.ids) if each not in self._book)
        self._seen = found.mark

    def _look(self, redis: Redis, ids: Sequence[str]) -> None:
        for step in split(ids, STEP):
            for view in campaigns.read_all(redis, step):
                self._book.note(view)


class _Book:
    """What each campaign was when it was looked at last, and all of them together."""

    def __init__(self) -> None:
        self._facts: dict[str, _Facts] = {}
        self.all = _NOTHING

    def __contains__(self, campaign_id: str) -> bool:
        return campaign_id in self._facts

    def has_others(self, ids: Iterable[str]) -> bool:
        """Whether it has campaigns besides these."""
        return not self._facts.keys() <= set(ids)

    def note(self, view: CampaignView) -> None:
        """Put what a campaign is now in the place of what it was."""
        before, now = self._facts.get(view.id, _NOTHING), _facts(view)
        self._facts[view.id] = now
        self.all = tuple(total - old + new for total, old, new in zip(self.all, before, now, strict=True))


class _Line:
    """Campaigns that wait for their turn to be looked at; who is in it already keeps the place."""

    def __init__(self) -> None:
        self._ids: dict[str, None] = {}

    def __len__(self) -> int:
        return len(self._ids)

    def join(self, ids: Iterable[str]) -> None:
        """To the end of it."""
        for each in ids:
            self._ids.setdefault(each)

    def first(self, most: int) -> list[str]:
        """Whoever has waited for longest."""
        return [*islice(self._ids, most)]

    def leave(self, ids: Iterable[str]) -> None:
        """They had their turn."""
        for each in ids:
            del self._ids[each]


def _unfinished(redis: Redis) -> list[str]:
    """The campaigns not known to be over."""
    return [text(each) for each in redis.zrange(keys.UNFINISHED, 0, -1) if each != b"-"]


def _facts(view: CampaignView) -> _Facts:
    statuses = (int(view.status is each) for each in CampaignStatus)
    submissions = (view.submissions.get(each, 0) for each in SubmissionState)
    ended = {**view.drops, DropState.PENDING: view.no_record_yet}
    drops = (ended.get(each, 0) for each in DropState)
    return (*statuses, *submissions, *drops)


def _counts(facts: _Facts, *, not_yet: int) -> Counts:
    left = iter(facts)
    return Counts(
        campaigns={each: next(left) for each in CampaignStatus},
        submissions={each: next(left) for each in SubmissionState},
        drops={each: next(left) for each in DropState},
        not_yet=not_yet,
    )
