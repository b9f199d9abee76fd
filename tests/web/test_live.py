"""Open pages hear of what changes: everybody the newest, nobody holds up the end, and one thread draws for all."""

import asyncio
import json
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from typing import Any

import pytest
import requests
from redis import Redis
from structlog.testing import capture_logs

from config.redis_connection import connect
from jobs.ledger import amnesia, campaigns, keys, people, runs, tokens
from jobs.models import Intent, Run
from jobs.models.scopes import Scope
from tests.fault_proxy import Fault, FaultKind, FaultProxy
from tests.servers import RedisServer
from tests.web import samples
from tests.web.front_door import front_door, make_site
from tests.web.people import PASSWORD, Visit, add
from web.pages.live import Feed, Listener

NOW = datetime(2026, 11, 23, 17, 0, tzinfo=UTC)


@pytest.fixture
def visit(redis: Redis) -> Iterator[Visit]:
    add(redis, "dana")
    samples.fill(redis, now=NOW)
    with front_door(make_site(redis)) as address:
        visit = Visit(address)
        visit.sign_in("dana")
        yield visit


def events(answer: requests.Response) -> Iterator[Mapping[str, str]]:
    """What a page is told, as it comes."""
    return told(answer.iter_lines(decode_unicode=True))


def told(lines: Iterator[str]) -> Iterator[Mapping[str, str]]:
    """The same, of lines."""
    return (json.loads(line.removeprefix("data: ")) for line in lines if line.startswith("data: "))


def opened(visit: Visit, path: str) -> requests.Response:
    return visit.session.get(visit.address + path, stream=True, timeout=60)


def test_a_page_is_told_all_at_first_and_then_what_changes(visit: Visit, redis: Redis) -> None:
    with opened(visit, "/live?campaign_id=fghjkmnq") as answer:
        assert answer.headers["Content-Type"].startswith("text/event-stream")
        news = events(answer)
        assert next(news).keys() == {
            "away",
            "status",
            "progress",
            "outcomes",
            "overtime",
            "requests",
            "submissions",
            "halting",
        }
        campaigns.intend(redis, "fghjkmnq", Intent.PAUSE, note="<i>lunch</i>", now=NOW)
        changed = next(news)
    assert "&lt;i&gt;lunch" in changed["requests"]
    assert "pausing" in changed["status"]
    assert "outcomes" not in changed


def test_a_page_that_is_open_hears_that_sending_is_halted(visit: Visit, redis: Redis) -> None:
    with opened(visit, "/live?campaign_id=fghjkmnq") as answer:
        news = events(answer)
        assert ">Halt<" in next(news)["halting"]
        amnesia.halt(redis, why="wrong list", by="dana", now=NOW)
        assert ">Halted<" in next(news)["halting"]


def test_who_has_paused_a_campaign_hears_that_the_gateway_has_confirmed_it(visit: Visit, redis: Redis) -> None:
    campaigns.intend(redis, "fghjkmnq", Intent.PAUSE, note="lunch", now=NOW)
    with opened(visit, "/live?campaign_id=fghjkmnq&told=pause") as answer:
        told = events(answer)
        assert "the gateway is being told" in next(told)["told"]
        for number in (1, 2):
            runs.confirm(redis, samples.read(redis, f"fghjkmnq-{number}"), Run.PAUSED, now=NOW)
        heard = next(each["told"] for each in told if "confirmed" in each.get("told", ""))
    assert "the gateway has confirmed it" in heard


def test_the_first_page_and_the_unknowns_are_told_too(visit: Visit) -> None:
    with opened(visit, "/live?status=paused") as answer:
        first = next(events(answer))
        assert first.keys() == {"away", "alerts", "statuses", "campaigns", "beside", "halting"}
        assert "Pharmacy pick-up" in first["campaigns"]
        assert "Spring" not in first["campaigns"]
    with opened(visit, "/live?unknowns=1") as answer:
        assert "cdfghjkn-2" in next(events(answer))["cases"]


def test_a_stranger_is_told_nothing(visit: Visit) -> None:
    answer = requests.get(f"{visit.address}/live", timeout=60, allow_redirects=False)
    assert answer.status_code == 303


def test_the_end_of_the_process_waits_for_no_open_page(redis: Redis) -> None:
    add(redis, "dana")
    with front_door(make_site(redis)) as address:
        visit = Visit(address)
        visit.sign_in("dana")
        answer = opened(visit, "/live")
        next(events(answer))
        began = time.monotonic()
    assert time.monotonic() - began < 15
    answer.close()


@contextmanager
def always_news(redis: Redis, campaign_id: str) -> Iterator[None]:
    """Something happens to a campaign all the time."""
    is_over = threading.Event()

    def write() -> None:
        number = 0
        while not is_over.wait(0.02):
            number += 1
            redis.hset(keys.campaign(campaign_id), "d:delivered", number)

    writer = threading.Thread(target=write)
    writer.start()
    try:
        yield
    finally:
        is_over.set()
        writer.join()


def test_whoever_is_logged_out_is_told_no_more_though_there_is_always_news(redis: Redis) -> None:
    add(redis, "dana")
    samples.fill(redis, now=NOW)
    with (
        front_door(make_site(redis), feed=Feed(every_s=0.02, beat_s=1)) as address,
        always_news(redis, "fghjkmnq"),
    ):
        visit = Visit(address)
        visit.sign_in("dana")
        with opened(visit, "/live?campaign_id=fghjkmnq") as answer:
            news = events(answer)
            next(news)
            people.change_password(redis, "dana", PASSWORD + "!")
            gives_up_at = time.monotonic() + 60
            for _ in news:  # it ends
                assert time.monotonic() < gives_up_at


def test_a_token_that_is_revoked_is_told_no_more_either(redis: Redis) -> None:
    token = tokens.create(redis, "wall", [Scope.READ], now=NOW)
    with (
        front_door(make_site(redis), feed=Feed(beat_s=0.2)) as address,
        requests.get(
            f"{address}/live", headers={"Authorization": f"Bearer {token}"}, stream=True, timeout=60
        ) as answer,
    ):
        lines = answer.iter_lines()
        next(lines)
        tokens.revoke(redis, "wall", now=NOW)
        gives_up_at = time.monotonic() + 60
        for _ in lines:  # it ends
            assert time.monotonic() < gives_up_at


def test_an_open_page_outlives_an_outage_of_the_ledger_and_says_so_meanwhile(
    redis_server: RedisServer, redis: Redis
) -> None:
    add(redis, "dana")
    samples.fill(redis, now=NOW)
    with (
        FaultProxy(redis_server.url) as proxy,
        connect(proxy.url, patience_s=0.1) as away,
        front_door(make_site(away), feed=Feed(every_s=0.05, beat_s=0.2)) as address,
    ):
        visit = Visit(address)
        visit.sign_in("dana")
        with opened(visit, "/live?campaign_id=fghjkmnq") as answer:
            lines = answer.iter_lines(decode_unicode=True)
            next(line for line in lines if line.startswith("data: "))
            proxy.arm(Fault(FaultKind.CUT_REQUEST, times=100_000))
            with capture_logs() as logs:
                assert next(told(lines)) == {"away": "Redis does not answer"}
                for _ in range(3):  # looks at the login, of which the last ones find no ledger
                    next(line for line in lines if line == ": here")
                answers = [visit.get("/live?unknowns=1") for _ in range(3)]  # as browsers ask again, and again
                proxy.calm()
                campaigns.intend(redis, "fghjkmnq", Intent.PAUSE, note="lunch", now=NOW)
                heard: dict[str, str] = {}
                while "lunch" not in heard.get("requests", ""):
                    heard |= next(told(lines))
                assert heard["away"] == ""
    assert [each.status_code for each in answers] == [503] * 3
    assert "login" not in answers[0].text  # which holds
    assert [each["event"] for each in logs] == ["redis_out_of_reach", "redis_is_back"]
    assert logs[-1]["failures"] >= 3


async def joined(feed: Feed, page: str, draws: list[Any], who: str = "dana") -> Listener:
    listener = Listener(who)
    assert feed.join(page, draws[0], listener)
    return listener


def test_one_thread_draws_a_page_once_for_all_and_ends_with_the_last() -> None:
    drawn: list[threading.Thread] = []
    may_draw = threading.Semaphore(0)

    def draw() -> dict[str, str]:
        may_draw.acquire()
        drawn.append(threading.current_thread())
        return {"number": str(len(drawn))}

    async def story() -> None:
        feed = Feed(every_s=0.01, most_of_one=20)
        many = [await joined(feed, "page", [draw]) for _ in range(20)]
        for news in ({"away": "", "number": "1"}, {"number": "2"}):
            may_draw.release()
            assert [await each.next(60) for each in many] == [news] * 20
        for each in many:
            feed.leave("page", each)
        assert feed.count == 0

    asyncio.run(story())
    may_draw.release()  # it may have begun once more
    (thread,) = set(drawn)
    thread.join(60)
    assert (thread.name, thread.is_alive()) == ("feed", False)


def test_there_are_not_too_many_and_a_page_that_cannot_be_drawn_harms_no_other() -> None:
    def broken() -> dict[str, str]:
        raise ConnectionError

    async def story() -> None:
        feed = Feed(every_s=0.02, most=2)
        await joined(feed, "broken", [broken])
        listener = await joined(feed, "well", [lambda: {"is": "here"}])
        assert not feed.join("third", dict, Listener())
        assert await listener.next(5) == {"away": "", "is": "here"}
        feed.end()
        assert await listener.next(5) == {}
        assert listener.is_over
        assert not feed.join("late", dict, Listener())

    asyncio.run(story())


def test_nobody_takes_the_places_of_all_others() -> None:
    async def story() -> None:
        feed = Feed(most=5, most_of_one=2)
        first, _ = [await joined(feed, page, [dict]) for page in ("one", "two")]
        assert not feed.join("three", dict, Listener("dana"))
        await joined(feed, "one", [dict], who="kim")
        feed.leave("one", first)
        await joined(feed, "three", [dict])
        feed.end()

    asyncio.run(story())


def test_one_person_opens_ten_pages_and_others_find_room(redis: Redis) -> None:
    with front_door(make_site(redis)) as address, ExitStack() as stay_open:
        for name in ("dana", "kim"):
            add(redis, name)
            visit = Visit(address)
            visit.sign_in(name)
            answers = [opened(visit, f"/live?q={number}") for number in range(11 if name == "dana" else 1)]
            for answer in answers:
                stay_open.enter_context(answer)
            assert [each.status_code for each in answers] == [200] * min(10, len(answers)) + [503] * (len(answers) - 10)
