"""Phones that are not kept: those of campaigns long over, and one phone wherever it lies.

Law of the room: counts stay as they are, and nothing is taken from a submission that somebody may be sending or
following.
"""

from collections.abc import Callable, Iterator
from datetime import datetime
from enum import StrEnum

from redis import Redis
from redis.client import Pipeline

from jobs.ledger import campaigns, keys
from jobs.ledger.fields import decoded, text, to_ms
from jobs.ledger.packing import pack_phone
from jobs.ledger.script import Argument, Script
from jobs.ledger.submissions import campaign_of, new_token

_COMPLETE = Script("""
-- KEYS: 1 campaigns with phones, 2 all campaigns.  Sent twice, the second finds it complete.
if redis.call('ZSCORE', KEYS[1], '-') then return 0 end
-- A ledger from before there was this set, or one that lost it. Who has no phones any more is found to have none.
redis.call('ZUNIONSTORE', KEYS[1], 2, KEYS[1], KEYS[2], 'AGGREGATE', 'MAX')
redis.call('ZADD', KEYS[1], '+inf', '-')
return 1
""")

_DROP = Script("""
-- KEYS: 1 campaign, 2 campaigns with phones, 3 exclusion report, then (submission, phones, dispositions) each
-- ARGV: 1 campaign id, 2 now (ms), 3... field, value.  Sent twice, the second finds nothing left to drop.
local OVER = {finished = true, rejected = true, withdrawn = true, given_up = true}
for key = 4, #KEYS, 3 do
  if not OVER[redis.call('HGET', KEYS[key], 'state')] then return 0 end
end
redis.call('HSETNX', KEYS[1], 'phones_dropped_at', ARGV[2])
if #ARGV > 2 then redis.call('HSET', KEYS[1], unpack(ARGV, 3)) end
redis.call('UNLINK', KEYS[3])
for key = 4, #KEYS, 3 do redis.call('UNLINK', KEYS[key + 1], KEYS[key + 2]) end
redis.call('ZREM', KEYS[2], ARGV[1])
return 1
""")

_PURGE = Script("""
-- KEYS: 1 submission, 2 campaign, 3 phones, 4 dispositions, 5 due to settle
-- ARGV: 1 packed phone, 2 token, 3 submission id
-- Sent twice, the second finds its token, and what the first came to.
local token, came_to = string.match(redis.call('HGET', KEYS[1], 'purge') or '', '^(%S+) (%S+)$')
if token == ARGV[2] then return came_to end
local low, high, place = 0, redis.call('STRLEN', KEYS[3]) / 5 - 1, nil
while low <= high and not place do  -- by bisection; equal lengths compare as the numbers do
  local middle = math.floor((low + high) / 2)
  local there = redis.call('GETRANGE', KEYS[3], middle * 5, middle * 5 + 4)
  if there == ARGV[1] then place = middle
  elseif there < ARGV[1] then low = middle + 1 else high = middle - 1 end
end
if not place then return 'absent' end
local state = redis.call('HGET', KEYS[1], 'state')
local OVER = {finished = true, rejected = true, withdrawn = true, given_up = true}
local is_followed = state ~= 'planned' and not OVER[state]
-- A session of an earlier attempt, that may still turn up, is known by the phones.
if is_followed or redis.call('ZSCORE', KEYS[5], ARGV[3]) then return 'held' end
local function cut(key, size)
  local all = redis.call('GET', key) or ''
  redis.call('SET', key, string.sub(all, 1, place * size) .. string.sub(all, (place + 1) * size + 1))
end
local ended = string.byte(redis.call('GETRANGE', KEYS[4], place * 9, place * 9)) or 0
cut(KEYS[3], 5)
cut(KEYS[4], 9)
came_to = 'removed'
if state == 'planned' then
  came_to = 'taken_out'
  if ended == 0 then
    redis.call('HINCRBY', KEYS[1], 'd:screened', 1)
    redis.call('HINCRBY', KEYS[2], 'd:screened', 1)
    redis.call('HINCRBY', KEYS[2], 'p:planned', -1)
  end
elseif ended ~= 4 then redis.call('HINCRBY', KEYS[1], 'purged', 1) end  -- 4: taken out before it was sent
redis.call('HSET', KEYS[1], 'purge', ARGV[2] .. ' ' .. came_to)
return came_to
""")


class Purged(StrEnum):
    """What became of a phone in a submission."""

    ABSENT = "absent"
    """It is not in it."""
    REMOVED = "removed"
    """The submission is over; the phone and how its drop ended are gone, the counts stay."""
    TAKEN_OUT = "taken_out"
    """The submission was not sent yet, and will be without it."""
    HELD = "held"
    """The submission is on its way, at the gateway, or unknown, or an earlier attempt of it may still turn up: the
    phone stays until that is over."""


def with_phones(redis: Redis) -> Iterator[str]:
    """The ids of all campaigns whose phones are stored, oldest first."""
    _complete(redis)
    return (text(member) for member in redis.zrangebyscore(keys.WITH_PHONES, "-inf", "(+inf"))


def to_look_at(redis: Redis, *, before: datetime, most: int) -> list[str]:
    """Campaigns with phones that may have been over at that instant, at most so many."""
    _complete(redis)
    return [text(member) for member in redis.zrangebyscore(keys.WITH_PHONES, "-inf", to_ms(before), 0, most)]


def note_not_over(redis: Redis, campaign_id: str, at: datetime) -> None:
    """Note that a campaign was not over, or had just ended, at an instant; retention counts from it at the earliest."""
    redis.zadd(keys.WITH_PHONES, {campaign_id: to_ms(at)}, xx=True)


def drop(redis: Redis, campaign_id: str, *, now: datetime) -> bool:
    """Drop all phones of a campaign, unless a submission of it is not over; counts stay. Says whether it did."""
    reasons = campaigns.excluded_by_reason(redis, campaign_id)
    names = [keys.campaign(campaign_id), keys.WITH_PHONES, keys.excluded(campaign_id)]
    for each in campaigns.submission_ids(redis, campaign_id):
        names += [keys.submission(each), keys.phones(each), keys.dispositions(each)]
    arguments: list[Argument] = [campaign_id, to_ms(now)]
    arguments += [part for reason, count in reasons.items() for part in (f"x:{reason}", count)]
    return bool(_DROP(redis, names, arguments))


def purge(redis: Redis, submission_id: str, phone: str) -> Purged:
    """Take a phone of 10 digits out of a submission."""
    names = [keys.submission(submission_id), keys.campaign(campaign_of(submission_id))]
    names += [keys.phones(submission_id), keys.dispositions(submission_id), keys.Due.SETTLE]
    return Purged(text(_PURGE(redis, names, [pack_phone(phone), new_token(), submission_id])))


def rewrite_excluded(redis: Redis, campaign_id: str, is_meant: Callable[[str], bool], text_then: str) -> int:
    """Give those rows of a campaign's exclusion report another text whose text is meant; answers how many.

    A report that is dropped or rewritten meanwhile is neither brought back nor overwritten.
    """
    name = keys.excluded(campaign_id)
    rewritten = 0

    def rewrite(pipeline: Pipeline) -> None:
        nonlocal rewritten
        rows = campaigns.excluded(pipeline, campaign_id)
        rewritten = sum(is_meant(row.text) for row in rows)
        pipeline.multi()
        if rewritten:
            changed = (row._replace(text=text_then) if is_meant(row.text) else row for row in rows)
            pipeline.set(name, campaigns.pack_excluded(changed))

    redis.transaction(rewrite, name)
    return rewritten


def keep_receipt(redis: Redis, receipt_id: str, receipt: str) -> None:
    """Keep what a purge came to, as JSON."""
    redis.hset(keys.PURGES, receipt_id, receipt)


def receipts(redis: Redis) -> list[str]:
    """All receipts, as JSON, in no order."""
    return list(decoded(redis.hgetall(keys.PURGES)).values())


def _complete(redis: Redis) -> None:
    _COMPLETE(redis, [keys.WITH_PHONES, keys.CAMPAIGNS], [])
