"""The door for postbacks, over real HTTP: `OK` for what is in, never for what is not, and no trouble from anybody."""

import asyncio
import logging
import socket
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

import pytest
import requests
from redis import Redis
from redis.exceptions import ConnectionError as NoConnection
from starlette.types import Message
from structlog.testing import capture_logs

from config.durability import UnfitServer
from jobs.campaigns.addresses import Acknowledged, seal_key
from jobs.ledger import amnesia, arrivals, quarantine
from jobs.ledger.amnesia import Mark
from jobs.ledger.fields import text
from jobs.models import DropState
from jobs.outcomes.heard import QUARANTINED, Heard, Posted
from tests.servers import RedisServer, free_port
from tests.web.front_door import front_door, make_site
from tests.web.storm import Storm
from web.allowance import Allowance
from web.commits import Commits
from web.postbacks import ANSWERS, OK, TOLD_EVERY_S, UNFIT_FOR_S, Hearing, Postbacks, TurnedAway


@pytest.fixture
def door(redis: Redis) -> Iterator[str]:
    with front_door(make_site(redis)) as address:
        yield address


@pytest.fixture
def storm(redis: Redis) -> Storm:
    """Three submissions with ten phones each: one accepted, one of which nobody knows, one whose answer is not in."""
    return Storm(redis, 30, seed=1, phones_each=10)


def test_what_is_in_is_answered_ok_and_nothing_but_ok(door: str, storm: Storm) -> None:
    for parcel in storm.parcels():
        answer = requests.post(f"{door}/postbacks/{parcel.token}", data=parcel.body, timeout=60)
        assert (answer.status_code, answer.content) == (200, b"OK")
        assert answer.headers["content-type"] == "text/plain"
    storm.check()


def test_an_address_may_say_more_than_its_token(door: str, storm: Storm) -> None:
    for number, parcel in enumerate(storm.parcels()):
        address = f"{door}/postbacks/{parcel.token}{('', '-', '-and-more')[number % 3]}"
        assert requests.post(address, data=parcel.body, timeout=60).content == b"OK"
    storm.check()


def test_a_record_of_what_the_ledger_has_forgotten_halts_the_sending(redis: Redis) -> None:
    with front_door(make_site(redis, {"GATEWAY_UID": "demo", "GATEWAY_PASSWORD": "of the account"})) as door:
        for password, is_halted in (("of nobody", False), ("of the account", True)):
            said = Acknowledged(Mark("5ea1" * 4, 3), datetime.now(UTC)).sealed("0" * 32, seal_key(password))
            answer = requests.post(f"{door}/postbacks/{'0' * 32}-{said}", data=b"var=", timeout=60)
            assert answer.status_code == 404
            halt = amnesia.look(redis, now=datetime.now(UTC))
            assert (halt is not None and halt.is_data_loss) is is_halted


@pytest.mark.parametrize("body", ["var={}", "{}", 'var="{}"', "var=var={}"])
def test_a_body_is_read_as_senders_write_it(door: str, storm: Storm, redis: Redis, body: str) -> None:
    sent = storm.sent[0]
    record = f"{sent.session_id}|2015550003|OK||2026-03-02 12:00:01|t-mobile"
    answer = requests.post(f"{door}/postbacks/{sent.token}", data=body.format(record).encode(), timeout=60)
    assert answer.content == b"OK"
    assert redis.hget("dropline:campaign:storm0", f"d:{DropState.DELIVERED}") == b"1"


def refusals(storm: Storm) -> list[tuple[str, bytes, int, Heard]]:
    ours, other = storm.sent[:2]
    record = f"var={ours.session_id}|2015550003|OK|||".encode()
    return [
        ("0" * 32, record, 404, Heard.UNKNOWN_TOKEN),
        (ours.token.upper(), record, 404, Heard.UNKNOWN_TOKEN),
        (ours.token[:-1], record, 404, Heard.UNKNOWN_TOKEN),
        ("%00%ff", record, 404, Heard.UNKNOWN_TOKEN),
        (ours.token, record.replace(b"2015550003", b"2015550099"), 422, Heard.FOREIGN_PHONE),
        (other.token, record, 422, Heard.FOREIGN_SESSION),
        (ours.token, b"", 422, Heard.UNREADABLE),
        (ours.token, b"\xff\x00" * 99, 422, Heard.UNREADABLE),
        (ours.token, record + b"x" * 4_096, 413, Heard.OVERSIZED),
        ("0" * 32, b"x" * 1_000_000, 413, Heard.OVERSIZED),
    ]


def state_of(redis: Redis) -> dict[str, Any]:
    """Everything in the ledger but the counts and the quarantine."""
    passing = ("dropline:postbacks", "dropline:quarantine", "dropline:trial")
    names = [text(name) for name in redis.scan_iter()]
    return {name: redis.dump(name) for name in names if not name.startswith(passing)}


def test_what_is_not_ours_changes_nothing_and_is_counted_and_kept(door: str, storm: Storm, redis: Redis) -> None:
    before, expected = state_of(redis), refusals(storm)
    for token, body, status, _ in expected * 3:
        answer = requests.post(f"{door}/postbacks/{token}", data=body, timeout=60)
        assert answer.status_code == status
        assert answer.content != b"OK"
    assert state_of(redis) == before
    kinds = [kind for *_, kind in expected]
    assert arrivals.read(redis).ends == {kind: kinds.count(kind) * 3 for kind in kinds}
    kept = quarantine.read(redis, QUARANTINED, now=make_site(redis).now)
    assert len(kept) == len(expected) * 3
    assert {each.source for each in kept} == {"127.0.0.1"}


def test_no_token_is_in_any_log(door: str, storm: Storm, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    for token, body, *_ in refusals(storm):
        requests.post(f"{door}/postbacks/{token}", data=body, timeout=60)
    requests.post(f"{door}/postbacks/{storm.sent[0].token}/more", timeout=60)
    ours = [record.getMessage() for record in caplog.records if not record.name.startswith("urllib3")]
    assert not [line for line in ours if storm.sent[0].token in line]


def test_while_the_ledger_is_away_nothing_is_ok_and_it_may_be_posted_again(storm: Storm) -> None:
    with RedisServer() as server, Redis.from_url(server.url, retry=None) as redis, front_door(make_site(redis)) as door:
        server.kill()
        answer = requests.post(f"{door}/postbacks/{storm.sent[0].token}", data=b"var=", timeout=60)
        assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")
        server.start()
        answer = requests.post(f"{door}/postbacks/{storm.sent[0].token}", data=b"var=", timeout=60)
        assert answer.status_code == 404  # a ledger that knows nothing


def test_a_server_that_keeps_less_than_is_asked_for_gets_no_ok(redis: Redis, storm: Storm) -> None:
    with front_door(make_site(redis, {"DURABILITY": "strict"})) as door:
        (parcel, *_) = storm.parcels()
        assert requests.post(f"{door}/postbacks/{parcel.token}", data=parcel.body, timeout=60).status_code == 503


def test_a_server_that_keeps_less_is_asked_and_told_of_now_and_then_not_for_each_batch(redis: Redis) -> None:
    now_s = [0.0]
    hearing = Hearing(make_site(redis, {"DURABILITY": "strict"}), stopwatch=lambda: now_s[0])
    with capture_logs() as logs:
        for _ in range(9):
            with pytest.raises(UnfitServer):
                hearing([Posted("x", b"")])
        for now_s[0] in (UNFIT_FOR_S, TOLD_EVERY_S):
            with pytest.raises(UnfitServer):
                hearing([Posted("x", b"")])
    assert [(each["event"], each["count"]) for each in logs] == [
        ("postbacks_not_stored", 1),
        ("postbacks_not_stored", 10),
    ]


def test_an_outage_is_told_now_and_then_with_how_many_it_has_turned_away() -> None:
    now_s = [0.0]
    with Redis.from_url(f"redis://127.0.0.1:{free_port()}", retry=None) as nobody, capture_logs() as logs:
        hearing = Hearing(make_site(nobody), stopwatch=lambda: now_s[0])
        for now_s[0] in (0.0, 0.1, TOLD_EVERY_S - 0.1, TOLD_EVERY_S):
            with pytest.raises(NoConnection):
                hearing([Posted("x", b""), Posted("y", b"")])
    assert [(each["event"], each["count"]) for each in logs] == [
        ("postbacks_not_stored", 2),
        ("postbacks_not_stored", 6),
    ]


def exchange(door: str, *pieces: bytes) -> bytes:
    """What a raw connection is answered, until the server hangs up or falls silent."""
    where = urlsplit(door)
    with closing(socket.create_connection((where.hostname, where.port), timeout=1)) as line:
        for piece in pieces:
            line.sendall(piece)
        answer = b""
        try:
            while piece := line.recv(65_536):
                answer += piece
        except TimeoutError:
            pass
        return answer


def head(token: str, *fields: str) -> bytes:
    return "\r\n".join([f"POST /postbacks/{token} HTTP/1.1", "host: x", *fields, "", ""]).encode()


def test_chunks_and_pipelines_are_understood(door: str, storm: Storm) -> None:
    first, second, *_ = storm.parcels()
    chunked = head(first.token, "transfer-encoding: chunked")
    chunks = b"".join(b"1\r\n%c\r\n" % each for each in first.body) + b"0\r\n\r\n"
    plain = head(second.token, f"content-length: {len(second.body)}") + second.body
    answer = exchange(door, chunked + chunks + plain + plain)
    assert answer.count(b"HTTP/1.1 200 OK") == 3


def test_a_head_that_lies_harms_nobody(door: str, storm: Storm, redis: Redis) -> None:
    parcel, *_ = storm.parcels()
    before = state_of(redis)
    short = exchange(door, head(parcel.token, f"content-length: {len(parcel.body) + 9}") + parcel.body)
    assert short == b""  # the rest is waited for
    for lie in ("content-length: -1", "content-length: 1e9", "content-length: 5\r\ntransfer-encoding: chunked"):
        assert b" 400 " in exchange(door, head(parcel.token, lie) + parcel.body)
    endless = head(parcel.token, "transfer-encoding: chunked") + b"2000\r\n" + b"x" * 0x2000 + b"\r\n"
    assert exchange(door, endless).startswith(b"HTTP/1.1 413 ")
    assert state_of(redis) == before


def test_a_head_without_end_ends_the_connection(door: str) -> None:
    try:
        answer = exchange(door, b"POST / HTTP/1.1\r\n", *([b"x: " + b"y" * 9_000 + b"\r\n"] * 9))
    except ConnectionError:
        answer = b""
    assert answer == b""


def asked(door: Postbacks, *body: Message, source: str = "192.0.2.1") -> tuple[int, bytes]:
    """Status and body of the endpoint's answer to a body that comes in these pieces, and then no more."""
    pieces = list(body)
    sent: list[Any] = []

    async def receive() -> Message:
        if not pieces:
            await asyncio.sleep(60)
        return pieces.pop(0)

    async def send(message: Message) -> None:
        sent.append(message)

    scope = {"type": "http", "client": (source, 1), "path_params": {"token": "x"}}
    asyncio.run(door(scope, receive, send))
    return sent[0]["status"], sent[1]["body"]


def always_in(posted: Any) -> list[Heard]:
    return [Heard.RECORDED for _ in posted]


def endpoint(allowance: Allowance | None = None) -> Postbacks:
    commits: Commits[Posted, Heard] = Commits(always_in)
    return Postbacks(commits, allowance or Allowance(each_per_s=9, all_per_s=99), body_within_s=0.05)


def piece(body: bytes, *, more: bool = True) -> Message:
    return {"type": "http.request", "body": body, "more_body": more}


def test_a_body_that_drips_is_not_waited_for() -> None:
    door = endpoint()
    assert asked(door, piece(b"var=")) == (408, b"the body did not come in time")
    assert asked(door, piece(b"var="), {"type": "http.disconnect"})[0] == 400
    assert asked(door, piece(b"var="), piece(b"x", more=False)) == (200, b"OK")
    assert door.turned_away == {TurnedAway.TOO_SLOW: 1, TurnedAway.GONE: 1}


def test_of_an_endless_body_no_more_is_read_than_a_record_has() -> None:
    seen: list[Posted] = []

    def commit(posted: Any) -> list[Heard]:
        seen.extend(posted)
        return [Heard.OVERSIZED for _ in posted]

    door = Postbacks(Commits(commit), Allowance(each_per_s=9, all_per_s=9), body_within_s=0.05)
    assert asked(door, *[piece(b"x" * 1_000)] * 99)[0] == 413
    assert [len(each.body) for each in seen] == [4_097]


def test_who_posts_too_much_is_told_to_come_back_and_nobody_else() -> None:
    door = endpoint(Allowance(each_per_s=3, all_per_s=99))
    statuses = [asked(door, piece(b"x", more=False))[0] for _ in range(9)]
    assert 200 in statuses
    assert statuses[-1] == 429
    assert asked(door, piece(b"x", more=False), source="192.0.2.2")[0] == 200


def test_every_end_has_an_answer_and_ok_means_that_it_is_in() -> None:
    assert set(ANSWERS) == {*Heard, *TurnedAway}
    assert {end for end, answer in ANSWERS.items() if answer is OK} == {end for end in Heard if end.is_in}
    assert not [end for end, answer in ANSWERS.items() if answer is not OK and answer.body == b"OK"]
