"""How far the gateway has confirmed a do-not-dial list: it was told all changes up to a number, in their order.

The gateway cannot be asked what it has. So whoever tells it compares before confirming, and where two have told it at
the same time it is told all of that once more.
"""

import secrets
from dataclasses import dataclass, field
from datetime import datetime

from redis import Redis

from jobs.ledger import keys
from jobs.ledger.do_not_dial import Verb, page
from jobs.ledger.fields import to_ms
from jobs.ledger.packing import pack_phone
from jobs.ledger.script import Script

_CONFIRM = Script("""
-- KEYS: 1 list, 2 due at the gateway, 3 refused
-- ARGV: 1 account, 2 token, 3 confirmed before, 4 confirmed now, 5 now (ms), 6 due again at (ms), 7 refused phone or ''
-- Sent twice, the second finds its token.
local confirmed, by = unpack(redis.call('HMGET', KEYS[1], 'confirmed', 'confirmed_by'))
if by == ARGV[2] then return 1 end
confirmed = tonumber(confirmed or 0)
if confirmed ~= tonumber(ARGV[3]) then  -- somebody else told the gateway, too, and who was heard last is not known
  redis.call('HSET', KEYS[1], 'confirmed', math.min(confirmed, tonumber(ARGV[3])), 'confirmed_by', '')
  redis.call('ZADD', KEYS[2], ARGV[5], ARGV[1])
  return 0
end
redis.call('HSET', KEYS[1], 'confirmed', ARGV[4], 'confirmed_by', ARGV[2], 'confirmed_at', ARGV[5])
redis.call('HDEL', KEYS[1], 'trouble', 'failures', 'most')
if ARGV[7] ~= '' then redis.call('SADD', KEYS[3], ARGV[7]) end
if redis.call('HGET', KEYS[1], 'changes') == ARGV[4] then redis.call('ZREM', KEYS[2], ARGV[1])
else redis.call('ZADD', KEYS[2], ARGV[6], ARGV[1]) end
return 1
""")

_REST = Script("""
-- KEYS: 1 list, 2 due at the gateway.  ARGV: 1 account
local changes, confirmed = unpack(redis.call('HMGET', KEYS[1], 'changes', 'confirmed'))
if (changes or '0') == (confirmed or '0') then redis.call('ZREM', KEYS[2], ARGV[1]) end
""")


@dataclass(frozen=True, slots=True)
class Push:
    """Changes of one kind, next in line to be told to the gateway."""

    verb: Verb
    phones: tuple[str, ...] = field(repr=False)
    after: int
    """The change before the first of them."""
    upto: int
    """The last of them."""


def next_push(redis: Redis, account: str, *, most: int) -> Push | None:
    """What the gateway must be told next, at most so many phones; None when it was told everything."""
    told, at_most = redis.hmget(keys.do_not_dial(account), "confirmed", "most")
    confirmed, most = int(told or 0), int(at_most or most)
    verb: Verb | None = None
    phones: list[str] = []
    for request in page(redis, account, confirmed):
        if verb not in {None, request.verb}:
            break
        verb = request.verb
        # The first may be confirmed in part: its changes carry the numbers up to its own.
        phones += request.phones[max(0, len(request.phones) - (request.number - confirmed)) :]
    phones = phones[:most]
    return Push(verb, tuple(phones), confirmed, confirmed + len(phones)) if verb else None


def confirm(redis: Redis, account: str, push: Push, *, now: datetime, again_at: datetime, refused: str = "") -> bool:
    """The gateway has confirmed a push, or refused its only phone. More of it, if there is, is due at `again_at`.

    False when somebody else confirmed something meanwhile: then the gateway will be told all of that once more, because
    nobody knows which of the two it heard last.
    """
    names = [keys.do_not_dial(account), keys.Due.DO_NOT_DIAL, keys.do_not_dial_refused(account)]
    packed = pack_phone(refused) if refused else ""
    token = secrets.token_hex(8)
    return bool(_CONFIRM(redis, names, [account, token, push.after, push.upto, to_ms(now), to_ms(again_at), packed]))


def rest(redis: Redis, account: str) -> None:
    """Take the list out of the due set if the gateway has confirmed all of it."""
    _REST(redis, [keys.do_not_dial(account), keys.Due.DO_NOT_DIAL], [account])


def note_trouble(redis: Redis, account: str, reason: str) -> int:
    """Leave a sentence for a person; answers how many times in a row there was trouble."""
    redis.hset(keys.do_not_dial(account), "trouble", reason)
    return int(redis.hincrby(keys.do_not_dial(account), "failures", 1))


def narrow(redis: Redis, account: str, most: int) -> None:
    """Until something is confirmed, tell the gateway at most so many phones at once."""
    redis.hset(keys.do_not_dial(account), "most", most)
