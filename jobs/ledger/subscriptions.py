"""What a person has set of each webhook: who is told where of what, and the secrets that sign it.

Law of the room: only people's commands write here, never a turn at telling.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from urllib.parse import urlsplit

from pydantic import ConfigDict, TypeAdapter, with_config
from redis import Redis

from jobs.ledger import keys
from jobs.ledger.events import Event
from jobs.ledger.fields import decoded, text
from jobs.ledger.keys import Due, Events
from jobs.ledger.script import Argument, Script
from jobs.models import TOPICS


@with_config(ConfigDict(hide_input_in_errors=True))
@dataclass(frozen=True, slots=True)
class Subscription:
    """A receiver. Of its secrets the newest comes first; the one before it signs as well until `old_until`."""

    id: str
    """Another one for each that is added, also under an old name."""
    name: str
    url: str = field(repr=False)
    topics: tuple[str, ...]
    secrets: tuple[str, ...] = field(repr=False)
    created_at: datetime
    old_until: datetime | None = None

    @property
    def host(self) -> str:
        """Whom it is told to; the rest of a URL may hold a secret, and is shown nowhere."""
        return urlsplit(self.url).netloc.rpartition("@")[2]

    def secrets_at(self, now: datetime) -> Sequence[str]:
        """Those that sign now."""
        return self.secrets if self.old_until and now < self.old_until else self.secrets[:1]

    def streams(self) -> list[Events]:
        """Where what it is told of is found."""
        found = {Events.DROPS if topic == "drops" else Events.WORK for topic in self.topics}
        return sorted(found)

    def wants(self, event: Event) -> bool:
        """Whether it is told of this; nobody is told of what this version does not know."""
        return event.kind is not None and event.kind.partition(".")[0] in self.topics

    def wants_all_of(self, stream: Events) -> bool:
        """Whether it is told of everything that is written there."""
        return stream is Events.DROPS or {*TOPICS} - {"drops"} <= {*self.topics}


_SUBSCRIPTION = TypeAdapter(Subscription)

LISTEN = f"""
local function listen(name, streams)  -- where events wake it from now on
  if string.find(streams, ' {Events.WORK} ', 1, true) then redis.call('SADD', '{keys.LISTENING}', name) end
  if string.find(streams, ' {Events.DROPS} ', 1, true) then redis.call('SADD', '{keys.LISTENING_TO_DROPS}', name) end
end
local function listen_no_more(name)
  redis.call('SREM', '{keys.LISTENING}', name)
  redis.call('SREM', '{keys.LISTENING_TO_DROPS}', name)
  redis.call('HDEL', '{keys.WAITING_FOR_TRIES}', name)
end
"""
"""Lua, with the names of three keys that are the same for all: `listen(name, ' streams ')`, `listen_no_more(name)`."""

_ADD = Script(
    LISTEN,
    """
-- KEYS: 1 webhooks, 2 its bookmark, 3 numbers of events, 4... streams.  ARGV: 1 name, 2 JSON, 3 ' streams '
-- Sent twice, the second finds itself.
local there = redis.call('HGET', KEYS[1], ARGV[1])
if there then return there == ARGV[2] and 1 or 0 end
redis.call('HSET', KEYS[1], ARGV[1], ARGV[2])
for key = 4, #KEYS do
  local newest = redis.call('XREVRANGE', KEYS[key], '+', '-', 'COUNT', 1)[1]
  redis.call('HSET', KEYS[2], 'place:' .. KEYS[key], newest and newest[1] or '0-0',
    'number:' .. KEYS[key], redis.call('HGET', KEYS[3], KEYS[key]) or 0)
end
listen(ARGV[1], ARGV[3])
return 1
""",
)

_CHANGE = Script("""
-- KEYS: 1 webhooks.  ARGV: 1 name, 2 id, 3 newest secret as it was read, 4 JSON.  Sent twice, the second finds itself.
local there = redis.call('HGET', KEYS[1], ARGV[1])
if there == ARGV[4] then return 1 end
if not there then return 0 end
local before = cjson.decode(there)
if before.id ~= ARGV[2] or before.secrets[1] ~= ARGV[3] then return 0 end
redis.call('HSET', KEYS[1], ARGV[1], ARGV[4])
return 1
""")

_REMOVE = Script(
    LISTEN,
    """
-- KEYS: 1 webhooks, 2 due webhooks, 3 who is told of drops, 4 drops, 5 its bookmark, 6... the rest of it.  ARGV: 1 name
-- Sent twice, the second finds no bookmark.
if redis.call('EXISTS', KEYS[5]) == 0 then return end
redis.call('HDEL', KEYS[1], ARGV[1])
redis.call('ZREM', KEYS[2], ARGV[1])
listen_no_more(ARGV[1])
if redis.call('EXISTS', KEYS[3]) == 0 then redis.call('UNLINK', KEYS[4]) end
redis.call('UNLINK', unpack(KEYS, 5))
""",
)


def add(redis: Redis, webhook: Subscription) -> bool:
    """Have a webhook told what happens from now on; False where its name is taken."""
    names = [keys.WEBHOOKS, keys.webhook(webhook.id), keys.EVENT_NUMBERS, *webhook.streams()]
    return bool(_ADD(redis, names, [webhook.name, _SUBSCRIPTION.dump_json(webhook), listed(webhook.streams())]))


def change(redis: Redis, before: Subscription, after: Subscription) -> bool:
    """Change a webhook's secrets; False where it is not as it was read any more, or was removed."""
    arguments: list[Argument] = [before.name, before.id, before.secrets[0], _SUBSCRIPTION.dump_json(after)]
    return bool(_CHANGE(redis, [keys.WEBHOOKS], arguments))


def remove(redis: Redis, webhook: Subscription) -> None:
    """Forget a webhook and all that waits for it; with the last that is told of drops the events that name phones."""
    names = [keys.WEBHOOKS, Due.WEBHOOK, keys.LISTENING_TO_DROPS, Events.DROPS, keys.webhook(webhook.id)]
    names += [keys.webhook_again(webhook.id), keys.webhook_tries(webhook.id), keys.webhook_untold(webhook.id)]
    _REMOVE(redis, names, [webhook.name])


def read(redis: Redis, name: str) -> Subscription | None:
    """A webhook by its name."""
    stored = redis.hget(keys.WEBHOOKS, name)
    return _SUBSCRIPTION.validate_json(text(stored)) if stored else None


def everyone(redis: Redis) -> list[Subscription]:
    """Every webhook, by name."""
    stored = decoded(redis.hgetall(keys.WEBHOOKS))
    return [_SUBSCRIPTION.validate_json(stored[name]) for name in sorted(stored)]


def listed(streams: Sequence[Events]) -> str:
    """Streams as `listen` reads them."""
    return f" {' '.join(streams)} "
