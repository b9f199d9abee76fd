"""Submissions in the ledger: compare-and-set moves, each carrying the token by which a repetition is known.

redis-py retransmits a command whose reply was lost. Every move therefore leaves its token in the submission, and a move
whose token is there already answers as it did the first time. Who may move what is `LEGAL_MOVES`; here it is compared.
"""

import secrets
from collections.abc import Collection, Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any

from redis import Redis

from jobs.ledger import amnesia, keys, runs
from jobs.ledger.closing import CLOSE
from jobs.ledger.events import TELL
from jobs.ledger.evidence import packed_evidence, read_attempts
from jobs.ledger.fields import counts, decoded, from_ms_if_any, text, to_ms
from jobs.ledger.packing import unpack_phones
from jobs.ledger.script import Argument
from jobs.models import DropState, Evidence, Run, Submission, SubmissionState, states_before

COUNTED_MOVE = (
    TELL
    + """
local function moved(submission, campaign, from, to)
  local phones = redis.call('HGET', submission, 'phones') - (redis.call('HGET', submission, 'd:screened') or 0)
  redis.call('HSET', submission, 'state', to)
  redis.call('HINCRBY', campaign, 'n:' .. from, -1)
  redis.call('HINCRBY', campaign, 'n:' .. to, 1)
  redis.call('HINCRBY', campaign, 'p:' .. from, -phones)
  redis.call('HINCRBY', campaign, 'p:' .. to, phones)
  if to == 'planned' or to == 'claimed' or to == 'sending' then return end
  tell('submission.' .. to, campaign, submission)
  if to == 'accepted' then return end
  local left = redis.call('HMGET', campaign, 'n:planned', 'n:claimed', 'n:sending', 'n:accepted', 'n:unknown')
  for at, number in ipairs(left) do left[at] = tonumber(number or 0) end
  if left[1] + left[2] + left[3] + left[4] > 0 then return end
  tell(left[5] > 0 and 'campaign.needs_decision' or 'campaign.ended', campaign)
end
"""
)

_MOVE = amnesia.script(
    CLOSE,
    COUNTED_MOVE,
    """
-- KEYS: 1 submission, 2 campaign, 3 due to send, 4 due to refresh, 5 due to control, 6 session ('' for none),
--       7 what an account's do-not-dial list's name begins with, 8 in doubt, 9 due to settle, 10 attempt, 11 evidence,
--       12 phones, 13 dispositions, 14... days whose listing may come to have it, or must have it once it is accepted
-- ARGV: 1 submission id, 2 campaign id, 3 token, 4 attempt ('' for any), 5 ' from states ', 6 to state,
--       7 intent needed ('' for any), 8 now (ms), 9 due to send at, 10 due to refresh at (ms; '' takes it out),
--       11 change of the do-not-dial list up to which it is screened, 12 due to settle at (ms), 13 '1' where the
--       session must be nobody else's, 14 evidence's name ('' for none), 15 evidence, 16 how long attempts (s)
--       and 17 days (s) are remembered, 18... field, value
if ARGV[6] == 'sending' then
  if halted() then return 'halted' end
  remember()
end
local moves = redis.call('HGET', KEYS[1], 'moves') or ''
if string.find(moves, ARGV[3], 1, true) then return 1 end
local state = redis.call('HGET', KEYS[1], 'state') or ''
if not string.find(ARGV[5], ' ' .. state .. ' ', 1, true) then return 0 end
if ARGV[4] ~= '' and redis.call('HGET', KEYS[1], 'attempt') ~= ARGV[4] then return 0 end
local intent = redis.call('HGET', KEYS[2], 'intent')
if ARGV[7] ~= '' and intent ~= ARGV[7] then return 0 end
if ARGV[6] == 'sending' then  -- not before it is screened against the newest list of its account
  local list = KEYS[7] .. (redis.call('HGET', KEYS[2], 'account') or '')
  if (redis.call('HGET', list, 'changes') or '0') ~= ARGV[11] then return 0 end
end
if ARGV[13] == '1' then
  local holder = redis.call('GET', KEYS[6])
  if holder and holder ~= ARGV[1] then return 0 end
end
local is_unsent = state == 'planned' or state == 'claimed'
if is_unsent and ARGV[6] == 'accepted' then remember() end  -- were that forgotten, it would be sent again
moved(KEYS[1], KEYS[2], state, ARGV[6])
redis.call('HSET', KEYS[1], 'moves', string.sub(moves .. ARGV[3] .. ' ', -136))
if #ARGV > 17 then redis.call('HSET', KEYS[1], unpack(ARGV, 18)) end
if ARGV[14] ~= '' then redis.call('HSET', KEYS[11], ARGV[14], ARGV[15]) end
for key = 14, #KEYS do
  redis.call('HSET', KEYS[key], ARGV[1], string.match(KEYS[6], '[^:]*$'))
  redis.call('EXPIRE', KEYS[key], ARGV[17])
end
for key = 3, 4 do
  local at = ARGV[key + 6]
  if at == '' then redis.call('ZREM', KEYS[key], ARGV[1]) else redis.call('ZADD', KEYS[key], at, ARGV[1]) end
end
-- In the same step, so that nobody is told of its end with drops that are still to come.
if ARGV[6] == 'given_up' then close(KEYS[1], KEYS[2], KEYS[12], KEYS[13]) end
if ARGV[12] ~= '' then redis.call('ZADD', KEYS[9], ARGV[12], ARGV[1])
elseif state == 'unknown' and (redis.call('HGET', KEYS[1], 'former') or '') == '' then
  redis.call('ZREM', KEYS[9], ARGV[1])  -- with earlier attempts it stays: their sessions may still turn up
end
if ARGV[6] == 'sending' then
  redis.call('ZADD', KEYS[8], ARGV[8], ARGV[1])
  if ARGV[4] ~= '' then redis.call('SET', KEYS[10], ARGV[1], 'EX', ARGV[16]) end
elseif ARGV[6] == 'unknown' then redis.call('ZADD', KEYS[8], 'NX', ARGV[8], ARGV[1])
else redis.call('ZREM', KEYS[8], ARGV[1]) end
local run = redis.call('HGET', KEYS[1], 'run') or 'going'
if state == 'accepted' then redis.call('HINCRBY', KEYS[2], 'r:' .. run, -1) end
if ARGV[6] == 'accepted' then
  redis.call('HINCRBY', KEYS[2], 'r:' .. run, 1)
  redis.call('SET', KEYS[6], ARGV[1], 'NX')
end
-- A session that comes into being after its campaign was told otherwise must be told, too, and what is not sent after
-- all must be withdrawn.
if intent ~= 'run' and (ARGV[6] == 'accepted' or ARGV[6] == 'planned') then
  redis.call('ZADD', KEYS[5], ARGV[8], ARGV[2])
end
return 1
""",
)

_LEAVE = amnesia.script("""
-- KEYS: 1 submission, 2 campaign.  ARGV: 1 attempt, 2 now (ms).  Sent twice, the second finds what the first found.
local state, attempt = unpack(redis.call('HMGET', KEYS[1], 'state', 'attempt'))
if state ~= 'sending' or attempt ~= ARGV[1] then return 0 end
if halted() or redis.call('HGET', KEYS[2], 'intent') ~= 'run' then return 0 end
redis.call('HSET', KEYS[1], 'leaves_at', ARGV[2])
return 1
""")

BEFORE_SENDING = frozenset({SubmissionState.PLANNED, SubmissionState.CLAIMED})
"""Whatever is in one of these can be kept from being sent, or from being sent again."""

KNOWN_ATTEMPTS = timedelta(days=120)
"""How long a postback's token leads to its submission: campaigns start up to 90 days ahead, and records come late."""

KNOWN_DAYS = timedelta(days=100)
"""How long it is known what an account's listing of a day must, and may, contain."""


def new_token() -> str:
    """128 bits that nobody can guess: an attempt's name."""
    return secrets.token_hex(16)


def campaign_of(submission_id: str) -> str:
    """The campaign that a submission belongs to."""
    return submission_id.rpartition("-")[0]


def move(
    redis: Redis,
    submission: Submission,
    to: SubmissionState,
    *,
    now: datetime,
    attempt: str = "",
    only_running: bool = False,
    due: Mapping[keys.Due, datetime] | None = None,
    session_key: str = "",
    listed_under: Iterable[str] = (),
    only_from: Collection[SubmissionState] = frozenset(SubmissionState),
    unclaimed: bool = False,
    screened: int = 0,
    durably: bool = False,
    evidence: Evidence | None = None,
    new_attempt: str = "",
    **fields: Argument,
) -> bool:
    """Move a submission, if its state allows it and, with `attempt`, that attempt still holds it; say whether it moved.

    `only_running` refuses unless the campaign's intent is `run`, and `only_from` unless the submission is in one of
    these states: whoever was frozen since it looked, and holds no attempt, has nothing else to be fenced by. `due` says
    when somebody must look again (send, refresh, settle); a due that is not named is taken out, that to settle only
    with the end of the doubt, and while no earlier attempt is looked for. `unclaimed` refuses where `session_key` is
    another submission's. `evidence` is written down with the move, and `new_attempt` becomes the attempt that holds it.
    `listed_under` are the days (`keys.listed`) under which the gateway may list it from now on, or, with `session_key`,
    must. To `sending` nothing moves unless `screened` is the newest change of the account's do-not-dial list, so that a
    number whose listing was acknowledged before is not sent; and it raises `Halted` while nothing may be sent.
    `durably` waits for the server's disk and raises `NotDurable`.
    """
    due = due or {}
    before = " ".join(states_before(to).intersection(only_from))
    names = [keys.submission(submission.id), keys.campaign(submission.campaign_id)]
    names += [keys.Due.SEND, keys.Due.REFRESH, keys.Due.CONTROL, session_key, keys.DO_NOT_DIAL, keys.IN_DOUBT]
    names += [keys.Due.SETTLE, keys.attempt(attempt), keys.evidence(submission.id)]
    names += [keys.phones(submission.id), keys.dispositions(submission.id), *listed_under]
    arguments: list[Argument] = [submission.id, submission.campaign_id, secrets.token_hex(8), attempt, f" {before} "]
    arguments += [to, "run" if only_running else "", to_ms(now)]
    arguments += [to_ms(due[each]) if each in due else "" for each in (keys.Due.SEND, keys.Due.REFRESH)]
    arguments += [screened, to_ms(due[keys.Due.SETTLE]) if keys.Due.SETTLE in due else "", "1" if unclaimed else ""]
    arguments += packed_evidence(evidence) if evidence else ["", ""]
    arguments += [KNOWN_ATTEMPTS // timedelta(seconds=1), KNOWN_DAYS // timedelta(seconds=1)]
    if to is SubmissionState.SENDING:
        fields["screened"] = screened
    if new_attempt:
        fields["attempt"] = new_attempt
    arguments += [part for pair in {**fields, "changed_at": to_ms(now)}.items() for part in pair]
    moved = amnesia.run(_MOVE, redis, names, arguments, now=now, durably=durably)
    if moved == b"halted":
        raise amnesia.Halted
    return bool(moved)


def leave(redis: Redis, submission: Submission, *, attempt: str, now: datetime) -> bool:
    """Note that the first byte leaves, and say whether it may: the attempt still holds `sending`, and nothing was told
    otherwise.
    """
    names = [keys.submission(submission.id), keys.campaign(submission.campaign_id)]
    return bool(amnesia.run(_LEAVE, redis, names, [attempt, to_ms(now)], now=now))


def note(redis: Redis, submission: Submission, reason: str) -> None:
    """Leave a sentence for a person without moving anything."""
    redis.hset(keys.submission(submission.id), "reason", reason)


def note_gateway_count(redis: Redis, submission_id: str, count: int) -> None:
    """Write down how many phones the gateway says it took, where that came after the session was known."""
    redis.hset(keys.submission(submission_id), "gateway_count", count)


def read(redis: Redis, submission_ids: Iterable[str]) -> list[Submission]:
    """The submissions that the ledger knows, in the order asked for."""
    ids = list(submission_ids)
    with redis.pipeline(transaction=False) as pipeline:
        for submission_id in ids:
            pipeline.hgetall(keys.submission(submission_id))
        found = zip(ids, pipeline.execute(), strict=True)
    return [_submission(submission_id, decoded(raw)) for submission_id, raw in found if raw]


def of_sessions(redis: Redis, account: str, session_ids: Iterable[str]) -> list[Submission]:
    """The submissions that an account's sessions run; sessions that are not ours are left out."""
    names = [keys.session(account, session_id) for session_id in session_ids]
    found = redis.mget(names) if names else []
    return read(redis, [text(submission_id) for submission_id in found if submission_id])


def screened(redis: Redis, submission: Submission) -> int:
    """Up to which change of the do-not-dial list its phones are known not to be on it, or are taken out."""
    with redis.pipeline(transaction=False) as pipeline:
        pipeline.hget(keys.submission(submission.id), "screened")
        pipeline.hget(keys.campaign(submission.campaign_id), "screened")
        own, taken = pipeline.execute()
    return int(own or taken or 0)


def phones(redis: Redis, submission_id: str) -> list[str]:
    """The phones of a submission, ascending."""
    return unpack_phones(packed_phones(redis, submission_id))


def packed_phones(redis: Redis, submission_id: str) -> bytes:
    """The same as they lie there, for `packing.is_packed`."""
    packed: Any = redis.get(keys.phones(submission_id))
    return packed or b""


def _submission(submission_id: str, fields: Mapping[str, str]) -> Submission:
    return Submission(
        id=submission_id,
        campaign_id=fields["campaign"],
        state=SubmissionState(fields["state"]),
        phone_count=int(fields["phones"]),
        purged_count=int(fields.get("purged", 0)),
        attempt=fields.get("attempt", ""),
        session_id=fields.get("session_id", ""),
        run=Run(fields.get("run", Run.GOING)),
        alone=runs.read_alone(fields.get("alone", "")),
        gateway_count=int(fields["gateway_count"]) if fields.get("gateway_count") else None,
        reason=fields.get("reason", ""),
        drops=counts(fields, "d", DropState),
        tries=int(fields.get("tries", 0)),
        was_refused=bool(fields.get("was_refused")),
        not_before=from_ms_if_any(fields.get("not_before")),
        sent_at=from_ms_if_any(fields.get("sent_at")),
        deadline_at=from_ms_if_any(fields.get("deadline_at")),
        run_at=from_ms_if_any(fields.get("run_at")),
        heard_at=from_ms_if_any(fields.get("heard_at")),
        changed_at=from_ms_if_any(fields.get("changed_at")),
        former=read_attempts(fields.get("former", "")),
    )
