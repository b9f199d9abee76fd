"""Telling a webhook what it has not been told: in order as long as all goes well, and each event until it is taken.

An event that is not taken waits for its own next try, and the others go on. A receiver that takes nothing gets a rest:
then nothing is tried, so that an outage of hours costs no event its tries.
"""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from enum import StrEnum

import structlog

from jobs.campaigns.desk import Desk
from jobs.ledger import due, events, webhooks
from jobs.ledger.events import Event, place_of, stream_of
from jobs.ledger.keys import Due, Events
from jobs.ledger.submissions import new_token
from jobs.ledger.webhooks import Progress, Webhook
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
LEASE = timedelta(seconds=30)
"""Longer than a turn with its last POST."""

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
    OFF = "off"
    """It is switched off, or there is no such webhook."""


def deliver(desk: Desk, name: str) -> Delivered:
    """Take a turn at telling one webhook."""
    webhook = webhooks.read(desk.redis, name)
    if webhook is None or webhook.off_since:
        due.remove(desk.redis, Due.WEBHOOK, [name])
        return Delivered.OFF
    holder = new_token()
    if not webhooks.take_turn(desk.redis, name, holder, lease=LEASE):
        return Delivered.TAKEN_ELSEWHERE
    try:
        return _turn(desk, webhook)
    finally:
        webhooks.end_turn(desk.redis, webhook, holder, now=desk.clock())


def _turn(desk: Desk, webhook: Webhook) -> Delivered:
    began_at = desk.clock()
    progress = webhooks.progress(desk.redis, webhook)
    if progress.rests_until and progress.rests_until > began_at:
        return Delivered.RESTS
    for event, is_new in _to_tell(desk, webhook, progress, began_at):
        goes_on = not webhook.wants(event) or _told(desk, webhook, event)
        if is_new:  # told, not wanted, or waiting for its own next try
            webhooks.come_to(desk.redis, webhook.name, stream_of(event.id), place_of(event.id))
        if not goes_on:
            return Delivered.RESTS
        if desk.clock() - began_at > TURN or desk.is_ending():
            break
    return Delivered.TOLD


def _to_tell(desk: Desk, webhook: Webhook, progress: Progress, now: datetime) -> Iterator[tuple[Event, bool]]:
    """What failed before and is due, then what is new, and whether it is."""
    for event_id in webhooks.due_again(desk.redis, webhook.name, now=now, most=A_STEP):
        if event := events.one(desk.redis, event_id):
            yield event, False
        else:
            log.error("webhook_event_was_not_kept", webhook=webhook.name, webhook_event=event_id)
            webhooks.drop(desk.redis, webhook.name, event_id)
    for stream, place in progress.places.items():
        _note_what_was_missed(desk, webhook, stream, place)
        for event in events.after(desk.redis, stream, place, most=A_STEP):
            yield event, True


def _note_what_was_missed(desk: Desk, webhook: Webhook, stream: Events, place: str) -> None:
    lost = events.last_lost(desk.redis, stream, after=place)
    if lost:
        log.error("webhook_missed_events", webhook=webhook.name, until=lost.isoformat())
        webhooks.note_missed(desk.redis, webhook.name, until=lost)


def _told(desk: Desk, webhook: Webhook, event: Event) -> bool:
    """Whether the webhook may be told more now."""
    now = desk.clock()
    answer = post(webhook, tell(desk.redis, event), now=now)
    if answer.is_taken:
        webhooks.note_told(desk.redis, webhook.name, event.id, answer.words, now=desk.clock())
        return True
    if answer.is_gone:
        _switch_off(desk, webhook, answer)
        return False
    return _failed(desk, webhook, event, answer)


def _failed(desk: Desk, webhook: Webhook, event: Event, answer: Answer) -> bool:
    now, tried = desk.clock(), webhooks.tries(desk.redis, webhook.name, event.id)
    again_at = now + WAITS[tried] if tried < len(WAITS) else None
    in_a_row = webhooks.note_failure(
        desk.redis, webhook.name, event.id, answer.words, tries=tried + 1, again_at=again_at, now=now
    )
    log.warning(
        "webhook_event_given_up" if again_at is None else "webhook_event_not_taken",
        webhook=webhook.name,
        webhook_event=event.id,
        answer=answer.words,
        tries=tried + 1,
    )
    if in_a_row < REST_AFTER:
        return True
    rest = min(REST_FIRST * 2 ** min(in_a_row - REST_AFTER, 10), REST_MOST)
    webhooks.let_rest(desk.redis, webhook.name, until=now + rest)
    return False


def _switch_off(desk: Desk, webhook: Webhook, answer: Answer) -> None:
    log.error("webhook_switched_off", webhook=webhook.name, answer=answer.words)
    off = replace(webhook, off_since=desk.clock(), off_why=f"the receiver answered {answer.words}")
    webhooks.write(desk.redis, off)
