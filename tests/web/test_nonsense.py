"""What strangers send by the thousand, at every door: no fault, nothing changes or grows, nobody waits for ever."""

import os
import socket
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from redis import Redis

from jobs.ledger import arrivals, tokens
from jobs.ledger.fields import text
from jobs.models.scopes import Scope
from jobs.outcomes.heard import Heard
from tests.web.front_door import front_door, make_site
from tests.web.storm import Storm
from web.__main__ import Server
from web.dawdlers import ImpatientProtocol

DOORS = ("/postbacks/" + "0" * 32, "/v1/campaigns", "/", "/sign-in", "/rq/", "/metrics")
TIMES = 10
"""Of each request at each door; together a thousand."""
MOST_GROWN = 30_000_000
"""Bytes by which this process, in which the server runs, may grow in its second thousand."""
COUNTS = ("dropline:postbacks", "dropline:quarantine", "dropline:trial", "dropline:failed-logins", "dropline:token:")
"""What is counted of strangers, and when a token was used: it stays small, and other tests look at that."""


class Hasty(ImpatientProtocol):
    head_within_s = 0.3
    rest_within_s = 0.3


def hasten(server: Server) -> None:
    server.config.http = Hasty
    server.config.timeout_keep_alive = 1
    server.app.state.form_within_s = 0.3
    server.app.state.postbacks.body_within_s = 0.3


def request(method: str, path: str, *fields: str, body: bytes = b"", length: int | None = None) -> bytes:
    """All of it, however wrong."""
    told = [f"{method} {path} HTTP/1.1", "Host: x", f"Content-Length: {len(body) if length is None else length}"]
    return "\r\n".join([*told, *fields, "", ""]).encode("latin-1") + body


def forged(path: str) -> list[bytes]:
    """The shape is right, and the secret is not."""
    bearer, cookie = f"Authorization: Bearer dpl_{'A' * 43}", f"Cookie: dropline={'f' * 64}; dropline-form={'f' * 64}"
    form = "Content-Type: application/x-www-form-urlencoded"
    return [
        request("GET", path, bearer),
        request("GET", path, cookie),
        request("POST", path, cookie, form, "Origin: http://x", body=b"token=f&name=dana&password=x&to=/"),
    ]


def malformed(path: str) -> list[bytes]:
    """What no client sends."""
    return [
        request("POST", path, "Content-Type: application/json", body=b'{"recipients": [[[{"\xff\x00'),
        request("POST", path, "Content-Type: multipart/form-data; boundary=", body=b"--\r\n\r\n\x00"),
        request("GET", f"{path}%00%ff%0d?limit=%ff&to=//x", "Cookie: =;;\xff=\x80", "Authorization: Bearer"),
        request("BREW", path),
        request("POST", path, "Transfer-Encoding: chunked", "Content-Length: x"),
        b"\x16\x03\x01\x02\x00" * 9,
    ]


def oversized(path: str) -> list[bytes]:
    """Longer than anything that is taken there."""
    return [request("POST", path, body=b"x" * 300_000), request("GET", path, "X: " + "y" * 100_000)]


def answered(address: str, said: bytes) -> str:
    """The status, or '' where the connection was ended without any; fails where nothing comes of it."""
    where = urlsplit(address)
    told = b""
    with socket.create_connection((where.hostname, where.port), timeout=20) as line, suppress(ConnectionError):
        line.sendall(said)
        told = line.recv(12)
    return told[9:12].decode()


def memory() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def state_of(redis: Redis) -> dict[str, bytes | None]:
    names = sorted(text(name) for name in redis.scan_iter())
    return {name: redis.dump(name) for name in names if not name.startswith(COUNTS)}


@pytest.fixture
def storm(redis: Redis) -> Storm:
    """Three submissions, and all that was posted of them."""
    return Storm(redis, 30, seed=1, phones_each=10)


@pytest.fixture
def address(redis: Redis, storm: Storm) -> Iterator[str]:
    with front_door(make_site(redis), on_server=hasten) as found:
        for parcel in storm.parcels():
            assert answered(found, request("POST", f"/postbacks/{parcel.token}", body=parcel.body)) == "200"
        yield found


def replayed(redis: Redis, storm: Storm) -> list[bytes]:
    """Good once, and sent again and again."""
    bearer = f"Authorization: Bearer {tokens.create(redis, 'crm', [Scope.READ], now=datetime.now(UTC))}"
    posted = [request("POST", f"/postbacks/{each.token}", body=each.body) for each in storm.parcels(duplicated=0)]
    return [*posted, *(request("GET", path, bearer) for path in DOORS[1:])]


def test_by_the_thousand_they_meet_no_fault_and_change_and_grow_nothing(
    redis: Redis, storm: Storm, address: str
) -> None:
    again = replayed(redis, storm)
    nonsense = [said for path in DOORS for kind in (forged, malformed, oversized) for said in kind(path)]
    before = state_of(redis)
    with ThreadPoolExecutor(8) as strangers:
        said = (nonsense + again) * TIMES
        first = Counter(strangers.map(lambda each: answered(address, each), said[: len(said) // 2]))
        held = memory()
        second = Counter(strangers.map(lambda each: answered(address, each), said[len(said) // 2 :]))
    grown = memory() - held
    assert not [status for status in first | second if status.startswith("5")]
    assert grown < MOST_GROWN
    after = state_of(redis)
    assert {name for name in before.keys() | after.keys() if before.get(name) != after.get(name)} == set()
    assert arrivals.read(redis).ends[Heard.RECORDED] > 30 * TIMES // 2
    storm.check()


def test_those_that_say_it_slowly_are_let_go_and_keep_nobody_out(address: str) -> None:
    where = urlsplit(address)
    begun = [b"GET / HT", *(request("POST", path, body=b"x", length=99) for path in DOORS)]
    with ExitStack() as slow:
        lines = [slow.enter_context(socket.create_connection((where.hostname, where.port), 20)) for _ in begun * 20]
        for line, said in zip(lines, begun * 20, strict=True):
            line.sendall(said)
        assert answered(address, request("GET", "/healthz")) == "200"
        for line in lines:
            with suppress(ConnectionError):
                while line.recv(65_536):
                    pass
