"""Who has looked at whole phone numbers, and at which."""

import json
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from redis import Redis

from jobs.ledger import keys
from jobs.ledger.fields import from_ms, text, to_ms

KEEP = timedelta(days=365)


@dataclass(frozen=True, slots=True)
class Look:
    """Somebody saw whole phones. `what` names where, such as a submission; no phone is in it."""

    at: datetime
    who: str
    what: str


def note_look(redis: Redis, who: str, what: str, now: datetime) -> None:
    """Write down that somebody is about to see whole phones; sent twice, it stands there once."""
    look = json.dumps({"who": who, "what": what, "token": secrets.token_hex(4)})
    with redis.pipeline() as pipeline:
        pipeline.zadd(keys.LOOKS, {look: to_ms(now)})
        pipeline.zremrangebyscore(keys.LOOKS, "-inf", to_ms(now - KEEP))
        pipeline.execute()


def newest(redis: Redis, *, most: int) -> list[Look]:
    """The looks taken last, newest first."""
    found: Any = redis.zrevrange(keys.LOOKS, 0, most - 1, withscores=True)
    told = ((json.loads(text(member)), from_ms(str(int(at)))) for member, at in found)
    return [Look(at, each["who"], each["what"]) for each, at in told]
