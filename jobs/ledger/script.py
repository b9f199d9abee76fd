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
        self._digest = sha1(self.text.encode(), usedforsecurity=False).hexdigest()

    def __call__(self, redis: Redis, keys: Sequence[str], arguments: Sequence[Argument]) -> Any:
        """Run it; safe to be retransmitted only if the Lua itself says why."""
        try:
            return redis.evalsha(self._digest, len(keys), *keys, *arguments)
        except NoScriptError:
            return redis.eval(self.text, len(keys), *keys, *arguments)
