"""What happened, in the order in which it did: streams that the scripts write in the same step as the change itself.

So an event is there if and only if the change is, however often a command is sent and wherever a process dies. Who is
told of it wakes by the same step. The newest entries are kept, and whoever falls behind them can know it.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from redis import Redis

from jobs.ledger import keys
from jobs.ledger.fields import decoded, from_ms, text, to_ms
from jobs.ledger.keys import Events
from jobs.ledger.packing import PHONE_BYTES, RECORD_BYTES, pack_phone
from jobs.models import EventKind

MOST_KEPT = 100_000
"""Events of campaigns and submissions: some 30 MB."""
MOST_DROPS_KEPT = 2_000
"""Events of drops: each has up to 1,000 records, so at most 30 MB, and two million drops."""

TELL = f"""
local function wake(names)
  for _, name in ipairs(redis.call('SMEMBERS', names)) do redis.call('ZADD', '{keys.Due.WEBHOOK}', 'NX', 0, name) end
end
local function tell(kind, campaign, submission)
  redis.call('XADD', '{Events.WORK}', 'MAXLEN', '~', {MOST_KEPT}, '*', 'kind', kind,
    'campaign', string.match(campaign, '[^:]+$'), 'submission', string.match(submission or '', '[^:]*$'))
  wake('{keys.LISTENING}')
end
local function is_anybody_told_of_drops() return redis.call('EXISTS', '{keys.LISTENING_TO_DROPS}') == 1 end
local function tell_drops(campaign, submission, records)
  redis.call('XADD', '{Events.DROPS}', 'MAXLEN', '~', {MOST_DROPS_KEPT}, '*', 'kind', '{EventKind.DROPS_RECORDED}',
    'campaign', string.match(campaign, '[^:]+$'), 'submission', string.match(submission, '[^:]+$'), 'records', records)
  wake('{keys.LISTENING_TO_DROPS}')
end
"""
"""Lua: `tell(kind, campaign's key, submission's key)` and `tell_drops(campaign's key, submission's key, records)`. The
names of these keys are in the text and not among KEYS: they are the same for every script, and no cluster divides them.
"""

_LETTERS = {Events.WORK: "w", Events.DROPS: "d"}
_STREAMS = {letter: stream for stream, letter in _LETTERS.items()}


@dataclass(frozen=True, slots=True)
class Event:
    """One entry of a stream. `records` are packed drops: 5 bytes of phone and 9 of disposition each."""

    id: str
    """Its stream's letter and its place there, which begins with the milliseconds at which it happened."""
    kind: EventKind
    campaign_id: str
    submission_id: str = ""
    records: bytes = field(default=b"", repr=False)

    @property
    def at(self) -> datetime:
        """When it happened, by the server's clock."""
        return from_ms(place_of(self.id).partition("-")[0])


def place_of(event_id: str) -> str:
    """Where an event lies in its stream."""
    return event_id[1:]


def stream_of(event_id: str) -> Events:
    """In which stream an event lies."""
    return _STREAMS[event_id[0]]


def place_at(instant: datetime) -> str:
    """The place just before whatever happened at this instant."""
    return f"{to_ms(instant) - 1}-18446744073709551615"


def newest(redis: Redis, stream: Events) -> str:
    """The place of a stream's newest entry; `0-0` where there was none."""
    found = redis.xrevrange(stream, count=1)
    return text(found[0][0]) if found else "0-0"


def after(redis: Redis, stream: Events, place: str, *, most: int) -> list[Event]:
    """The entries that follow a place, oldest first."""
    found: Any = redis.xrange(stream, min=f"({place}", count=most)
    return [_event(stream, entry, fields) for entry, fields in found]


def one(redis: Redis, event_id: str) -> Event | None:
    """An event by its id; None once it is not kept any more."""
    stream, place = stream_of(event_id), place_of(event_id)
    found: Any = redis.xrange(stream, min=place, max=place)
    return _event(stream, *found[0]) if found else None


def last_lost(redis: Redis, stream: Events, *, after: str) -> datetime | None:
    """Up to when entries behind this place were taken out, for their number or with a phone; None while all are there.

    Servers before Redis 7 do not tell.
    """
    if not redis.exists(stream):
        return None
    place = text(redis.xinfo_stream(stream).get("max-deleted-entry-id") or "0-0")
    return from_ms(place.partition("-")[0]) if _numbers(place) > _numbers(after) else None


def forget(redis: Redis, phone: str) -> int:
    """Take every event of drops that names this phone out of its stream; answers how many."""
    wanted, gone = pack_phone(phone), 0
    for event in _all(redis, Events.DROPS):
        step = PHONE_BYTES + RECORD_BYTES
        if any(event.records[at : at + PHONE_BYTES] == wanted for at in range(0, len(event.records), step)):
            gone += int(redis.xdel(Events.DROPS, place_of(event.id)))
    return gone


def _all(redis: Redis, stream: Events) -> Iterator[Event]:
    place = "0-0"
    while found := after(redis, stream, place, most=100):
        yield from found
        place = place_of(found[-1].id)


def _numbers(place: str) -> tuple[int, int]:
    instant, _, count = place.partition("-")
    return int(instant), int(count)


def _event(stream: Events, entry: bytes, fields: dict[bytes, bytes]) -> Event:
    records = fields.get(b"records", b"")
    words = decoded({name: value for name, value in fields.items() if name != b"records"})
    return Event(
        id=f"{_LETTERS[stream]}{text(entry)}",
        kind=EventKind(words["kind"]),
        campaign_id=words["campaign"],
        submission_id=words["submission"],
        records=records,
    )
