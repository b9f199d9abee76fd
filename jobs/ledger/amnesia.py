"""Whether the ledger still knows what it has acknowledged; where it does not, nothing is sent until a person says go.

Important writes (a campaign taken, an intent set, a do-not-dial list changed, a submission about to be sent, or found
to have been sent just before it would be sent again) are counted. What one run of the server writes is an epoch: when
the server is started anew the next one begins, and how far the last had come is noted. Every process keeps the newest
mark, epoch and count, that it has seen, and shows it with each of these writes. A ledger that knows less of that epoch
has lost acknowledged writes, and may hold as planned what was sent long ago.

A person may halt sending, too, and by the same means: `halt`. Each of the two ends by a word of its own, so that nobody
who ends the one ends the other unawares.

What one process has seen, another may not have. So a server that was started anew is doubted for a while: nothing is
sent until every living process has had the time to show its mark.
"""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from threading import Lock
from typing import Any
from weakref import WeakKeyDictionary

from redis import Redis

from jobs.ledger import keys
from jobs.ledger.durability import run_durably
from jobs.ledger.fields import from_ms, text, to_ms
from jobs.ledger.script import Argument, Script

DOUBT = timedelta(seconds=5)
"""How long a server that was started anew is doubted: a process is back at most 3 s after it, and looks each second."""

FORGIVEN = 9 * 10**15
"""How far a forgiven epoch has come: further than anybody can have seen."""

_BEFORE = """
-- The last KEYS: what is remembered, the halt, the doubt.
-- The last ARGV: now (ms), name for a new epoch, newest mark seen: its epoch ('' for none), its count, doubt (ms)
local DOUBT = table.remove(KEYS)
local HALT = table.remove(KEYS)
local MEMORY = table.remove(KEYS)
local doubt_ms = table.remove(ARGV)
local seen = tonumber(table.remove(ARGV))
local seen_epoch = table.remove(ARGV)
local new_epoch = table.remove(ARGV)
local now = table.remove(ARGV)

local epoch, run, count = unpack(redis.call('HMGET', MEMORY, 'epoch', 'run', 'count'))
local info = redis.pcall('INFO', 'server')  -- a server that will not say which run it is has one epoch, and counts
local running = type(info) == 'string' and string.match(info, 'run_id:(%w+)') or ''
count = tonumber(count or 0)
if run ~= running then
  if epoch then
    redis.call('HSET', MEMORY, 'end:' .. epoch, count)
    redis.call('SET', DOUBT, now, 'PX', doubt_ms)
  end
  epoch = new_epoch
  redis.call('HSET', MEMORY, 'epoch', epoch, 'run', running, 'count', count)
end

local known = count  -- of the epoch that this process has seen
if seen_epoch ~= '' and seen_epoch ~= epoch then
  known = tonumber(redis.call('HGET', MEMORY, 'end:' .. seen_epoch) or 0)
end
local has_forgotten = known < seen
if has_forgotten then
  redis.call('HSETNX', HALT, 'since', now)
  local many = seen == 1 and 'write was' or 'writes were'
  redis.call('HSETNX', HALT, 'reason',
    string.format('%d important %s acknowledged, and the ledger knows %d of them', seen, many, known))
  redis.call('HSET', HALT, 'seen:' .. seen_epoch, seen)
end

local function remember() count = redis.call('HINCRBY', MEMORY, 'count', 1) end
local function halted()  -- for how long at least (ms); nil where sending goes on
  if redis.call('EXISTS', HALT) == 1 then return 10000 end
  local left = redis.call('PTTL', DOUBT)
  if left > 0 then return left end
end
local function act()
"""

_AFTER = """
end
local answer = act()
if has_forgotten then return {answer or '', seen_epoch, seen} end
return {answer or '', epoch, count}
"""

_LOOK = Script(
    _BEFORE, "return redis.call('HMGET', HALT, 'since', 'reason', 'asked_at', 'why', 'by', 'joined')", _AFTER
)

_HALT = Script(
    _BEFORE,
    """
-- KEYS, ARGV: none of its own but 1 why, 2 who.  Sent twice, the second finds the halt that the first has begun.
-- Whoever joins is noted as who, when (ms) and why, with \\31 between them and \\30 behind.
local asked_at, by, joined = unpack(redis.call('HMGET', HALT, 'asked_at', 'by', 'joined'))
if not asked_at then
  remember()
  redis.call('HSET', HALT, 'asked_at', now, 'why', ARGV[1], 'by', ARGV[2])
else
  joined = joined or ''
  local own = ARGV[2] .. '\\31'
  if by ~= ARGV[2] and not string.find('\\30' .. joined, '\\30' .. own, 1, true) then
    remember()
    joined = joined .. own .. now .. '\\31' .. ARGV[1] .. '\\30'
  end
  redis.call('HSET', HALT, 'joined', joined)  -- each time, so that there is something to wait for on the disk
end
return redis.call('HMGET', HALT, 'asked_at', 'why', 'by', 'joined')
""",
    _AFTER,
)

_FORGIVE = Script("""
-- KEYS: 1 what is remembered, 2 halt, 3 past halts
-- ARGV: 1 token, 2 now (ms), 3 why, 4 name for a new epoch, 5 how far a forgiven epoch has come, 6 who says so,
--       7 '1' ends the halt for what was forgotten, '' that of persons
-- Sent twice, the second finds its token.
local last = redis.call('XREVRANGE', KEYS[3], '+', '-', 'COUNT', 1)[1]
if last and last[2][2] == ARGV[1] then return {last[2][4], last[2][6], last[2][12], last[2][16]} end
local since, reason, asked_at, asked_why, by, joined = unpack(
  redis.call('HMGET', KEYS[2], 'since', 'reason', 'asked_at', 'why', 'by', 'joined'))
local function note(from, reason, by, joined)
  redis.call('XADD', KEYS[3], '*', 'token', ARGV[1], 'since', from, 'reason', reason, 'until', ARGV[2], 'why', ARGV[3],
    'by', by, 'ended_by', ARGV[6], 'joined', joined)
  return {from, reason, by, joined}
end
if ARGV[7] == '' then
  if not asked_at then return end
  redis.call('HDEL', KEYS[2], 'asked_at', 'why', 'by', 'joined')
  return note(asked_at, asked_why, by, joined or '')
end
if not since then return end
redis.call('HDEL', KEYS[2], 'since', 'reason')
for _, field in ipairs(redis.call('HKEYS', KEYS[2])) do
  local epoch = string.match(field, '^seen:(.*)')
  if epoch then
    redis.call('HSET', KEYS[1], 'end:' .. epoch, ARGV[5])
    redis.call('HDEL', KEYS[2], field)
  end
end
redis.call('HSET', KEYS[1], 'forgiven_at', ARGV[2])
local epoch = redis.call('HGET', KEYS[1], 'epoch')
if epoch then redis.call('HSET', KEYS[1], 'end:' .. epoch, ARGV[5], 'epoch', ARGV[4]) end
return note(since, reason, '', '')
""")


@dataclass(frozen=True, slots=True)
class Mark:
    """How much of what the ledger remembers has been seen."""

    epoch: str = ""
    count: int = 0


@dataclass(frozen=True, slots=True)
class Halt:
    """Why nothing is sent, and since when. `by` is the person who asked for it, '' where the ledger has forgotten."""

    reason: str
    since: datetime
    by: str = ""
    joined: tuple["Halt", ...] = ()
    """Of the same, what others asked for while it held; it ends with it."""

    @property
    def is_data_loss(self) -> bool:
        """Whether the ledger has forgotten something; no person wants that."""
        return not self.by


class Halted(Exception):
    """Sending is halted: by a person, or because the ledger has forgotten something or is new. Nothing was sent."""


class _Witness:
    """The newest mark that was seen through one connection pool, or several to one server, by all of its threads."""

    def __init__(self) -> None:
        self._lock = Lock()
        self.mark = Mark()

    def see(self, mark: Mark) -> None:
        with self._lock:
            if mark.epoch != self.mark.epoch or mark.count > self.mark.count:
                self.mark = mark


_witnesses: WeakKeyDictionary[Any, _Witness] = WeakKeyDictionary()
"""What was seen belongs to the server it was seen on, and so to the pool of connections to it. A process that is
started anew has seen nothing, and believes what it reads.
"""


def newest_mark(redis: Redis) -> Mark:
    """The newest that this process has seen through this client's connections."""
    return _witness(redis).mark


def share(redis: Redis, other: Redis) -> None:
    """Let two clients of one server have one memory: each shows what was seen through either."""
    _witnesses[other.connection_pool] = _witness(redis)


def script(*parts: str) -> Script:
    """A script in which `remember()` counts an important write and `halted()` says for how long nothing may be sent."""
    return Script(_BEFORE, *parts, _AFTER)


def run(
    script: Script,
    redis: Redis,
    names: Sequence[str],
    arguments: Sequence[Argument],
    *,
    now: datetime,
    durably: bool = False,
    seen: Mark | None = None,
) -> Any:
    """Run a `script` made here, showing the newest mark seen and seeing the newest there is; the script's own answer.

    With `durably` it waits for the server's disk, and raises `NotDurable`. With `seen` it shows that mark instead.
    """
    witness = _witness(redis)
    seen = seen or witness.mark
    own: list[Argument] = [to_ms(now), secrets.token_hex(8), seen.epoch, seen.count, DOUBT // timedelta(milliseconds=1)]
    do = run_durably if durably else Script.__call__
    own_names = [keys.MEMORY, keys.HALT, keys.DOUBT]
    answer, epoch, count = do(script, redis, [*names, *own_names], [*arguments, *own])
    witness.see(Mark(text(epoch), int(count)))
    return answer


def look(redis: Redis, *, now: datetime) -> Halt | None:
    """Show what this process has seen; answers the gravest reason why nothing is sent, None while all is well."""
    return next(iter(halts(redis, now=now)), None)


def halts(redis: Redis, *, now: datetime) -> tuple[Halt, ...]:
    """The same, with every halt that holds: that for what was forgotten, then that of persons."""
    since, reason, asked_at, *asked = run(_LOOK, redis, [], [], now=now)
    forgotten = [_halt(since, reason)] if since else []
    return (*forgotten, *([_halt(asked_at, *asked)] if asked_at else []))


def testify(redis: Redis, mark: Mark, *, at: datetime, now: datetime) -> None:
    """Show what another process had seen at that instant, as if it still lived. What was seen before a person last said
    go after a loss of data is known to be lost.
    """
    forgiven_at = redis.hget(keys.MEMORY, "forgiven_at")
    if not forgiven_at or at > from_ms(text(forgiven_at)):
        run(_LOOK, redis, [], [], now=now, seen=mark)


def halt(redis: Redis, *, why: str, by: str, now: datetime, durably: bool = False) -> Halt:
    """Say that nothing may be sent; answers the halt that a person asked for first, with all who have joined it. It
    holds until a person says go.

    From the moment this returns, nothing begins to be sent anywhere. With `durably` it waits for the server's disk, and
    raises `NotDurable`; it holds all the same.
    """
    return _halt(*run(_HALT, redis, [], [why, by], now=now, durably=durably))


def forgive(redis: Redis, *, why: str, now: datetime, by: str = "", after_data_loss: bool = False) -> Halt | None:
    """End the halt of persons, or with `after_data_loss` that for what was forgotten, and believe the ledger as it is;
    answers the halt that this ended, None where there was none.
    """
    names = [keys.MEMORY, keys.HALT, keys.HALTS]
    arguments: list[Argument] = [secrets.token_hex(8), to_ms(now), why, secrets.token_hex(8), FORGIVEN, by]
    found = _FORGIVE(redis, names, [*arguments, "1" if after_data_loss else ""])
    return _halt(*found) if found else None


def _halt(since: bytes, reason: bytes, by: bytes = b"", joined: bytes | None = None) -> Halt:
    others = (each.split("\x1f") for each in text(joined or b"").split("\x1e") if each)
    asked = tuple(Halt(why, from_ms(at), who) for who, at, why in others)
    return Halt(text(reason), from_ms(text(since)), text(by), asked)


def _witness(redis: Redis) -> _Witness:
    return _witnesses.setdefault(redis.connection_pool, _Witness())
