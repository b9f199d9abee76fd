"""The do-not-dial lists, one for each account: who is on it, and every change that was ever asked for.

Changes are numbered from 1, one number for each phone of a request, and the newest one is the list's version. A request
is one entry of the history, a stream that is only appended to.

The phones on the list lie in sets of small integers, which Redis packs: about 5 bytes each, instead of 50 in one set.
"""

import secrets
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from redis import Redis

from jobs.ledger import amnesia, due, keys
from jobs.ledger.durability import run_durably
from jobs.ledger.fields import decoded, from_ms, from_ms_if_any, text, to_ms
from jobs.ledger.packing import pack_phones, unpack_phones
from jobs.ledger.script import Argument, Script
from jobs.models.said import unsaid
from jobs.phones import split

BUCKETS = 8192
"""Sets per list. Redis packs a set of up to 512 small integers, which holds for lists of up to three million."""

STEP = 500
"""Phones per script: about 2 ms of the server's time, in which nobody else is served."""

REMEMBERED_S = 3600
"""How long a request is known again. redis-py repeats a command within minutes, or gives up."""

PAGE = 100
"""Entries of the history read at once."""

_PLACE = f"""
local function place(list, packed, at)  -- of a phone: the set's key, and what stands for it there
  local a, b, c, d, e = string.byte(packed, at, at + 4)
  local phone = (((a * 256 + b) * 256 + c) * 256 + d) * 256 + e
  local bucket = phone % {BUCKETS}
  return list .. string.format(':%d', bucket), string.format('%d', (phone - bucket) / {BUCKETS})
end
"""

_CHANGE = amnesia.script(
    _PLACE,
    """
-- KEYS: 1 list, 2 history, 3 accounts with a list, 4 due at the gateway, 5 request
-- ARGV: 1 account, 2 'add' or 'remove', 3 packed phones, 4 now (ms), 5 how long to remember the request (s),
--       6... field, value of the entry
-- Sent twice, the second finds what the first came to.
local known = redis.call('GET', KEYS[5])
if known then return tonumber(known) end
remember()
local changed = 0
for at = 1, #ARGV[3], 5 do
  changed = changed + redis.call(ARGV[2] == 'add' and 'SADD' or 'SREM', place(KEYS[1], ARGV[3], at))
end
redis.call('HINCRBY', KEYS[1], 'numbers', ARGV[2] == 'add' and changed or -changed)
local number = redis.call('HINCRBY', KEYS[1], 'changes', #ARGV[3] / 5)
redis.call('XADD', KEYS[2], number .. '-0', 'verb', ARGV[2], 'phones', ARGV[3], 'at', ARGV[4], unpack(ARGV, 6))
redis.call('SADD', KEYS[3], ARGV[1])
redis.call('ZADD', KEYS[4], ARGV[4], ARGV[1])
redis.call('SET', KEYS[5], changed, 'EX', ARGV[5])
return changed
""",
)

_MARK = Script("""
-- KEYS: 1 list.  ARGV: 1 now (ms).  Sent twice, the second writes the same: there must be something to wait for.
return redis.call('HSET', KEYS[1], 'waited_at', ARGV[1])
""")

_LISTED = Script(
    _PLACE,
    """
-- KEYS: 1 list.  ARGV: 1 packed phones.  Answers the packed phones that are on the list.
if (redis.call('HGET', KEYS[1], 'numbers') or '0') == '0' then return '' end
local found = {}
for at = 1, #ARGV[1], 5 do
  if redis.call('SISMEMBER', place(KEYS[1], ARGV[1], at)) == 1 then
    found[#found + 1] = string.sub(ARGV[1], at, at + 4)
  end
end
return table.concat(found)
""",
)


class Verb(StrEnum):
    """What is asked for."""

    ADD = "add"
    REMOVE = "remove"


class UnexplainedRequest(Exception):
    """A request without a name or a reason; nothing was changed."""


@dataclass(frozen=True, slots=True)
class Asked:
    """Who wants a list changed, why, which way it came in (such as `cli`, or a file's name), and when."""

    by: str
    why: str
    source: str
    at: datetime

    def __post_init__(self) -> None:
        if wrong := unsaid(by=self.by, why=self.why, source=self.source):
            raise UnexplainedRequest(wrong)


@dataclass(frozen=True, slots=True)
class Request:
    """One entry of the history: somebody wanted these phones added or removed, and why."""

    number: int
    """That of its last change; they are numbered phone by phone, from 1."""
    verb: Verb
    phones: tuple[str, ...] = field(repr=False)
    asked: Asked


@dataclass(frozen=True, slots=True)
class ListView:
    """All that there is to know of a list, but its numbers."""

    account: str
    numbers: int
    changes: int
    """How many were ever asked for; the newest one's number."""
    confirmed: int
    """Up to which change the gateway has confirmed them."""
    confirmed_at: datetime | None
    refused: int
    """Numbers that the gateway would not take."""
    trouble: str
    """Why the gateway is not told more at present; '' when nothing is wrong."""
    next_try_at: datetime | None = None
    """When it is told more, unless it was told everything."""

    @property
    def unconfirmed(self) -> int:
        """Changes of which the gateway has not confirmed anything yet."""
        return self.changes - self.confirmed


def change(redis: Redis, account: str, verb: Verb, phones: Collection[str], asked: Asked) -> int:
    """Add or remove at most `STEP` different phones, all or none; answers how many were not as wanted before.

    When this returns it holds: no submission with a number that was added begins to be sent any more.
    """
    if not 0 < len(phones) <= STEP:
        raise ValueError(f"one request takes 1 to {STEP} phones, not {len(phones)}")
    names = [keys.do_not_dial(account), keys.do_not_dial_history(account), keys.DO_NOT_DIAL_LISTS, keys.Due.DO_NOT_DIAL]
    names.append(keys.do_not_dial_request(secrets.token_hex(16)))
    told = ["by", asked.by, "why", asked.why, "source", asked.source]
    arguments: list[Argument] = [account, verb, pack_phones(phones), to_ms(asked.at), REMEMBERED_S, *told]
    return int(amnesia.run(_CHANGE, redis, names, arguments, now=asked.at))


def wait_for_disk(redis: Redis, account: str, *, now: datetime) -> None:
    """Until all changes so far are on the server's disk, which is written in their order; raises `NotDurable`."""
    run_durably(_MARK, redis, [keys.do_not_dial(account)], [to_ms(now)])


def version(redis: Redis, account: str) -> int:
    """The number of the list's newest change."""
    return int(redis.hget(keys.do_not_dial(account), "changes") or 0)


def listed(redis: Redis, account: str, phones: Collection[str]) -> set[str]:
    """Those of the phones that are on the list now."""
    found: set[str] = set()
    for step in split(phones, STEP):
        found.update(unpack_phones(_LISTED(redis, [keys.do_not_dial(account)], [pack_phones(step)])))
    return found


def listed_since(redis: Redis, account: str, phones: Collection[str], change: int) -> tuple[set[str], int]:
    """Those of the phones that are on the list now and came on it after `change`, or perhaps before; and the newest
    change that this takes in.
    """
    ours, newest, named = set(phones), version(redis, account), set[str]()
    if newest == change:
        return set(), newest
    if newest - change > len(ours):  # less to ask of each phone than to read all that happened since
        return listed(redis, account, ours), newest
    for request in history(redis, account, after=change):
        newest = request.number
        if request.verb is Verb.ADD:
            named |= ours.intersection(request.phones)
    return listed(redis, account, named), newest


def numbers(redis: Redis, account: str) -> Iterator[str]:
    """Every phone on the list, in no order. What changes meanwhile may be in or not."""
    for buckets in split(map(str, range(BUCKETS)), PAGE):
        with redis.pipeline(transaction=False) as pipeline:
            for bucket in buckets:
                pipeline.smembers(f"{keys.do_not_dial(account)}:{bucket}")
            for bucket, members in zip(buckets, pipeline.execute(), strict=True):
                yield from (str(int(member) * BUCKETS + int(bucket)) for member in members)


def history(redis: Redis, account: str, *, after: int = 0) -> Iterator[Request]:
    """Every request with a change after that number, oldest first."""
    while requests := page(redis, account, after):
        yield from requests
        after = requests[-1].number


def history_of(redis: Redis, account: str, phone: str) -> Iterator[Request]:
    """Every request that named this phone, oldest first. Reads the whole history: 5 MB for a million changes."""
    return (request for request in history(redis, account) if phone in request.phones)


def newest(redis: Redis, account: str, *, most: int) -> list[Request]:
    """The requests made last, newest first."""
    entries: Any = redis.xrevrange(keys.do_not_dial_history(account), count=most)
    return [_request(number, fields) for number, fields in entries]


def read(redis: Redis, account: str) -> ListView:
    """The list of an account; an empty one where nobody ever asked for anything."""
    fields = decoded(redis.hgetall(keys.do_not_dial(account)))
    return ListView(
        account=account,
        numbers=int(fields.get("numbers", 0)),
        changes=int(fields.get("changes", 0)),
        confirmed=int(fields.get("confirmed", 0)),
        confirmed_at=from_ms_if_any(fields.get("confirmed_at")),
        refused=int(redis.scard(keys.do_not_dial_refused(account))),
        trouble=fields.get("trouble", ""),
        next_try_at=due.instant_of(redis, keys.Due.DO_NOT_DIAL, account),
    )


def accounts(redis: Redis) -> list[str]:
    """The accounts that have a list, by name."""
    return sorted(map(text, redis.smembers(keys.DO_NOT_DIAL_LISTS)))


def page(redis: Redis, account: str, after: int) -> list[Request]:
    """The oldest requests with a change after that number, at most `PAGE`."""
    entries: Any = redis.xrange(keys.do_not_dial_history(account), min=f"{after + 1}-0", count=PAGE)
    return [_request(number, fields) for number, fields in entries]


def _request(number: bytes, raw: dict[bytes, bytes]) -> Request:
    phones = tuple(unpack_phones(raw.pop(b"phones")))
    fields = decoded(raw)
    asked = Asked(fields["by"], fields["why"], fields["source"], from_ms(fields["at"]))
    return Request(int(text(number).partition("-")[0]), Verb(fields["verb"]), phones, asked)
