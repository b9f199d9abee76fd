"""What a stranger can hold before anybody knows what he wants: little, and not for long."""

import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress

import pytest
import requests
from redis import Redis

from tests.web.front_door import front_door, make_site
from web.__main__ import Server
from web.dawdlers import MOST_AHEAD, ImpatientProtocol

CHUNKED = b"POST /v1/campaigns HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
FORM = (
    b"POST /sign-in HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-www-form-urlencoded\r\n"
    b"Content-Length: 60000\r\n\r\n"
)
HEAD = b"GET /healthz HTTP/1.1\r\nHost: x\r\n"
PIECE = b"a" * 50_000


class Hasty(ImpatientProtocol):
    """Deadlines for a test, and few places."""

    head_within_s = 0.2
    rest_within_s = 0.2
    most_open = staticmethod(lambda: 8)


def hasten(server: Server) -> None:
    server.config.http = Hasty
    server.config.timeout_keep_alive = 1


def test_places_are_as_many_as_there_are_files() -> None:
    assert 1 <= ImpatientProtocol.most_open() <= 1_000


@contextmanager
def connected(address: str) -> Iterator[socket.socket]:
    host, port = address.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=60) as found:
        yield found


def ended(connection: socket.socket) -> bytes:
    """What came until the other side closed; fails where it does not."""
    said = b""
    with suppress(ConnectionError):
        while got := connection.recv(65_536):
            said += got
    return said


@pytest.mark.parametrize(
    ("opening", "then"),
    [
        (HEAD, b"X-%d: " + PIECE + b"\r\n"),
        (HEAD + b"X: ", PIECE),
        (b"GET /", PIECE),
        (CHUNKED + b"0\r\n", b"X: " + PIECE + b"\r\n"),
        (CHUNKED + b"0\r\nX: ", PIECE),
        (CHUNKED + b"1;", PIECE),
    ],
    ids=["headers", "one header", "an address", "trailers", "one trailer", "a chunk's extension"],
)
def test_a_head_without_end_is_cut_off(fake_redis: Redis, opening: bytes, then: bytes) -> None:
    with front_door(make_site(fake_redis)) as address, connected(address) as connection:
        connection.sendall(opening)
        with pytest.raises(ConnectionError):
            connection.sendall(then * 2_000)  # far beyond what lies in buffers on the way


@pytest.mark.parametrize(
    "said",
    [
        b"",
        HEAD,
        HEAD + b"\r\n" + HEAD,
        b"POST /v1/campaigns HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n1",
    ],
    ids=["nothing", "half a head", "half a second head", "half a body after its answer"],
)
def test_who_says_no_more_is_let_go(fake_redis: Redis, said: bytes) -> None:
    with front_door(make_site(fake_redis), on_server=hasten) as address, connected(address) as connection:
        connection.sendall(said)
        ended(connection)


def test_empty_lines_hold_no_connection(fake_redis: Redis) -> None:
    with front_door(make_site(fake_redis), on_server=hasten) as address, connected(address) as connection:
        connection.sendall(HEAD + b"\r\n")
        said = b""
        while b"alive" not in said:  # the head and the rest may come one by one
            said += connection.recv(1_000) or pytest.fail("it was closed")
        connection.settimeout(0.05)
        with suppress(ConnectionError):
            while not is_closed(connection):
                connection.sendall(b"\r\n")


def is_closed(connection: socket.socket) -> bool:
    try:
        return not connection.recv(1_000)
    except TimeoutError:
        return False


def test_many_requests_ahead_are_too_many(fake_redis: Redis) -> None:
    with front_door(make_site(fake_redis)) as address, connected(address) as connection:
        connection.sendall((HEAD + b"\r\n") * (MOST_AHEAD + 5))
        assert b"400 Bad Request" in ended(connection)


def test_silent_connections_keep_nobody_out(fake_redis: Redis) -> None:
    class Few(Hasty):
        head_within_s = 60.0

    def few(server: Server) -> None:
        server.config.http = Few

    with front_door(make_site(fake_redis), on_server=few) as address, ExitStack() as silent:
        for _ in range(30):
            silent.enter_context(connected(address))
        assert requests.get(f"{address}/healthz", timeout=60).status_code == 200


def test_where_everybody_is_at_work_the_next_is_told_to_come_back(fake_redis: Redis) -> None:
    class Closed(Hasty):
        most_open = staticmethod(lambda: 0)

    def close(server: Server) -> None:
        server.config.http = Closed

    with front_door(make_site(fake_redis), on_server=close) as address, connected(address) as connection:
        assert ended(connection).startswith(b"HTTP/1.1 503 ")


def test_a_form_that_drips_is_given_up(fake_redis: Redis) -> None:
    def hasten_forms(server: Server) -> None:
        server.app.state.form_within_s = 0.2

    with front_door(make_site(fake_redis), on_server=hasten_forms) as address, connected(address) as connection:
        connection.sendall(FORM + b"a")
        said = connection.recv(65_536)
        assert said.startswith(b"HTTP/1.1 408 ")
