"""Bodies of requests: how long they may be and take. Law of the room: one that drips costs a connection, no thread."""

import asyncio

from starlette.types import Message, Receive

from web.problems import Kind, Refusal

WITHIN_S = 300.0
"""How long a body may take in all."""
SILENCE_S = 20.0
"""How long its sender may say nothing."""


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
