"""A gateway that only posts: many postbacks over open connections, at a pace, each until it is answered `OK`."""

import asyncio
import re
import time
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import NamedTuple, cast
from urllib.parse import urlsplit

import uvloop

CONNECTIONS = 64
AGAIN_S = 0.1
ANSWER_WITHIN_S = 30

_LENGTH = re.compile(rb"\r\ncontent-length: (\d+)\r\n")


class Parcel(NamedTuple):
    """One postback; due at an instant of `time.perf_counter`, or as soon as a connection is free."""

    token: str
    body: bytes
    due_s: float = 0


@dataclass
class Delivered:
    """What came of all of them."""

    seconds: list[float] = field(default_factory=list)
    """From the instant at which each was due to its `OK`, or from its first try where it was due at once."""
    answers: Counter[str] = field(default_factory=Counter)
    """By status; `none` where the connection broke."""
    took_s: float = 0

    @property
    def per_s(self) -> float:
        """Postbacks that were answered `OK`, each second."""
        return len(self.seconds) / self.took_s


class _Line(asyncio.Protocol):
    """One connection, one request at a time. The answer is b'' where it broke."""

    def __init__(self) -> None:
        self.is_open = True
        self._transport: asyncio.Transport | None = None
        self._read = b""
        self._answer: asyncio.Future[bytes] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)  # uvloop's is none by name

    def post(self, request: bytes) -> asyncio.Future[bytes]:
        assert self._transport
        self._read = b""
        self._answer = asyncio.get_running_loop().create_future()
        if self.is_open:
            self._transport.write(request)
        else:
            self._answer.set_result(b"")
        return self._answer

    def data_received(self, data: bytes) -> None:
        self._read += data
        head, found, body = self._read.partition(b"\r\n\r\n")
        length = _LENGTH.search(head + b"\r\n")
        if found and length and len(body) >= int(length[1]):
            self._settle(self._read)

    def connection_lost(self, exc: Exception | None) -> None:
        self.is_open = False
        self._settle(b"")

    def close(self) -> None:
        if self._transport:
            self._transport.abort()

    def _settle(self, answer: bytes) -> None:
        if self._answer and not self._answer.done():
            self._answer.set_result(answer)


def deliver(
    address: str,
    parcels: Iterable[Parcel],
    *,
    connections: int = CONNECTIONS,
    until_ok: bool = True,
    meanwhile: Callable[[Delivered], None] | None = None,
) -> Delivered:
    """Post all to a door at `http://host:port`. `meanwhile` is called some times a second, from another thread."""
    return uvloop.run(_deliver(address, iter(parcels), connections, until_ok, meanwhile))


async def _deliver(
    address: str,
    parcels: Iterable[Parcel],
    connections: int,
    until_ok: bool,
    meanwhile: Callable[[Delivered], None] | None,
) -> Delivered:
    delivered, began_s = Delivered(), time.perf_counter()
    carriers = [asyncio.create_task(_carry(address, parcels, delivered, until_ok)) for _ in range(connections)]
    work = asyncio.gather(*carriers)
    while meanwhile and not work.done():
        await asyncio.sleep(0.1)
        await asyncio.to_thread(meanwhile, delivered)
    await work
    delivered.took_s = time.perf_counter() - began_s
    return delivered


async def _carry(address: str, parcels: Iterable[Parcel], delivered: Delivered, until_ok: bool) -> None:
    """Whichever carrier is free takes the next parcel. One that waits for its hour holds up none of the others: theirs
    are later.
    """
    where = urlsplit(address)
    line: _Line | None = None
    for parcel in parcels:
        if (wait_s := parcel.due_s - time.perf_counter()) > 0:
            await asyncio.sleep(wait_s)
        due_s = parcel.due_s or time.perf_counter()
        is_in = False
        while not is_in:
            if line is None or not line.is_open:
                line = await _open(where.hostname or "", where.port or 80)
            answer = await _answer(line, _request(parcel, where.netloc)) if line else b""
            is_in = answer.startswith(b"HTTP/1.1 200 ") and answer.endswith(b"\r\n\r\nOK")
            delivered.answers[answer[9:12].decode() or "none"] += 1
            if is_in:
                delivered.seconds.append(time.perf_counter() - due_s)
            elif not until_ok:
                break
            else:
                await asyncio.sleep(AGAIN_S)
    if line:
        line.close()


async def _open(host: str, port: int) -> _Line | None:
    try:
        _, line = await asyncio.get_running_loop().create_connection(_Line, host, port)
    except OSError:
        return None
    return line


async def _answer(line: _Line, request: bytes) -> bytes:
    try:
        async with asyncio.timeout(ANSWER_WITHIN_S):
            return await line.post(request)
    except TimeoutError:
        line.close()
        return b""


def _request(parcel: Parcel, netloc: str) -> bytes:
    head = (
        f"POST /postbacks/{parcel.token} HTTP/1.1\r\nhost: {netloc}\r\n"
        f"content-type: application/x-www-form-urlencoded\r\ncontent-length: {len(parcel.body)}\r\n\r\n"
    )
    return head.encode() + parcel.body
