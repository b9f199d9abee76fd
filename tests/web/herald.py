"""A gateway that only posts: many postbacks over open connections, at a pace, each until it is answered `OK`."""

import asyncio
import gc
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
    began_s: float = float("inf")
    """When the first one was due."""
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
    gc.disable()  # who measures must not be slow for reasons of their own
    try:
        return uvloop.run(_deliver(address, iter(parcels), connections, until_ok, meanwhile))
    finally:
        gc.enable()


async def _deliver(
    address: str,
    parcels: Iterable[Parcel],
    connections: int,
    until_ok: bool,
    meanwhile: Callable[[Delivered], None] | None,
) -> Delivered:
    delivered = Delivered()
    carriers = [_Carrier(address, delivered, until_ok=until_ok) for _ in range(connections)]
    work = asyncio.gather(*(each.carry(parcels) for each in carriers))
    while meanwhile and not work.done():
        await asyncio.sleep(0.1)
        await asyncio.to_thread(meanwhile, delivered)
    await work
    delivered.took_s = time.perf_counter() - delivered.began_s
    return delivered


class _Carrier:
    """One connection after another, and one parcel after another."""

    def __init__(self, address: str, delivered: Delivered, *, until_ok: bool) -> None:
        self._where = urlsplit(address)
        self._delivered = delivered
        self._until_ok = until_ok
        self._line: _Line | None = None

    async def carry(self, parcels: Iterable[Parcel]) -> None:
        """Whoever is free takes the next parcel. One that waits for its hour holds up nobody: the others' are later."""
        await self._connect()
        for parcel in parcels:
            await asyncio.sleep(max(0, parcel.due_s - time.perf_counter()) if parcel.due_s else 0)
            due_s = parcel.due_s or time.perf_counter()
            self._delivered.began_s = min(self._delivered.began_s, due_s)
            is_in = await self._post(parcel)
            while not is_in and self._until_ok:
                await asyncio.sleep(AGAIN_S)
                is_in = await self._post(parcel)
            if is_in:
                self._delivered.seconds.append(time.perf_counter() - due_s)
        if self._line:
            self._line.close()

    async def _post(self, parcel: Parcel) -> bool:
        await self._connect()
        answer = await _answer(self._line, _request(parcel, self._where.netloc)) if self._line else b""
        self._delivered.answers[answer[9:12].decode() or "none"] += 1
        return answer.startswith(b"HTTP/1.1 200 ") and answer.endswith(b"\r\n\r\nOK")

    async def _connect(self) -> None:
        if self._line is None or not self._line.is_open:
            self._line = await _open(self._where.hostname or "", self._where.port or 80)


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
