"""Getting what lies at a URL that somebody handed in, without being led anywhere but to the public web.

Law of the room: a host's name is looked up once, every address it has must be public, and the connection goes to one
of exactly these, so that no second answer of a name server can lead it elsewhere. Every redirect begins anew. Nothing
of ours goes along: no credentials, no cookies, no proxy's, and no error repeats the URL.
"""

import socket
import ssl
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from http import HTTPStatus
from http.client import HTTPException, HTTPResponse, HTTPSConnection, IncompleteRead
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from threading import Timer
from time import monotonic
from typing import BinaryIO
from urllib.parse import urljoin, urlsplit

import requests
from requests.utils import DEFAULT_CA_BUNDLE_PATH

Address = IPv4Address | IPv6Address

Fetch = Callable[[str, BinaryIO], None]
"""Writes what lies at a URL to a file, as `fetch` does; raises `NotPublic` or `NotFetched`."""


@dataclass(frozen=True, slots=True)
class Limits:
    """How much is fetched at most, in how long (looking up names comes on top), and how often it may lead on."""

    max_bytes: int = 25_000_000
    deadline_s: float = 20
    redirects: int = 3


class NotPublic(Exception):
    """What lies at the URL is not to be had by the public (why), and so not by the gateway either."""


class NotFetched(Exception):
    """It could not be looked at from here (why). That says nothing of what others find there."""


def is_public(address: Address) -> bool:
    """Whether an address is one of the public internet, reached as itself: no machine of ours, and no tunnel to one."""
    if isinstance(address, IPv6Address):
        inner = address.ipv4_mapped or (IPv4Address(int(address) & 0xFFFFFFFF) if address in _NAT64 else None)
        if inner:
            return is_public(inner)
        return address in _GLOBAL_UNICAST and address.is_global and not address.sixtofour and not address.teredo
    return address.is_global and not address.is_multicast and not any(address in each for each in _OF_CLOUDS)


_GLOBAL_UNICAST = IPv6Network("2000::/3")
_NAT64 = IPv6Network("64:ff9b::/96")
"""Where IPv6-only networks put the IPv4 internet (RFC 6052)."""
_OF_CLOUDS = (IPv4Network("168.63.129.16/32"), IPv4Network("192.0.0.0/24"))
"""Azure's and Oracle's services for the machine itself, which pass for public; the other clouds' are link-local."""


def addresses_of(host: str) -> list[Address]:
    """All addresses of a host, as the system's resolver has them; raises OSError."""
    return [ip_address(place[0]) for *_, place in socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)]


def fetch(
    url: str,
    into: BinaryIO,
    *,
    limits: Limits = Limits(),
    look_up: Callable[[str], Sequence[Address]] = addresses_of,
    may_reach: Callable[[Address], bool] = is_public,
    tls: ssl.SSLContext | None = None,
) -> None:
    """Write what lies at an https URL to `into`; raises `NotPublic` or `NotFetched`.

    `look_up` gives a host's addresses, by the system's resolver; `tls` replaces the usual certificate authorities.
    """
    visit = _Visit(limits, monotonic() + limits.deadline_s, look_up, may_reach, tls or _usual_authorities())
    for _ in range(limits.redirects + 1):
        leads_to = visit.get(url, into)
        if leads_to is None:
            return
        url = leads_to
    raise NotFetched(f"it leads on more than {limits.redirects} times")


_CONNECT_S = 5
"""For one address."""
_SILENCE_S = 10
_MOST_ADDRESSES = 4
_PART_BYTES = 64 * 1024
_HEADERS = {
    "User-Agent": "dropline",
    "Accept": "audio/*, */*;q=0.1",
    "Accept-Encoding": "identity",
    "Connection": "close",
}

_LEADS_ON = frozenset({301, 302, 303, 307, 308})
_NOT_TO_BE_HAD = {
    401: "it asks for a login",
    403: "it is forbidden, which is also how some hosts say that a link has run out",
    404: "it is not there",
    410: "it is gone",
}


@dataclass(frozen=True, slots=True)
class _Target:
    """What a URL comes to: where to connect, and what to ask for there."""

    host: str
    port: int
    path: str


@dataclass(frozen=True, slots=True)
class _Visit:
    """One fetch with all that it leads to, under one deadline."""

    limits: Limits
    deadline: float
    look_up: Callable[[str], Sequence[Address]]
    may_reach: Callable[[Address], bool]
    tls: ssl.SSLContext

    def get(self, url: str, into: BinaryIO) -> str | None:
        """Write what lies at this URL to `into`, or answer the URL that it leads to."""
        try:
            target = _target(url)
            with self._connected(target) as sock, closing(_ask(sock, target, self.tls)) as response:
                if response.status in _LEADS_ON:
                    return str(urljoin(url, response.headers["Location"] or ""))
                self._keep(response, into)
        except socket.gaierror:
            why = "its host's name is not known here"
        except (OSError, HTTPException, ValueError) as failure:
            why = type(failure).__name__
        else:
            why = ""
        # Outside the handler: what was caught may hold the URL.
        if self._seconds_left() <= 0:
            raise NotFetched(f"it took longer than {self.limits.deadline_s:g} s")
        if why:
            raise NotFetched(why)
        return None

    @contextmanager
    def _connected(self, target: _Target) -> Iterator[ssl.SSLSocket]:
        """A verified connection that is cut off at the deadline, however slowly the other side drips."""
        with closing(self._reach(target)) as plain:
            plain.settimeout(_SILENCE_S)
            sock = self.tls.wrap_socket(plain, server_hostname=target.host, do_handshake_on_connect=False)
            timer = Timer(self._seconds_left(), _cut_off, (sock,))
            timer.start()
            try:
                sock.do_handshake()
                yield sock
            finally:
                timer.cancel()
                timer.join()
                sock.close()

    def _reach(self, target: _Target) -> socket.socket:
        """A connection to one of the host's addresses, if all of them may be reached."""
        failure: OSError = TimeoutError()
        addresses = self.look_up(target.host)
        if not all(map(self.may_reach, addresses)):
            raise NotPublic("its host is not on the public internet")
        for address in addresses[:_MOST_ADDRESSES]:
            try:
                wait = max(0.001, min(_CONNECT_S, self._seconds_left()))
                return socket.create_connection((str(address), target.port), timeout=wait)
            except OSError as error:
                failure = error
        raise failure

    def _keep(self, response: HTTPResponse, into: BinaryIO) -> None:
        if why := _NOT_TO_BE_HAD.get(response.status):
            raise NotPublic(f"{why} (HTTP status {response.status})")
        if response.status != HTTPStatus.OK:
            raise NotFetched(f"HTTP status {response.status}")
        if response.headers.get("Content-Encoding", "identity") != "identity":
            raise NotFetched("it came compressed, though that was not asked for")
        size = 0
        while part := response.read(_PART_BYTES):
            size += len(part)
            if size > self.limits.max_bytes:
                raise NotFetched(f"it has more than {self.limits.max_bytes:,} bytes")
            into.write(part)
        if response.length:
            raise IncompleteRead(b"", response.length)

    def _seconds_left(self) -> float:
        return self.deadline - monotonic()


def _target(url: str) -> _Target:
    """The URL as the wire has it: percent-encoded, and the host in ASCII."""
    prepared = requests.Request("GET", url).prepare()
    parts = urlsplit(prepared.url or "")
    if parts.scheme != "https" or not parts.hostname:
        raise NotFetched("only https is looked at")
    if parts.username or parts.password:
        raise NotPublic("the URL carries a user name or a password, and audio must be there without a login")
    return _Target(str(parts.hostname), parts.port or 443, prepared.path_url)


def _ask(sock: ssl.SSLSocket, target: _Target, tls: ssl.SSLContext) -> HTTPResponse:
    """Ask on a connection that stands; http.client would make its own only if there were none."""
    connection = HTTPSConnection(target.host, target.port, context=tls)
    connection.sock = sock
    connection.request("GET", target.path, headers=_HEADERS)
    return connection.getresponse()


def _cut_off(sock: ssl.SSLSocket) -> None:
    """End a connection under whoever waits on it. Below TLS: its own shutdown is not for other threads."""
    with suppress(OSError):
        socket.socket.shutdown(sock, socket.SHUT_RDWR)


def _usual_authorities() -> ssl.SSLContext:
    return ssl.create_default_context(cafile=DEFAULT_CA_BUNDLE_PATH)
