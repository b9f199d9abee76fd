"""The clock that all processes share: the server's."""

from datetime import UTC, datetime, timedelta
from typing import Any

from redis import Redis


def server_time(redis: Redis) -> datetime:
    """The present by the clock of the server that holds the ledger."""
    answer: Any = redis.time()
    seconds, microseconds = answer
    return datetime.fromtimestamp(seconds, UTC) + timedelta(microseconds=microseconds)
