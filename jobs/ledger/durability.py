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

Call = tuple[Script, Sequence[str], Sequence[Argument]]
"""A script, its keys and its arguments."""


class NotDurable(Exception):
    """The server did not say that a write is on its disk. It may be there or not; act as if it were not."""


def run_durably(script: Script, redis: Redis, keys: Sequence[str], arguments: Sequence[Argument]) -> Any:
    """Run a script and wait until what it wrote is on the server's disk; raises `NotDurable` where that is not said."""
    return run_all(redis, [(script, keys, arguments)], durably=True)[0]


def run_all(redis: Redis, calls: Sequence[Call], *, durably: bool = False) -> list[Any]:
    """Run scripts in one round trip; all answers, or the first error raised. With `durably` as `run_durably`, and then
    the last of them must write something each time.

    A server that does not know the text of one is sent them all again.
    """
    answers = _in_one_trip(redis, [script.by_digest(keys, arguments) for script, keys, arguments in calls], durably)
    if any(isinstance(each, NoScriptError) for each in answers):
        answers = _in_one_trip(redis, [script.by_text(keys, arguments) for script, keys, arguments in calls], durably)
    for answer in answers[: len(calls)]:
        if isinstance(answer, Exception):
            raise answer
    if durably:
        _check(answers.pop())
    return answers


def _in_one_trip(redis: Redis, commands: Sequence[Sequence[Argument]], durably: bool) -> list[Any]:
    """The answers, errors among them; the last is the disk's, if it is waited for."""
    if not commands:
        return []
    with redis.pipeline(transaction=False) as one_connection:
        for command in commands:
            one_connection.execute_command(*command)  # type: ignore[no-untyped-call]  # redis-py leaves it without types
        if durably:
            one_connection.waitaof(1, 0, WAIT_S * 1000)
        return one_connection.execute(raise_on_error=False)


def _check(on_disk: Any) -> None:
    if isinstance(on_disk, Exception):
        raise NotDurable(f"the Redis server cannot say whether a write is on its disk ({on_disk})") from on_disk
    if on_disk[0] < 1:
        raise NotDurable(f"the Redis server did not get a write onto its disk within {WAIT_S} s")
