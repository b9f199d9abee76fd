"""The front door as a whole."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from socket import create_connection
from typing import Any
from urllib.parse import urlsplit

import pytest
import requests
from redis import Redis
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

from config.settings import Settings
from tests.web.front_door import front_door, make_site
from web.hosts import is_host


def test_what_is_not_there_is_said_so(fake_redis: Redis) -> None:
    with front_door(make_site(fake_redis)) as address, ThreadPoolExecutor(4) as people:
        answers = list(people.map(lambda _: requests.get(f"{address}/nowhere", timeout=60).status_code, range(20)))
    assert answers == [404] * 20


@pytest.mark.parametrize("host", ["[", "[::1", "[1:2]", "a]b", "x:y", "a b", "a/b", "user@example.com", "[zz]"])
def test_a_request_for_a_host_that_is_none_is_refused(fake_redis: Redis, host: str) -> None:
    with front_door(make_site(fake_redis, {"OPEN_ON_LOOPBACK": "true"})) as address:
        for path in ("/v1/nowhere", "/", "/sign-in", "/v1/campaigns", "/rq/"):
            assert requests.get(address + path, headers={"Host": host}, timeout=60).status_code == 400


@pytest.mark.parametrize("path", ["/metrics/", "/healthz/", "/v1/campaigns/", "/rq", "/campaigns"])
def test_nobody_is_led_to_the_host_that_a_request_claims(fake_redis: Redis, path: str) -> None:
    with front_door(make_site(fake_redis)) as address:
        headers = {"Host": "evil.example"}
        answer = requests.get(address + path, headers=headers, timeout=10, allow_redirects=False)
    assert "evil" not in answer.headers.get("Location", "")
    assert answer.headers.get("Location") == ("/rq/" if path == "/rq" else None)


def test_a_request_for_two_hosts_is_refused(fake_redis: Redis) -> None:
    with front_door(make_site(fake_redis)) as address, create_connection(("127.0.0.1", urlsplit(address).port)) as line:
        line.sendall(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nHost: drops.example.com\r\n\r\n")
        assert line.recv(4096).startswith(b"HTTP/1.1 400 ")


@pytest.mark.parametrize(
    "host", ["", "localhost", "127.0.0.1:8000", "[::1]:8000", "drops.example.com", "[::ffff:127.0.0.1]"]
)
def test_a_host_is_a_name_or_an_address(host: str) -> None:
    assert is_host(host)


PROXIES = (
    ("10.1.2.3", "203.0.113.9", "203.0.113.9", "https"),
    ("10.1.2.3", "198.51.100.1, 203.0.113.9", "203.0.113.9", "https"),  # what stands before it anybody may write
    ("203.0.113.7", "198.51.100.1", "203.0.113.7", "http"),
)


@pytest.mark.parametrize(("peer", "said", "believed", "scheme"), PROXIES)
def test_who_comes_by_a_proxy_is_believed_to_be_who_the_proxy_says(
    peer: str, said: str, believed: str, scheme: str
) -> None:
    seen: list[Any] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        seen.append((scope["client"][0], scope["scheme"]))

    headers = [(b"x-forwarded-for", said.encode()), (b"x-forwarded-proto", b"https")]
    scope = {"type": "http", "client": (peer, 1), "scheme": "http", "headers": headers}
    asyncio.run(ProxyHeadersMiddleware(app, Settings.from_env({"DYNO": "web.1"}).trusted_proxies)(scope, None, None))  # type: ignore[arg-type]  # it asks for nothing else
    assert seen == [(believed, scheme)]
