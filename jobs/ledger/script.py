"""Lua on the server: a script is one step that no crash and no other client can divide."""

from collections.abc import Sequence
from hashlib import sha1
from typing import Any

from redis import Redis
from redis.exceptions import NoScriptError

Argument = str | bytes | int | float


class Script:
    """A Lua text that any connection can run; sent by its digest once the server knows it."""

    def __init__(self, *parts: str) -> None:
        self.text = "\n".join(parts)
        self.digest = sha1(self.text.encode(), usedforsecurity=False).hexdigest()

    def __call__(self, redis: Redis, keys: Sequence[str], arguments: Sequence[Argument]) -> Any:
        """Run it; safe to be retransmitted only if the Lua itself says why."""
        try:
            return redis.execute_command(*self.by_digest(keys, arguments))  # type: ignore[no-untyped-call]  # redis-py leaves it without types
        except NoScriptError:
            return redis.execute_command(*self.by_text(keys, arguments))  # type: ignore[no-untyped-call]

    def by_digest(self, keys: Sequence[str], arguments: Sequence[Argument]) -> list[Argument]:
        """The command for a server that knows the text."""
        return ["EVALSHA", self.digest, len(keys), *keys, *arguments]

    def by_text(self, keys: Sequence[str], arguments: Sequence[Argument]) -> list[Argument]:
        """The command for a server that has to learn it."""
        return ["EVAL", self.text, len(keys), *keys, *arguments]
