"""Campaigns in the ledger: taken in one step with their submissions and phones, then read, and told otherwise."""

import json
import secrets
import zlib
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from redis import Redis

from jobs.ledger import amnesia, keys
from jobs.ledger.events import TELL
from jobs.ledger.fields import counts, decoded, from_ms, from_ms_if_any, text, to_ms
from jobs.ledger.packing import pack_phones
from jobs.ledger.script import Argument, Script
from jobs.models import LEGAL_INTENTS, CampaignView, DropState, ExcludedRow, Intent, Run, SubmissionState, Terms

_TAKE = amnesia.script(
    TELL,
    """
-- KEYS: 1 idempotency key, 2 campaign, 3 all campaigns, 4 due to send, 5 excluded, 6 due to end,
--       7 unfinished campaigns, 8 campaigns with phones, then (submission, phones) each
-- ARGV: 1 key's value, 2 key's life (s), 3 campaign id, 4 taken at (ms), 5 due at (ms), 6 exclusion report,
--       7 its end time (ms; '' for none), 8 how many campaign fields and values, these,
--       then (submission id, phone count, packed phones) each
-- Sent twice, the second finds the key of the first, with the same campaign id in it.
local known = redis.call('GET', KEYS[1])
if known then return known end
remember()
redis.call('SET', KEYS[1], ARGV[1], 'EX', ARGV[2])
local at = 9 + tonumber(ARGV[8])
redis.call('HSET', KEYS[2], unpack(ARGV, 9, at - 1))
redis.call('ZADD', KEYS[3], ARGV[4], ARGV[3])
redis.call('ZADD', KEYS[7], ARGV[4], ARGV[3])
redis.call('ZADD', KEYS[8], ARGV[4], ARGV[3])
if ARGV[6] ~= '' then redis.call('SET', KEYS[5], ARGV[6]) end
if ARGV[7] ~= '' then redis.call('ZADD', KEYS[6], ARGV[7], ARGV[3]) end
for key = 9, #KEYS, 2 do
  redis.call('HSET', KEYS[key], 'campaign', ARGV[3], 'state', 'planned', 'phones', ARGV[at + 1], 'not_before', ARGV[5])
  redis.call('SET', KEYS[key + 1], ARGV[at + 2])
  redis.call('HINCRBY', KEYS[2], 'n:planned', 1)
  redis.call('HINCRBY', KEYS[2], 'p:planned', ARGV[at + 1])
  redis.call('ZADD', KEYS[4], ARGV[5], ARGV[at])
  at = at + 3
end
tell('campaign.taken', KEYS[2])
return ARGV[1]
""",
)

_INTEND = amnesia.script(
    TELL,
    """
-- KEYS: 1 campaign, 2 due to control, 3 its requests
-- ARGV: 1 campaign id, 2 new intent, 3 ' from intents ', 4 note, 5 now (ms), 6 asked for at (ms; '' for now),
--       7 request, 8 the request as it is kept
-- Sent twice, the second finds the intent as wanted. A request that comes back, or one older than the newest change,
-- is not obeyed again; only an end always is.
local intent = redis.call('HGET', KEYS[1], 'intent')
if not intent then return '' end
remember()
if intent ~= ARGV[2] and not string.find(ARGV[3], ' ' .. intent .. ' ', 1, true) then return intent end
local seen, intended_at = unpack(redis.call('HMGET', KEYS[1], 'requests', 'intended_at'))
seen = seen or ''
local is_known = string.find(seen, ' ' .. ARGV[7] .. ' ', 1, true)
local is_old = intended_at and ARGV[6] ~= '' and tonumber(ARGV[6]) < tonumber(intended_at)
if (is_known or is_old) and ARGV[2] ~= 'stop' and ARGV[2] ~= 'cancel' then
  redis.call('ZADD', KEYS[2], ARGV[5], ARGV[1])
  return ARGV[2]
end
if not is_known then
  redis.call('HSET', KEYS[1], 'requests', string.sub(seen .. ' ' .. ARGV[7] .. ' ', -2000))
end
if intent ~= ARGV[2] then
  local at = ARGV[6] == '' and ARGV[5] or ARGV[6]
  redis.call('HSET', KEYS[1], 'intent', ARGV[2], 'note', ARGV[4], 'intended_at', at)
  redis.call('HSET', KEYS[3], redis.call('HINCRBY', KEYS[1], 'intent_number', 1), ARGV[8])
  tell('campaign.' .. ARGV[2], KEYS[1])
end
redis.call('ZADD', KEYS[2], ARGV[5], ARGV[1])
return ARGV[2]
""",
)

_CARRIED_OUT = Script("""
-- KEYS: 1 campaign, 2 due to control, 3 strays.  ARGV: 1 campaign id, 2 intent's number, 3 now (ms)
-- A stray may have turned up since the others were told to stop: it is due as well.
local is_done = redis.call('HGET', KEYS[1], 'intent_number') == ARGV[2]
for _, run in ipairs(redis.call('HVALS', KEYS[3])) do is_done = is_done and run == 'ended' end
if is_done then return redis.call('ZREM', KEYS[2], ARGV[1]) end
redis.call('ZADD', KEYS[2], ARGV[3], ARGV[1])
""")


@dataclass(frozen=True, slots=True)
class NewCampaign:
    """All of a campaign as it goes into the ledger: `chunks` are the phones of each submission."""

    id: str
    key: str
    fingerprint: Mapping[str, str]
    terms: Terms
    rows: int
    chunks: Sequence[Sequence[str]]
    excluded: Sequence[ExcludedRow]
    due_at: datetime
    """When its submissions may go to the gateway."""
    screened: int = 0
    """The newest change of the account's do-not-dial list that `chunks` are screened against."""


@dataclass(frozen=True, slots=True)
class Holder:
    """The campaign that an idempotency key stands for, and the fingerprint of the payload it was taken with."""

    campaign_id: str
    fingerprint: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Request:
    """A change of what was wanted of a campaign: what, when, by whom ('' where that is not known) and why."""

    intent: Intent
    at: datetime
    by: str
    why: str


def submission_id(campaign_id: str, index: int) -> str:
    """The id of a campaign's submission; they count from 1."""
    return f"{campaign_id}-{index}"


def holder(redis: Redis, key: str) -> Holder | None:
    """Who holds an idempotency key, if anybody does."""
    known = redis.get(keys.idempotency(key))
    return _holder(known) if known else None


def take(redis: Redis, new: NewCampaign, *, now: datetime, keep_key: timedelta) -> Holder:
    """Write a campaign, all of it or nothing, unless its key is held already; answers who holds the key now."""
    names = [keys.idempotency(new.key), keys.campaign(new.id), keys.CAMPAIGNS, keys.Due.SEND, keys.excluded(new.id)]
    names += [keys.Due.END, keys.UNFINISHED, keys.WITH_PHONES]
    fields, ends_at = _fields(new, now), new.terms.ends_at
    value = json.dumps({"campaign_id": new.id, "fingerprint": dict(new.fingerprint)})
    arguments: list[Argument] = [value, int(keep_key.total_seconds()), new.id, to_ms(now), to_ms(new.due_at)]
    arguments += [pack_excluded(new.excluded), to_ms(ends_at) if ends_at else "", len(fields), *fields]
    for index, chunk in enumerate(new.chunks, start=1):
        own_id = submission_id(new.id, index)
        names += [keys.submission(own_id), keys.phones(own_id)]
        arguments += [own_id, len(chunk), pack_phones(chunk)]
    return _holder(amnesia.run(_TAKE, redis, names, arguments, now=now))


def read(redis: Redis, campaign_id: str) -> CampaignView | None:
    """A campaign with its counts; None when the ledger does not know it."""
    return _view(campaign_id, redis.hgetall(keys.campaign(campaign_id)))


def newest(redis: Redis, *, most: int) -> list[CampaignView]:
    """The campaigns taken last, newest first."""
    return read_all(redis, [text(member) for member in redis.zrevrange(keys.CAMPAIGNS, 0, most - 1)])


def read_all(redis: Redis, campaign_ids: Sequence[str]) -> list[CampaignView]:
    """Those of the campaigns that the ledger knows, in the order asked for."""
    with redis.pipeline(transaction=False) as pipeline:
        for campaign_id in campaign_ids:
            pipeline.hgetall(keys.campaign(campaign_id))
        views = map(_view, campaign_ids, pipeline.execute())
    return [view for view in views if view]


def submission_ids(redis: Redis, campaign_id: str) -> list[str]:
    """The ids of a campaign's submissions, in order."""
    count = redis.hget(keys.campaign(campaign_id), "submissions")
    return [submission_id(campaign_id, index) for index in range(1, int(count or 0) + 1)]


def excluded(redis: Redis, campaign_id: str) -> list[ExcludedRow]:
    """Every row that is in no submission."""
    packed = redis.get(keys.excluded(campaign_id))
    rows = json.loads(zlib.decompress(packed)) if isinstance(packed, bytes) else []
    return [ExcludedRow(*row) for row in rows]


def excluded_by_reason(redis: Redis, campaign_id: str) -> Counter[str]:
    """How many rows were left out for each reason; known also when the rows themselves are dropped."""
    kept = decoded(redis.hgetall(keys.campaign(campaign_id)))
    if counts := {name.removeprefix("x:"): int(count) for name, count in kept.items() if name.startswith("x:")}:
        return Counter(counts)
    return Counter(row.reason for row in excluded(redis, campaign_id))  # taken before they were counted


def intend(
    redis: Redis,
    campaign_id: str,
    intent: Intent,
    *,
    note: str,
    now: datetime,
    asked_at: datetime | None = None,
    request: str = "",
    by: str = "",
) -> Intent | None:
    """Set what is wanted of a campaign and have it carried out; answers the intent that holds now, None if unknown.

    From the moment this returns, no submission of the campaign can be claimed or begin to be sent unless it is `run`.
    `request` names the request, so that one that comes back changes nothing, nor does one asked for before the newest
    change; both are answered as if they held. One without a name gets its own, for the client sends it again by itself,
    and the first copy may arrive when something else was asked for since. An end is always obeyed. `by` is who asked,
    where that is known.
    """
    before = " ".join(each for each, after in LEGAL_INTENTS.items() if intent in after)
    arguments: list[Argument] = [campaign_id, intent, f" {before} ", note, to_ms(now)]
    at = min(asked_at, now) if asked_at else now
    arguments += [to_ms(at) if asked_at else "", request or secrets.token_hex(8)]
    arguments += [json.dumps({"intent": intent, "at": to_ms(at), "by": by, "why": note})]
    names = [keys.campaign(campaign_id), keys.Due.CONTROL, keys.requests(campaign_id)]
    holds = amnesia.run(_INTEND, redis, names, arguments, now=now)
    return Intent(holds.decode()) if holds else None


def requests(redis: Redis, campaign_id: str) -> list[Request]:
    """Every change of what was wanted of a campaign, oldest first."""
    found = decoded(redis.hgetall(keys.requests(campaign_id)))
    told = (json.loads(found[number]) for number in sorted(found, key=int))
    return [Request(Intent(each["intent"]), from_ms(str(each["at"])), each["by"], each["why"]) for each in told]


def note_audio(redis: Redis, campaign_id: str, flaw: str) -> None:
    """Write down what a look at the audio found to be wrong, '' for nothing. The first one to look is believed."""
    redis.hsetnx(keys.campaign(campaign_id), "audio_flaw", flaw)


def note_end(redis: Redis, campaign_id: str, *, confirmed_at: datetime) -> None:
    """Write down when the gateway confirmed the last stop that the end time had called for."""
    redis.hset(keys.campaign(campaign_id), "end_confirmed_at", to_ms(confirmed_at))


def carried_out(redis: Redis, view: CampaignView, *, now: datetime) -> None:
    """The gateway has confirmed the intent that `view` shows, and the end of each stray that was known; what was wanted
    or has turned up since is due at once.
    """
    names = [keys.campaign(view.id), keys.Due.CONTROL, keys.strays(view.id)]
    _CARRIED_OUT(redis, names, [view.id, view.intent_number, to_ms(now)])


def _fields(new: NewCampaign, now: datetime) -> list[Argument]:
    fields: dict[str, Argument] = {
        "key": new.key,
        "terms": new.terms.model_dump_json(exclude_defaults=True),
        "intent": Intent.RUN,
        "intent_number": 0,
        "created_at": to_ms(now),
        "too_late_at": to_ms(new.terms.too_late_at(now)) + 1,  # a whole millisecond, and surely too late
        "rows": new.rows,
        "phones": sum(map(len, new.chunks)),
        "excluded": len(new.excluded),
        "submissions": len(new.chunks),
        "account": new.terms.account,
        "screened": new.screened,
        **{f"x:{reason}": count for reason, count in Counter(each.reason for each in new.excluded).items()},
    }
    return [part for pair in fields.items() for part in pair]


def pack_excluded(rows: Iterable[ExcludedRow]) -> bytes:
    """The exclusion report as it is stored; nothing where nothing was left out."""
    listed = list(rows)
    return zlib.compress(json.dumps(listed).encode()) if listed else b""


def _holder(value: bytes | str) -> Holder:
    return Holder(**json.loads(value))


def _view(campaign_id: str, raw: Mapping[Any, Any]) -> CampaignView | None:
    if not raw:
        return None
    fields = decoded(raw)
    return CampaignView(
        id=campaign_id,
        key=fields["key"],
        terms=Terms.model_validate_json(fields["terms"]),
        intent=Intent(fields["intent"]),
        created_at=from_ms(fields["created_at"]),
        rows=int(fields["rows"]),
        phone_count=int(fields["phones"]),
        excluded_count=int(fields["excluded"]),
        submission_count=int(fields["submissions"]),
        submissions=counts(fields, "n", SubmissionState),
        phones=counts(fields, "p", SubmissionState),
        drops=counts(fields, "d", DropState),
        runs=counts(fields, "r", Run),
        intent_number=int(fields["intent_number"]),
        intended_at=from_ms_if_any(fields.get("intended_at")),
        note=fields.get("note", ""),
        audio_flaw=fields.get("audio_flaw"),
        phones_dropped_at=from_ms_if_any(fields.get("phones_dropped_at")),
        end_confirmed_at=from_ms_if_any(fields.get("end_confirmed_at")),
    )
