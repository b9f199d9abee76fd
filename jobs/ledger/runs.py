"""What a session does, as far as the gateway has confirmed it, and what was asked of one session alone.

Law of the room: before the gateway is told anything that is noted as a doubt, so that an answer which is lost, or whose
writer dies, leaves a session in step with nothing, and it is told again.
"""

from datetime import datetime

from redis import Redis

from jobs.ledger import keys
from jobs.ledger.fields import to_ms
from jobs.ledger.script import Argument, Script
from jobs.models import Alone, Intent, Run, Submission

_RUN = Script("""
-- KEYS: 1 submission, 2 campaign
-- ARGV: 1 run, 2 now (ms; '' where nothing is confirmed), 3 number of the intent that it is for ('' for any),
--       4 what is asked of the session alone ('' for nothing, '-' leaves what was)
-- Sent twice, the second changes nothing. An ended run stays ended. The campaign counts the runs of accepted ones.
-- Who is overtaken by a newer intent tells nothing; who was, while it told, does not know what the gateway heard last.
local run, at = ARGV[1], ARGV[2]
local is_overtaken = ARGV[3] ~= '' and run ~= 'ended' and redis.call('HGET', KEYS[2], 'intent_number') ~= ARGV[3]
if is_overtaken and at == '' then return 0 end
if is_overtaken then run, at = 'unsure', '' end
local answer = is_overtaken and 0 or 1
if ARGV[4] ~= '-' then redis.call('HSET', KEYS[1], 'alone', ARGV[4]) end
local before = redis.call('HGET', KEYS[1], 'run') or 'going'
if before == run or before == 'ended' then return answer end
redis.call('HSET', KEYS[1], 'run', run)
if at ~= '' then redis.call('HSET', KEYS[1], 'run_at', at, 'reason', '') end
if redis.call('HGET', KEYS[1], 'state') ~= 'accepted' then return answer end
redis.call('HINCRBY', KEYS[2], 'r:' .. before, -1)
redis.call('HINCRBY', KEYS[2], 'r:' .. run, 1)
return answer
""")

_LEAVE_ALONE = "-"


def confirm(redis: Redis, submission: Submission, run: Run, *, now: datetime, intent_number: int | None = None) -> bool:
    """Note what the gateway confirmed of a session's run, and say whether the campaign's intent is still the one of
    that number. Where it is not, nobody knows what the gateway heard last, and that is noted.
    """
    return _note(redis, submission, run, to_ms(now), intent_number)


def doubt(
    redis: Redis, submission: Submission, *, intent_number: int | None = None, alone: Intent | None = None
) -> bool:
    """Note, before the gateway is told, that nobody knows the session's run until the answer is written down. False,
    and nothing is noted, where the campaign's intent is not the one of that number any more.

    `alone` is what is asked of this session and of no other; it holds until something else is wanted of its campaign.
    """
    asked = Alone(alone, intent_number or 0) if alone else None
    return _note(redis, submission, Run.UNSURE, "", intent_number, alone_text(asked) if asked else _LEAVE_ALONE)


def restore(redis: Redis, submission: Submission, *, intent_number: int) -> None:
    """The gateway did nothing: the run, and what is asked of the session alone, are as they were when it was read."""
    _note(redis, submission, submission.run, "", intent_number, alone_text(submission.alone))


def alone_text(alone: Alone | None) -> str:
    """What is asked of a session alone, as it lies in a submission."""
    return f"{alone.intent}@{alone.intent_number}" if alone else ""


def read_alone(packed: str) -> Alone | None:
    """What `alone_text` made."""
    intent, _, number = packed.partition("@")
    return Alone(Intent(intent), int(number)) if intent else None


def _note(
    redis: Redis,
    submission: Submission,
    run: Run,
    at: Argument,
    intent_number: int | None,
    alone: str = _LEAVE_ALONE,
) -> bool:
    names = [keys.submission(submission.id), keys.campaign(submission.campaign_id)]
    return bool(_RUN(redis, names, [run, at, "" if intent_number is None else intent_number, alone]))
