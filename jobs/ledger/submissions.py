"""Submissions in the ledger: compare-and-set moves, each carrying the token by which a repetition is known.

redis-py retransmits a command whose reply was lost. Every move therefore leaves its token in the submission, and a move
whose token is there already answers as it did the first time. Who may move what is `LEGAL_MOVES`; here it is compared.
"""

import secrets
from collections.abc import Collection, Iterable, Mapping
from dataclasses import astuple, dataclass
from datetime import datetime, timedelta
from itertools import chain
from typing import Any

from redis import Redis

from jobs.ledger import amnesia, keys, runs
from jobs.ledger.closing import CLOSE
from jobs.ledger.evidence import packed_evidence, read_attempts
from jobs.ledger.fields import counts, decoded, from_ms_if_any, text, to_ms
from jobs.ledger.moving import COUNTED_MOVE
from jobs.ledger.packing import unpack_phones
from jobs.ledger.script import Argument
from jobs.models import DropState, Evidence, Run, Submission, SubmissionState, states_before

KNOWN_ATTEMPTS = timedelta(days=120)
"""How long a postback's token leads to its submission: campaigns start up to 90 days ahead, and records come late."""

KNOWN_DAYS = timedelta(days=100)
"""How long it is known what an account's listing of a day must, and may, contain."""


@dataclass(frozen=True, slots=True)
class Move:
    """What the script of a move is told, in the order in which it takes it."""

    token: str
    """By which a repetition is known."""
    submission_id: str
    campaign_id: str
    before: str
    """The states that it may come from, with a space before and behind each."""
    to: SubmissionState
    now_ms: int
    attempt: str
    """Which one must hold it; '' for any."""
    intent_needed: str
    """Of its campaign; '' for any."""
    screened: int
    """The change of the do-not-dial list up to which it is screened."""
    is_unclaimed: str
    """'1' where the session must be nobody else's, else ''."""
    send_at: Argument
    """When it is due, here and in the next two: ms, or '' for not."""
    refresh_at: Argument
    settle_at: Argument
    evidence_name: Argument
    """'' for no evidence."""
    evidence: Argument
    attempts_known_s: int = KNOWN_ATTEMPTS // timedelta(seconds=1)
    days_known_s: int = KNOWN_DAYS // timedelta(seconds=1)


_MOVE = amnesia.script(
    CLOSE,
    COUNTED_MOVE,
    """
-- KEYS: those named here ('' for no session), then days whose listing may come to have it, or must have it once it is
--       accepted.  ARGV: as `Move` has them, then field, value...
local submission, campaign, phones, dispositions, session, attempts_submission, evidence_of, in_doubt, due_to_send,
  due_to_refresh, due_to_settle, due_to_control, lists = unpack(KEYS, 1, 13)
local days = {unpack(KEYS, 14)}
local token, submission_id, campaign_id, before, to, now, attempt, intent_needed, screened, is_unclaimed, send_at,
  refresh_at, settle_at, evidence_name, evidence, attempts_known_s, days_known_s = unpack(ARGV, 1, 17)
local fields = {unpack(ARGV, 18)}

if to == 'sending' then
  if halted() then return 'halted' end
  remember()
end
local moves = redis.call('HGET', submission, 'moves') or ''
if string.find(moves, token, 1, true) then return 1 end
local state = redis.call('HGET', submission, 'state') or ''
if not string.find(before, ' ' .. state .. ' ', 1, true) then return 0 end
if attempt ~= '' and redis.call('HGET', submission, 'attempt') ~= attempt then return 0 end
local intent = redis.call('HGET', campaign, 'intent')
if intent_needed ~= '' and intent ~= intent_needed then return 0 end
if to == 'sending' then  -- not before it is screened against the newest list of its account
  local list = lists .. (redis.call('HGET', campaign, 'account') or '')
  if (redis.call('HGET', list, 'changes') or '0') ~= screened then return 0 end
end
if is_unclaimed == '1' then
  local holder = redis.call('GET', session)
  if holder and holder ~= submission_id then return 0 end
end

local is_unsent = state == 'planned' or state == 'claimed'
if is_unsent and to == 'accepted' then remember() end  -- were that forgotten, it would be sent again
moved(submission, campaign, state, to)
redis.call('HSET', submission, 'moves', string.sub(moves .. token .. ' ', -136))
redis.call('HSET', submission, unpack(fields))
if evidence_name ~= '' then redis.call('HSET', evidence_of, evidence_name, evidence) end
for _, day in ipairs(days) do
  redis.call('HSET', day, submission_id, string.match(session, '[^:]*$'))
  redis.call('EXPIRE', day, days_known_s)
end
local function stand(due, at)
  if at == '' then redis.call('ZREM', due, submission_id) else redis.call('ZADD', due, at, submission_id) end
end
stand(due_to_send, send_at)
stand(due_to_refresh, refresh_at)
-- In the same step, so that nobody is told of its end with drops that are still to come.
if to == 'given_up' then close(submission, campaign, phones, dispositions) end
if settle_at ~= '' then redis.call('ZADD', due_to_settle, settle_at, submission_id)
elseif state == 'unknown' and (redis.call('HGET', submission, 'former') or '') == '' then
  redis.call('ZREM', due_to_settle, submission_id)  -- with earlier attempts it stays: their sessions may still turn up
end
if to == 'sending' then
  redis.call('ZADD', in_doubt, now, submission_id)
  if attempt ~= '' then redis.call('SET', attempts_submission, submission_id, 'EX', attempts_known_s) end
elseif to == 'unknown' then redis.call('ZADD', in_doubt, 'NX', now, submission_id)
else redis.call('ZREM', in_doubt, submission_id) end
local run = redis.call('HGET', submission, 'run') or 'going'
if state == 'accepted' then redis.call('HINCRBY', campaign, 'r:' .. run, -1) end
if to == 'accepted' then
  redis.call('HINCRBY', campaign, 'r:' .. run, 1)
  redis.call('SET', session, submission_id, 'NX')
end
-- A session that comes into being after its campaign was told otherwise must be told, too, and what is not sent after
-- all must be withdrawn.
if intent ~= 'run' and (to == 'accepted' or to == 'planned') then
  redis.call('ZADD', due_to_control, now, campaign_id)
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
    evidence_name, packed = packed_evidence(evidence) if evidence else ("", "")
    told = Move(
        token=secrets.token_hex(8),
        submission_id=submission.id,
        campaign_id=submission.campaign_id,
        before=f" {' '.join(states_before(to).intersection(only_from))} ",
        to=to,
        now_ms=to_ms(now),
        attempt=attempt,
        intent_needed="run" if only_running else "",
        screened=screened,
        is_unclaimed="1" if unclaimed else "",
        send_at=_due_ms(due, keys.Due.SEND),
        refresh_at=_due_ms(due, keys.Due.REFRESH),
        settle_at=_due_ms(due, keys.Due.SETTLE),
        evidence_name=evidence_name,
        evidence=packed,
    )
    fields |= {"changed_at": told.now_ms}
    if to is SubmissionState.SENDING:
        fields["screened"] = screened
    if new_attempt:
        fields["attempt"] = new_attempt
    names = [*_names_of(submission, attempt, session_key), *listed_under]
    arguments = [*astuple(told), *chain.from_iterable(fields.items())]
    moved = amnesia.run(_MOVE, redis, names, arguments, now=now, durably=durably)
    if moved == b"halted":
        raise amnesia.Halted
    return bool(moved)


def _due_ms(due: Mapping[keys.Due, datetime], kind: keys.Due) -> Argument:
    return to_ms(due[kind]) if kind in due else ""


def _names_of(submission: Submission, attempt: str, session_key: str) -> list[str]:
    """Every key that a move may touch but those of days, in the order in which the script takes them."""
    names = [keys.submission(submission.id), keys.campaign(submission.campaign_id)]
    names += [keys.phones(submission.id), keys.dispositions(submission.id), session_key, keys.attempt(attempt)]
    names += [keys.evidence(submission.id), keys.IN_DOUBT, keys.Due.SEND, keys.Due.REFRESH, keys.Due.SETTLE]
    return [*names, keys.Due.CONTROL, keys.DO_NOT_DIAL]


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
