"""Who takes an export slowly, or not at all, holds little, and not for long."""

import socket
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from urllib.parse import urlsplit

import pytest
import requests
from redis import Redis

from tests.web.front_door import front_door, make_site
from tests.web.storm import Storm
from tests.web.visitors import WATCHER, by_header
from web.__main__ import Server
from web.dawdlers import ImpatientProtocol
from web.intake import exports

RESULTS = "/v1/campaigns/storm0/results?format=jsonl"
ASKS = f"GET {RESULTS} HTTP/1.1\r\nHost: x\r\nX-Test-Scopes: read\r\n\r\n".encode()
ROWS = 3_000
SMALL = 4_096


class Tight(ImpatientProtocol):
    """Connections that are full soon."""

    def connection_made(self, transport: object) -> None:
        super().connection_made(transport)  # type: ignore[arg-type]  # a transport, as uvicorn's annotation says
        self.transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SMALL)


class Hasty(Tight):
    taken_within_s = 0.2


@contextmanager
def asking(address: str) -> Iterator[socket.socket]:
    """Somebody who has asked for the results and takes no more than the first bytes."""
    where = urlsplit(address)
    with socket.socket() as line:
        line.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, SMALL)
        line.settimeout(10)
        line.connect((where.hostname, where.port))
        line.sendall(ASKS)
        assert line.recv(12) == b"HTTP/1.1 200"
        yield line


def results(address: str) -> requests.Response:
    return requests.get(address + RESULTS, headers=WATCHER, timeout=30)


def wait_until(holds: Callable[[], bool]) -> None:
    gives_up_at = time.monotonic() + 30
    while not holds():
        assert time.monotonic() < gives_up_at
        time.sleep(0.02)


@pytest.fixture
def ledger(redis: Redis) -> Redis:
    """With a campaign of some thousand phones."""
    Storm(redis, ROWS, seed=1)
    return redis


def test_exports_that_nobody_takes_have_few_places_and_keep_nobody_from_anything_else(ledger: Redis) -> None:
    def tighten(server: Server) -> None:
        server.config.http = Tight

    with front_door(make_site(ledger), [by_header], on_server=tighten) as address:
        with ExitStack() as stuck:
            for _ in range(exports.MOST_AT_ONCE // 2):
                stuck.enter_context(asking(address))
            turned_away = results(address)
            assert (turned_away.status_code, turned_away.headers["Retry-After"]) == (503, "5")
            assert turned_away.json()["type"].endswith("/busy")
            assert requests.get(f"{address}/v1/campaigns", headers=WATCHER, timeout=30).status_code == 200
        wait_until(lambda: results(address).status_code == 200)
        assert len(results(address).text.splitlines()) == ROWS


def test_exports_that_nobody_takes_are_cut_short_and_their_places_are_free(ledger: Redis) -> None:
    servers: list[Server] = []

    def hasten(server: Server) -> None:
        server.config.http = Hasty
        servers.append(server)

    with front_door(make_site(ledger), [by_header], on_server=hasten) as address, ExitStack() as stuck:
        lines = [stuck.enter_context(asking(address)) for _ in range(exports.MOST_AT_ONCE // 2)]
        wait_until(lambda: not servers[0].server_state.connections)
        assert not [line for line in lines if taken(line).endswith(b"0\r\n\r\n")]
        wait_until(lambda: results(address).status_code == 200)


def taken(line: socket.socket) -> bytes:
    """What is left on a line whose other end has hung up."""
    said = b""
    with suppress(ConnectionError):
        while piece := line.recv(65_536):
            said += piece
    return said


def test_what_is_taken_for_too_long_is_cut_short() -> None:
    assert list(exports.in_time(iter("ab"), within_s=60)) == ["a", "b"]
    with pytest.raises(exports.TakenTooSlowly):
        next(exports.in_time(iter("ab"), within_s=-1))
