"""The simulator's door: shut, its port is nobody else's; and what becomes of it is never silent."""

import socket
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from jobs.gateway.simulator.server import Server
from tests.servers import free_port


@contextmanager
def another(port: int) -> Iterator[socket.socket]:
    """A server of somebody else's, as servers begin: with SO_REUSEADDR."""
    with socket.socket() as taken:
        taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        taken.bind(("127.0.0.1", port))
        yield taken


@pytest.fixture(params=["any", "stated"])
def server(request: pytest.FixtureRequest) -> Iterator[Server]:
    """A server that answers nothing, on any port or on a stated one."""
    made = Server("127.0.0.1", 0 if request.param == "any" else free_port(), lambda _request, _wire: None)
    made.start()
    yield made
    made.close()


def is_open(server: Server) -> bool:
    try:
        socket.create_connection(("127.0.0.1", server.port), timeout=60).close()
    except ConnectionRefusedError:
        return False
    return True


def wait_for(what: Callable[[], bool]) -> None:
    gives_up_at = time.monotonic() + 30
    while not what():
        assert time.monotonic() < gives_up_at
        time.sleep(0.01)


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere a socket that has listened cannot keep its port")
def test_a_shut_door_keeps_its_port_from_others_and_opens_again(server: Server) -> None:
    for _ in range(3):
        with socket.create_connection(("127.0.0.1", server.port)):
            server.shut_door(60)
        assert not is_open(server)
        with pytest.raises(OSError, match="in use"), another(server.port):
            pass
        server.shut_door(0)
        wait_for(lambda: is_open(server))


def test_a_door_that_cannot_open_says_so_and_opens_when_it_can(
    server: Server, capfd: pytest.CaptureFixture[str]
) -> None:
    server.shut_door(60)
    server._listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as where a port cannot be kept
    said = ""

    def is_said() -> bool:
        nonlocal said
        said += capfd.readouterr().err
        return f"cannot open its door on port {server.port} again: Address already in use" in said

    with another(server.port) as stranger:
        stranger.listen()
        server.shut_door(0)
        wait_for(is_said)
    server.shut_door(0)
    wait_for(lambda: is_open(server))
