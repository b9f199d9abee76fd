"""How many campaigns there are of each status, submissions of each state, drops of each end: for those who watch.

A campaign that is over does not change any more, so it is counted once and remembered; what one count costs depends on
what is unfinished, and has a bound. What became of a campaign after its end, a late record or a stray, is seen where
it stands among the unfinished again.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from threading import Lock

from redis import Redis

from jobs.ledger import campaigns, keys
from jobs.ledger.fields import text
from jobs.models import CampaignStatus, CampaignView, DropState, SubmissionState

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
        self._known: dict[str, _Facts] = {}
        self._open: dict[str, None] = {}
        self._all = _NOTHING

    def count(self, redis: Redis) -> Counts:
        """Count. Raises `RedisError`."""
        with self._lock:
            total, unfinished = _index(redis)
            if total < len(self._known):
                self._forget()  # it is another ledger
            waiting = self._open | unfinished
            again = [*islice(waiting, self._most_again)]
            new = self._new(redis) if total > len(self._known) else []
            looked_at = dict.fromkeys([*again, *new])
            self._look(redis, [*looked_at])
            self._open = {each: None for each in waiting if each not in looked_at}
            self._open |= {each: None for each in looked_at if each in unfinished}
            return _counts(self._all, not_yet=max(0, total - len(self._known)))

    def _forget(self) -> None:
        self._known, self._open, self._all = {}, {}, _NOTHING

    def _new(self, redis: Redis) -> list[str]:
        ids = map(text, redis.zrange(keys.CAMPAIGNS, 0, -1))
        return [*islice((each for each in ids if each not in self._known), self._most_new)]

    def _look(self, redis: Redis, ids: Sequence[str]) -> None:
        for start in range(0, len(ids), STEP):
            for view in campaigns.read_all(redis, ids[start : start + STEP]):
                self._note(view)

    def _note(self, view: CampaignView) -> None:
        before, now = self._known.get(view.id, _NOTHING), _facts(view)
        self._known[view.id] = now
        self._all = tuple(total - old + new for total, old, new in zip(self._all, before, now, strict=True))


def _index(redis: Redis) -> tuple[int, dict[str, None]]:
    """How many campaigns there are, and the ids of those not known to be over."""
    with redis.pipeline(transaction=False) as pipeline:
        pipeline.zcard(keys.CAMPAIGNS)
        pipeline.zrange(keys.UNFINISHED, 0, -1)
        total, unfinished = pipeline.execute()
    return int(total), {text(each): None for each in unfinished if each != b"-"}


def _facts(view: CampaignView) -> _Facts:
    statuses = (int(view.status is each) for each in CampaignStatus)
    submissions = (view.submissions.get(each, 0) for each in SubmissionState)
    drops = (view.drops.get(each, 0) for each in DropState)
    return (*statuses, *submissions, *drops)


def _counts(facts: _Facts, *, not_yet: int) -> Counts:
    left = iter(facts)
    return Counts(
        campaigns={each: next(left) for each in CampaignStatus},
        submissions={each: next(left) for each in SubmissionState},
        drops={each: next(left) for each in DropState},
        not_yet=not_yet,
    )
