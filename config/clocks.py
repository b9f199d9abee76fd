"""How this machine's clock stands to that of the Redis server, by which those of all machines can be compared."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from redis import Redis

APART = timedelta(seconds=5)
"""What is too late, which pause came before which resume, and how long a session was absent follow from the clocks of
whichever machines look: within this they agree well enough.
"""


def disagreement(redis: Redis, clock: Callable[[], datetime]) -> str:
    """What a person should know of a clock that is wrong, '' where the two agree. How long the question is under way
    counts for nothing.
    """
    before = clock()
    answer: Any = redis.time()
    server, after = datetime.fromtimestamp(answer[0], UTC), clock()
    fast, slow = before - server, server - after
    if max(fast, slow) <= APART:
        return ""
    way, by = ("fast", fast) if fast > slow else ("slow", slow)
    return (
        f"the clock of this machine is {by // timedelta(seconds=1)} s {way} by the Redis server's: nothing is sent "
        "twice for that, but end times, expiry and what is taken for absent go by it; have NTP set both"
    )
