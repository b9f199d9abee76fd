"""The way in: who is known comes in and goes on to where they wanted, and nobody else does anything at all."""

from collections.abc import Iterator

import pytest
import requests
from redis import Redis

from jobs.ledger import campaigns, logins, people
from jobs.ledger.people import Role
from jobs.models import Intent
from tests.jobs.ledger.conftest import taken
from tests.web.front_door import front_door, make_site
from tests.web.people import PASSWORD, Visit, add, token_of
from web.__main__ import Server
from web.pages.sign_in import MOST_BY_ADDRESS, MOST_BY_NAME_THERE, local
from web.turns import Turns


@pytest.fixture
def door(fake_redis: Redis) -> Iterator[str]:
    add(fake_redis, "dana")
    add(fake_redis, "will", Role.WATCH)
    with front_door(make_site(fake_redis)) as address:
        yield address


@pytest.fixture
def visit(door: str) -> Visit:
    return Visit(door)


def is_in(visit: Visit) -> bool:
    return not visit.get("/").url.endswith("/sign-in")


def test_a_stranger_is_led_to_the_form_and_from_there_to_the_page(visit: Visit) -> None:
    asked = visit.get("/campaigns/bcdf?page=2")
    assert asked.url.endswith("/sign-in?to=%2Fcampaigns%2Fbcdf%3Fpage%3D2")
    came = visit.sign_in("dana", to="/campaigns/bcdf?page=2")
    assert (came.status_code, came.headers["Location"]) == (303, "/campaigns/bcdf?page=2")
    assert is_in(visit)


@pytest.mark.parametrize(
    "to",
    [
        "//evil.example",
        "https://evil.example/",
        "/\\evil.example",
        "%2F%2Fevil.example",
        "javascript:alert(1)",
        "/a\nb",
        "//[",
    ],
)
def test_nobody_is_led_to_another_site(to: str) -> None:
    assert local(to) == "/"
    assert local("/%5cevil.example" if to == "/a\nb" else "/\t/evil.example") == "/"


def test_a_wrong_password_is_told_like_a_wrong_name(visit: Visit) -> None:
    wrong, nobody = visit.sign_in("dana", "guess"), visit.sign_in("nobody", "guess")
    assert (wrong.status_code, nobody.status_code) == (403, 403)
    assert "That name and password do not go together." in wrong.text
    assert "That name and password do not go together." in nobody.text
    assert not is_in(visit)


def test_after_many_tries_even_the_right_password_waits(visit: Visit) -> None:
    for _ in range(MOST_BY_NAME_THERE):
        visit.sign_in("dana", "guess")
    assert visit.sign_in("dana").status_code == 429
    assert visit.sign_in("will").status_code == 303


def test_the_cookie_is_for_nobody_but_the_browser(visit: Visit) -> None:
    cookie = visit.sign_in("dana").headers["Set-Cookie"]
    assert all(word in cookie for word in ("HttpOnly", "SameSite=lax", "Path=/"))
    assert "Secure" not in cookie  # on this very machine there is no TLS


def test_away_from_this_machine_the_cookie_and_the_page_are_for_tls_alone(door: str) -> None:
    elsewhere = {"Host": "drops.example.com", "X-Forwarded-Proto": "https"}
    answer = requests.get(f"{door}/sign-in", headers=elsewhere, timeout=60)
    assert "Secure" in answer.headers["Set-Cookie"]
    assert answer.headers["Strict-Transport-Security"] == "max-age=31536000"


def test_every_page_is_guarded(visit: Visit) -> None:
    visit.sign_in("dana")
    for path in ("/", "/sign-in", "/campaigns/nowhere", "/static/nothing"):
        headers = visit.get(path).headers
        assert "default-src 'none'" in headers["Content-Security-Policy"]
        assert "unsafe" not in headers["Content-Security-Policy"]
        assert (headers["X-Frame-Options"], headers["X-Content-Type-Options"]) == ("DENY", "nosniff")
        assert headers["Referrer-Policy"] == "same-origin"


def test_whoever_signs_in_anew_has_one_login_and_it_is_a_new_one(visit: Visit, door: str) -> None:
    form = visit.get("/sign-in")
    visit.sign_in("dana")
    first = visit.session.cookies["dropline"]
    visit.session.cookies.set("dropline-form", token_of(form), domain="127.0.0.1", path="/")
    visit.post("/sign-in", token=token_of(form), name="dana", password=PASSWORD)
    assert visit.session.cookies.get("dropline") not in {first, None}
    again = requests.get(f"{door}/", cookies={"dropline": first}, allow_redirects=False, timeout=10)
    assert again.headers["Location"] == "/sign-in"


def test_who_signs_out_is_out_and_the_cookie_is_worth_nothing(visit: Visit) -> None:
    visit.sign_in("dana")
    stolen = dict(visit.session.cookies)
    assert visit.send("/", "/sign-out").status_code == 303
    visit.session.cookies.update(stolen)
    assert not is_in(visit)


@pytest.mark.parametrize("origin", ["https://evil.example", "null", None])
def test_a_form_of_another_site_changes_nothing(visit: Visit, fake_redis: Redis, origin: str | None) -> None:
    campaign_id = taken(fake_redis, ["6175550123"])
    visit.sign_in("dana")
    answer = visit.post(f"/campaigns/{campaign_id}", origin=origin, verb="stop", why="because")
    assert answer.status_code in {303, 403}
    assert intent_of(fake_redis, campaign_id) is Intent.RUN


def test_a_form_without_its_token_or_with_another_login_s_changes_nothing(
    visit: Visit, door: str, fake_redis: Redis
) -> None:
    campaign_id = taken(fake_redis, ["6175550123"])
    other = Visit(door)
    for each in (visit, other):
        each.sign_in("dana")
    path = f"/campaigns/{campaign_id}"
    assert visit.post(path, verb="stop", why="because").status_code == 403
    stolen = other.get(path).text.split('name="token" value="')[1].split('"')[0]
    assert visit.post(path, token=stolen, verb="stop", why="because").status_code == 403
    assert intent_of(fake_redis, campaign_id) is Intent.RUN


def test_whoever_watches_changes_nothing(visit: Visit, fake_redis: Redis) -> None:
    campaign_id = taken(fake_redis, ["6175550123"])
    visit.sign_in("will")
    page = visit.get(f"/campaigns/{campaign_id}").text
    assert 'value="pause"' not in page
    answer = visit.send("/", f"/campaigns/{campaign_id}", verb="stop", why="because")
    assert answer.status_code == 403
    assert intent_of(fake_redis, campaign_id) is Intent.RUN


def test_a_change_of_what_one_may_do_holds_at_once(visit: Visit, fake_redis: Redis) -> None:
    visit.sign_in("dana")
    people.change_password(fake_redis, "dana", PASSWORD + "!")
    assert not is_in(visit)


def test_a_body_that_is_no_form_is_refused_before_it_is_read(visit: Visit) -> None:
    visit.sign_in("dana")
    assert visit.post("/sign-out", token="x" * 70_000).status_code == 413


def test_files_may_be_kept_for_ever_and_are_for_everybody(visit: Visit) -> None:
    page = visit.get("/sign-in").text
    sheets = [each.split('"')[0] for each in page.split('href="') if ".css" in each]
    assert len(sheets) == 2
    for answer in map(visit.get, sheets):
        assert (answer.status_code, answer.headers["Cache-Control"]) == (200, "public, max-age=31536000, immutable")


def intent_of(redis: Redis, campaign_id: str) -> Intent:
    found = campaigns.read(redis, campaign_id)
    assert found is not None
    return found.intent


def test_others_keep_nobody_out(visit: Visit, door: str, fake_redis: Redis) -> None:
    for _ in range(MOST_BY_NAME_THERE + 3):
        visit.sign_in("dana", "guess")
    elsewhere = {"X-Forwarded-For": "203.0.113.7"}
    visit.session.headers.update(elsewhere)
    assert visit.sign_in("dana").status_code == 303
    assert logins.failures(fake_redis, ["name dana"]) == [MOST_BY_NAME_THERE]  # what is refused does not count


def test_a_stranger_of_many_names_fills_no_ledger(visit: Visit, fake_redis: Redis) -> None:
    token = token_of(visit.get("/sign-in"))
    visit.session.headers["X-Forwarded-For"] = "2001:db8::1"

    def fail(numbers: range) -> list[int]:
        return [visit.post("/sign-in", token=token, name=f"n{n}", password="guess").status_code for n in numbers]

    for _ in range(MOST_BY_ADDRESS - 2):
        logins.note_failure(fake_redis, ["address 2001:db8::/64"])
    assert fail(range(2)) == [403, 403]
    held = fake_redis.dbsize()
    visit.session.headers["X-Forwarded-For"] = "2001:db8::2"  # one network, one subscriber
    assert fail(range(1_000, 1_010)) == [429] * 10
    assert fake_redis.dbsize() == held
    assert all(fake_redis.pttl(key) > 0 for key in fake_redis.scan_iter("*failed-logins*"))


def no_turns(server: Server) -> None:
    server.app.state.sign_ins = Turns(0, 0)


def test_who_finds_the_line_full_is_told_when_to_come_back_and_keeps_nobody_else_waiting(fake_redis: Redis) -> None:
    with front_door(make_site(fake_redis), on_server=no_turns) as address:
        answer = Visit(address).sign_in("dana")
        assert (answer.status_code, answer.headers["Retry-After"]) == (503, "5")
        assert "try again in a few seconds" in answer.text
        assert requests.get(f"{address}/nowhere", timeout=60).status_code == 404


@pytest.mark.parametrize("origin", ["http://[", "//[", "http://[::1", "https://evil.example:99999999"])
def test_an_origin_that_cannot_be_read_is_not_ours(visit: Visit, door: str, origin: str) -> None:
    assert visit.post("/sign-in", origin=origin).status_code == 403
    cookie = {"Cookie": "dropline=x", "Origin": origin}
    assert requests.post(f"{door}/v1/campaigns", headers=cookie, timeout=60).status_code == 401
    assert requests.post(f"{door}/rq/job/x/delete", headers=cookie, timeout=60).status_code == 401
    assert requests.get(f"{door}/sign-in?to=//%5B", timeout=60).status_code == 200


def test_a_page_that_came_without_tls_sends_no_form_to_one_that_did(door: str) -> None:
    visit = Visit(door)
    visit.session.headers.update({"Host": "drops.example.com", "X-Forwarded-Proto": "https"})
    page = visit.get("/sign-in")
    kept = page.headers["Set-Cookie"]
    assert kept.startswith("__Host-dropline-form=")
    assert "Secure" in kept
    visit.session.headers["Cookie"] = kept.split(";")[0]
    told = {"token": token_of(page), "name": "dana", "password": PASSWORD}
    assert visit.post("/sign-in", origin="http://drops.example.com", **told).status_code == 403
    came = visit.post("/sign-in", origin="https://drops.example.com", **told)
    assert came.status_code == 303
    assert "__Host-dropline=" in came.headers["Set-Cookie"]
