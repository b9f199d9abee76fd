"""One POST on one fresh connection: no retry, no redirect, no proxy, and never in doubt about what may have left.

Which error it is follows from how far the request was, never from the name of an exception. A connection reports to
its `_Flight` when DNS, TCP and TLS are done and not a byte of the request has left; what fails before is `NotSent`, all
that goes wrong after it is `OutcomeUnknown`. A flight has one deadline that holds however slowly the other side drips.
"""

import http.client
import io
import ssl
from collections.abc import Callable, Generator, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from time import monotonic
from typing import Any, cast
from urllib.parse import urlsplit

import requests
import urllib3
from pydantic import SecretBytes
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool

from jobs.gateway.errors import NotSent, OutcomeUnknown, Phase


@dataclass(frozen=True, slots=True)
class Timeouts:
    """How long a request may take: to connect (each address), between two bytes of the answer, and altogether.

    No first byte leaves after `deadline_s`, and nothing is awaited beyond it. Only looking up the host's name and
    connecting, before anything has left, can take longer: the name is the system resolver's, at its own pace.
    """

    connect_s: float = 5
    read_s: float = 20
    deadline_s: float = 22


@dataclass(frozen=True, slots=True)
class Answer:
    """The body of an HTTP 200. `is_whole` says that its length was announced and kept, so nothing can be missing."""

    text: str = field(repr=False)
    is_whole: bool


def post(
    url: str,
    form: SecretBytes,
    *,
    timeouts: Timeouts,
    tls: ssl.SSLContext,
    max_bytes: int,
    before_send: Callable[[], None] = lambda: None,
) -> Answer:
    """Send an encoded form and return the answer; raises `NotSent` or `OutcomeUnknown`, which carry nothing of it.

    `before_send` runs when the connection stands and nothing has left; if it raises, nothing does, and that is the
    cause of the `NotSent`.
    """
    flight = _Flight(timeouts, before_send)
    try:
        with _fly(flight, url, form, tls) as raw:
            return _read(raw, max_bytes)
    except _TROUBLES as trouble:
        why = _why(trouble)
    # Outside the handler: what was caught holds the request, with its credentials and phones, or frames that do.
    raise flight.verdict(why) from flight.objection


def post_for_parts(
    url: str, form: SecretBytes, *, timeouts: Timeouts, tls: ssl.SSLContext, part_bytes: int
) -> Generator[bytes]:
    """Send an encoded form and yield the answer's body, all of whose parts but the last have `part_bytes`.

    Raises like `post`, also between two parts, and always when the body does not come whole: a body whose length
    nobody announced, so that its end may be anywhere, is none that we take.
    """
    flight = _Flight(timeouts, lambda: None)
    try:
        with _fly(flight, url, form, tls) as raw:
            if not _is_length_announced(raw):
                raise _Unusable("an answer that does not say how long it is")
            while part := raw.read(part_bytes, decode_content=True):
                yield part
            return
    except _TROUBLES as trouble:
        why = _why(trouble)
    raise flight.verdict(why)


_FAILURES = (
    requests.RequestException,
    urllib3.exceptions.HTTPError,
    http.client.HTTPException,
    OSError,
    ValueError,  # headers that cannot be decoded, addresses that cannot be encoded
)


class _KeptBack(Exception):
    """The request must not leave. Of no kind that urllib3 would translate."""


class _Unusable(Exception):
    """The answer is no HTTP 200 of a bearable size and a certain length."""


_TROUBLES = (_KeptBack, _Unusable, *_FAILURES)


class _Flight:
    """One request on its way: how far it is, and how long it still has."""

    def __init__(self, timeouts: Timeouts, before_send: Callable[[], None]) -> None:
        self.timeouts = timeouts
        self.phase: Phase | None = None
        """None while nothing can have left."""
        self.objection: Exception | None = None
        self._before_send = before_send
        self._deadline = monotonic() + timeouts.deadline_s

    def take_off(self, sock: Any) -> "_Socket":
        """The connected socket, guarded, for a request that may leave now; raises `_KeptBack` when it may not."""
        try:
            self._before_send()
        except Exception as objection:
            self.objection = objection
        if self.phase or self.objection or self.seconds_left() <= 0:
            raise _KeptBack("held back at the last moment")
        self.phase = Phase.SENDING
        return _Socket(sock, self)

    def verdict(self, why: str) -> NotSent | OutcomeUnknown:
        """What a failure means, by how far the request was."""
        return OutcomeUnknown(self.phase, why) if self.phase else NotSent(why)

    def seconds_left(self) -> float:
        return self._deadline - monotonic()

    def limit(self, sock: Any) -> None:
        """Let the socket's next wait end at the deadline at the latest."""
        left = self.seconds_left()
        if left <= 0:
            raise TimeoutError
        sock.settimeout(min(left, self.timeouts.read_s))


class _Socket:
    """A connected socket with a flight's limits: as much of a socket's face as http.client and urllib3 look at."""

    def __init__(self, sock: Any, flight: _Flight) -> None:
        self._sock = sock
        self._flight = flight

    def sendall(self, data: bytes) -> None:
        rest = memoryview(data)
        while rest:
            self._flight.limit(self._sock)
            rest = rest[self._sock.send(rest) :]

    def makefile(self, _mode: str) -> io.BufferedReader:
        self._flight.phase = Phase.WAITING
        return io.BufferedReader(_Reader(self._sock, self._flight))

    def settimeout(self, _seconds: float | None) -> None:
        """The flight sets the limits, not those who ride on it."""

    def close(self) -> None:
        self._sock.close()


class _Reader(io.RawIOBase):
    """What comes in on a flight's socket; keeps the socket open until it is closed itself, as a socket's file does."""

    def __init__(self, sock: Any, flight: _Flight) -> None:
        super().__init__()
        self._sock = sock
        self._flight = flight
        self._file = sock.makefile("rb", buffering=0)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        self._flight.limit(self._sock)
        return cast("int | None", self._file.readinto(buffer))

    def close(self) -> None:
        self._file.close()
        super().close()


class _Connection(HTTPConnection):
    """A connection that asks its flight for permission once it stands."""

    def __init__(self, *args: Any, flight: _Flight, **options: Any) -> None:
        super().__init__(*args, **options)
        self._flight = flight

    def connect(self) -> None:
        super().connect()
        self.sock = self._flight.take_off(self.sock)


class _TLSConnection(_Connection, HTTPSConnection):
    """The same; here standing includes a verified TLS handshake."""


class _Pool(HTTPConnectionPool):
    ConnectionCls = _Connection


class _TLSPool(HTTPSConnectionPool):
    ConnectionCls = _TLSConnection


class _Adapter(HTTPAdapter):
    """requests' way to urllib3, for one flight. Without a `Session`, which would add redirects, netrc, proxies."""

    def __init__(self, flight: _Flight, url: str, tls: ssl.SSLContext) -> None:
        super().__init__(max_retries=0)
        parts = urlsplit(url)
        host = str(parts.hostname)
        if parts.scheme == "https":
            self._pool: HTTPConnectionPool = _TLSPool(host, parts.port, ssl_context=tls, flight=flight)
        else:
            self._pool = _Pool(host, parts.port, flight=flight)

    def get_connection_with_tls_context(self, *_args: Any, **_options: Any) -> HTTPConnectionPool:
        return self._pool

    def cert_verify(self, *_args: Any, **_options: Any) -> None:
        """The context verifies; loading the authorities again for each connection would take 20 ms."""

    def close(self) -> None:
        self._pool.close()
        super().close()


_HEADERS: Mapping[str, str] = {
    "Content-Type": "application/x-www-form-urlencoded",
    "Accept-Encoding": "identity",
    "Connection": "close",
    "User-Agent": "dropline",
}


@contextmanager
def _fly(flight: _Flight, url: str, form: SecretBytes, tls: ssl.SSLContext) -> Iterator[urllib3.HTTPResponse]:
    """The answer, an HTTP 200 whose body is still to be read."""
    request = requests.Request("POST", url, data=form.get_secret_value(), headers=_HEADERS).prepare()
    waits = (flight.timeouts.connect_s, flight.timeouts.read_s)
    with (
        closing(_Adapter(flight, url, tls)) as adapter,
        closing(adapter.send(request, stream=True, timeout=waits)) as response,
    ):
        flight.phase = Phase.READING
        if response.status_code != http.HTTPStatus.OK:
            raise _Unusable(f"HTTP status {response.status_code}")
        yield response.raw


def _is_length_announced(raw: urllib3.HTTPResponse) -> bool:
    """Before anything is read of it. What was announced, urllib3 has kept or raises."""
    return raw.chunked or raw.length_remaining is not None


def _read(raw: urllib3.HTTPResponse, max_bytes: int) -> Answer:
    is_whole = _is_length_announced(raw)
    body = raw.read(max_bytes + 1, decode_content=True)
    if len(body) > max_bytes:
        raise _Unusable(f"an answer of more than {max_bytes} bytes")
    return Answer(_decode(body), is_whole)


def _decode(body: bytes) -> str:
    """UTF-8, or else Latin-1, which reads anything: carriers and titles may hold whatever was typed."""
    try:
        return body.decode("utf-8-sig")
    except UnicodeDecodeError:
        return body.decode("latin-1")


def _why(failure: BaseException) -> str:
    """Our own words, or else the name of the innermost exception, whose text may hold more than may be told."""
    if isinstance(failure, _KeptBack | _Unusable):
        return str(failure)
    while isinstance(inner := failure.__cause__ or failure.__context__, _FAILURES):
        failure = inner
    return type(failure).__name__
