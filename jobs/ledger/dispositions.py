"""How each drop ended: call records merged into one table per submission, whichever comes first or twice.

The first record that says how a drop ended stays; a later one that says otherwise is counted, not believed.
"""

from collections.abc import Iterable, Iterator, Sequence, Set
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import zip_longest
from typing import Any

from redis import Redis

from jobs.ledger import keys, submissions, texts
from jobs.ledger.closing import CLOSE
from jobs.ledger.durability import Call, run_all
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
from jobs.ledger.script import Argument, Script
from jobs.ledger.texts import MOST_TEXTS, OVERFLOW, outcome_text, split_outcome, with_texts
from jobs.models import Disposition, DropState, Submission

RECORDS_A_STEP = 1_000
"""How many records one script takes: about 3 ms of the server's time, in which nobody else is served."""

SPAN = timedelta(minutes=5)
"""What the timeline of a campaign counts together."""

MOST_AGO = timedelta(days=7)
"""A drop that is said to have ended longer ago is counted when it is heard of: a gateway whose clock is wrong must not
fill the timeline."""

Batch = tuple[Submission, Sequence[Disposition]]
"""Call records of one submission."""

_RECORD = Script(
    TELL,
    """
-- KEYS: 1 submission, 2 campaign, 3 phones, 4 dispositions, 5 tally, 6 words, 7 timeline
-- ARGV: 1 now (ms), 2 records: 5 bytes of phone and 9 of disposition each, whose outcome and carrier are places among
--       the texts (0 for none), 3 span of the timeline (s), 4 how long before now a drop may have ended (s),
--       5 most texts of a campaign, 6 text for what is too many, 7... texts
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
local interned = {[0] = 0}
local function intern(place)  -- a text's own number, its first time a new one
  if interned[place] then return interned[place] end
  local word = ARGV[6 + place]
  local number = redis.call('HGET', KEYS[6], word)
  if not number then
    number = redis.call('HLEN', KEYS[6]) + 1
    if number > tonumber(ARGV[5]) then
      word = ARGV[6]
      number = redis.call('HGET', KEYS[6], word) or number
    end
    redis.call('HSET', KEYS[6], word, number)
  end
  interned[place] = tonumber(number)
  return interned[place]
end
local function pair(number) return string.char(math.floor(number / 256), number % 256) end
local counts = {new = 0, known = 0}
local told = is_anybody_told_of_drops() and {}
local changed, tally, timeline, contrary, foreign = {}, {}, {}, {}, {}
local now = math.floor(ARGV[1] / 1000)
local function span(at)  -- that it ended in; when it is heard of, where its time is none or cannot be
  local a, b, c, d = string.byte(records, at, at + 3)
  local ended = ((a * 256 + b) * 256 + c) * 256 + d
  if ended > now or ended < now - ARGV[4] then ended = now end
  return string.format('%d', ended - ended % ARGV[3])
end
local function count(table, name, by) table[name] = (table[name] or 0) + by end
for at = 1, #records, 14 do
  local index = find(number(records, at))
  if not index then foreign[#foreign + 1] = (at - 1) / 14 else
    local before = string.byte(redis.call('GETRANGE', KEYS[4], index * 9, index * 9)) or 0
    local state, outcome_1, outcome_2, carrier_1, carrier_2 = string.byte(records, at + 5, at + 9)
    if before == 0 or before == 3 then
      local outcome, carrier = intern(outcome_1 * 256 + outcome_2), intern(carrier_1 * 256 + carrier_2)
      local disposition = string.char(state) .. pair(outcome) .. pair(carrier) .. string.sub(records, at + 10, at + 13)
      redis.call('SETRANGE', KEYS[4], index * 9, disposition)
      count(changed, WORDS[state], 1)
      if before == 3 then count(changed, 'no_record', -1) end
      count(tally, outcome, 1)
      count(timeline, span(at + 10) .. ':' .. WORDS[state], 1)
      count(counts, 'new', 1)
      if told then told[#told + 1] = string.sub(records, at, at + 4) .. disposition end
    elseif before == state then count(counts, 'known', 1) else contrary[#contrary + 1] = (at - 1) / 14 end
  end
end
for word, by in pairs(changed) do
  redis.call('HINCRBY', KEYS[1], 'd:' .. word, by)
  redis.call('HINCRBY', KEYS[2], 'd:' .. word, by)
end
for word, by in pairs(tally) do redis.call('HINCRBY', KEYS[5], word, by) end
for word, by in pairs(timeline) do redis.call('HINCRBY', KEYS[7], word, by) end
if counts.new > 0 then redis.call('HSET', KEYS[1], 'heard_at', ARGV[1]) end
if told and #told > 0 then tell_drops(KEYS[2], KEYS[1], table.concat(told)) end
return {counts.new, counts.known, contrary, foreign}
""",
)

_CLOSE = Script(
    CLOSE,
    """
-- KEYS: 1 submission, 2 campaign, 3 phones, 4 dispositions.  Sent twice, the second finds nothing pending.
return close(unpack(KEYS))
""",
)


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
    """What became of some call records: `contrary` ones say otherwise than what stands, `foreign` ones are not ours.

    `contrary_at` and `foreign_at` are their places in the batch; a sum of batches has none.
    """

    new: int = 0
    known: int = 0
    contrary: int = 0
    foreign: int = 0
    contrary_at: frozenset[int] = field(default=frozenset(), compare=False)
    foreign_at: frozenset[int] = field(default=frozenset(), compare=False)

    def __add__(self, other: "Recorded") -> "Recorded":
        return Recorded(
            self.new + other.new,
            self.known + other.known,
            self.contrary + other.contrary,
            self.foreign + other.foreign,
        )


def record(redis: Redis, submission: Submission, records: Iterable[Disposition], *, now: datetime) -> Recorded:
    """Merge call records into the submission's table. Records without an outcome yet are passed over."""
    listed, total = list(records), Recorded()
    for start in range(0, len(listed), RECORDS_A_STEP):
        batch = (submission, listed[start : start + RECORDS_A_STEP])
        total += recorded([batch], run_all(redis, record_calls([batch], now=now)))[0]
    return total


def record_calls(batches: Iterable[Batch], *, now: datetime) -> list[Call]:
    """What `run_all` runs to record them, one script for each batch of at most `RECORDS_A_STEP`; `recorded` reads the
    answers. Sent twice, the second finds every record known.
    """
    return [_record_call(submission, _telling(records), now) for submission, records in batches]


def recorded(batches: Iterable[Batch], answers: Iterable[Any]) -> list[Recorded]:
    """What became of each batch."""
    return [_recorded(records, answer) for (_, records), answer in zip(batches, answers, strict=True)]


def close(redis: Redis, submission: Submission) -> int:
    """Say of every drop without a call record that none came; answers how many."""
    names = [keys.submission(submission.id), keys.campaign(submission.campaign_id)]
    names += [keys.phones(submission.id), keys.dispositions(submission.id)]
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
    words = texts.read(redis, submission.campaign_id)
    ours = unpack_phones(found[0] or b"")
    for phone, disposition in zip(ours, unpack_dispositions(found[1] or b"", len(ours)), strict=True):
        yield with_texts(phone, disposition, words)


def read_some(redis: Redis, submission: Submission, *, begin: int, most: int) -> list[Disposition]:
    """So many of them from a place on, counted from 0, without reading the others."""
    with redis.pipeline() as pipeline:  # one step, as in `read`
        pipeline.getrange(keys.phones(submission.id), begin * PHONE_BYTES, (begin + most) * PHONE_BYTES - 1)
        pipeline.getrange(keys.dispositions(submission.id), begin * RECORD_BYTES, (begin + most) * RECORD_BYTES - 1)
        pipeline.hgetall(keys.words(submission.campaign_id))
        phones, drops, words = pipeline.execute()
    ours, by_number = unpack_phones(phones), texts.by_number(words)
    packed = unpack_dispositions(drops, len(ours))
    return [with_texts(phone, each, by_number) for phone, each in zip(ours, packed, strict=True)]


def tally(redis: Redis, campaign_id: str) -> dict[tuple[str, str], int]:
    """How many drops ended with each of the gateway's own (status, reason), most frequent first."""
    words = texts.read(redis, campaign_id)
    found: dict[tuple[str, str], int] = {}
    for number, count in decoded(redis.hgetall(keys.tally(campaign_id))).items():
        status, reason, _ = split_outcome(words.get(int(number), ""))
        found[status, reason] = found.get((status, reason), 0) + int(count)
    return dict(sorted(found.items(), key=lambda item: -item[1]))


def timeline(redis: Redis, campaign_id: str) -> dict[datetime, dict[DropState, int]]:
    """How many drops ended in each `SPAN`, by its beginning, oldest first; spans in which none did are left out."""
    found: dict[int, dict[DropState, int]] = {}
    for name, count in decoded(redis.hgetall(keys.timeline(campaign_id))).items():
        begin, _, state = name.partition(":")
        found.setdefault(int(begin), {})[DropState(state)] = int(count)
    return {datetime.fromtimestamp(begin, UTC): found[begin] for begin in sorted(found)}


def _telling(records: Iterable[Disposition]) -> list[Disposition]:
    return [each for each in records if each.state is not DropState.PENDING]


def _recorded(records: Sequence[Disposition], answer: Any) -> Recorded:
    new, known, contrary, foreign = answer
    places = [place for place, each in enumerate(records) if each.state is not DropState.PENDING]
    contrary_at, foreign_at = (frozenset(places[each] for each in found) for found in (contrary, foreign))
    return Recorded(new, known, len(contrary), len(foreign), contrary_at, foreign_at)


def _record_call(submission: Submission, records: Sequence[Disposition], now: datetime) -> Call:
    places: dict[str, int] = {"": 0}
    outcomes = [places.setdefault(outcome_text(each), len(places)) for each in records]
    carriers = [places.setdefault(each.carrier, len(places)) for each in records]
    packed = b"".join(
        pack_phone(each.phone) + pack_disposition(PackedDisposition(each.state, outcome, carrier, each.delivered_at))
        for each, outcome, carrier in zip(records, outcomes, carriers, strict=True)
    )
    campaign_id = submission.campaign_id
    names = [keys.submission(submission.id), keys.campaign(campaign_id), keys.phones(submission.id)]
    names += [keys.dispositions(submission.id), keys.tally(campaign_id), keys.words(campaign_id)]
    spans = [SPAN // timedelta(seconds=1), MOST_AGO // timedelta(seconds=1)]
    arguments: list[Argument] = [to_ms(now), packed, *spans, MOST_TEXTS, OVERFLOW, *list(places)[1:]]
    return _RECORD, [*names, keys.timeline(campaign_id)], arguments
