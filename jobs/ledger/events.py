"""What happened, in the order in which it did: streams that the scripts write in the same step as the change itself.

So an event is there if and only if the change is, however often a command is sent and wherever a process dies. Who is
told of it wakes by the same step. The newest entries are kept; who falls behind them knows it by a number left out.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from redis import Redis

from jobs.ledger import keys
from jobs.ledger.fields import decoded, from_ms, text, to_ms
from jobs.ledger.keys import Events
from jobs.ledger.packing import PHONE_BYTES, RECORD_BYTES, pack_phone
from jobs.ledger.script import Script
from jobs.models import EventKind

MOST_KEPT = 100_000
"""Events of campaigns and submissions: some 8 MB."""

DROPS_KEPT_FOR = timedelta(days=3)
"""Events of drops: twice as long as one is tried to be told."""
MOST_DROP_BYTES = 32 * 1024 * 1024
"""At most so much of them: some 350,000 call records that came one by one, or two million in thousands."""
ENTRY_BYTES = 80
"""What an entry of drops takes besides its records."""

MOST_PURGED = 10_000
"""So many events that were taken out with a phone are known not to be lost; the newest."""

TELL = f"""
local function wake(names)
  local due, waiting = '{keys.Due.WEBHOOK}', '{keys.WAITING_FOR_TRIES}'
  for _, name in ipairs(redis.call('SMEMBERS', names)) do
    local from = redis.call('HGET', waiting, name)
    if from then  -- once: who was woken is looked at, rests or is being told, and the end of that sees what came
      redis.call('HDEL', waiting, name)
      redis.call('ZADD', due, 'LT', from, name)
    else redis.call('ZADD', due, 'NX', 0, name) end
  end
end
local function next_number(stream) return redis.call('HINCRBY', '{keys.EVENT_NUMBERS}', stream, 1) end
local function tell(kind, campaign, submission)
  redis.call('XADD', '{Events.WORK}', 'MAXLEN', '~', {MOST_KEPT}, '*', 'number', next_number('{Events.WORK}'),
    'kind', kind, 'campaign', string.match(campaign, '[^:]+$'), 'submission', string.match(submission or '', '[^:]*$'))
  wake('{keys.LISTENING}')
end
local function is_anybody_told_of_drops() return redis.call('EXISTS', '{keys.LISTENING_TO_DROPS}') == 1 end
local function tell_drops(campaign, submission, records)
  local drops = '{Events.DROPS}'
  local weight = redis.call('HINCRBY', '{keys.EVENT_NUMBERS}', drops .. ':weight', #records + {ENTRY_BYTES})
  local place = redis.call('XADD', drops, '*', 'number', next_number(drops), 'kind', '{EventKind.DROPS_RECORDED}',
    'campaign', string.match(campaign, '[^:]+$'), 'submission', string.match(submission, '[^:]+$'),
    'weight', weight, 'records', records)
  local kept_from = tonumber(string.match(place, '^%d+')) - {DROPS_KEPT_FOR // timedelta(milliseconds=1)}
  redis.call('XTRIM', drops, 'MINID', '~', string.format('%.0f', kept_from))
  while true do  -- a little with each entry; what is as heavy as a hundred others makes room for itself
    local oldest = redis.call('XRANGE', drops, '-', '+', 'COUNT', 1)[1]
    if weight - (tonumber(oldest[2][10]) or weight) < {MOST_DROP_BYTES} then break end
    redis.call('XTRIM', drops, 'MAXLEN', redis.call('XLEN', drops) - 1)
  end
  wake('{keys.LISTENING_TO_DROPS}')
end
"""
"""Lua: `tell(kind, campaign's key, submission's key)` and `tell_drops(campaign's key, submission's key, records)`. The
names of these keys are in the text and not among KEYS: they are the same for every script, and no cluster divides them.

Every entry has a number, one more than the last: who finds that one is left out has missed something. The server itself
tells nothing of what it has trimmed.
"""

_TAKE_OUT = Script("""
-- KEYS: 1 stream, 2 purged.  ARGV: 1 place, 2 number, 3 most remembered
-- Sent twice, the second finds it among the purged.
if redis.call('XDEL', KEYS[1], ARGV[1]) == 0 then return redis.call('ZSCORE', KEYS[2], ARGV[1]) and 1 or 0 end
redis.call('ZADD', KEYS[2], ARGV[2], ARGV[1])
redis.call('ZREMRANGEBYRANK', KEYS[2], 0, -1 - ARGV[3])
return 1
""")

_LETTERS = {Events.WORK: "w", Events.DROPS: "d"}
_STREAMS = {letter: stream for stream, letter in _LETTERS.items()}


@dataclass(frozen=True, slots=True)
class Place:
    """How far somebody has come in a stream: the entry's place there, and its number."""

    entry: str
    number: int


@dataclass(frozen=True, slots=True)
class Event:
    """One entry of a stream. `records` are packed drops: 5 bytes of phone and 9 of disposition each."""

    id: str
    """Its stream's letter and its place there, which begins with the milliseconds at which it happened."""
    number: int
    """One more than that of the event before it in its stream."""
    kind: EventKind | None
    """None for a kind that this version does not know."""
    campaign_id: str
    submission_id: str = ""
    records: bytes = field(default=b"", repr=False)

    @property
    def at(self) -> datetime:
        """When it happened, by the server's clock."""
        return instant_of(self.id)

    @property
    def place(self) -> Place:
        """Where it lies in its stream."""
        return Place(place_of(self.id), self.number)

    @property
    def order(self) -> tuple[int, int]:
        """By which events of several streams are in the order in which they happened."""
        return order_of(place_of(self.id))


def place_of(event_id: str) -> str:
    """Where an event lies in its stream."""
    return event_id[1:]


def order_of(entry: str) -> tuple[int, int]:
    """A place as two numbers, which can be compared."""
    instant, _, count = entry.partition("-")
    return int(instant), int(count)


def stream_of(event_id: str) -> Events:
    """In which stream an event lies."""
    return _STREAMS[event_id[0]]


def instant_of(event_id: str) -> datetime:
    """When an event happened, whether it is kept or not."""
    return from_ms(place_of(event_id).partition("-")[0])


def ends(redis: Redis, streams: Iterable[Events]) -> dict[Events, Place]:
    """The newest place of each stream, all at one instant; entry `0-0` where nothing is kept."""
    wanted = list(streams)
    with redis.pipeline(transaction=True) as pipeline:
        for stream in wanted:
            pipeline.xrevrange(stream, count=1)
            pipeline.hget(keys.EVENT_NUMBERS, stream)
        found = pipeline.execute()
    newest = zip(wanted, found[::2], found[1::2], strict=True)
    return {stream: Place(text(last[0][0]) if last else "0-0", int(number or 0)) for stream, last, number in newest}


def after(redis: Redis, stream: Events, place: str, *, most: int, until: str = "+") -> list[Event]:
    """The entries that follow a place, oldest first."""
    found: Any = redis.xrange(stream, min=f"({place}", max=until, count=most)
    return [_event(stream, entry, fields) for entry, fields in found]


def after_each(redis: Redis, wanted: Sequence[tuple[Events, str, int]]) -> list[list[Event]]:
    """The same of several streams, places and numbers of entries, in one round trip."""
    with redis.pipeline(transaction=False) as pipeline:
        for stream, place, most in wanted:
            pipeline.xrange(stream, min=f"({place}", count=most)
        rows = zip(wanted, pipeline.execute(), strict=True)
    return [[_event(stream, *entry) for entry in found] for (stream, _, _), found in rows]


def one(redis: Redis, event_id: str) -> Event | None:
    """An event by its id; None once it is not kept any more."""
    stream, place = stream_of(event_id), place_of(event_id)
    found: Any = redis.xrange(stream, min=place, max=place)
    return _event(stream, *found[0]) if found else None


def lost_between(redis: Redis, stream: Events, first: int, last: int) -> int:
    """How many events with a number between these two were not kept; those taken out with a phone are none of them."""
    if last <= first + 1:
        return 0
    purged = int(redis.zcount(keys.PURGED_EVENTS, f"({first}", f"({last}")) if stream is Events.DROPS else 0
    return last - first - 1 - purged


def was_purged(redis: Redis, event_id: str) -> bool:
    """Whether an event of drops was taken out with a phone."""
    return redis.zscore(keys.PURGED_EVENTS, place_of(event_id)) is not None


def forget(redis: Redis, phone: str) -> int:
    """Take every event of drops that names this phone out of its stream; answers how many."""
    wanted, gone = pack_phone(phone), 0
    for event in _all(redis, Events.DROPS):
        step = PHONE_BYTES + RECORD_BYTES
        if any(event.records[at : at + PHONE_BYTES] == wanted for at in range(0, len(event.records), step)):
            names = [Events.DROPS, keys.PURGED_EVENTS]
            gone += int(_TAKE_OUT(redis, names, [place_of(event.id), event.number, MOST_PURGED]))
    return gone


def forget_drops(redis: Redis, *, before: datetime) -> int:
    """Take out every event of drops that happened before an instant, with its phones; answers how many."""
    return int(redis.xtrim(Events.DROPS, minid=str(to_ms(before)), approximate=False))


def _all(redis: Redis, stream: Events) -> Iterator[Event]:
    place = "0-0"
    while found := after(redis, stream, place, most=100):
        yield from found
        place = place_of(found[-1].id)


def _event(stream: Events, entry: bytes, fields: dict[bytes, bytes]) -> Event:
    records = fields.get(b"records", b"")
    words = decoded({name: value for name, value in fields.items() if name != b"records"})
    kind = words.get("kind", "")
    return Event(
        id=f"{_LETTERS[stream]}{text(entry)}",
        number=int(words.get("number", 0)),
        kind=EventKind(kind) if kind in set(EventKind) else None,
        campaign_id=words.get("campaign", ""),
        submission_id=words.get("submission", ""),
        records=records,
    )
