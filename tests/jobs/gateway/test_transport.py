import random
import socket
import ssl
import time
import zlib
from collections.abc import Callable
from contextlib import ExitStack

import pytest
from pydantic import SecretBytes

from jobs.flight import Timeouts
from jobs.gateway.errors import GatewayError, NotSent, OutcomeUnknown, Phase
from jobs.gateway.transport import Answer, post
from tests.jobs.gateway.wire import Script, drip, hold, http, raw_server, reset, say

FORM = b"c_uid=demo&c_password=sesame&c_phone=6175550123"
QUICK = Timeouts(connect_s=0.5, read_s=0.3, deadline_s=0.6)
PATIENT = Timeouts(connect_s=30, read_s=30, deadline_s=30)
IN_VAIN = Timeouts(connect_s=30, read_s=2, deadline_s=4)
"""In this time a request leaves and an answer begins, also on a slow machine; what drips is not whole by then."""
DRIPS_ON_S = 20
"""What drips goes on for more than twice as long, so this tells on any machine who was left at the deadline."""
NO_TRUST = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
GOOD = http(b"OK\nsession_id=9381694821\nnumber of phone=1")


def ask(
    url: str,
    *,
    timeouts: Timeouts = QUICK,
    tls: ssl.SSLContext = NO_TRUST,
    form: bytes = FORM,
    max_bytes: int = 1000,
    before_send: Callable[[], None] = lambda: None,
) -> Answer:
    return post(url, SecretBytes(form), timeouts=timeouts, tls=tls, max_bytes=max_bytes, before_send=before_send)


# It never left.


def test_a_refused_connection_is_not_sent() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    with pytest.raises(NotSent, match="the connection was refused"):
        ask(f"http://127.0.0.1:{port}/gateway/vmb.php")


def test_a_host_without_an_address_is_not_sent() -> None:
    with pytest.raises(NotSent, match="its host's name has no address"):
        ask("http://no-such-host.invalid/gateway/vmb.php")


@pytest.mark.parametrize("host", ["", "a" * 64 + ".invalid", "\N{SNOWMAN}" * 64 + ".invalid"])
def test_a_host_that_cannot_be_one_is_not_sent(host: str) -> None:
    with pytest.raises(NotSent, match="its host's name"):
        ask(f"http://{host}/gateway/vmb.php")


def test_a_connection_that_does_not_come_about_in_time_is_not_sent() -> None:
    with ExitStack() as stack:
        listener = stack.enter_context(socket.create_server(("127.0.0.1", 0), backlog=0))
        for _ in range(4):  # fill the queue of those waiting to be accepted: the next gets no answer at all
            waiting = stack.enter_context(socket.socket())
            waiting.setblocking(False)
            waiting.connect_ex(listener.getsockname())
        with pytest.raises(NotSent, match="it took too long"):
            ask(f"http://127.0.0.1:{listener.getsockname()[1]}/gateway/vmb.php")


def test_a_server_that_does_not_speak_tls_is_not_sent() -> None:
    with raw_server(say(b"HTTP/1.1 400 Bad Request\r\n\r\n"), reads=False) as server, pytest.raises(NotSent):
        ask(server.tls_url, timeouts=PATIENT)


def test_a_tls_handshake_that_stalls_is_not_sent() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener, pytest.raises(NotSent):
        ask(f"https://localhost:{listener.getsockname()[1]}/gateway/vmb.php")


def test_an_objection_at_the_last_moment_keeps_every_byte_back() -> None:
    def object_to_it() -> None:
        raise LookupError("the campaign was stopped")

    with raw_server(hold) as server:
        with pytest.raises(NotSent, match="held back") as not_sent:
            ask(server.url, before_send=object_to_it)
        time.sleep(0.05)
    assert isinstance(not_sent.value.__cause__, LookupError)
    assert server.received == [b""]


def test_an_objection_that_is_a_socket_error_is_not_sent_either() -> None:
    def object_to_it() -> None:
        raise ConnectionResetError

    with raw_server(hold) as server, pytest.raises(NotSent, match="held back"):
        ask(server.url, before_send=object_to_it)


def test_a_last_check_that_outlasts_the_deadline_is_not_sent() -> None:
    with raw_server(say(GOOD)) as server, pytest.raises(NotSent, match="held back"):
        ask(server.url, before_send=lambda: time.sleep(QUICK.deadline_s))
    assert server.received == [b""]


def test_the_last_check_is_made_once_and_only_when_connected() -> None:
    checks: list[str] = []
    with raw_server(say(GOOD)) as server:
        ask(server.url, before_send=lambda: checks.append("made"))
    with pytest.raises(NotSent):
        ask(server.url, before_send=lambda: checks.append("made"))
    assert checks == ["made"]


# Nobody knows.

ODD_ANSWERS: dict[str, tuple[Script, Phase]] = {
    "hangs up without a word": (say(b""), Phase.WAITING),
    "resets without a word": (reset, Phase.WAITING),
    "never answers": (hold, Phase.WAITING),
    "hangs up in the length": (say(b"HTTP/1.1 200 OK\r\nContent-Length: 44"), Phase.READING),
    "answers rubbish": (say(b"\0\1\2 rubbish\r\n\r\n"), Phase.WAITING),
    "speaks no HTTP": (say(b"OK\nsession_id=9381694821\nnumber of phone=1\n"), Phase.WAITING),
    "sends endless headers": (say(b"HTTP/1.1 200 OK\r\n", b"X-Filler: 1\r\n" * 2000), Phase.WAITING),
    "sends one endless header": (say(b"HTTP/1.1 200 OK\r\nX-Filler: ", b"1" * 200_000), Phase.WAITING),
    "sends a broken length": (say(b"HTTP/1.1 200 OK\r\nContent-Length: 1, 2\r\n\r\nOK"), Phase.WAITING),
    "sends half a body": (say(http(b"OK\nsession_id=93816", length=44)), Phase.READING),
    "sends half a chunk": (
        say(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2c\r\nOK\nsession_id=93816"),
        Phase.READING,
    ),
    "sends no last chunk": (
        say(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n13\r\nOK\nsession_id=93816\r\n"),
        Phase.READING,
    ),
    "sends broken compression": (say(http(b"OK\nsession_id=1", headers=["Content-Encoding: gzip"])), Phase.READING),
    "sends too much": (say(http(b"OK" * 501)), Phase.READING),
    "redirects": (say(http(b"", "302 Found", headers=["Location: /gateway/other.php"])), Phase.READING),
    "redirects and keeps the method": (
        say(http(b"", "307 Temporary Redirect", headers=["Location: /"])),
        Phase.READING,
    ),
    "is down": (say(http(b"<h1>502 Bad Gateway</h1>", "502 Bad Gateway")), Phase.READING),
    "is busy": (say(http(b"", "503 Service Unavailable", headers=["Retry-After: 0"])), Phase.READING),
    "says created": (say(http(b"OK\nsession_id=9381694821", "201 Created")), Phase.READING),
    "says no content": (say(b"HTTP/1.1 204 No Content\r\n\r\n"), Phase.READING),
    "drips headers": (drip(b"HTTP/1.1 200 OK\r\nX-Filler: " + b"1" * 1000), Phase.WAITING),
    "drips a body": (drip(b"OK" * 450, first=http(b"", length=920)), Phase.READING),
    "drips chunks": (
        drip(b"1\r\nO\r\n" * 200, first=b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"),
        Phase.READING,
    ),
    "drips a body without end": (drip(b"OK" * 450, first=b"HTTP/1.1 200 OK\r\n\r\n"), Phase.READING),
    "drips continuations": (drip(b"HTTP/1.1 100 Continue\r\n\r\n" * 40), Phase.WAITING),
}


def timeouts_for(name: str) -> Timeouts:
    """Only who is silent or drips is waited for in vain; of the others a slow machine must not lose the answer."""
    return IN_VAIN if name.startswith(("never", "drips")) else PATIENT


@pytest.mark.parametrize("name", ODD_ANSWERS)
def test_whatever_goes_wrong_once_the_request_left_is_unknown(name: str) -> None:
    script, phase = ODD_ANSWERS[name]
    with raw_server(script) as server:
        began_s = time.monotonic()
        with pytest.raises(OutcomeUnknown) as unknown:
            ask(server.url, timeouts=timeouts_for(name))
        assert time.monotonic() - began_s < DRIPS_ON_S
    assert len(server.received) == 1, "sent once, and nowhere else"
    assert unknown.value.phase is phase
    assert " " in unknown.value.why, "words, and not the name of an exception"


def test_a_server_that_does_not_read_is_unknown_while_sending() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener, pytest.raises(OutcomeUnknown) as unknown:
        ask(f"http://127.0.0.1:{listener.getsockname()[1]}/gateway/vmb.php", form=FORM * 1_000_000, timeouts=IN_VAIN)
    assert unknown.value.phase is Phase.SENDING


def test_an_answer_that_overtakes_the_request_is_an_answer_or_unknown() -> None:
    with raw_server(say(GOOD), reads=False) as server:
        try:
            assert ask(server.url, form=FORM * 1_000_000, timeouts=PATIENT).is_whole
        except GatewayError as error:
            assert type(error) is OutcomeUnknown  # noqa: PT017  (either may happen: the connection is reset)


def test_any_bytes_in_place_of_an_answer_are_an_answer_or_unknown() -> None:
    dice = random.Random(22)
    seen: list[type] = []

    def rubbish(connection: socket.socket) -> None:
        text = bytearray(GOOD.replace(b"\r\n\r\n", b"\r\nSet-Cookie: a=b\r\nTransfer-Encoding: x\r\n\r\n"))
        for _ in range(dice.randint(1, 12)):
            text[dice.randrange(len(text))] = dice.randrange(256)
        connection.sendall(text)

    with raw_server(rubbish) as server:
        for _ in range(200):
            try:
                seen.append(type(ask(server.url)))
            except GatewayError as error:
                seen.append(type(error))
    assert set(seen) == {Answer, OutcomeUnknown}


# It is answered.


def test_a_good_answer_is_its_text() -> None:
    with raw_server(say(GOOD)) as server:
        assert ask(server.url) == Answer("OK\nsession_id=9381694821\nnumber of phone=1", is_whole=True)
    head, _, body = bytes(server.received[0]).partition(b"\r\n\r\n")
    assert head.startswith(b"POST /gateway/vmb.php HTTP/1.1\r\n")
    assert b"\r\nContent-Type: application/x-www-form-urlencoded" in head
    assert b"\r\nConnection: close" in head
    assert body == FORM


@pytest.mark.parametrize(
    ("response", "is_whole"),
    [
        (http(b"OK"), True),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nOK\r\n0\r\n\r\n", True),
        (b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nOK", False),
        (b"HTTP/1.0 200 OK\r\n\r\nOK", False),
        (b"HTTP/1.1 200 OK\r\nContent-Length: two\r\n\r\nOK", False),
        (b"HTTP/1.1 200 OK\r\nX-Filler: 1\r\n\r\nOK", False),
    ],
)
def test_only_a_body_of_an_announced_length_is_whole(response: bytes, is_whole: bool) -> None:
    with raw_server(say(response)) as server:
        assert ask(server.url) == Answer("OK", is_whole)


@pytest.mark.parametrize(
    ("body", "text"),
    [
        (b"\xef\xbb\xbfOK", "OK"),
        ("Vidéotron".encode(), "Vidéotron"),
        ("Vidéotron".encode("latin-1"), "Vidéotron"),
        (b"", ""),
    ],
)
def test_a_body_is_utf8_or_else_latin1(body: bytes, text: str) -> None:
    with raw_server(say(http(body))) as server:
        assert ask(server.url).text == text


def test_a_body_compressed_against_our_wish_is_read_all_the_same() -> None:
    with raw_server(say(http(zlib.compress(b"OK"), headers=["Content-Encoding: deflate"]))) as server:
        assert ask(server.url).text == "OK"


def test_a_compressed_body_does_not_grow_beyond_its_limit() -> None:
    bomb = http(zlib.compress(b"0" * 50_000_000), headers=["Content-Encoding: deflate"])
    with raw_server(say(bomb)) as server, pytest.raises(OutcomeUnknown, match="more than 1000 bytes"):
        ask(server.url, timeouts=PATIENT)


def test_a_body_of_exactly_the_limit_is_read() -> None:
    with raw_server(say(http(b"1" * 1000))) as server:
        assert len(ask(server.url).text) == 1000


def test_an_answer_that_comes_while_time_is_left_is_read_however_slowly() -> None:
    with raw_server(drip(b"OK", first=http(b"", length=2), every_s=0.1)) as server:
        assert ask(server.url).text == "OK"


# TLS.


def test_tls_with_a_certificate_we_trust_is_answered(server_tls: ssl.SSLContext, client_tls: ssl.SSLContext) -> None:
    with raw_server(say(GOOD), tls=server_tls) as server:
        assert ask(server.tls_url, tls=client_tls, timeouts=PATIENT).is_whole


def test_a_certificate_we_do_not_trust_is_not_sent(server_tls: ssl.SSLContext) -> None:
    with (
        raw_server(say(GOOD), tls=server_tls) as server,
        pytest.raises(NotSent, match="its certificate is not trusted"),
    ):
        ask(server.tls_url, timeouts=PATIENT)
    assert server.received == [b""]


def test_a_certificate_of_another_host_is_not_sent(server_tls: ssl.SSLContext, client_tls: ssl.SSLContext) -> None:
    with (
        raw_server(say(GOOD), tls=server_tls) as server,
        pytest.raises(NotSent, match="its certificate is not trusted"),
    ):
        ask(server.tls_url.replace("localhost", "127.0.0.1"), tls=client_tls, timeouts=PATIENT)
    assert server.received == [b""]


@pytest.mark.parametrize("name", ["never answers", "resets without a word", "sends half a body", "drips a body"])
def test_what_goes_wrong_after_the_handshake_is_unknown(
    name: str, server_tls: ssl.SSLContext, client_tls: ssl.SSLContext
) -> None:
    script, phase = ODD_ANSWERS[name]
    with raw_server(script, tls=server_tls) as server:
        began_s = time.monotonic()
        with pytest.raises(OutcomeUnknown) as unknown:
            ask(server.tls_url, tls=client_tls, timeouts=timeouts_for(name))
        assert time.monotonic() - began_s < DRIPS_ON_S
    assert unknown.value.phase is phase


def test_a_tls_stream_that_just_ends_is_not_whole(server_tls: ssl.SSLContext, client_tls: ssl.SSLContext) -> None:
    with raw_server(say(b"HTTP/1.1 200 OK\r\n\r\nOK\nsession_id=93816"), tls=server_tls) as server:
        assert not ask(server.tls_url, tls=client_tls, timeouts=PATIENT).is_whole
