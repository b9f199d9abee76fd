"""Bodies of requests: how long they may be and take. Law of the room: one that drips costs a connection, no thread."""

import asyncio
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

from starlette.types import Message, Receive

from web.problems import Kind, Refusal
from web.turns import Busy

WITHIN_S = 300.0
"""How long a body may take in all."""
SILENCE_S = 20.0
"""How long its sender may say nothing."""


LEAST_BYTES = 65_536
"""What even the smallest body is counted for, so that their number is bounded, too."""


class Room:
    """So many bytes of bodies at the same time, from their first byte to their answer; of one sender at most half."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._held: Counter[str] = Counter()

    @contextmanager
    def hold(self, who: str, size: int) -> Iterator[None]:
        """Room for a body of up to this size; raises `Busy` where there is none."""
        size = max(size, LEAST_BYTES)
        if self._held[who] + size > self._most // 2 or self._held.total() + size > self._most:
            raise Busy
        self._held[who] += size
        try:
            yield
        finally:
            self._held[who] -= size
            self._held += Counter()  # forgets who holds nothing


def too_large(most: int, *, hint: str = "") -> Refusal:
    """Says what a body may have."""
    return Refusal(Kind.TOO_LARGE, f"a body may have {most:,} bytes here{hint}")


def bounded(
    receive: Receive, most: int, *, within_s: float = WITHIN_S, silence_s: float = SILENCE_S, hint: str = ""
) -> Receive:
    """`receive` that raises `Refusal` for a body of more bytes, or one that is too slow; what follows may wait."""
    time = asyncio.get_running_loop().time
    left, is_over, gives_up_at = most, False, time() + within_s

    async def bounded_receive() -> Message:
        nonlocal left, is_over
        if is_over:
            return await receive()
        try:
            async with asyncio.timeout(min(silence_s, gives_up_at - time())):
                message = await receive()
        except TimeoutError:
            raise Refusal(Kind.TOO_SLOW, headers={"Connection": "close"}) from None
        left -= len(message.get("body", b""))
        if left < 0:
            raise too_large(most, hint=hint)
        is_over = not message.get("more_body", False)
        return message

    return bounded_receive
