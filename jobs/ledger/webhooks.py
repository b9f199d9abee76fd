"""Webhooks in the ledger: where other systems want to be told, how far each has been told, and what could not be.

A webhook has a place in each stream it follows. What could not be told leaves the stream's order and waits for its own
next try, so that one event that a receiver chokes on holds up no other.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from pydantic import TypeAdapter
from redis import Redis

from jobs.ledger import events, keys
from jobs.ledger.events import Event
from jobs.ledger.fields import decoded, from_ms, from_ms_if_any, text, to_ms
from jobs.ledger.keys import Due, Events
from jobs.ledger.script import Script


@dataclass(frozen=True, slots=True)
class Webhook:
    """A receiver. Of its secrets the newest comes first; the one before it signs as well until `old_until`."""

    name: str
    url: str = field(repr=False)
    topics: tuple[str, ...]
    secrets: tuple[str, ...] = field(repr=False)
    created_at: datetime
    old_until: datetime | None = None
    off_since: datetime | None = None
    off_why: str = ""

    def secrets_at(self, now: datetime) -> Sequence[str]:
        """Those that sign now."""
        return self.secrets if self.old_until and now < self.old_until else self.secrets[:1]

    def streams(self) -> list[Events]:
        """Where what it is told of is found."""
        found = {Events.DROPS if topic == "drops" else Events.WORK for topic in self.topics}
        return sorted(found)

    def wants(self, event: Event) -> bool:
        """Whether it is told of this."""
        return event.kind.partition(".")[0] in self.topics


@dataclass(frozen=True, slots=True)
class Progress:
    """How a webhook does. `failures` are those in a row; `missed_until` is up to when events were lost to it."""

    places: dict[Events, str]
    failures: int = 0
    rests_until: datetime | None = None
    told: int = 0
    told_at: datetime | None = None
    last_answer: str = ""
    missed_until: datetime | None = None
    again: int = 0
    untold: int = 0


_WEBHOOK = TypeAdapter(Webhook)

_REST = Script("""
-- KEYS: 1 due webhooks, 2 its progress, 3 events to tell again, then streams.  ARGV: 1 name, 2 now (ms)
-- What comes between the last look and this finds the webhook still due, or wakes it after this.
local at = redis.call('HGET', KEYS[2], 'rests_until') or ''
if at == '' or tonumber(at) <= tonumber(ARGV[2]) then
  at = nil
  local again = redis.call('ZRANGE', KEYS[3], 0, 0, 'WITHSCORES')
  if again[2] then at = again[2] end
  for index = 4, #KEYS do
    local place = redis.call('HGET', KEYS[2], 'place:' .. KEYS[index]) or '0-0'
    if redis.call('XRANGE', KEYS[index], '(' .. place, '+', 'COUNT', 1)[1] then at = ARGV[2] end
  end
end
if at then redis.call('ZADD', KEYS[1], at, ARGV[1]) else redis.call('ZREM', KEYS[1], ARGV[1]) end
""")

_LET_GO = Script("""
-- KEYS: 1 lease.  ARGV: 1 holder.  Sent twice, the second finds nothing, or somebody else's.
if redis.call('GET', KEYS[1]) == ARGV[1] then redis.call('DEL', KEYS[1]) end
""")


def write(redis: Redis, webhook: Webhook) -> None:
    """Add a webhook, or change it; one that is new begins with what happens from now on."""
    with redis.pipeline() as pipeline:
        pipeline.hset(keys.WEBHOOKS, webhook.name, _WEBHOOK.dump_json(webhook))
        for stream in webhook.streams():
            pipeline.hsetnx(keys.webhook(webhook.name), f"place:{stream}", events.newest(redis, stream))
        for names, stream in ((keys.LISTENING, Events.WORK), (keys.LISTENING_TO_DROPS, Events.DROPS)):
            is_told = stream in webhook.streams() and webhook.off_since is None
            (pipeline.sadd if is_told else pipeline.srem)(names, webhook.name)
        pipeline.zadd(Due.WEBHOOK, {webhook.name: 0}, nx=True)
        pipeline.execute()


def remove(redis: Redis, name: str) -> bool:
    """Forget a webhook and all that waits for it; whether it was there."""
    own = [keys.webhook(name), keys.webhook_again(name), keys.webhook_tries(name), keys.webhook_untold(name)]
    with redis.pipeline() as pipeline:
        pipeline.hdel(keys.WEBHOOKS, name)
        pipeline.srem(keys.LISTENING, name)
        pipeline.srem(keys.LISTENING_TO_DROPS, name)
        pipeline.zrem(Due.WEBHOOK, name)
        pipeline.delete(*own)
        return bool(pipeline.execute()[0])


def read(redis: Redis, name: str) -> Webhook | None:
    """A webhook by its name."""
    stored = redis.hget(keys.WEBHOOKS, name)
    return _WEBHOOK.validate_json(text(stored)) if stored else None


def everyone(redis: Redis) -> list[Webhook]:
    """Every webhook, by name."""
    stored = decoded(redis.hgetall(keys.WEBHOOKS))
    return [_WEBHOOK.validate_json(stored[name]) for name in sorted(stored)]


def progress(redis: Redis, webhook: Webhook) -> Progress:
    """How far it is."""
    with redis.pipeline(transaction=False) as pipeline:
        pipeline.hgetall(keys.webhook(webhook.name))
        pipeline.zcard(keys.webhook_again(webhook.name))
        pipeline.zcard(keys.webhook_untold(webhook.name))
        raw, again, untold = pipeline.execute()
    fields = decoded(raw)
    return Progress(
        places={stream: fields.get(f"place:{stream}", "0-0") for stream in webhook.streams()},
        failures=int(fields.get("failures", 0)),
        rests_until=from_ms_if_any(fields.get("rests_until")),
        told=int(fields.get("told", 0)),
        told_at=from_ms_if_any(fields.get("told_at")),
        last_answer=fields.get("last_answer", ""),
        missed_until=from_ms_if_any(fields.get("missed_until")),
        again=again,
        untold=untold,
    )


def take_turn(redis: Redis, name: str, holder: str, *, lease: timedelta) -> bool:
    """Whether `holder` may tell this webhook's events for so long; one at a time does. Sent twice, both agree."""
    redis.set(keys.webhook_lease(name), holder, nx=True, px=lease)
    return text(redis.get(keys.webhook_lease(name))) == holder


def end_turn(redis: Redis, webhook: Webhook, holder: str, *, now: datetime) -> None:
    """Let go of the turn, and say when the next one is due."""
    names = [Due.WEBHOOK, keys.webhook(webhook.name), keys.webhook_again(webhook.name), *webhook.streams()]
    _REST(redis, names, [webhook.name, to_ms(now)])
    _LET_GO(redis, [keys.webhook_lease(webhook.name)], [holder])


def due_again(redis: Redis, name: str, *, now: datetime, most: int) -> list[str]:
    """The ids of events whose next try is due, the oldest first."""
    return [text(each) for each in redis.zrangebyscore(keys.webhook_again(name), "-inf", to_ms(now), start=0, num=most)]


def come_to(redis: Redis, name: str, stream: Events, place: str) -> None:
    """Nothing up to this place is new to it any more."""
    redis.hset(keys.webhook(name), f"place:{stream}", place)


def note_missed(redis: Redis, name: str, *, until: datetime) -> None:
    """Write down that events were not kept until they could be told."""
    redis.hset(keys.webhook(name), "missed_until", to_ms(until))


def note_told(redis: Redis, name: str, event_id: str, answer: str, *, now: datetime) -> None:
    """An event was told; with it every rest is over."""
    with redis.pipeline() as pipeline:
        _done_with(pipeline, name, event_id)
        pipeline.hdel(keys.webhook(name), "failures", "rests_until")
        pipeline.hset(keys.webhook(name), mapping={"told_at": to_ms(now), "last_answer": answer})
        pipeline.hincrby(keys.webhook(name), "told", 1)
        pipeline.execute()


def tries(redis: Redis, name: str, event_id: str) -> int:
    """How often it was tried to tell this event, in vain."""
    return int(redis.hget(keys.webhook_tries(name), event_id) or 0)


def note_failure(
    redis: Redis, name: str, event_id: str, answer: str, *, tries: int, again_at: datetime | None, now: datetime
) -> int:
    """An event could not be told: it is tried again at `again_at`, or given up where that is None. Answers how many
    failures there were in a row.
    """
    with redis.pipeline() as pipeline:
        pipeline.hincrby(keys.webhook(name), "failures", 1)
        pipeline.hset(keys.webhook(name), "last_answer", answer)
        if again_at:
            pipeline.zadd(keys.webhook_again(name), {event_id: to_ms(again_at)})
            pipeline.hset(keys.webhook_tries(name), event_id, str(tries))
        else:
            _done_with(pipeline, name, event_id)
            pipeline.zadd(keys.webhook_untold(name), {event_id: to_ms(now)})
        return int(pipeline.execute()[0])


def let_rest(redis: Redis, name: str, *, until: datetime) -> None:
    """Tell it nothing for a while."""
    redis.hset(keys.webhook(name), "rests_until", to_ms(until))


def drop(redis: Redis, name: str, event_id: str) -> None:
    """An event that is not kept any more cannot be told."""
    with redis.pipeline() as pipeline:
        _done_with(pipeline, name, event_id)
        pipeline.zrem(keys.webhook_untold(name), event_id)
        pipeline.execute()


def untold(redis: Redis, name: str, *, most: int) -> list[tuple[str, datetime]]:
    """Events that were given up, and when, the newest first."""
    found: Any = redis.zrevrange(keys.webhook_untold(name), 0, most - 1, withscores=True)
    return [(text(event_id), from_ms(str(int(at)))) for event_id, at in found]


def tell_untold_again(redis: Redis, name: str, *, now: datetime) -> int:
    """Have everything that was given up told once more; answers how many events that is."""
    ids = [text(each) for each in redis.zrange(keys.webhook_untold(name), 0, -1)]
    with redis.pipeline() as pipeline:
        if ids:
            pipeline.zadd(keys.webhook_again(name), dict.fromkeys(ids, to_ms(now)))
            pipeline.zrem(keys.webhook_untold(name), *ids)
        _wake(pipeline, name, now)
        pipeline.execute()
    return len(ids)


def go_back(redis: Redis, webhook: Webhook, since: datetime, *, now: datetime) -> None:
    """Have everything told once more that happened since then, as far as it is kept."""
    with redis.pipeline() as pipeline:
        for stream in webhook.streams():
            pipeline.hset(keys.webhook(webhook.name), f"place:{stream}", events.place_at(since))
        _wake(pipeline, webhook.name, now)
        pipeline.execute()


def _wake(pipeline: Any, name: str, now: datetime) -> None:
    pipeline.hdel(keys.webhook(name), "failures", "rests_until")
    pipeline.zadd(Due.WEBHOOK, {name: to_ms(now)})


def _done_with(pipeline: Any, name: str, event_id: str) -> None:
    pipeline.zrem(keys.webhook_again(name), event_id)
    pipeline.hdel(keys.webhook_tries(name), event_id)
