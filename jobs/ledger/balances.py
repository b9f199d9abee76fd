"""What each account could still send, over time: a series of bounded length, and who has fallen below a floor."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from redis import Redis

from jobs.ledger import keys
from jobs.ledger.fields import decoded, from_ms, text, to_ms
from jobs.ledger.submissions import new_token

KEEP = timedelta(days=90)


@dataclass(frozen=True, slots=True)
class Noted:
    """What the gateway said of an account at an instant; `pending` None where it did not say."""

    at: datetime
    remaining: int
    pending: int | None


@dataclass(frozen=True, slots=True)
class Low:
    """Since when an account has been below its floor, and what the floor was then."""

    since: datetime
    floor: int


def note(redis: Redis, account: str, noted: Noted) -> None:
    """Add to an account's series and let go of what is older than `KEEP`; sent twice, it stands there once."""
    at = to_ms(noted.at)
    with redis.pipeline() as pipeline:
        member = f"{at}:{noted.remaining}:{'' if noted.pending is None else noted.pending}"
        pipeline.zadd(keys.balances(account), {member: at})
        pipeline.zremrangebyscore(keys.balances(account), "-inf", f"({to_ms(noted.at - KEEP)}")
        pipeline.execute()


def history(redis: Redis, account: str, *, since: datetime | None = None) -> list[Noted]:
    """All that was noted, or only since an instant, oldest first."""
    begin = to_ms(since) if since else "-inf"
    return [read_noted(text(member)) for member in redis.zrangebyscore(keys.balances(account), begin, "+inf")]


def last_before(redis: Redis, account: str, instant: datetime) -> Noted | None:
    """What was noted last before an instant."""
    found = redis.zrevrangebyscore(keys.balances(account), f"({to_ms(instant)}", "-inf", start=0, num=1)
    return read_noted(text(found[0])) if found else None


def note_low(redis: Redis, account: str, low: Low) -> bool:
    """Note that an account is below its floor; says whether it was not until now. Sent twice, both say the same."""
    own = json.dumps({"since": to_ms(low.since), "floor": low.floor, "by": new_token()})
    with redis.pipeline() as pipeline:
        pipeline.hsetnx(keys.LOW_BALANCES, account, own)
        pipeline.hget(keys.LOW_BALANCES, account)
        return text(pipeline.execute()[1]) == own


def note_enough(redis: Redis, account: str) -> bool:
    """Note that an account is not below a floor; says whether it was."""
    was_low = bool(redis.hexists(keys.LOW_BALANCES, account))
    redis.hdel(keys.LOW_BALANCES, account)
    return was_low


def low_accounts(redis: Redis) -> Mapping[str, Low]:
    """The accounts that are below their floor, by name."""
    found = {account: json.loads(each) for account, each in sorted(decoded(redis.hgetall(keys.LOW_BALANCES)).items())}
    return {account: Low(from_ms(str(each["since"])), each["floor"]) for account, each in found.items()}


def read_noted(member: str) -> Noted:
    """What a member of the series spells."""
    at, remaining, pending = member.split(":")
    return Noted(from_ms(at), int(remaining), int(pending) if pending else None)
