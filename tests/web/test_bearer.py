"""Who comes in with a token, who does not, and what a wrong one costs."""

import socket
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import requests
from redis import Redis

from config.settings import InvalidSettings, Settings
from jobs.ledger import tokens
from jobs.models.scopes import Scope
from tests.web.conftest import CAMPAIGN, PHONES, Caller, CallerOf
from tests.web.front_door import front_door, make_site
from web.__main__ import check_who_can_reach_it
from web.bearer import A_TRY_S, FREE_TRIES, MOST_ADDRESSES, FailedTries, is_loopback

WRONG = "dpl_" + "x" * 43


def status(address: str, **headers: str) -> int:
    return requests.get(f"{address}/v1/campaigns", headers=headers, timeout=60).status_code


def test_nobody_comes_in_without_a_good_token(address: str) -> None:
    shown = [{}, {"Authorization": f"Bearer {WRONG}"}, {"Authorization": "Bearer"}, {"Authorization": "Basic eDp5"}]
    answers = [requests.get(f"{address}/v1/campaigns", headers=each, timeout=60) for each in shown]
    assert [each.status_code for each in answers] == [401] * 4
    assert {each.json()["type"] for each in answers} == {"/v1/problems/token-missing"}
    assert {each.headers["WWW-Authenticate"] for each in answers} == {"Bearer"}


def test_a_stranger_is_refused_before_his_body_is_looked_at(address: str) -> None:
    for body in (b"{", b"x" * 3_000_000):
        answer = requests.post(f"{address}/v1/campaigns/bcdf/stop", data=body, timeout=60)
        assert answer.status_code == 401


def test_a_token_may_do_what_its_scopes_say(caller_of: CallerOf) -> None:
    reader = caller_of(Scope.READ, name="reader")
    assert reader.get("/v1/campaigns").status_code == 200
    refused = reader.hand_in()
    assert (refused.status_code, refused.json()["type"]) == (403, "/v1/problems/scope-missing")
    assert "send" in refused.json()["detail"]
    assert reader.post("/v1/campaigns/bcdf/stop", json={"why": "x"}).status_code == 403
    assert caller_of(Scope.SEND, name="sender").get("/v1/campaigns").status_code == 403


def test_a_token_that_is_revoked_opens_nothing_from_then_on(caller: Caller, redis: Redis) -> None:
    assert caller.get("/v1/campaigns").status_code == 200
    tokens.revoke(redis, "all but phones", now=datetime.now(UTC))
    assert caller.get("/v1/campaigns").status_code == 401


def test_many_wrong_tokens_have_to_wait_and_a_good_one_does_not(caller: Caller) -> None:
    wrong = Caller(caller.address, WRONG)
    answers = [wrong.get("/v1/campaigns") for _ in range(FREE_TRIES + 1)]
    assert [each.status_code for each in answers] == [401] * FREE_TRIES + [429]
    assert int(answers[-1].headers["Retry-After"]) >= 1
    assert caller.get("/v1/campaigns").status_code == 200


def test_who_waits_may_try_again_and_the_memory_is_bounded() -> None:
    tries = FailedTries()
    assert [tries.note("a", 0.0) for _ in range(FREE_TRIES)] == [0.0] * FREE_TRIES
    assert tries.note("a", 0.0) == pytest.approx(A_TRY_S)
    assert tries.note("b", 0.0) == 0
    assert tries.note("a", A_TRY_S) == 0
    for number in range(MOST_ADDRESSES + 10):
        tries.note(f"c{number}", 1.0)
    assert len(tries._debts) == MOST_ADDRESSES


def test_this_machine_comes_in_without_a_token_only_if_the_operator_says_so(redis: Redis) -> None:
    with front_door(make_site(redis, {"OPEN_ON_LOOPBACK": "true"})) as address:
        assert status(address) == 200
        assert status(address, Authorization=f"Bearer {WRONG}") == 401


@pytest.mark.parametrize(
    "header",
    [
        {"X-Forwarded-For": "203.0.113.7"},
        {"X-Forwarded-For": "127.0.0.1"},
        {"Forwarded": "for=203.0.113.7"},
        {"X-Real-IP": "203.0.113.7"},
        {"X-Forwarded-Host": "drops.example.com"},
        {"CF-Connecting-IP": "203.0.113.7"},
        {"Origin": "https://example.com"},
        {"Host": "rebound.example.com"},
        {"Sec-Fetch-Site": "cross-site"},
    ],
    ids=str,
)
def test_what_a_proxy_or_a_browser_brings_needs_a_token_all_the_same(redis: Redis, header: dict[str, str]) -> None:
    with front_door(make_site(redis, {"OPEN_ON_LOOPBACK": "true"})) as address:
        assert status(address, **header) == 401


def test_a_proxy_that_says_nothing_but_speaks_as_nginx_does_needs_a_token(redis: Redis) -> None:
    with front_door(make_site(redis, {"OPEN_ON_LOOPBACK": "true"})) as address:
        host, port = address.removeprefix("http://").split(":")
        with socket.create_connection((host, int(port)), timeout=60) as proxy:
            proxy.sendall(f"GET /v1/campaigns HTTP/1.0\r\nHost: {host}:{port}\r\nConnection: close\r\n\r\n".encode())
            assert b" 401 " in proxy.recv(1_000).split(b"\r\n")[0]


def test_whoever_comes_in_without_a_token_sees_no_whole_phones(redis: Redis) -> None:
    with front_door(make_site(redis, {"OPEN_ON_LOOPBACK": "true"})) as address:
        stated, key = {**CAMPAIGN, "recipients": PHONES}, {"Idempotency-Key": "k"}
        url = requests.post(f"{address}/v1/campaigns", json=stated, headers=key, timeout=60).json()["url"]
        results = requests.get(f"{address}{url}/results?format=csv", timeout=60)
    assert results.status_code == 200
    assert [phone for phone in PHONES if phone in results.text] == []


def test_an_open_door_is_refused_where_others_can_reach_it() -> None:
    settings = Settings.from_env({"OPEN_ON_LOOPBACK": "true"})
    for host in ("0.0.0.0", "::", "192.0.2.1", "example.com"):  # noqa: S104  # to be refused
        with pytest.raises(InvalidSettings):
            check_who_can_reach_it(settings, host)
    for host in ("127.0.0.1", "::1", "localhost"):
        check_who_can_reach_it(settings, host)
        assert is_loopback(host)


def test_a_token_and_what_is_sent_with_it_are_in_no_log_line(
    redis: Redis, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    now = datetime.now(UTC)
    good = tokens.create(redis, "crm", [Scope.READ], now=now, expires_at=now + timedelta(days=1))
    with front_door(make_site(redis)) as address:
        for text in [good, *[WRONG] * (FREE_TRIES + 2)]:
            Caller(address, text).get("/v1/campaigns/6175550142?secret=canary")
    said = "".join(capfd.readouterr())
    assert [each for each in (good, WRONG, "6175550142", "canary") if each in said] == []
