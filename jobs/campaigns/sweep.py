"""Finding what nobody would look at again: unfinished work that stands in no due set, by whatever it got lost.

The ledger alone is asked, never RQ. Law of the room: whatever is not over stands where `DUE_WHILE` says, or the sweep
puts it there. It decides nothing: who looks then finds out what is to be done, and that nothing is, if so it is.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial

import structlog
from redis import Redis

from jobs.campaigns.desk import Timings
from jobs.campaigns.verbs import WANTED_RUN
from jobs.ledger import bookmarks, do_not_dial, due, subscriptions, unfinished
from jobs.ledger.keys import Due
from jobs.models import SubmissionState

DUE_WHILE: Mapping[SubmissionState, Due] = {
    SubmissionState.PLANNED: Due.SEND,
    SubmissionState.CLAIMED: Due.SEND,  # at the end of its lease, for the next sender
    SubmissionState.SENDING: Due.SEND,  # at its deadline, after which it is unknown
    SubmissionState.ACCEPTED: Due.REFRESH,
    SubmissionState.UNKNOWN: Due.SETTLE,  # until only a person or a postback settles it
    SubmissionState.GIVEN_UP: Due.SETTLE,  # for as long as an unknown one; then its campaign is over
}
"""Where a submission stands in each state in which somebody must look at it again."""

OF_SUBMISSIONS = frozenset({*SubmissionState, unfinished.FORMER})

LOOK_FOR = Timings().look_for
"""How long an unknown one, and one of which an earlier attempt may still turn up, stands in the set to settle."""

MOST = 2_000
"""Campaigns that one sweep looks at; the next one begins with the others."""

AGAIN_AFTER = timedelta(seconds=5)
"""A campaign is not looked at more often, however many sweep."""

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Swept:
    """What was forgotten, and is due now: submissions by their state, or `former` where an earlier attempt may still
    turn up; campaigns by what is wanted of them (an intent, an `end` at their end time, or the end of a `stray`);
    accounts whose do-not-dial list the gateway does not know; and webhooks that have something to tell. On a healthy
    ledger it is empty.
    """

    submissions: Mapping[str, int] = field(default_factory=dict)
    requests: Mapping[str, int] = field(default_factory=dict)
    lists: int = 0
    webhooks: int = 0

    @property
    def count(self) -> int:
        """Of everything."""
        return sum(self.submissions.values()) + sum(self.requests.values()) + self.lists + self.webhooks


def sweep(redis: Redis, *, now: datetime, most: int = MOST, look_for: timedelta = LOOK_FOR) -> Swept:
    """Make due what stands nowhere; may be run by anyone, at any time, any number of times at once."""
    submissions, requests = Counter[str](), Counter[str]()
    look = partial(unfinished.look, redis, DUE_WHILE, WANTED_RUN, settled_for=look_for)
    for each in look(now=now, since=now - AGAIN_AFTER, most=most):
        (submissions if each.what in OF_SUBMISSIONS else requests)[each.what] += 1
    swept = Swept(dict(submissions), dict(requests), _sweep_lists(redis, now), _sweep_webhooks(redis, now))
    if swept.count:
        log.warning(
            "forgotten_work_found",
            submissions=swept.submissions,
            requests=swept.requests,
            do_not_dial_lists=swept.lists,
            webhooks=swept.webhooks,
            meaning="it stood in no due set, and is due now; nothing is lost",
        )
    return swept


def _sweep_lists(redis: Redis, now: datetime) -> int:
    behind = [each for each in do_not_dial.accounts(redis) if do_not_dial.read(redis, each).unconfirmed]
    return due.add_missing(redis, Due.DO_NOT_DIAL, behind, now)


def _sweep_webhooks(redis: Redis, now: datetime) -> int:
    nowhere = (each for each in subscriptions.everyone(redis) if not due.stands(redis, Due.WEBHOOK, each.name))
    return sum(bookmarks.stand(redis, each, now=now) for each in nowhere)
