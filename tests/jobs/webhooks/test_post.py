"""A POST to a receiver ends in time and in an answer, and says nothing of the URL to anybody else."""

import logging
import ssl
import time
from datetime import UTC, datetime, timedelta

import pytest

from jobs.flight import Timeouts
from jobs.webhooks import receivers
from jobs.webhooks.deliver import LEASE, TURN
from jobs.webhooks.documents import Told
from jobs.webhooks.post import TIMEOUTS, Answer, post
from tests.jobs.gateway.wire import Script, drip, raw_server, say

NOW = datetime(2026, 3, 2, 17, tzinfo=UTC)
QUICK = Timeouts(connect_s=0.5, read_s=0.5, deadline_s=0.5)
PATIENT = Timeouts(connect_s=10, read_s=10, deadline_s=10)
TOLD = Told("evt_w1-0", '{"phone": "6175550101"}')


def tell(
    port: int,
    *,
    host: str = "http://127.0.0.1",
    timeouts: Timeouts = PATIENT,
    tls: ssl.SSLContext | None = None,
) -> Answer:
    webhook = receivers.new("billing", f"{host}:{port}/PATHCANARY?code=QUERYCANARY", ["drops"], now=NOW)
    return post(webhook, TOLD, now=NOW, timeouts=timeouts, tls=tls)


def test_one_that_drips_is_left_at_the_deadline() -> None:
    with raw_server(drip(b"HTTP/1.1 204 No Content\r\nx: " + b"a" * 1000)) as server:
        began = time.monotonic()
        assert tell(server.port, timeouts=QUICK) == Answer(None, "no answer in time")
        assert time.monotonic() - began < 20  # it would drip for 50 seconds


@pytest.mark.parametrize(
    ("script", "says"),
    [
        (say(b"HTTP/1.1 204 No Content\r\n\r\n"), "HTTP 204"),
        (say(b"HTTP/1.1 410 Gone\r\n\r\n"), "HTTP 410"),
        (say(b""), "the connection broke off"),
        (say(b"rubbish\r\n\r\n"), "the connection broke off"),
    ],
)
def test_whatever_it_answers_is_said_in_a_few_words(script: Script, says: str) -> None:
    with raw_server(script) as server:
        assert tell(server.port).words == says


def test_a_turn_ends_before_its_lease_also_when_its_last_post_takes_long() -> None:
    looking_up = timedelta(seconds=30)
    longest_post = timedelta(seconds=2 * TIMEOUTS.connect_s + TIMEOUTS.deadline_s)
    assert TURN + looking_up + longest_post < LEASE


@pytest.mark.parametrize("answer", [b"HTTP/1.1 204 No Content\r\nno colon\r\nx: y\r\n\r\n", b"HTTP/1.1 500 No\r\n\r\n"])
def test_no_log_at_any_level_names_more_of_a_url_than_its_host(answer: bytes, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    with raw_server(say(answer)) as server:
        tell(server.port)
    assert "CANARY" not in caplog.text


def test_only_a_host_with_its_own_certificate_is_told(server_tls: ssl.SSLContext, client_tls: ssl.SSLContext) -> None:
    untrusted = Answer(None, "its certificate is not trusted")
    with raw_server(say(b"HTTP/1.1 204 No Content\r\n\r\n"), tls=server_tls) as server:
        assert tell(server.port, host="https://localhost", tls=client_tls).is_taken
        assert tell(server.port, host="https://127.0.0.1", tls=client_tls) == untrusted
        assert tell(server.port, host="https://localhost", tls=ssl.create_default_context()) == untrusted


def test_a_url_says_where_what_and_by_whom() -> None:
    with raw_server(say(b"HTTP/1.1 204 No Content\r\n\r\n")) as server:
        assert tell(server.port, host="http://dana:sesame@localhost").is_taken
    head = bytes(server.received[0]).partition(b"\r\n\r\n")[0].lower()
    assert head.startswith(b"post /pathcanary?code=querycanary http/1.1\r\nhost: localhost:")
    assert {b"authorization: basic zgfuytpzzxnhbwu=", b"content-type: application/json"} <= set(head.split(b"\r\n"))


def test_what_is_told_does_not_show_its_phones() -> None:
    assert "6175550101" not in repr(TOLD)
