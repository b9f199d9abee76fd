"""Telling a webhook what it has not been told: in order as long as all goes well, and each event until it is taken.

An event that is not taken waits for its own next try, and the others go on. A receiver that takes nothing gets a rest:
then nothing is tried, so that an outage of hours costs no event its tries.
"""

import heapq
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

import structlog
from redis import Redis
from redis.exceptions import RedisError

from jobs.campaigns.desk import Desk
from jobs.ledger import bookmarks, events, subscriptions
from jobs.ledger.bookmarks import Bookmark, End, Step, Took, Verdict
from jobs.ledger.events import Event, Place, instant_of, order_of, stream_of
from jobs.ledger.keys import Events
from jobs.ledger.submissions import new_token
from jobs.ledger.subscriptions import Subscription
from jobs.ledger.texts import Texts
from jobs.webhooks.documents import tell
from jobs.webhooks.post import Answer, post

WAITS = tuple(timedelta(seconds=seconds) for seconds in (5, 300, 1_800, 7_200, 18_000, 36_000, 50_400))
"""Before each further try of an event; after the last, some 32 hours on, it is given up, and a person may have it told
again. As Standard Webhooks recommends."""

REST_AFTER = 3
"""So many failures in a row say that it is the receiver, and not the event."""
REST_FIRST = timedelta(seconds=10)
REST_MOST = timedelta(minutes=5)

TURN = timedelta(seconds=5)
"""No further event is begun after so long: behind it wait polls."""
LEASE = timedelta(minutes=1)
"""Longer than a turn with its last POST, also where looking up the receiver's name takes its time."""

A_STEP = 50

log = structlog.get_logger(__name__)


class Delivered(StrEnum):
    """What came of a turn."""

    TOLD = "told"
    """Everything there was, or as much as the turn allowed."""
    RESTS = "rests"
    """The receiver takes nothing, and is left alone for a while."""
    TAKEN_ELSEWHERE = "taken_elsewhere"
    """Somebody else tells it just now."""
    OVERTAKEN = "overtaken"
    """A person has it told from elsewhere, or has removed it; or this turn took so long that there is another."""
    OFF = "off"
    """It is switched off, or there is no such webhook."""


@dataclass(frozen=True, slots=True)
class Telling:
    """An event that is to be told, how often that was tried in vain, and whether it is new or repeated."""

    event: Event
    tries: int
    is_new: bool


def deliver(desk: Desk, name: str) -> Delivered:
    """Take a turn at telling one webhook."""
    webhook = subscriptions.read(desk.redis, name)
    if webhook is None:
        bookmarks.unknown(desk.redis, name, now=desk.clock())
        return Delivered.OFF
    holder = new_token()
    took = bookmarks.take_turn(desk.redis, webhook, holder, now=desk.clock(), lease=LEASE)
    if took is Took.ELSEWHERE:
        return Delivered.TAKEN_ELSEWHERE
    try:
        return _turn(desk, webhook, holder) if took is Took.TURN else Delivered.OFF
    finally:
        bookmarks.end_turn(desk.redis, webhook, holder, now=desk.clock())


def judge(telling: Telling, answer: Answer, *, failures: int, now: datetime) -> Verdict:
    """What an answer means for an event, after so many failures in a row."""
    if answer.is_taken:
        return Verdict(End.TAKEN, now, answer.words)
    if answer.is_gone:
        return Verdict(End.GONE, now, answer.words)
    again_at = now + WAITS[telling.tries] if telling.tries < len(WAITS) else None
    return Verdict(
        End.AGAIN if again_at else End.GIVEN_UP,
        now,
        answer.words,
        tries=telling.tries + 1,
        again_at=again_at,
        failures=failures + 1,
        rests_until=_rests_until(failures + 1, now),
    )


def _rests_until(failures: int, now: datetime) -> datetime | None:
    if failures < REST_AFTER:
        return None
    rest: timedelta = REST_FIRST * 2 ** min(failures - REST_AFTER, 10)
    return now + min(rest, REST_MOST)


def _turn(desk: Desk, webhook: Subscription, holder: str) -> Delivered:
    bookmark, now = bookmarks.read(desk.redis, webhook), desk.clock()
    if bookmark.rests_until and bookmark.rests_until > now:
        return Delivered.RESTS
    turn, came_to = _Turn(desk, webhook, holder, bookmark, now + TURN), None
    while came_to is None:
        came_to = turn.round()
    return came_to


class _Turn:
    """One turn: the lease that it holds, and how far the webhook is."""

    def __init__(self, desk: Desk, webhook: Subscription, holder: str, bookmark: Bookmark, ends_at: datetime) -> None:
        self._desk = desk
        self._webhook = webhook
        self._holder = holder
        self._ends_at = ends_at
        self._failures = bookmark.failures
        self._ways = {stream: _Way(stream, place) for stream, place in bookmark.places.items()}
        self._texts = Texts(desk.redis)

    def round(self) -> Delivered | None:
        """Tell what there is at its beginning; None if there may be more by now."""
        ends, was_any = events.ends(self._desk.redis, self._ways), False
        for telling in self._to_tell(ends):
            if self._desk.clock() >= self._ends_at or self._desk.is_ending():
                return Delivered.TOLD
            was_any = True
            if came_to := self._tell(telling):
                return came_to
        for stream, end in ends.items():
            if not self._pass_over(stream, end):
                return Delivered.OVERTAKEN
        return None if was_any else Delivered.TOLD

    def _to_tell(self, ends: Mapping[Events, Place]) -> Iterator[Telling]:
        """What failed before and is due, then what is new, in the order in which it happened."""
        redis, now = self._desk.redis, self._desk.clock()
        again = bookmarks.due_again(redis, self._webhook, now=now, most=A_STEP)
        for event_id, tries in zip(again, bookmarks.tries(redis, self._webhook, again), strict=True):
            if event := events.one(redis, event_id):
                yield Telling(event, tries, is_new=False)
            else:
                self._lose(event_id)
        new = (self._new(self._ways[stream], end) for stream, end in ends.items())
        yield from heapq.merge(*new, key=lambda telling: telling.event.order)

    def _new(self, way: "_Way", end: Place) -> Iterator[Telling]:
        redis, place = self._desk.redis, way.place.entry
        while found := events.after(redis, way.stream, place, until=end.entry, most=A_STEP):
            wanted = [each.id for each in found if self._webhook.wants(each)]
            tries = dict(zip(wanted, bookmarks.tries(redis, self._webhook, wanted), strict=True))
            for event in found:
                way.see(redis, event)
                if event.id in tries:
                    yield Telling(event, tries[event.id], is_new=True)
            place = found[-1].place.entry

    def _tell(self, telling: Telling) -> Delivered | None:
        event, answer = telling.event, self._answer(telling.event)
        verdict = judge(telling, answer, failures=self._failures, now=self._desk.clock())
        moves = telling.is_new and verdict.end is not End.GONE  # who is switched on again is told this first
        step = self._ways[stream_of(event.id)].step_to(event.place) if moves else None
        goes_on = self._note(verdict, event.id, step)
        self._failures = verdict.failures
        if verdict.end is End.GONE:
            log.error("webhook_switched_off", webhook=self._webhook.name, answer=answer.words)
            return Delivered.OFF
        if verdict.end is not End.TAKEN:
            self._log_failure(event, verdict)
        if not goes_on:
            return Delivered.OVERTAKEN
        return Delivered.RESTS if verdict.rests_until else None

    def _answer(self, event: Event) -> Answer:
        """A fault of ours with this event counts as a failure of its own, and holds up no other."""
        try:
            return post(self._webhook, tell(self._desk.redis, event, self._texts), now=self._desk.clock())
        except RedisError:
            raise
        except Exception:
            log.exception("webhook_event_is_faulty", webhook=self._webhook.name, webhook_event=event.id)
            return Answer(None, "it could not be told, by a fault here that the log tells of")

    def _lose(self, event_id: str) -> None:
        was_purged = events.was_purged(self._desk.redis, event_id)
        if not was_purged:
            self._log_missed(1, instant_of(event_id))
        self._note(Verdict(End.PURGED if was_purged else End.LOST, self._desk.clock()), event_id)

    def _pass_over(self, stream: Events, end: Place) -> bool:
        """Go on to the end of what was looked through; False if the turn may not."""
        way = self._ways[stream]
        way.see_end(self._desk.redis, end, self._desk.clock())
        to = replace(end, entry=max(end.entry, way.place.entry, key=order_of))
        return way.place == to or self._note(Verdict(End.PASSED_OVER, self._desk.clock()), step=way.step_to(to))

    def _note(self, verdict: Verdict, event_id: str = "", step: Step | None = None) -> bool:
        if step and step.missed:
            self._log_missed(step.missed, step.missed_until)
        redis = self._desk.redis
        goes_on = bookmarks.note(redis, self._webhook, self._holder, verdict, event_id=event_id, step=step)
        if step and goes_on:
            self._ways[step.stream].go(step)
        return goes_on

    def _log_failure(self, event: Event, verdict: Verdict) -> None:
        log.warning(
            "webhook_event_given_up" if verdict.end is End.GIVEN_UP else "webhook_event_not_taken",
            webhook=self._webhook.name,
            webhook_event=event.id,
            answer=verdict.answer,
            tries=verdict.tries,
        )

    def _log_missed(self, count: int, until: datetime | None) -> None:
        said = until.isoformat() if until else None
        log.error("webhook_missed_events", webhook=self._webhook.name, events=count, until=said)


class _Way:
    """How far a turn has come in one stream, and what it found missing since it last noted that."""

    def __init__(self, stream: Events, place: Place) -> None:
        self.stream = stream
        self.place = place
        self._seen = place.number
        self._missed = 0
        self._missed_until: datetime | None = None

    def see(self, redis: Redis, event: Event) -> None:
        """This one is next."""
        self._count_lost(redis, event.number, event.at)
        self._seen = max(self._seen, event.number)

    def see_end(self, redis: Redis, end: Place, now: datetime) -> None:
        """There is none up to here any more."""
        self._count_lost(redis, end.number + 1, now)
        self._seen = max(self._seen, end.number)

    def _count_lost(self, redis: Redis, number: int, at: datetime) -> None:
        if lost := events.lost_between(redis, self.stream, self._seen, number):
            self._missed += lost
            self._missed_until = at

    def step_to(self, place: Place) -> Step:
        """From where the bookmark was."""
        return Step(self.stream, self.place, place, self._missed, self._missed_until)

    def go(self, step: Step) -> None:
        """That step is noted."""
        self.place = step.to
        self._missed, self._missed_until = 0, None
