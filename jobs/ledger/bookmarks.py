"""How far each webhook has been told, and what could not be: a place in each stream, and what waits for its next try.

What could not be told leaves the stream's order, so that one event that a receiver chokes on holds up no other.

Law of the room: one turn at a time tells a webhook, and all that it writes is fenced. It writes nothing more once the
webhook was removed or another turn has begun, and moves no place that a person has moved.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from redis import Redis

from jobs.ledger import keys
from jobs.ledger.events import Place, instant_of
from jobs.ledger.fields import decoded, from_ms, from_ms_if_any, text, to_ms
from jobs.ledger.keys import Due, Events
from jobs.ledger.script import Argument, Script
from jobs.ledger.submissions import new_token
from jobs.ledger.subscriptions import LISTEN, Subscription

MOST_UNTOLD = 10_000
"""Events that were given up and can still be told again by a person: the newest."""


@dataclass(frozen=True, slots=True)
class Bookmark:
    """How a webhook does. `failures` are those in a row; `missed` events were not kept until they could be told, the
    last of them before `missed_until`.
    """

    places: dict[Events, Place]
    off_since: datetime | None = None
    off_why: str = ""
    failures: int = 0
    rests_until: datetime | None = None
    told: int = 0
    told_at: datetime | None = None
    last_answer: str = ""
    missed: int = 0
    missed_until: datetime | None = None
    again: int = 0
    untold: int = 0


class Took(StrEnum):
    """What came of asking for a turn."""

    TURN = "turn"
    OFF = "off"
    """It is switched off, or was removed."""
    ELSEWHERE = "elsewhere"
    """Somebody else has it."""


class End(StrEnum):
    """What became of telling one event."""

    TAKEN = "taken"
    AGAIN = "again"
    """It was not taken, and has another try."""
    GIVEN_UP = "given_up"
    """It was not taken at its last try; a person may have it told again."""
    GONE = "gone"
    """The receiver wants to be told nothing any more: the webhook is switched off, and this is still to be told."""
    LOST = "lost"
    """It was not kept until its next try."""
    PURGED = "purged"
    """It was taken out with a phone before its next try."""
    PASSED_OVER = "passed_over"
    """There was nothing to tell."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What came of a telling. `tries` of the event and `failures` in a row are counted with this one."""

    end: End
    at: datetime
    answer: str = ""
    tries: int = 0
    again_at: datetime | None = None
    failures: int = 0
    rests_until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Step:
    """A move of the bookmark from the place that was read; on the way so many events were found to be missed."""

    stream: Events
    start: Place
    to: Place
    missed: int = 0
    missed_until: datetime | None = None


MISS = """
local function miss(bookmark, count, until_ms)
  redis.call('HINCRBY', bookmark, 'missed', count)
  if tonumber(until_ms) > tonumber(redis.call('HGET', bookmark, 'missed_until') or 0) then
    redis.call('HSET', bookmark, 'missed_until', until_ms)
  end
end
"""
"""Lua: `miss(bookmark, how many events, ms up to which)`."""

_TAKE_TURN = Script("""
-- KEYS: 1 bookmark.  ARGV: 1 holder, 2 now (ms), 3 until (ms).  Sent twice, the second finds that it holds the turn.
if redis.call('EXISTS', KEYS[1]) == 0 or redis.call('HEXISTS', KEYS[1], 'off_since') == 1 then return 'off' end
local holder, held_until = unpack(redis.call('HMGET', KEYS[1], 'holder', 'held_until'))
if holder and holder ~= ARGV[1] and tonumber(held_until) > tonumber(ARGV[2]) then return 'elsewhere' end
redis.call('HSET', KEYS[1], 'holder', ARGV[1], 'held_until', ARGV[3])
return 'turn'
""")

_STAND = Script("""
-- KEYS: 1 due webhooks, 2 webhooks, 3 its bookmark, 4 events to tell again, 5 waiting for tries, 6... streams
-- ARGV: 1 name, 2 now (ms), 3 holder of a turn that ends ('' for none).  Sent twice, the second finds the same.
-- What comes between the last look and this finds the webhook still due, or wakes it after this.
if redis.call('EXISTS', KEYS[3]) == 0 then  -- removed; under its name there may be another one by now
  if redis.call('HEXISTS', KEYS[2], ARGV[1]) == 0 then
    redis.call('ZREM', KEYS[1], ARGV[1])
    redis.call('HDEL', KEYS[5], ARGV[1])
  end
  return 0
end
local holder, off, rests_until = unpack(redis.call('HMGET', KEYS[3], 'holder', 'off_since', 'rests_until'))
if holder == ARGV[3] then redis.call('HDEL', KEYS[3], 'holder', 'held_until') end
local at, is_any_new
local again = redis.call('ZRANGE', KEYS[4], 0, 0, 'WITHSCORES')
if again[2] then at = math.max(again[2], ARGV[2]) end
for key = 6, #KEYS do
  local place = redis.call('HGET', KEYS[3], 'place:' .. KEYS[key]) or '0-0'
  if redis.call('XRANGE', KEYS[key], '(' .. place, '+', 'COUNT', 1)[1] then at, is_any_new = ARGV[2], true end
end
redis.call('HDEL', KEYS[5], ARGV[1])
if off or not at then redis.call('ZREM', KEYS[1], ARGV[1]) return 0 end
redis.call('ZADD', KEYS[1], string.format('%.0f', math.max(at, rests_until or 0)), ARGV[1])
if not is_any_new then redis.call('HSET', KEYS[5], ARGV[1], rests_until or 0) end  -- what is new wakes it before
return 1
""")

_NOTE = Script(
    LISTEN,
    MISS,
    """
-- KEYS, ARGV: those named here; `stream` is '' where the bookmark stays, `event` for none, `rests_until` for not.
-- Instants are ms. Sent twice, the second finds its token, and what the first came to.
local bookmark, to_tell_again, tries_of, given_up = unpack(KEYS)
local name, holder, token, stream, place_read, place, number, missed, missed_until, event, ending, now, answer, tries,
  again_at, failures, rests_until, most_given_up = unpack(ARGV)

if redis.call('HGET', bookmark, 'holder') ~= holder then return 0 end
local noted, came_to = string.match(redis.call('HGET', bookmark, 'noted') or '', '^(%S+) (%d)$')
if noted == token then return tonumber(came_to) end
came_to = 1
if stream ~= '' then
  if redis.call('HGET', bookmark, 'place:' .. stream) ~= place_read then came_to = 0  -- a person has moved it
  else
    redis.call('HSET', bookmark, 'place:' .. stream, place, 'number:' .. stream, number)
    if missed ~= '0' then miss(bookmark, missed, missed_until) end
  end
end
redis.call('HSET', bookmark, 'noted', token .. ' ' .. came_to)
if ending == 'passed_over' then return came_to end
local is_told = ending ~= 'lost' and ending ~= 'purged'
if ending == 'lost' then miss(bookmark, 1, missed_until) end
if is_told then redis.call('HSET', bookmark, 'last_answer', answer) end
if ending == 'gone' then
  redis.call('HSET', bookmark, 'off_since', now, 'off_why', 'the receiver answered ' .. answer)
  listen_no_more(name)
  return came_to
end
redis.call('ZREM', given_up, event)
if ending == 'again' then
  redis.call('ZADD', to_tell_again, again_at, event)
  redis.call('HSET', tries_of, event, tries)
else
  redis.call('ZREM', to_tell_again, event)
  redis.call('HDEL', tries_of, event)
end
if ending == 'taken' then
  redis.call('HDEL', bookmark, 'failures', 'rests_until')
  redis.call('HSET', bookmark, 'told_at', now)
  redis.call('HINCRBY', bookmark, 'told', 1)
elseif is_told then
  redis.call('HSET', bookmark, 'failures', failures)
  if rests_until ~= '' then redis.call('HSET', bookmark, 'rests_until', rests_until) end
end
if ending == 'given_up' then
  redis.call('ZADD', given_up, now, event)
  for _, each in ipairs(redis.call('ZRANGE', given_up, 0, -1 - most_given_up)) do
    redis.call('ZREM', given_up, each)
    miss(bookmark, 1, string.match(each, '%d+'))
  end
end
return came_to
""",
)


def read(redis: Redis, webhook: Subscription) -> Bookmark:
    """How far it is."""
    (found,) = read_all(redis, [webhook])
    return found


def read_all(redis: Redis, webhooks: Sequence[Subscription]) -> list[Bookmark]:
    """How far each of them is, in one round trip."""
    with redis.pipeline(transaction=False) as pipeline:
        for each in webhooks:
            pipeline.hgetall(keys.webhook(each.id))
            pipeline.zcard(keys.webhook_again(each.id))
            pipeline.zcard(keys.webhook_untold(each.id))
        found = pipeline.execute()
    return [_bookmark(*row) for row in zip(webhooks, found[::3], found[1::3], found[2::3], strict=True)]


def _bookmark(webhook: Subscription, raw: dict[bytes, bytes], again: int, untold: int) -> Bookmark:
    fields = decoded(raw)
    return Bookmark(
        places={
            each: Place(fields.get(f"place:{each}", "0-0"), int(fields.get(f"number:{each}", 0)))
            for each in webhook.streams()
        },
        off_since=from_ms_if_any(fields.get("off_since")),
        off_why=fields.get("off_why", ""),
        failures=int(fields.get("failures", 0)),
        rests_until=from_ms_if_any(fields.get("rests_until")),
        told=int(fields.get("told", 0)),
        told_at=from_ms_if_any(fields.get("told_at")),
        last_answer=fields.get("last_answer", ""),
        missed=int(fields.get("missed", 0)),
        missed_until=from_ms_if_any(fields.get("missed_until")),
        again=again,
        untold=untold,
    )


def take_turn(redis: Redis, webhook: Subscription, holder: str, *, now: datetime, lease: timedelta) -> Took:
    """Whether `holder` may tell this webhook's events for so long; one at a time does."""
    return Took(text(_TAKE_TURN(redis, [keys.webhook(webhook.id)], [holder, to_ms(now), to_ms(now + lease)])))


def end_turn(redis: Redis, webhook: Subscription, holder: str, *, now: datetime) -> None:
    """Let go of the turn, and have the webhook looked at again when there is something to tell it."""
    _stand(redis, webhook.name, webhook, holder, now)


def stand(redis: Redis, webhook: Subscription, *, now: datetime) -> bool:
    """Have a webhook looked at if there is something to tell it, and not otherwise; whether there is."""
    return _stand(redis, webhook.name, webhook, "", now)


def unknown(redis: Redis, name: str, *, now: datetime) -> None:
    """Have nobody look any more for a webhook that there is not."""
    _stand(redis, name, None, "", now)


def _stand(redis: Redis, name: str, webhook: Subscription | None, holder: str, now: datetime) -> bool:
    own = webhook.id if webhook else ""
    names = [Due.WEBHOOK, keys.WEBHOOKS, keys.webhook(own), keys.webhook_again(own), keys.WAITING_FOR_TRIES]
    return bool(_STAND(redis, [*names, *(webhook.streams() if webhook else [])], [name, to_ms(now), holder]))


def due_again(redis: Redis, webhook: Subscription, *, now: datetime, most: int) -> list[str]:
    """The ids of events whose next try is due, the oldest first."""
    found = redis.zrangebyscore(keys.webhook_again(webhook.id), "-inf", to_ms(now), start=0, num=most)
    return [text(each) for each in found]


def tries(redis: Redis, webhook: Subscription, event_ids: Sequence[str]) -> list[int]:
    """How often it was tried to tell each of these events, in vain."""
    found: Any = redis.hmget(keys.webhook_tries(webhook.id), list(event_ids)) if event_ids else []
    return [int(each or 0) for each in found]


def note(
    redis: Redis,
    webhook: Subscription,
    holder: str,
    verdict: Verdict,
    *,
    event_id: str = "",
    step: Step | None = None,
    most_untold: int = MOST_UNTOLD,
) -> bool:
    """Write down what came of a telling, and move the bookmark: all that a turn ever writes. Whether the turn may go
    on: it still holds, and the bookmark was where it was read. If only the latter is not so, the verdict counts.
    """
    names = [keys.webhook(webhook.id), keys.webhook_again(webhook.id)]
    names += [keys.webhook_tries(webhook.id), keys.webhook_untold(webhook.id)]
    arguments: list[Argument] = [webhook.name, holder, new_token()]
    if step:
        until = to_ms(step.missed_until or verdict.at)
        arguments += [step.stream, step.start.entry, step.to.entry, step.to.number, step.missed, until]
    else:
        arguments += ["", "", "", "", 0, to_ms(instant_of(event_id))]
    arguments += [event_id, verdict.end, to_ms(verdict.at), verdict.answer, verdict.tries, _ms(verdict.again_at)]
    arguments += [verdict.failures, _ms(verdict.rests_until), most_untold]
    return bool(_NOTE(redis, names, arguments))


def untold(redis: Redis, webhook: Subscription, *, most: int) -> list[tuple[str, datetime]]:
    """Events that were given up, and when, the newest first."""
    found: Any = redis.zrevrange(keys.webhook_untold(webhook.id), 0, most - 1, withscores=True)
    return [(text(event_id), from_ms(str(int(at)))) for event_id, at in found]


def _ms(instant: datetime | None) -> Argument:
    return to_ms(instant) if instant else ""
