"""Writes that are on the server's disk before anybody goes by them.

WAITAOF answers for the writes of the connection that it is sent on, and for one that has written nothing it says yes at
once. A pooled client picks a connection per command, so script and wait travel in one pipeline: one connection, one
round trip, and when the reply is lost both are sent again. A script that is run like this must therefore write
something each time, also when it finds that it was done before.
"""

from collections.abc import Sequence
from typing import Any

from redis import Redis
from redis.exceptions import NoScriptError

from jobs.ledger.script import Argument, Script

WAIT_S = 4
"""How long the server may take. A second or two with `appendfsync everysec`; less than a client waits for a reply."""


class NotDurable(Exception):
    """The server did not say that a write is on its disk. It may be there or not; act as if it were not."""


def run_durably(script: Script, redis: Redis, keys: Sequence[str], arguments: Sequence[Argument]) -> Any:
    """Run a script and wait until what it wrote is on the server's disk; raises `NotDurable` where that is not said."""
    answer, on_disk = _with_wait(redis, script.by_digest(keys, arguments))
    if isinstance(answer, NoScriptError):
        answer, on_disk = _with_wait(redis, script.by_text(keys, arguments))
    if isinstance(answer, Exception):
        raise answer
    if isinstance(on_disk, Exception):
        raise NotDurable(f"the Redis server cannot say whether a write is on its disk ({on_disk})") from on_disk
    if on_disk[0] < 1:
        raise NotDurable(f"the Redis server did not get a write onto its disk within {WAIT_S} s")
    return answer


def _with_wait(redis: Redis, command: Sequence[Argument]) -> tuple[Any, Any]:
    with redis.pipeline(transaction=False) as one_connection:
        one_connection.execute_command(*command)  # type: ignore[no-untyped-call]  # redis-py leaves it without types
        one_connection.waitaof(1, 0, WAIT_S * 1000)
        answer, on_disk = one_connection.execute(raise_on_error=False)
    return answer, on_disk
