import io
import socket
import ssl
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from ipaddress import IPv4Address, ip_address

import pytest

from jobs.fetching import Address, Limits, NotFetched, NotPublic, fetch, is_public
from tests import sounds
from tests.jobs.gateway.wire import RawServer, Script, drip, hold, http, raw_server, reset, say

SOUND = sounds.wav(7)
GOOD = say(http(SOUND))
HERE = IPv4Address("127.0.0.1")
PATIENT = Limits(deadline_s=30)
QUICK = Limits(max_bytes=2000, deadline_s=0.5)


def is_here(address: Address) -> bool:
    return address.is_loopback


def at_home(_host: str) -> list[Address]:
    return [HERE]


def get(
    url: str,
    tls: ssl.SSLContext | None = None,
    *,
    limits: Limits = PATIENT,
    look_up: Callable[[str], Sequence[Address]] = at_home,
    may_reach: Callable[[Address], bool] = is_here,
) -> bytes:
    into = io.BytesIO()
    fetch(url, into, limits=limits, look_up=look_up, may_reach=may_reach, tls=tls)
    return into.getvalue()


def url_of(server: RawServer, path: str = "/hi.wav", host: str = "cdn.example") -> str:
    return f"https://{host}:{server.port}{path}"


# What may be reached.


@pytest.mark.parametrize("address", ["8.8.8.8", "172.15.0.1", "172.32.0.1", "100.63.0.1", "100.128.0.1"])
def test_the_public_internet_is_public(address: str) -> None:
    assert is_public(ip_address(address))
    assert is_public(ip_address(f"::ffff:{address}"))
    assert is_public(ip_address(f"64:ff9b::{address}"))


@pytest.mark.parametrize("address", ["2606:4700:4700::1111", "2001:4860:4860::8888"])
def test_so_is_its_newer_half(address: str) -> None:
    assert is_public(ip_address(address))


@pytest.mark.parametrize(
    "address",
    [
        "0.0.0.1",
        "10.0.0.1",
        "100.64.0.1",
        "100.100.100.200",
        "127.0.0.1",
        "127.255.255.254",
        "168.63.129.16",
        "169.254.169.254",
        "172.16.0.1",
        "172.31.255.255",
        "192.0.0.192",
        "192.0.2.1",
        "192.168.1.1",
        "198.18.0.1",
        "224.0.0.1",
        "239.255.255.250",
        "240.0.0.1",
        "255.255.255.255",
    ],
)
def test_nothing_else_is_whether_plain_mapped_or_translated(address: str) -> None:
    assert not is_public(ip_address(address))
    assert not is_public(ip_address(f"::ffff:{address}"))
    assert not is_public(ip_address(f"64:ff9b::{address}"))


@pytest.mark.parametrize(
    "address",
    [
        "::",
        "::1",
        "::127.0.0.1",
        "64:ff9b:1::a00:1",
        "100::1",
        "2001:db8::1",
        "2001:0:a00:1::",
        "2002:7f00:1::",
        "fc00::1",
        "fd00:ec2::254",
        "fe80::1",
        "fe80::1%1",
        "fec0::1",
        "ff02::1",
    ],
)
def test_nor_are_the_tunnels_and_private_parts_of_the_newer_half(address: str) -> None:
    assert not is_public(ip_address(address))


@pytest.mark.parametrize(
    "host", ["localhost", "127.0.0.1", "127.1", "2130706433", "0x7f000001", "[::1]", "[::ffff:7f00:1]"]
)
def test_a_machine_of_ours_is_not_asked_however_it_is_spelled(host: str) -> None:
    with raw_server(GOOD, reads=False) as server:
        with pytest.raises(NotPublic, match="not on the public internet"):
            fetch(url_of(server, host=host), io.BytesIO())
        assert not server.received


def test_one_address_that_is_not_public_is_one_too_many() -> None:
    with raw_server(GOOD, reads=False) as server:
        with pytest.raises(NotPublic):
            get(
                url_of(server),
                look_up=lambda _host: [HERE, ip_address("10.0.0.1")],
                may_reach=lambda address: address == HERE,
            )
        assert not server.received


# What is fetched.


def test_it_is_fetched_from_the_address_that_was_judged(server_tls: ssl.SSLContext, client_tls: ssl.SSLContext) -> None:
    asked, judged = [], []

    def look_up(host: str) -> list[Address]:
        """A name that has another address when it is looked up a second time."""
        asked.append(host)
        return [HERE] if len(asked) == 1 else [IPv4Address("127.0.0.2")]

    def may_reach(address: Address) -> bool:
        judged.append(address)
        return True

    with raw_server(GOOD, tls=server_tls) as server:
        assert get(url_of(server), client_tls, look_up=look_up, may_reach=may_reach) == SOUND
    assert (asked, judged) == (["cdn.example"], [HERE])


def test_nothing_goes_along_but_what_must(server_tls: ssl.SSLContext, client_tls: ssl.SSLContext) -> None:
    with raw_server(GOOD, tls=server_tls) as server:
        get(url_of(server, "/a b/hi.wav?sig=x%2By&n=1+1#t=5"), client_tls)
    (request,) = server.received
    first, *headers = bytes(request).decode().strip().split("\r\n")
    assert first == "GET /a%20b/hi.wav?sig=x%2By&n=1+1 HTTP/1.1"
    assert dict(header.split(": ") for header in headers) == {
        "Host": f"cdn.example:{server.port}",
        "User-Agent": "dropline",
        "Accept": "audio/*, */*;q=0.1",
        "Accept-Encoding": "identity",
        "Connection": "close",
    }


def test_an_address_that_does_not_answer_is_passed_over(server_tls: ssl.SSLContext, client_tls: ssl.SSLContext) -> None:
    with raw_server(GOOD, tls=server_tls) as server:
        found = [ip_address("::1"), IPv4Address("127.0.0.2"), HERE]
        assert get(url_of(server), client_tls, look_up=lambda _host: found) == SOUND


def test_a_certificate_of_another_host_is_none(server_tls: ssl.SSLContext, client_tls: ssl.SSLContext) -> None:
    with raw_server(GOOD, tls=server_tls) as server, pytest.raises(NotFetched, match="CertVerification"):
        get(url_of(server, host="other.example"), client_tls)
    assert server.received == [b""]


def test_a_redirect_is_followed(server_tls: ssl.SSLContext, client_tls: ssl.SSLContext) -> None:
    with (
        raw_server(GOOD, tls=server_tls) as there,
        raw_server(leading_to(url_of(there, "/there.wav", "localhost")), tls=server_tls) as here,
    ):
        assert get(url_of(here), client_tls) == SOUND
    assert bytes(there.received[0]).startswith(b"GET /there.wav ")
    assert f"Host: localhost:{there.port}".encode() in there.received[0]


def leading_to(url: str) -> Script:
    return say(http(b"over there", "302 Found", headers=[f"Location: {url}"]))


def test_a_redirect_within_the_host_may_be_short(server_tls: ssl.SSLContext, client_tls: ssl.SSLContext) -> None:
    with raw_server(leading_to("next"), tls=server_tls) as server, pytest.raises(NotFetched, match="more than 3 times"):
        get(url_of(server, "/a/b"), client_tls)
    assert [bytes(request).split()[1] for request in server.received] == [b"/a/b", b"/a/next", b"/a/next", b"/a/next"]


@pytest.mark.parametrize("leads_to", ["https://metadata.example/token", "//metadata.example/token"])
def test_a_redirect_to_a_machine_of_ours_is_not_followed(
    leads_to: str, server_tls: ssl.SSLContext, client_tls: ssl.SSLContext
) -> None:
    def look_up(host: str) -> list[Address]:
        return [HERE] if host == "cdn.example" else [IPv4Address("169.254.169.254")]

    with raw_server(leading_to(leads_to), tls=server_tls) as server, pytest.raises(NotPublic):
        get(url_of(server), client_tls, look_up=look_up)


@pytest.mark.parametrize(
    "leads_to", ["http://cdn.example/hi.wav", "file:///etc/passwd", "ftp://cdn.example/", "https://"]
)
def test_a_redirect_to_anything_but_https_is_not_followed(
    leads_to: str, server_tls: ssl.SSLContext, client_tls: ssl.SSLContext
) -> None:
    with raw_server(leading_to(leads_to), tls=server_tls) as server, pytest.raises(NotFetched):
        get(url_of(server), client_tls)


# What is not.


@pytest.mark.parametrize(
    "url", ["http://cdn.example/hi.wav", "ftp://cdn.example/hi.wav", "https:///hi.wav", "https://[::/", "", "x"]
)
def test_only_https_is_looked_at(url: str) -> None:
    with pytest.raises(NotFetched):
        get(url, look_up=never)


def never(_host: str) -> list[Address]:
    pytest.fail("nobody is to be looked up")


def test_a_url_with_a_login_in_it_is_not_public() -> None:
    with pytest.raises(NotPublic, match="without a login"):
        get("https://me:sesame@cdn.example/hi.wav", look_up=never)


@pytest.mark.parametrize("status", ["401 Unauthorized", "403 Forbidden", "404 Not Found", "410 Gone"])
def test_a_host_that_will_not_give_it_says_so_for_everybody(
    status: str, server_tls: ssl.SSLContext, client_tls: ssl.SSLContext
) -> None:
    with raw_server(say(http(SOUND, status)), tls=server_tls) as server, pytest.raises(NotPublic, match=status[:3]):
        get(url_of(server), client_tls)


TROUBLES: dict[str, tuple[Script, str]] = {
    "an error": (say(http(SOUND, "503 Service Unavailable")), "503"),
    "too many requests": (say(http(SOUND, "429 Too Many Requests")), "429"),
    "nothing new": (say(http(b"", "304 Not Modified")), "304"),
    "cut in half": (say(http(SOUND[:99], length=len(SOUND))), "IncompleteRead"),
    "too large": (say(http(bytes(2001))), "more than 2,000 bytes"),
    "compressed": (say(http(SOUND[:99], headers=["Content-Encoding: gzip"])), "compressed"),
    "no HTTP": (say(b"SSH-2.0-OpenSSH_9.6\r\n"), "BadStatusLine"),
    "a reset": (reset, "Error|Disconnected"),
    "silence": (hold, "longer than 0\\.5 s"),
    "a head that drips": (drip(b"HTTP/1.1 200 OK\r\nX: " + b"x" * 99), "longer than 0\\.5 s"),
    "a body that drips": (drip(SOUND[:99], first=http(b"", length=99)), "longer than 0\\.5 s"),
    "a body that drips without an end": (drip(SOUND[:99], first=b"HTTP/1.1 200 OK\r\n\r\n"), "longer than 0\\.5 s"),
}


@pytest.mark.parametrize("name", TROUBLES)
def test_trouble_on_the_way_says_nothing_of_what_lies_there(
    name: str, server_tls: ssl.SSLContext, client_tls: ssl.SSLContext
) -> None:
    script, why = TROUBLES[name]
    with raw_server(script, tls=server_tls) as server, pytest.raises(NotFetched, match=why):
        get(url_of(server), client_tls, limits=QUICK if "longer" in why else replace(QUICK, deadline_s=30))


def test_a_handshake_that_stalls_ends_with_the_deadline(client_tls: ssl.SSLContext) -> None:
    began_s = time.monotonic()
    with raw_server(hold_back, reads=False) as server, pytest.raises(NotFetched, match=r"longer than 0\.5 s"):
        get(url_of(server), client_tls, limits=QUICK)
    assert time.monotonic() - began_s < 20  # it would be silent for a minute


def hold_back(connection: socket.socket) -> None:
    connection.settimeout(60)
    with suppress(TimeoutError):
        while connection.recv(4096):
            """Say nothing until the client hangs up."""


def test_a_name_that_nobody_knows_is_trouble_on_the_way() -> None:
    with pytest.raises(NotFetched, match="name is not known here"):
        fetch("https://cdn.invalid/hi.wav", io.BytesIO())


def test_no_error_repeats_the_url(server_tls: ssl.SSLContext, client_tls: ssl.SSLContext) -> None:
    with raw_server(say(http(b"", "404 Not Found")), tls=server_tls) as server:
        for tls in (client_tls, None):
            with pytest.raises((NotPublic, NotFetched)) as told:
                get(url_of(server, "/hi.wav?sig=sesame"), tls)
            assert "sesame" not in f"{told.value!r} {told.value.__context__!r} {told.value.__cause__!r}"
            assert told.value.__context__ is None
