"""Who asks much holds nobody else up, and a ledger that hangs is no reason to wait."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from time import monotonic

import anyio
import pytest
import requests

from config.redis_connection import connect
from jobs.ledger import tokens
from jobs.models.scopes import Scope
from tests.servers import RedisServer
from tests.web.conftest import Caller
from tests.web.front_door import front_door, make_site
from web.turns import Busy, Turns


def test_who_finds_the_line_full_is_sent_away_and_the_others_get_their_turn() -> None:
    async def crowd() -> list[int]:
        turns, done, open_ = Turns(at_once=1, in_line=1), list[int](), anyio.Event()

        async def come(number: int) -> None:
            done.append(await turns.take(lambda: anyio.from_thread.run(open_.wait) or number))

        async with anyio.create_task_group() as group:
            for number in range(2):
                group.start_soon(come, number)
            await anyio.lowlevel.checkpoint()
            await anyio.lowlevel.checkpoint()
            with pytest.raises(Busy):
                await turns.take(lambda: None)
            open_.set()
        assert await turns.take(lambda: 7) == 7
        return sorted(done)

    assert anyio.run(crowd) == [0, 1]


@pytest.mark.processes
def test_a_ledger_that_hangs_is_told_and_takes_no_thread_from_what_needs_none() -> None:
    with (
        RedisServer() as server,
        connect(server.url, patience_s=3, reply_within_s=3, max_connections=8) as redis,
        front_door(make_site(redis)) as address,
        ThreadPoolExecutor(120) as crowd,
    ):
        caller = Caller(address, tokens.create(redis, "crm", [Scope.READ], now=datetime.now(UTC)))
        server.freeze()
        told, gives_up_at = set[tuple[int, str, str]](), monotonic() + 60

        def ask() -> None:
            while len(told) < 2 and monotonic() < gives_up_at:
                answer = caller.get("/v1/campaigns")
                told.add((answer.status_code, answer.json()["type"].split("/")[-1], answer.headers["Retry-After"]))

        asked = [crowd.submit(ask) for _ in range(120)]
        for path in ("/healthz", "/v1/problems/fault", "/sign-in"):
            assert requests.get(address + path, timeout=60).status_code == 200
        for each in asked:
            each.result()
    assert told == {(503, "busy", "5"), (503, "ledger-away", "5")}
