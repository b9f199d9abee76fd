"""Who is logged in, and who tries to be.

Law of the room: the secret in a cookie is kept as its hash alone, so that who reads the ledger can be nobody else; and
every write may arrive twice.
"""

import json
import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta
from hashlib import sha256

from redis import Redis

from jobs.ledger import keys, people
from jobs.ledger.fields import from_ms, text, to_ms
from jobs.ledger.people import Person
from jobs.ledger.script import Script

IDLE = timedelta(hours=12)
"""A login that is not used for so long is over."""
LONGEST = timedelta(days=7)
"""And so is one of this age, however much it is used."""

TRIES_WITHIN = timedelta(minutes=15)
"""Counted from the first that failed: whoever goes on trying does not make it longer."""

_NOTE_FAILURE = Script("""
-- KEYS: one or more counters
-- ARGV: 1 token, 2 how long they count (s)
-- Sent twice, the second finds its token.
for _, counter in ipairs(KEYS) do
  if redis.call('HGET', counter, 'token') ~= ARGV[1] then
    redis.call('HSET', counter, 'token', ARGV[1])
    if redis.call('HINCRBY', counter, 'failures', 1) == 1 then redis.call('EXPIRE', counter, ARGV[2]) end
  end
end
""")


def begin(redis: Redis, person: Person, *, now: datetime) -> str:
    """Log somebody in; the secret that proves it."""
    secret = secrets.token_urlsafe(32)
    told = json.dumps({"name": person.name, "epoch": person.epoch, "begun_at": to_ms(now)})
    redis.set(keys.login(_digest(secret)), told, ex=IDLE)
    return secret


def person_of(redis: Redis, secret: str, *, now: datetime) -> Person | None:
    """Who is logged in by this secret; it holds for `IDLE` from now again."""
    found = redis.getex(keys.login(_digest(secret)), ex=IDLE)
    if not found:
        return None
    told = json.loads(text(found))
    person = people.read(redis, told["name"])
    is_over = now - from_ms(str(told["begun_at"])) > LONGEST
    return None if is_over or person is None or person.epoch != told["epoch"] else person


def end(redis: Redis, secret: str) -> None:
    """Log out."""
    redis.delete(keys.login(_digest(secret)))


def failures(redis: Redis, whose: Sequence[str]) -> list[int]:
    """How many tries failed lately under each of these; writes nothing."""
    with redis.pipeline(transaction=False) as pipeline:
        for each in whose:
            pipeline.hget(_counter(each), "failures")
        return [int(count or 0) for count in pipeline.execute()]


def note_failure(redis: Redis, whose: Sequence[str]) -> None:
    """Count a try that failed under each of these, for `TRIES_WITHIN` from the first."""
    window = TRIES_WITHIN // timedelta(seconds=1)
    _NOTE_FAILURE(redis, [_counter(each) for each in whose], [secrets.token_hex(8), window])


def forget_failures(redis: Redis, who: str) -> None:
    """Somebody has logged in: what failed before is forgiven."""
    redis.delete(_counter(who))


def _counter(who: str) -> str:
    return keys.failed_logins(_digest(who)[:32])


def _digest(secret: str) -> str:
    return sha256(secret.encode()).hexdigest()
