"""How each drop ended: call records merged into one table per submission, whichever comes first or twice.

The first record that says how a drop ended stays; a later one that says otherwise is counted, not believed. The texts
that records repeat (reasons, carriers) are kept once per campaign and pointed at by a small number.
"""

from collections.abc import Iterable, Iterator, Sequence, Set
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import zip_longest
from typing import Any

from redis import Redis

from jobs import eastern
from jobs.ledger import keys, submissions
from jobs.ledger.events import TELL
from jobs.ledger.fields import decoded, to_ms
from jobs.ledger.packing import (
    PHONE_BYTES,
    RECORD_BYTES,
    PackedDisposition,
    pack_disposition,
    pack_phone,
    states,
    unpack_dispositions,
    unpack_phones,
)
from jobs.ledger.script import Script
from jobs.models import Disposition, DropState, Submission

RECORDS_A_STEP = 1_000
"""How many records one script takes: about 3 ms of the server's time, in which nobody else is served."""

MOST_TEXTS = 65_000
"""Different texts kept per campaign; the number of a text has two bytes. What comes later becomes `OVERFLOW`."""
OVERFLOW = "(too many different texts)"

SPAN = timedelta(minutes=5)
"""What the timeline of a campaign counts together."""

MOST_AGO = timedelta(days=7)
"""A drop that is said to have ended longer ago is counted when it is heard of: a gateway whose clock is wrong must not
fill the timeline."""

_SEPARATOR = "\x1f"

_INTERN = Script("""
-- KEYS: 1 words.  ARGV: 1 most texts, 2 text for what is too many, then texts
local numbers = {}
for at = 3, #ARGV do
  local word = ARGV[at]
  local number = redis.call('HGET', KEYS[1], word)
  if not number then
    number = redis.call('HLEN', KEYS[1]) + 1
    if number > tonumber(ARGV[1]) then
      word = ARGV[2]
      number = redis.call('HGET', KEYS[1], word) or number
    end
    redis.call('HSET', KEYS[1], word, number)
  end
  numbers[#numbers + 1] = tonumber(number)
end
return numbers
""")

_RECORD = Script(
    TELL,
    """
-- KEYS: 1 submission, 2 campaign, 3 phones, 4 dispositions, 5 tally, 6 timeline
-- ARGV: 1 now (ms), 2 records: 5 bytes of phone and 9 of disposition each, 3 span of the timeline (s),
--       4 how long before now a drop may have ended (s)
-- Sent twice, the second finds every record known.
local WORDS = {[0] = 'pending', 'delivered', 'failed', 'no_record'}
local phones, records = redis.call('GET', KEYS[3]) or '', ARGV[2]
local function number(text, at)
  local a, b, c, d, e = string.byte(text, at, at + 4)
  return (((a * 256 + b) * 256 + c) * 256 + d) * 256 + e
end
local function find(phone)  -- by bisection
  local low, high = 0, #phones / 5 - 1
  while low <= high do
    local middle = math.floor((low + high) / 2)
    local there = number(phones, middle * 5 + 1)
    if there == phone then return middle end
    if there < phone then low = middle + 1 else high = middle - 1 end
  end
end
local counts = {new = 0, known = 0, contrary = 0, foreign = 0}
local changed, tally, timeline = {}, {}, {}
local now = math.floor(ARGV[1] / 1000)
local function span(at)  -- that it ended in; when it is heard of, where its time is none or cannot be
  local a, b, c, d = string.byte(records, at, at + 3)
  local ended = ((a * 256 + b) * 256 + c) * 256 + d
  if ended > now or ended < now - ARGV[4] then ended = now end
  return string.format('%d', ended - ended % ARGV[3])
end
local told = is_anybody_told_of_drops() and {}
local function count(table, name, by) table[name] = (table[name] or 0) + by end
for at = 1, #records, 14 do
  local index = find(number(records, at))
  if not index then count(counts, 'foreign', 1) else
    local before = string.byte(redis.call('GETRANGE', KEYS[4], index * 9, index * 9)) or 0
    local state = string.byte(records, at + 5)
    if before == 0 or before == 3 then
      redis.call('SETRANGE', KEYS[4], index * 9, string.sub(records, at + 5, at + 13))
      count(changed, WORDS[state], 1)
      if before == 3 then count(changed, 'no_record', -1) end
      count(tally, string.byte(records, at + 6) * 256 + string.byte(records, at + 7), 1)
      count(timeline, span(at + 10) .. ':' .. WORDS[state], 1)
      count(counts, 'new', 1)
      if told then told[#told + 1] = string.sub(records, at, at + 13) end
    elseif before == state then count(counts, 'known', 1) else count(counts, 'contrary', 1) end
  end
end
for word, by in pairs(changed) do
  redis.call('HINCRBY', KEYS[1], 'd:' .. word, by)
  redis.call('HINCRBY', KEYS[2], 'd:' .. word, by)
end
for word, by in pairs(tally) do redis.call('HINCRBY', KEYS[5], word, by) end
for word, by in pairs(timeline) do redis.call('HINCRBY', KEYS[6], word, by) end
if counts.new > 0 then redis.call('HSET', KEYS[1], 'heard_at', ARGV[1]) end
if told and #told > 0 then tell_drops(KEYS[2], KEYS[1], table.concat(told)) end
return {counts.new, counts.known, counts.contrary, counts.foreign}
""",
)

_CLOSE = Script("""
-- KEYS: 1 submission, 2 campaign, 3 dispositions, 4 phones.  Sent twice, the second finds nothing pending.
local count, closed = redis.call('STRLEN', KEYS[4]) / 5, 0
local table = redis.call('GET', KEYS[3]) or ''
for index = 0, count - 1 do
  if (string.byte(table, index * 9 + 1) or 0) == 0 then
    redis.call('SETRANGE', KEYS[3], index * 9, '\\3\\0\\0\\0\\0\\0\\0\\0\\0')
    closed = closed + 1
  end
end
redis.call('HINCRBY', KEYS[1], 'd:no_record', closed)
redis.call('HINCRBY', KEYS[2], 'd:no_record', closed)
return closed
""")


_TAKE_OUT = Script("""
-- KEYS: 1 submission, 2 campaign, 3 dispositions.  ARGV: 1 attempt, 2... places of the phones, counted from 0
-- Sent twice, the second finds them taken out.
local state, attempt = unpack(redis.call('HMGET', KEYS[1], 'state', 'attempt'))
if state ~= 'claimed' or attempt ~= ARGV[1] then return 0 end
local taken = 0
for at = 2, #ARGV do
  local place = ARGV[at] * 9
  if (string.byte(redis.call('GETRANGE', KEYS[3], place, place)) or 0) == 0 then
    redis.call('SETRANGE', KEYS[3], place, '\\4\\0\\0\\0\\0\\0\\0\\0\\0')
    taken = taken + 1
  end
end
redis.call('HINCRBY', KEYS[1], 'd:screened', taken)
redis.call('HINCRBY', KEYS[2], 'd:screened', taken)
redis.call('HINCRBY', KEYS[2], 'p:claimed', -taken)
return taken
""")


@dataclass(frozen=True, slots=True)
class Recorded:
    """What became of some call records: `contrary` ones say otherwise than what stands, `foreign` ones are not ours."""

    new: int = 0
    known: int = 0
    contrary: int = 0
    foreign: int = 0

    def __add__(self, other: "Recorded") -> "Recorded":
        return Recorded(
            self.new + other.new,
            self.known + other.known,
            self.contrary + other.contrary,
            self.foreign + other.foreign,
        )


def record(redis: Redis, submission: Submission, records: Iterable[Disposition], *, now: datetime) -> Recorded:
    """Merge call records into the submission's table. Records without an outcome yet are passed over."""
    telling = [each for each in records if each.state is not DropState.PENDING]
    total = Recorded()
    for start in range(0, len(telling), RECORDS_A_STEP):
        total += _record_step(redis, submission, telling[start : start + RECORDS_A_STEP], now)
    return total


def close(redis: Redis, submission: Submission) -> int:
    """Say of every drop without a call record that none came; answers how many."""
    names = [keys.submission(submission.id), keys.campaign(submission.campaign_id), keys.dispositions(submission.id)]
    names.append(keys.phones(submission.id))
    return int(_CLOSE(redis, names, []))


def take_out(redis: Redis, submission: Submission, phones: Set[str], *, attempt: str) -> None:
    """Say of these phones that they are taken out before sending; nothing happens unless `attempt` holds the claim."""
    ours = submissions.phones(redis, submission.id)
    places = [place for place, phone in enumerate(ours) if phone in phones]
    names = [keys.submission(submission.id), keys.campaign(submission.campaign_id), keys.dispositions(submission.id)]
    for start in range(0, len(places), RECORDS_A_STEP):
        _TAKE_OUT(redis, names, [attempt, *places[start : start + RECORDS_A_STEP]])


def to_send(redis: Redis, submission_id: str) -> list[str]:
    """The phones of a submission that are not taken out, ascending."""
    found: list[Any] = redis.mget(keys.phones(submission_id), keys.dispositions(submission_id))
    ends = zip_longest(unpack_phones(found[0] or b""), states(found[1] or b""))
    return [phone for phone, state in ends if state is not DropState.SCREENED]


def read(redis: Redis, submission: Submission) -> Iterator[Disposition]:
    """Every phone of the submission and how its drop ended, ascending."""
    # Both at once: a purge between them would give every phone behind it the end of its neighbour.
    found: list[Any] = redis.mget(keys.phones(submission.id), keys.dispositions(submission.id))
    texts = _texts(redis, submission.campaign_id)
    ours = unpack_phones(found[0] or b"")
    for phone, disposition in zip(ours, unpack_dispositions(found[1] or b"", len(ours)), strict=True):
        yield _unpacked(phone, disposition, texts)


def read_some(redis: Redis, submission: Submission, *, begin: int, most: int) -> list[Disposition]:
    """So many of them from a place on, counted from 0, without reading the others."""
    with redis.pipeline() as pipeline:  # one step, as in `read`
        pipeline.getrange(keys.phones(submission.id), begin * PHONE_BYTES, (begin + most) * PHONE_BYTES - 1)
        pipeline.getrange(keys.dispositions(submission.id), begin * RECORD_BYTES, (begin + most) * RECORD_BYTES - 1)
        pipeline.hgetall(keys.words(submission.campaign_id))
        phones, drops, words = pipeline.execute()
    texts, ours = {int(number): word for word, number in decoded(words).items()}, unpack_phones(phones)
    packed = unpack_dispositions(drops, len(ours))
    return [_unpacked(phone, each, texts) for phone, each in zip(ours, packed, strict=True)]


def unpack(redis: Redis, campaign_id: str, records: bytes) -> list[Disposition]:
    """Records as an event has them: 5 bytes of phone and 9 of disposition each."""
    step = PHONE_BYTES + RECORD_BYTES
    pieces = [records[at : at + step] for at in range(0, len(records), step)]
    phones = unpack_phones(b"".join(piece[:PHONE_BYTES] for piece in pieces))
    packed = unpack_dispositions(b"".join(piece[PHONE_BYTES:] for piece in pieces), len(pieces))
    texts = _texts(redis, campaign_id)
    return [_unpacked(phone, disposition, texts) for phone, disposition in zip(phones, packed, strict=True)]


def tally(redis: Redis, campaign_id: str) -> dict[tuple[str, str], int]:
    """How many drops ended with each of the gateway's own (status, reason), most frequent first."""
    texts = {number: word for word, number in decoded(redis.hgetall(keys.words(campaign_id))).items()}
    found: dict[tuple[str, str], int] = {}
    for number, count in decoded(redis.hgetall(keys.tally(campaign_id))).items():
        status, reason, _ = _split(texts.get(number, ""))
        found[status, reason] = found.get((status, reason), 0) + int(count)
    return dict(sorted(found.items(), key=lambda item: -item[1]))


def timeline(redis: Redis, campaign_id: str) -> dict[datetime, dict[DropState, int]]:
    """How many drops ended in each `SPAN`, by its beginning, oldest first; spans in which none did are left out."""
    found: dict[int, dict[DropState, int]] = {}
    for name, count in decoded(redis.hgetall(keys.timeline(campaign_id))).items():
        begin, _, state = name.partition(":")
        found.setdefault(int(begin), {})[DropState(state)] = int(count)
    return {datetime.fromtimestamp(begin, UTC): found[begin] for begin in sorted(found)}


def _texts(redis: Redis, campaign_id: str) -> dict[int, str]:
    return {int(number): word for word, number in decoded(redis.hgetall(keys.words(campaign_id))).items()}


def _record_step(redis: Redis, submission: Submission, records: Sequence[Disposition], now: datetime) -> Recorded:
    outcomes = [_outcome_text(each) for each in records]
    numbers = _intern(redis, submission.campaign_id, {*outcomes, *(each.carrier for each in records if each.carrier)})
    packed = b"".join(
        pack_phone(each.phone)
        + pack_disposition(
            PackedDisposition(each.state, numbers[outcome], numbers.get(each.carrier, 0), each.delivered_at)
        )
        for each, outcome in zip(records, outcomes, strict=True)
    )
    campaign_id = submission.campaign_id
    names = [keys.submission(submission.id), keys.campaign(campaign_id), keys.phones(submission.id)]
    names += [keys.dispositions(submission.id), keys.tally(campaign_id), keys.timeline(campaign_id)]
    spans = [SPAN // timedelta(seconds=1), MOST_AGO // timedelta(seconds=1)]
    return Recorded(*_RECORD(redis, names, [to_ms(now), packed, *spans]))


def _intern(redis: Redis, campaign_id: str, texts: Iterable[str]) -> dict[str, int]:
    listed = sorted(texts)
    numbers = _INTERN(redis, [keys.words(campaign_id)], [MOST_TEXTS, OVERFLOW, *listed])
    return dict(zip(listed, numbers, strict=True))


def _outcome_text(disposition: Disposition) -> str:
    """Status and reason, and the time's text where the instant alone would not give it back."""
    at = disposition.delivered_at
    raw = "" if at and eastern.wall_text(at) == disposition.delivered_text else disposition.delivered_text
    return _SEPARATOR.join((disposition.status, disposition.reason, raw))


def _split(outcome: str) -> tuple[str, str, str]:
    status, _, rest = outcome.partition(_SEPARATOR)
    reason, _, raw = rest.partition(_SEPARATOR)
    return status, reason, raw


def _unpacked(phone: str, packed: PackedDisposition, texts: dict[int, str]) -> Disposition:
    status, reason, raw = _split(texts.get(packed.outcome, ""))
    at = packed.delivered_at
    return Disposition(
        phone=phone,
        state=packed.state,
        status=status,
        reason=reason,
        delivered_text=raw or (eastern.wall_text(at) if at else ""),
        delivered_at=at,
        carrier=texts.get(packed.carrier, ""),
    )
