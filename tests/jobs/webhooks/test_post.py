"""A POST to a receiver ends in time and in an answer, and says nothing of the URL to anybody else."""

import logging
import time
from datetime import UTC, datetime

import pytest

from jobs.flight import Timeouts
from jobs.webhooks import receivers
from jobs.webhooks.documents import Told
from jobs.webhooks.post import TIMEOUTS, Answer, post
from tests.jobs.gateway.wire import Script, drip, hold, raw_server, say

NOW = datetime(2026, 3, 2, 17, tzinfo=UTC)
QUICK = Timeouts(connect_s=0.5, read_s=0.5, deadline_s=0.5)
TOLD = Told("evt_w1-0", '{"phone": "6175550101"}')


def tell(port: int) -> Answer:
    webhook = receivers.new("billing", f"http://127.0.0.1:{port}/PATHCANARY?code=QUERYCANARY", ["drops"], now=NOW)
    return post(webhook, TOLD, now=NOW, timeouts=QUICK)


def test_one_that_drips_is_left_at_the_deadline() -> None:
    with raw_server(drip(b"HTTP/1.1 204 No Content\r\nx: " + b"a" * 1000)) as server:
        began = time.monotonic()
        assert tell(server.port) == Answer(None, "no answer in time")
        assert time.monotonic() - began < TIMEOUTS.deadline_s  # far from the minutes that it would drip


@pytest.mark.parametrize(
    ("script", "says"),
    [
        (say(b"HTTP/1.1 204 No Content\r\n\r\n"), "HTTP 204"),
        (say(b"HTTP/1.1 410 Gone\r\n\r\n"), "HTTP 410"),
        (say(b""), "the connection broke off"),
        (say(b"rubbish\r\n\r\n"), "the connection broke off"),
        (hold, "no answer in time"),
    ],
)
def test_whatever_it_answers_is_said_in_a_few_words(script: Script, says: str) -> None:
    with raw_server(script) as server:
        assert tell(server.port).words == says


@pytest.mark.parametrize("answer", [b"HTTP/1.1 204 No Content\r\nno colon\r\nx: y\r\n\r\n", b"HTTP/1.1 500 No\r\n\r\n"])
def test_no_log_at_any_level_names_more_of_a_url_than_its_host(answer: bytes, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    with raw_server(say(answer)) as server:
        tell(server.port)
    assert "CANARY" not in caplog.text


def test_what_is_told_does_not_show_its_phones() -> None:
    assert "6175550101" not in repr(TOLD)
