"""Who is logged in, and who tries to be.

Law of the room: the secret in a cookie is kept as its hash alone, so that who reads the ledger can be nobody else; and
every write may arrive twice.
"""

import json
import secrets
from collections.abc import Iterable
from datetime import datetime, timedelta
from hashlib import sha256

from redis import Redis

from jobs.ledger import keys, people
from jobs.ledger.fields import from_ms, text, to_ms
from jobs.ledger.people import Person

IDLE = timedelta(hours=12)
"""A login that is not used for so long is over."""
LONGEST = timedelta(days=7)
"""And so is one of this age, however much it is used."""

TRIES_WITHIN = timedelta(minutes=15)


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


def note_try(redis: Redis, whose: Iterable[str], *, now: datetime) -> list[int]:
    """Note a try to log in under each name and address; answers how many there were lately, this one included."""
    token, oldest = secrets.token_hex(8), to_ms(now - TRIES_WITHIN)
    with redis.pipeline() as pipeline:
        for each in whose:
            name = keys.login_tries(_digest(each))
            pipeline.zremrangebyscore(name, "-inf", oldest)
            pipeline.zadd(name, {token: to_ms(now)})
            pipeline.expire(name, TRIES_WITHIN)
            pipeline.zcard(name)
        return [int(count) for count in pipeline.execute()[3::4]]


def forget_tries(redis: Redis, who: str) -> None:
    """Somebody has logged in: what failed before is forgiven."""
    redis.delete(keys.login_tries(_digest(who)))


def _digest(secret: str) -> str:
    return sha256(secret.encode()).hexdigest()
