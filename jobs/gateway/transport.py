"""One POST on one fresh connection: no retry, no redirect, no proxy, and never in doubt about what may have left.

Which error it is follows from how far the request was, as its `Flight` knows, never from the name of an exception: what
fails before a byte of it has left is `NotSent`, all that goes wrong after it is `OutcomeUnknown`.
"""

import http.client
import socket
import ssl
from collections.abc import Callable, Generator, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import requests
import urllib3
from pydantic import SecretBytes
from requests.adapters import HTTPAdapter
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool

from jobs.flight import Connection, Flight, KeptBack, Leg, Timeouts, TLSConnection
from jobs.gateway.errors import NotSent, OutcomeUnknown, Phase


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
    flight = Flight(timeouts, before_send)
    try:
        with _fly(flight, url, form, tls) as raw:
            return _read(raw, max_bytes)
    except _TROUBLES as trouble:
        why = _why(trouble)
    # Outside the handler: what was caught holds the request, with its credentials and phones, or frames that do.
    raise _verdict(flight, why) from flight.objection


def post_for_parts(
    url: str, form: SecretBytes, *, timeouts: Timeouts, tls: ssl.SSLContext, part_bytes: int
) -> Generator[bytes]:
    """Send an encoded form and yield the answer's body, all of whose parts but the last have `part_bytes`.

    Raises like `post`, also between two parts, and always when the body does not come whole: a body whose length
    nobody announced, so that its end may be anywhere, is none that we take.
    """
    flight = Flight(timeouts)
    try:
        with _fly(flight, url, form, tls) as raw:
            if not _is_length_announced(raw):
                raise _Unusable("an answer that does not say how long it is")
            while part := raw.read(part_bytes, decode_content=True):
                yield part
            return
    except _TROUBLES as trouble:
        why = _why(trouble)
    raise _verdict(flight, why)


_FAILURES = (
    requests.RequestException,
    urllib3.exceptions.HTTPError,
    http.client.HTTPException,
    OSError,
    ValueError,  # headers that cannot be decoded, addresses that cannot be encoded
)


class _Unusable(Exception):
    """The answer is no HTTP 200 of a bearable size and a certain length."""


_TROUBLES = (KeptBack, _Unusable, *_FAILURES)


class _Pool(HTTPConnectionPool):
    ConnectionCls = Connection


class _TLSPool(HTTPSConnectionPool):
    ConnectionCls = TLSConnection


class _Adapter(HTTPAdapter):
    """requests' way to urllib3, for one flight. Without a `Session`, which would add redirects, netrc, proxies."""

    def __init__(self, flight: Flight, url: str, tls: ssl.SSLContext) -> None:
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
def _fly(flight: Flight, url: str, form: SecretBytes, tls: ssl.SSLContext) -> Iterator[urllib3.HTTPResponse]:
    """The answer, an HTTP 200 whose body is still to be read."""
    request = requests.Request("POST", url, data=form.get_secret_value(), headers=_HEADERS).prepare()
    waits = (flight.timeouts.connect_s, flight.timeouts.read_s)
    with (
        closing(_Adapter(flight, url, tls)) as adapter,
        closing(adapter.send(request, stream=True, timeout=waits)) as response,
    ):
        flight.leg = Leg.READING
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


def _verdict(flight: Flight, why: str) -> NotSent | OutcomeUnknown:
    """What a failure means, by how far the request was."""
    return OutcomeUnknown(Phase(flight.leg), why) if flight.leg else NotSent(why)


_IN_WORDS: Mapping[type[BaseException], str] = {
    socket.gaierror: "its host's name has no address",
    ConnectionRefusedError: "the connection was refused",
    ssl.SSLCertVerificationError: "its certificate is not trusted",
    ssl.SSLError: "TLS failed",
    TimeoutError: "it took too long",
    http.client.RemoteDisconnected: "it hung up without a word",
    ConnectionError: "the connection broke off",
    http.client.IncompleteRead: "the answer broke off",
    requests.exceptions.InvalidURL: "its host's name can be none",
    urllib3.exceptions.LocationValueError: "its host's name can be none",
    UnicodeDecodeError: "what came is no proper HTTP",
    UnicodeError: "its host's name can be none",
    OSError: "the network is at fault",
    http.client.HTTPException: "what came is no proper HTTP",
    urllib3.exceptions.HTTPError: "what came is no proper HTTP",
    ValueError: "what came is no proper HTTP",
}
"""What people understand of a failure; the first kind that fits."""


def _why(failure: BaseException) -> str:
    """The kind of the innermost exception in words: its own text may hold more than may be told."""
    if isinstance(failure, KeptBack | _Unusable):
        return str(failure)
    while isinstance(inner := failure.__cause__ or failure.__context__, _FAILURES):
        failure = inner
    return next(words for kind, words in _IN_WORDS.items() if isinstance(failure, kind))
