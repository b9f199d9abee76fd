"""Whoever comes to an address without a page: people are shown one and go on from there, programs get their problem."""

from collections.abc import Iterator

import pytest
import requests
from redis import Redis
from starlette.requests import Request

from tests.servers import free_port
from tests.web.front_door import front_door, make_site
from tests.web.people import Visit, add
from web.site import Site

BROWSER = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}
PROGRAM = {"Accept": "application/json"}


@pytest.fixture
def door(fake_redis: Redis) -> Iterator[str]:
    add(fake_redis, "dana")
    with front_door(make_site(fake_redis)) as address:
        yield address


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/nothing", 404),
        ("GET", "/campaigns/nothing", 404),
        ("POST", "/days", 405),
        ("DELETE", "/", 405),
        ("PUT", "/halt", 405),
        ("GET", "/rq/nothing", 405),
        ("POST", "/sign-out", 413),
    ],
)
def test_who_is_logged_in_is_told_what_to_do_with_the_way_to_every_page(
    dana: Visit, method: str, path: str, status: int
) -> None:
    body = "x" * 70_000 if status == 413 else None
    answer = dana.session.request(method, dana.address + path, headers=BROWSER, data=body, timeout=10)
    assert (answer.status_code, answer.headers["Content-Type"]) == (status, "text/html; charset=utf-8")
    assert '<a href="/unknowns">Unknowns</a>' in answer.text
    assert answer.text.count("<h1") == 1
    assert "default-src 'none'" in answer.headers["Content-Security-Policy"]


def test_what_may_be_asked_instead_is_kept(dana: Visit) -> None:
    answer = dana.session.post(dana.address + "/days", headers=BROWSER, timeout=10)
    assert answer.headers["Allow"] == "GET"


def test_a_stranger_with_a_browser_is_led_to_the_login_and_a_program_is_not(door: str) -> None:
    page = requests.get(f"{door}/nothing", headers=BROWSER, timeout=10)
    assert (page.status_code, "by way of the login" in page.text, "<nav" in page.text) == (404, True, False)
    assert requests.get(f"{door}/nothing", headers=PROGRAM, timeout=10).json() == {"detail": "Not Found"}
    assert requests.get(f"{door}/nothing", timeout=10).json() == {"detail": "Not Found"}


def test_who_is_logged_in_is_shown_a_page_whatever_program_they_look_with(dana: Visit) -> None:
    assert "There is no such page." in dana.get("/nothing").text


@pytest.mark.parametrize("path", ["/v1", "/v1/nothing", "/v1/campaigns/nothing"])
def test_the_doors_of_programs_answer_problems_to_browsers_too(dana: Visit, path: str) -> None:
    answer = dana.session.get(dana.address + path, headers=BROWSER, timeout=10)
    assert (answer.status_code, answer.headers["Content-Type"]) == (404, "application/problem+json")


@pytest.mark.parametrize("path", ["/metrics", "/postbacks/nothing"])
def test_the_doors_of_machines_show_no_page(door: str, path: str) -> None:
    answer = requests.get(door + path, headers=BROWSER, timeout=10)
    assert answer.status_code in {401, 405}
    assert "<html" not in answer.text


def test_too_many_wrong_tokens_are_told_to_a_browser_on_a_page(door: str) -> None:
    headers = {**BROWSER, "Authorization": "Bearer dpl_wrong"}
    answers = [requests.get(f"{door}/rq/", headers=headers, timeout=10) for _ in range(12)]
    assert (answers[-1].status_code, "<h1>" in answers[-1].text) == (429, True)
    assert int(answers[-1].headers["Retry-After"]) > 0


def fail(site: Site, request: Request) -> None:
    """A proof with a fault."""
    raise RuntimeError("canary")


def test_a_fault_is_told_as_one_and_shows_nothing_of_itself(fake_redis: Redis) -> None:
    with front_door(make_site(fake_redis), [fail]) as address:
        answer, told = (requests.get(f"{address}/halt", headers=each, timeout=10) for each in (BROWSER, PROGRAM))
    assert [answer.status_code, told.status_code] == [500, 500]
    assert "That is a fault in Dropline." in answer.text
    assert told.text == "a fault in Dropline; the log has it"
    assert "canary" not in answer.text


def test_a_page_that_redis_keeps_back_looks_again_by_itself_and_a_form_is_not_sent_again() -> None:
    with (
        Redis.from_url(f"redis://127.0.0.1:{free_port()}", retry=None) as nobody,
        front_door(make_site(nobody)) as door,
    ):
        visit = Visit(door)
        visit.session.cookies.set("dropline", "whatever")
        page, form = visit.get("/days"), visit.post("/halt", verb="halt", why="x")
    assert (page.status_code, form.status_code) == (503, 503)
    assert '<meta http-equiv="refresh" content="5">' in page.text
    assert "refresh" not in form.text
