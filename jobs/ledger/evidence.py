"""What is known of submissions in doubt: evidence, which is only added to, who was sent under which token, and sessions
of earlier attempts that turned up after all.
"""

import json
import secrets
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from datetime import datetime, timedelta

from redis import Redis

from jobs.ledger import keys
from jobs.ledger.fields import decoded, from_ms, text, to_ms
from jobs.ledger.script import Argument, Script
from jobs.models import Attempt, Candidate, Evidence, Finding, Run, Submission

FOREIGN_KNOWN = timedelta(days=7)
"""How long it is known that a session is not a submission's: longer than anybody looks for it."""

_STRAY = Script("""
-- KEYS: 1 session, 2 strays, 3 due to control, 4 evidence, 5 unfinished campaigns
-- ARGV: 1 submission id, 2 session id, 3 campaign id, 4 now (ms), 5 evidence's name, 6 evidence
-- Sent twice, the second finds the session known, and writes the same.
local holder = redis.call('GET', KEYS[1])
if holder and holder ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[1], ARGV[1])
local is_new = redis.call('HSETNX', KEYS[2], ARGV[2], 'going')
if is_new == 1 then redis.call('HSET', KEYS[4], ARGV[5], ARGV[6]) end
if redis.call('HGET', KEYS[2], ARGV[2]) ~= 'ended' then
  redis.call('ZADD', KEYS[3], ARGV[4], ARGV[3])
  redis.call('ZADD', KEYS[5], 'NX', ARGV[4], ARGV[3])  -- its campaign may have been over
end
return 1
""")


_TURNED_UP = Script("""
-- KEYS: 1 session, 2 evidence.  ARGV: 1 submission id, 2 evidence's name, 3 evidence
-- Sent twice, the second finds the session known, and writes the same.
local holder = redis.call('GET', KEYS[1])
if holder and holder ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[1], ARGV[1])
redis.call('HSET', KEYS[2], ARGV[2], ARGV[3])
return 1
""")


def add(redis: Redis, submission_id: str, evidence: Evidence) -> None:
    """Write down one piece of evidence."""
    name, value = packed_evidence(evidence)
    redis.hset(keys.evidence(submission_id), str(name), str(value))


def read(redis: Redis, submission_id: str) -> list[Evidence]:
    """All that was ever written down of a submission in doubt, oldest first."""
    found = decoded(redis.hgetall(keys.evidence(submission_id)))
    return [_evidence(found[name]) for name in sorted(found)]


def packed_evidence(evidence: Evidence) -> list[Argument]:
    """Name and value of a piece of evidence. The name sorts by instant and is new each time."""
    at = to_ms(evidence.at)
    return [f"{at:015d}-{secrets.token_hex(4)}", json.dumps(asdict(evidence) | {"at": at})]


def owners(redis: Redis, tokens: Iterable[str]) -> dict[str, str]:
    """The submission of each token that leads to one.

    Whoever measures how long this takes learns nothing of a token that they guess at: the server finds keys by a digest
    under a secret of its own.
    """
    return _leading_to(redis, {each: keys.attempt(each) for each in tokens})


def _leading_to(redis: Redis, names: Mapping[str, str]) -> dict[str, str]:
    """The submission that lies at each key, by what the key is for; those that lead nowhere are left out."""
    found = redis.mget(list(names.values())) if names else []
    return {each: text(submission_id) for each, submission_id in zip(names, found, strict=True) if submission_id}


def in_doubt(redis: Redis) -> list[str]:
    """Ids of all submissions that may be with the gateway and have no answer, in the order in which they were sent."""
    return [text(member) for member in redis.zrange(keys.IN_DOUBT, 0, -1)]


def known_sessions(redis: Redis, account: str, session_ids: Iterable[str]) -> set[str]:
    """Those of the sessions that are known to be some submission's."""
    return {*holders(redis, account, session_ids)}


def holder(redis: Redis, account: str, session_id: str) -> str | None:
    """The submission that a session is known to be."""
    found = redis.get(keys.session(account, session_id))
    return text(found) if found else None


def held_by_others(redis: Redis, account: str, submission_id: str, session_ids: Iterable[str]) -> set[str]:
    """Those of the sessions that are known to be another submission's."""
    found = holders(redis, account, session_ids)
    return {session_id for session_id, held_by in found.items() if held_by != submission_id}


def holders(redis: Redis, account: str, session_ids: Iterable[str]) -> dict[str, str]:
    """The submission that each of the sessions is known to be; those that nobody knows are left out."""
    return _leading_to(redis, {each: keys.session(account, each) for each in session_ids})


def foreign_sessions(redis: Redis, submission_id: str) -> set[str]:
    """Sessions that are certainly not this submission's."""
    return {text(member) for member in redis.smembers(keys.foreign(submission_id))}


def rule_out(redis: Redis, submission_ids: Iterable[str], session_ids: Iterable[str]) -> None:
    """Note that these sessions are certainly none of these submissions'."""
    if ids := list(session_ids):
        with redis.pipeline(transaction=False) as pipeline:
            for name in map(keys.foreign, submission_ids):
                pipeline.sadd(name, *ids)
                pipeline.expire(name, FOREIGN_KNOWN)
            pipeline.execute()


def take_stray(
    redis: Redis, submission: Submission, session_id: str, *, account: str, evidence: Evidence, now: datetime
) -> bool:
    """Have the session of an earlier attempt stopped; False where it is another submission's."""
    names = [keys.session(account, session_id), keys.strays(submission.campaign_id), keys.Due.CONTROL]
    names += [keys.evidence(submission.id), keys.UNFINISHED]
    arguments: list[Argument] = [submission.id, session_id, submission.campaign_id, to_ms(now)]
    return bool(_STRAY(redis, names, [*arguments, *packed_evidence(evidence)]))


def take_turned_up(redis: Redis, submission: Submission, session_id: str, *, account: str, evidence: Evidence) -> bool:
    """Note the session of a submission that was given up; False where it is another submission's."""
    names = [keys.session(account, session_id), keys.evidence(submission.id)]
    return bool(_TURNED_UP(redis, names, [submission.id, *packed_evidence(evidence)]))


def turned_up(redis: Redis, account: str, submission_id: str) -> list[str]:
    """The sessions of a submission that was given up, as far as they are known, oldest first."""
    named = [each.session_ids for each in read(redis, submission_id) if each.finding.names_it]
    found = dict.fromkeys(session_id for session_ids in named for session_id in session_ids)
    return [each for each in found if holder(redis, account, each) == submission_id]


def strays(redis: Redis, campaign_id: str) -> Mapping[str, Run]:
    """A campaign's sessions of earlier attempts that turned up after all, and whether the gateway has ended them."""
    return {session_id: Run(run) for session_id, run in decoded(redis.hgetall(keys.strays(campaign_id))).items()}


def stray_has_ended(redis: Redis, campaign_id: str, session_id: str) -> None:
    """The gateway has confirmed it."""
    redis.hset(keys.strays(campaign_id), session_id, Run.ENDED)


def attempts_text(attempts: Iterable[Attempt]) -> str:
    """Attempts as they lie in a submission."""
    return " ".join(f"{each.token}@{to_ms(each.sent_at)}" for each in attempts)


def read_attempts(packed: str) -> tuple[Attempt, ...]:
    """The attempts of `attempts_text`."""
    parts = (each.partition("@") for each in packed.split())
    return tuple(Attempt(token, from_ms(sent_at)) for token, _, sent_at in parts)


def _evidence(value: str) -> Evidence:
    fields = json.loads(value)
    fields |= {"at": from_ms(fields["at"]), "finding": Finding(fields["finding"])}
    candidates = tuple(Candidate(**each) for each in fields.get("candidates", ()))
    return Evidence(**fields | {"session_ids": tuple(fields["session_ids"]), "candidates": candidates})
