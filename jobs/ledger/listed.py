"""What an account's listing of an Eastern day may have, and must have; `submissions.move` writes it."""

from datetime import date

from redis import Redis

from jobs.ledger import keys
from jobs.ledger.fields import decoded


def may_have(redis: Redis, account: str, day: date) -> list[str]:
    """The submissions whose session the gateway may list under a day, by id: whatever began to be sent so that it may
    be. What is not known to be a session has none; what was sent anew may have left the day.
    """
    return sorted(decoded(redis.hgetall(keys.listed(account, day))))


def must_have(redis: Redis, account: str, day: date) -> set[str]:
    """The sessions that the listing of a day must contain."""
    return set(decoded(redis.hgetall(keys.listed(account, day))).values()) - {""}
