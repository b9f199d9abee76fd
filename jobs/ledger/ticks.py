"""Slots of the timetable, each claimed once: whoever sees which slot was the last may claim the next.

An errand that a slot brings is due from the very step that claims it, so no crash can part the two.
"""

import secrets
from datetime import datetime, timedelta

from redis import Redis

from jobs.ledger import keys
from jobs.ledger.fields import from_ms_if_any, text, to_ms
from jobs.ledger.script import Argument, Script

_MS = timedelta(milliseconds=1)

_CLAIM = Script("""
-- KEYS: 1 ticks, 2 due errands
-- ARGV: 1 name, 2 slot that was seen to be the last (ms; '' for none), 3 slot (ms), 4 token, 5 errand ('' for none),
--       6 how late it is (ms)
-- Sent twice, the second finds its token among the newest.
local last, tokens = unpack(redis.call('HMGET', KEYS[1], ARGV[1], ARGV[1] .. ':tokens'))
tokens = tokens or ''
if string.find(tokens, ARGV[4], 1, true) then return 1 end
if (last or '') ~= ARGV[2] then return 0 end
tokens = string.sub(tokens .. ARGV[4] .. ' ', -136)
redis.call('HSET', KEYS[1], ARGV[1], ARGV[3], ARGV[1] .. ':tokens', tokens, ARGV[1] .. ':late', ARGV[6])
if ARGV[5] ~= '' then redis.call('ZADD', KEYS[2], ARGV[3], ARGV[5]) end
return 1
""")


def last(redis: Redis, name: str) -> datetime | None:
    """The newest slot of an entry that was claimed; None where none ever was."""
    found = redis.hget(keys.TICKS, name)
    return from_ms_if_any(text(found) if found else None)


def claim(
    redis: Redis,
    name: str,
    slot: datetime,
    *,
    seen: datetime | None,
    errand: str = "",
    late: timedelta = timedelta(),
) -> bool:
    """Claim a slot, and whatever lies between it and `seen`; false where `seen` is not the last any more.

    With an `errand`, it is due from then on. By how much the slot is `late` is kept for those who watch.
    """
    before = to_ms(seen) if seen else ""
    token = secrets.token_hex(8)
    arguments: list[Argument] = [name, before, to_ms(slot), token, errand, max(0, late // _MS)]
    return bool(_CLAIM(redis, [keys.TICKS, keys.Due.ERRAND], arguments))
