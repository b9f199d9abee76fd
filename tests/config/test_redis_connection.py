import socketserver
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest
from redis import Redis
from redis.exceptions import AuthenticationError
from redis.exceptions import ConnectionError as Unreachable
from redis.exceptions import TimeoutError as TooSlow
from rq import Queue, SimpleWorker

from config.redis_connection import REPLY_TIMEOUT_S, Patience, RedisUnreachable, check_redis, connect
from tests.config.tls import tls_front
from tests.servers import RedisServer, free_port

ENDS_WITHIN_S = 60
SOON_S = 20
"""What ends soon ends within this on any machine; what waits for its whole patience is given more of it."""


@contextmanager
def after(wait_s: float, *steps: Callable[[], object]) -> Iterator[None]:
    """Take the steps in another thread, each `wait_s` after the one before, while the body runs."""

    def walk() -> None:
        for step in steps:
            time.sleep(wait_s)
            step()

    walker = threading.Thread(target=walk)
    walker.start()
    yield
    walker.join(ENDS_WITHIN_S)


def seconds_of(act: Callable[[], object]) -> float:
    began_at = time.monotonic()
    act()
    return time.monotonic() - began_at


def complaint(url: str, *, patience_s: float = 0.2, tls_verify: bool = False) -> str:
    client = connect(url, patience_s=patience_s, tls_verify=tls_verify)
    with client, pytest.raises(RedisUnreachable) as caught:
        check_redis(client, url)
    return str(caught.value)


def refused(client: Redis) -> None:
    with pytest.raises((Unreachable, TooSlow)):
        client.ping()


def test_answers_are_bytes_and_the_server_knows_who_calls(redis_server: RedisServer, redis: Redis) -> None:
    with connect(redis_server.url, name="control") as client:
        client.set("k", "v")
        assert client.get("k") == b"v"
        assert client.client_info()["name"] == "dropline-control"
        check_redis(client, redis_server.url)


def test_threads_beyond_the_pool_wait_their_turn(redis_server: RedisServer, redis: Redis) -> None:
    with connect(redis_server.url, name="crowd", max_connections=2) as client:
        threads = [threading.Thread(target=client.blpop, args=("none", 0.1)) for _ in range(6)]
        for thread in threads:
            thread.start()
        open_now = [each for each in redis.client_list() if each["name"] == "dropline-crowd"]
        for thread in threads:
            thread.join(ENDS_WITHIN_S)
    assert len(open_now) <= 2


def test_rq_keeps_our_timeout_for_a_worker_of_short_ttl_and_runs_on_it(redis_server: RedisServer, redis: Redis) -> None:
    with connect(redis_server.url) as client:
        job = Queue("status", connection=client, serializer="json").enqueue("builtins.len", "four")
        worker = SimpleWorker(["status"], connection=client, serializer="json", worker_ttl=30)
        worker.work(burst=True)
        assert client.connection_pool.connection_kwargs["socket_timeout"] == REPLY_TIMEOUT_S
        assert job.return_value() == 4


@pytest.mark.processes
def test_a_command_waits_out_a_server_that_was_killed() -> None:
    with RedisServer(appendonly=True) as server, connect(server.url, patience_s=60) as client:
        client.set("n", 41)
        server.kill()
        with after(1.5, server.start):
            assert client.incr("n") == 42


@pytest.mark.processes
def test_a_blocked_pop_goes_on_after_the_server_was_killed_under_it() -> None:
    with RedisServer(appendonly=True) as server, connect(server.url, patience_s=60) as client:

        def push() -> None:
            with Redis.from_url(server.url) as other:
                other.rpush("a", "job")

        with after(0.5, server.kill, server.start, push):
            assert client.blmove("a", "b", 60) == b"job"
        assert client.lrange("b", 0, -1) == [b"job"]


@pytest.mark.processes
def test_patience_ends_once_and_not_once_per_layer() -> None:
    with RedisServer() as server, connect(server.url, patience_s=1) as client, after(0.5, server.kill):
        with pytest.raises(Unreachable):
            client.blmove("a", "b", 10)
        assert 0.9 < seconds_of(lambda: refused(client)) < SOON_S


@pytest.mark.processes
def test_a_frozen_server_is_given_up_in_time() -> None:
    with RedisServer() as server, connect(server.url + "?socket_timeout=0.5", patience_s=1) as client:
        client.ping()
        server.freeze()
        assert seconds_of(lambda: refused(client)) < SOON_S


@pytest.mark.processes
def test_whoever_is_waited_for_gives_a_frozen_server_up_after_its_first_silence() -> None:
    with RedisServer() as server, connect(server.url, patience_s=1, reply_within_s=1, max_connections=1) as client:
        client.ping()
        server.freeze()
        assert seconds_of(lambda: refused(client)) < SOON_S
        with ThreadPoolExecutor(2) as both:
            assert seconds_of(lambda: list(both.map(lambda _: refused(client), range(2)))) < SOON_S


@pytest.mark.processes
def test_whoever_is_waited_for_does_not_notice_a_server_that_comes_back_at_once() -> None:
    with RedisServer() as server, connect(server.url, patience_s=60, reply_within_s=60) as client:
        client.ping()
        server.kill()
        server.start()
        assert client.ping()


@pytest.mark.processes
def test_a_connection_that_the_server_closed_for_idleness_is_not_noticed() -> None:
    with RedisServer(flags=("--timeout", "1")) as server, connect(server.url, patience_s=0) as client:
        first = client.client_id()
        time.sleep(2.5)
        assert client.client_id() != first


@pytest.mark.processes
def test_a_blocked_pop_may_last_longer_than_redis_own_patience(redis_server: RedisServer, redis: Redis) -> None:
    with connect(redis_server.url) as client:
        took_s = seconds_of(lambda: client.blmove("a", "b", 6))
    assert took_s >= 6
    assert redis.info("clients")["blocked_clients"] == 0


def test_a_server_that_is_not_there_is_named_without_credentials() -> None:
    port = free_port()
    text = complaint(f"redis://user:hush@127.0.0.1:{port}/0?client_name=x")
    assert f"REDIS_URL is redis://127.0.0.1:{port}/0:" in text
    assert "start one, or correct REDIS_URL" in text
    assert "hush" not in text


def test_a_missing_server_is_reported_quickly() -> None:
    assert seconds_of(lambda: complaint(f"redis://127.0.0.1:{free_port()}", patience_s=1)) < SOON_S


def test_a_refused_password_is_said_at_once() -> None:
    with RedisServer(flags=("--requirepass", "hush")) as server:
        wrong = server.url.replace("//", "//:hunter22@")
        texts: list[str] = []
        assert seconds_of(lambda: texts.extend(complaint(url, patience_s=60) for url in (server.url, wrong))) < SOON_S
        assert all("refuses the user or the password" in text for text in texts)
        assert "hunter22" not in "".join(texts)
        with connect(server.url.replace("//", "//:hush@")) as client:
            check_redis(client, server.url)


def test_a_database_that_the_server_does_not_have_is_not_taken_for_another_server(redis_server: RedisServer) -> None:
    assert "refuses what REDIS_URL asks for" in complaint(redis_server.url.removesuffix("/0") + "/9999")


def test_a_server_of_another_kind_is_recognised() -> None:
    class Web(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            self.rfile.readline()
            self.wfile.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Web) as web:
        threading.Thread(target=web.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        text = complaint(f"redis://127.0.0.1:{web.server_address[1]}")
        web.shutdown()
    assert "not as a Redis server does" in text


def test_a_unix_socket_will_do(tmp_path: Path) -> None:
    path = tmp_path / "s"
    with RedisServer(flags=("--unixsocket", str(path))), connect(f"unix://{path}?db=1") as client:
        check_redis(client, f"unix://{path}")


def test_an_encrypted_server_that_signs_itself_is_taken_unless_proof_is_wanted(
    redis_server: RedisServer, redis: Redis, tmp_path: Path
) -> None:
    with tls_front(tmp_path, redis_server.port) as port:
        url = f"rediss://127.0.0.1:{port}/0"
        with connect(url) as client:
            check_redis(client, url)
        assert "REDIS_TLS_VERIFY" in complaint(url, tls_verify=True, patience_s=60)
        own = f"{url}?ssl_ca_certs={tmp_path / 'certificate.pem'}&ssl_check_hostname=false"
        with connect(own, tls_verify=True) as client:
            check_redis(client, own)
        assert "speaks TLS" in complaint(f"redis://127.0.0.1:{port}/0")


class Line:
    """A connection of redis-py, reduced to how it retries: fails with `error` until `failures` are used up."""

    def __init__(self, patience_s: float, failures: int, error: Exception) -> None:
        self.retry = Patience(patience_s)
        self.failures = failures
        self.error = error
        self.heard: list[int] = []

    def connect(self) -> str:
        if len(self.heard) < self.failures:
            raise self.error
        return "connected"

    def command(self) -> str:
        return self.retry.call_with_retry(lambda: self.retry.call_with_retry(self.connect, self.hear), self.hear)

    def hear(self, _error: Exception) -> None:
        self.heard.append(1)


def test_every_failure_is_heard_of_and_the_result_comes_in_the_end() -> None:
    line = Line(5, 4, Unreachable())
    assert line.command() == "connected"
    assert len(line.heard) == 4


def test_without_patience_there_is_one_try() -> None:
    line = Line(0, 99, Unreachable())
    with pytest.raises(Unreachable):
        line.command()
    assert len(line.heard) == 2  # once in each layer


@pytest.mark.parametrize("error", [AuthenticationError("WRONGPASS"), Unreachable("[SSL: CERTIFICATE_VERIFY_FAILED]")])
def test_what_waiting_cannot_mend_is_not_waited_for(error: Exception) -> None:
    line = Line(60, 99, error)
    with pytest.raises(type(error)):
        line.command()
    assert line.heard == []


def test_a_caller_may_say_what_is_not_to_be_tried_again() -> None:
    def refuse() -> None:
        raise Unreachable

    with pytest.raises(Unreachable):
        Patience(60).call_with_retry(refuse, lambda _error: None, is_retryable=lambda _error: False)
