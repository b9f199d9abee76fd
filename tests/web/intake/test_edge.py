"""What is too large, too slow, of the wrong type, or while the ledger is away: answered, and nothing is stored."""

import asyncio
import re
import socket
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

import pytest
import requests
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from redis import Redis
from starlette.types import Message, Receive
from structlog.testing import capture_logs

from config.redis_connection import connect
from jobs.ledger import campaigns, tokens
from jobs.models.scopes import Scope
from tests.servers import RedisServer
from tests.web.conftest import CAMPAIGN, Caller
from tests.web.front_door import front_door, make_site
from web import bodies
from web.intake import edge
from web.intake.controls import ControlVerb
from web.intake.door import openapi
from web.problems import Kind, Refusal
from web.turns import Busy

PHONE = "6175550142"
CANARIES = (PHONE, PHONE[-7:], "617-555-0142", "canary")
KEY = {"Idempotency-Key": "k"}


def typed(media: str) -> dict[str, Any]:
    """A body that is not what it says."""
    return {"data": "{", "headers": {"Content-Type": media, **KEY}}


def problem(answer: requests.Response) -> tuple[int, str]:
    assert answer.headers["Content-Type"] == "application/problem+json"
    told = answer.json()
    assert told["status"] == answer.status_code
    assert {"type", "title", "detail", "todo"} <= told.keys()
    assert [each for each in ("python -m", "--", "` shows") if each in told["detail"] + told["todo"]] == []
    assert [each for each in re.split(r"[.;:] ?", told["todo"]) if each and each in told["detail"]] == []
    assert all(each["field"] for each in told.get("problems", []))
    return answer.status_code, told["type"].removeprefix("/v1/problems/")


@pytest.mark.parametrize(
    ("method", "path", "options", "expected"),
    [
        ("GET", "/v1/nowhere", {}, (404, "not-found")),
        ("DELETE", "/v1/campaigns", {}, (405, "method-not-allowed")),
        ("GET", "/v1/campaigns/bcdf", {}, (404, "unknown-campaign")),
        ("GET", "/v1/campaigns/bcdf/results", {}, (404, "unknown-campaign")),
        ("GET", "/v1/campaigns?limit=1000", {}, (422, "invalid")),
        ("GET", "/v1/campaigns?since=today", {}, (422, "invalid")),
        ("GET", "/v1/unknowns/bcdf-1", {}, (404, "unknown-submission")),
        ("GET", "/v1/reconciliations/2026-03-02", {}, (404, "not-compared")),
        ("GET", "/v1/reconciliations/today", {}, (422, "invalid")),
        ("POST", "/v1/campaigns", typed("text/plain"), (415, "unsupported-media-type")),
        ("POST", "/v1/campaigns", typed("application/json"), (400, "unreadable-body")),
        ("POST", "/v1/campaigns", {"json": [], "headers": KEY}, (422, "invalid")),
        ("POST", "/v1/campaigns", typed("multipart/form-data"), (400, "unreadable-body")),
        ("POST", "/v1/campaigns/bcdf/stop", typed("application/json"), (400, "unreadable-body")),
        ("POST", "/v1/campaigns/bcdf/stop", typed("text/plain"), (415, "unsupported-media-type")),
        ("POST", "/v1/campaigns/bcdf/stop", {"json": {"why": "x"}}, (404, "unknown-campaign")),
        ("POST", "/v1/campaigns/bcdf/explode", {"json": {"why": "x"}}, (422, "invalid")),
        ("POST", "/v1/do-not-dial/default/add", {"json": {"phones": [], "why": "x"}}, (422, "invalid")),
    ],
)  # fmt: skip
def test_every_refusal_is_a_problem(
    caller: Caller, method: str, path: str, options: dict[str, Any], expected: tuple[int, str]
) -> None:
    assert problem(caller(method, path, **options)) == expected


@pytest.mark.parametrize(
    ("path", "options", "fields"),
    [
        *((f"campaigns/bcdf/{verb}", {}, {"why": "is missing"}) for verb in ControlVerb),
        ("campaigns/bcdf/delete", {}, {"verb": "must be 'pause', 'resume', 'stop' or 'cancel'"}),
        ("campaigns/bcdf/stop", {"json": []}, {"the body": "must be a JSON object"}),
        ("campaigns/bcdf/stop", {"json": {"why": " "}}, {"why": "must be the reason, in 1 to 300 characters"}),
        ("campaigns", {"json": [], "headers": KEY}, {"the body": "must be an object with the campaign's fields"}),
        ("unknowns/bcdf-1/decision", {}, {"decision": "is missing", "why": "is missing"}),
        (
            "do-not-dial/default/add",
            {"json": {"phones": ["55"]}},
            {"phones.0": "Digits are missing; a number has 10, area code included.", "why": "is missing"},
        ),
    ],
)
def test_what_is_wrong_with_a_body_is_said_of_its_fields(
    caller: Caller, path: str, options: dict[str, Any], fields: dict[str, str]
) -> None:
    told = caller.post(f"/v1/{path}", **options).json()
    assert {each["field"]: each["message"] for each in told["problems"]} == fields
    assert told["detail"] == f"what is wrong: {', '.join(fields)}"


@pytest.mark.parametrize("path", ["campaigns", "campaigns/bcdf/stop"])
def test_a_body_that_is_no_json_is_told_by_the_place(caller: Caller, path: str) -> None:
    headers = {"Content-Type": "application/json", **KEY}
    refused = caller.post(f"/v1/{path}", data='{"why": "x",\n  why: 1}', headers=headers)
    assert problem(refused) == (400, "unreadable-body")
    assert refused.json()["detail"] == "it is no JSON from line 2, column 3 on"


@pytest.mark.parametrize(
    ("method", "path", "fields"),
    [
        ("POST", "campaigns?dryrun=true", {"dryrun": "is no query parameter here; did you mean dry_run?"}),
        ("POST", "campaigns?dry-run=true", {"dry-run": "is no query parameter here; did you mean dry_run?"}),
        ("GET", "campaigns?state=finished", {"state": "is no query parameter here; did you mean status?"}),
        (
            "GET",
            "campaigns?page=2",
            {"page": "is no query parameter here; there are: status, account, since, limit, cursor"},
        ),
        ("GET", "do-not-dial?x=", {"x": "is no query parameter here; there are: none"}),
        (
            "GET",
            f"unknowns?{PHONE}=1",
            {"(an odd field name)": "is no query parameter here; there are: campaign_id"},
        ),
    ],
)
def test_a_query_parameter_that_is_misspelt_is_told_and_nothing_is_done(
    caller: Caller, redis: Redis, method: str, path: str, fields: dict[str, str]
) -> None:
    body = {**CAMPAIGN, "recipients": [PHONE]} if method == "POST" else None
    refused = caller(method, f"/v1/{path}", json=body, headers=KEY)
    assert problem(refused) == (422, "invalid")
    assert {each["field"]: each["message"] for each in refused.json()["problems"]} == fields
    assert campaigns.newest(redis, most=1) == []


def operations() -> Iterator[tuple[str, str]]:
    for path, methods in openapi()["paths"].items():
        for method in methods:
            yield method.upper(), re.sub(r"{\w+}", "bcdf", path)


def test_no_route_passes_a_query_parameter_over(caller: Caller) -> None:
    for method, path in operations():
        refused = caller(method, f"{path}?no_such=1")
        assert problem(refused) == (422, "invalid")
        assert [each["field"] for each in refused.json()["problems"]] == ["no_such"]


@pytest.mark.parametrize("path", ["campaigns/", "do-not-dial/default/"])
def test_an_address_with_a_slash_too_many_says_so(caller: Caller, path: str) -> None:
    refused = caller.get(f"/v1/{path}")
    assert problem(refused) == (404, "not-found")
    assert refused.json()["detail"] == "no address here ends with a slash: leave it out"


def test_a_type_explains_itself_to_everybody(caller: Caller) -> None:
    told = caller.get("/v1/nowhere").json()
    explained = requests.get(f"{caller.address}{told['type']}", timeout=60).json()
    assert (explained["title"], explained["todo"]) == (told["title"], told["todo"])


def test_what_is_wrong_is_said_without_repeating_it(
    caller: Caller, redis: Redis, capfd: pytest.CaptureFixture[str]
) -> None:
    url = f"https://example.com/a.wav?sig=canary{PHONE}"
    bad: list[dict[str, Any]] = [
        {"caller_id": PHONE[:-1] + "x"}, {"audio_url": f"ftp://{PHONE}"}, {"audio_url": url}, {PHONE: 1},
        {"recipients": [{"phone": PHONE}]}, {"recipients": PHONE}, {"start": PHONE}, {"account": f"x {PHONE}"},
        {"audio_type": "canary"}, {"title": f"canary\t{PHONE}"},
    ]  # fmt: skip
    said = [caller.hand_in(f"k{number}", **each).text for number, each in enumerate(bad)]
    form = {**CAMPAIGN, "caller_id": PHONE[:9], "start": PHONE, PHONE: PHONE, "column": PHONE}
    files = {"contacts": (f"{PHONE}.csv", f'{PHONE}\n"{PHONE}\n'.encode(), "text/csv")}
    said.append(caller.post("/v1/campaigns", data=form, files=files, headers=KEY).text)
    said += [caller.post("/v1/do-not-dial/default/add", json={"phones": [PHONE + "9", 7], "why": PHONE}).text]
    said += [caller.post("/v1/do-not-dial/default/history", json={"phone": PHONE + "9"}).text]
    said += [caller.get(f"/v1/{path}").text for path in (f"campaigns/{PHONE}", f"unknowns/{PHONE}-1", PHONE)]
    said += [caller.get(f"/v1/campaigns?{name}={PHONE}").text for name in ("status", "account", "since", "limit")]
    said += capfd.readouterr()
    assert [(canary, text) for text in said for canary in CANARIES if canary in text] == []


Place = Callable[[Caller, str], requests.Response]


def in_campaign(name: str) -> Place:
    """A field of a campaign as JSON."""
    return lambda caller, text: caller.hand_in(f"a {name}", **{name: text})


def in_query(name: str) -> Place:
    """A filter of the campaigns."""
    return lambda caller, text: caller.get("/v1/campaigns", params={name: text})


def in_path(before: str, after: str = "", **body: str) -> Place:
    """A part of an address; a POST where there is a body."""
    method = "POST" if body else "GET"
    return lambda caller, text: caller(method, f"/v1/{before}{quote(text, safe='')}{after}", json=body or None)


def in_body(path: str, *names: str) -> Place:
    """Fields of a smaller body."""
    return lambda caller, text: caller.post(f"/v1/{path}", json=dict.fromkeys(names, text))


def in_form(caller: Caller, text: str) -> requests.Response:
    files = {"contacts": (f"{quote(text)}.csv", f'Phone\n6175550123\n"{text}\n'.encode(), "text/csv")}
    fields = dict.fromkeys(("column", "start", "caller_id", "account"), text)
    return caller.post("/v1/campaigns", data={**CAMPAIGN, **fields}, files=files, headers=KEY)


STATED = ("caller_id", "audio_url", "audio_type", "start", "ends_at", "mobile_only", "account", "recipients")
PLACES: tuple[Place, ...] = (
    *map(in_campaign, STATED),
    *map(in_query, ("status", "account", "since", "limit", "cursor")),
    *map(in_path, ("", "campaigns/", "unknowns/", "do-not-dial/", "reconciliations/", "problems/")),
    in_path("campaigns/bcdf/", why="x"),
    in_path("unknowns/", "/decision", decision="give-up", why="x"),
    in_body("campaigns/bcdf/stop", "why", "reason"),
    in_body("unknowns/bcdf-1/decision", "decision", "session_id"),
    in_body("do-not-dial/default/history", "phone"),
    in_form,
    lambda caller, text: caller.hand_in("field", **{text: text}),
    lambda caller, text: caller.hand_in("rows", recipients=[text, "n/a", {text: text}], audio_title=f"{text}\t"),
    lambda caller, text: caller.hand_in("nobody", recipients=[f"no {text}"], audio_title=None),
    lambda caller, text: caller.hand_in(quote(text) * 20),
    lambda caller, text: Caller(caller.address, f"dpl_{quote(text)}").get("/v1/campaigns"),
    lambda caller, text: caller.post("/v1/campaigns", json=[text], headers=KEY),
    lambda caller, text: caller.post("/v1/campaigns", data=text.encode(), headers={"Content-Type": quote(text), **KEY}),
    lambda caller, text: caller.get("/v1/campaigns/bcdf/results", headers={"Accept": quote(text)}),
    lambda caller, text: caller.get("/v1/campaigns/bcdf/results", params={"format": text}),
    lambda caller, text: caller.get("/v1/campaigns", params={text: text}),
)


@settings(max_examples=2, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.text(st.characters(codec="ascii"), max_size=5))
def test_no_error_repeats_a_value_wherever_it_stands(caller: Caller, before: str) -> None:
    answers = [place(caller, f"{before} canary {PHONE}") for place in PLACES]
    refused = [each for each in answers if not each.ok]
    assert len(refused) > 0.9 * len(PLACES)
    assert [
        (each.text, canary) for each in refused for canary in CANARIES if problem(each) and canary in each.text
    ] == []


def test_bodies_beyond_their_size_are_refused_announced_or_not(caller: Caller, redis: Redis) -> None:
    def drip(total: int) -> Iterator[bytes]:
        for _ in range(total // 65_536 + 1):
            yield b" " * 65_536

    as_json = {"Content-Type": "application/json", **KEY}
    announced = caller.post("/v1/campaigns", data=b" " * (edge.MOST_JSON_BYTES + 1), headers=as_json)
    assert problem(announced) == (413, "too-large")
    chunked = caller.post("/v1/campaigns", data=drip(edge.MOST_JSON_BYTES), headers=as_json)
    assert problem(chunked) == (413, "too-large")
    other = caller.post("/v1/campaigns/bcdf/stop", data=drip(edge.MOST_BYTES), headers=as_json)
    assert problem(other) == (413, "too-large")
    assert campaigns.newest(redis, most=1) == []


def test_bodies_under_way_are_bounded_in_all_and_by_sender() -> None:
    room = bodies.Room(10 * bodies.LEAST_BYTES)
    with ExitStack() as under_way:
        for who in "aaaaabbbb":
            under_way.enter_context(room.hold(who, 1))
        with pytest.raises(Busy), room.hold("a", 1):
            raise AssertionError
        with pytest.raises(Busy), room.hold("c", 2 * bodies.LEAST_BYTES):
            raise AssertionError
        under_way.enter_context(room.hold("c", bodies.LEAST_BYTES))
    with room.hold("a", 5 * bodies.LEAST_BYTES):
        pass


def test_a_sender_with_too_many_bodies_under_way_comes_again(caller: Caller) -> None:
    host, port = caller.address.removeprefix("http://").split(":")
    head = (
        f"POST /v1/campaigns HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer {caller.token}\r\nIdempotency-Key: k\r\n"
        f"Content-Type: application/json\r\nExpect: 100-continue\r\nContent-Length: {edge.MOST_JSON_BYTES}\r\n\r\n"
    )
    with ExitStack() as under_way:
        for _ in range(edge.MOST_IN_MEMORY // 2 // edge.MOST_JSON_BYTES):
            sender = under_way.enter_context(socket.create_connection((host, int(port)), timeout=60))
            sender.sendall(head.encode())
            assert b" 100 " in sender.recv(100)  # it is being read
        refused = caller.hand_in()
        assert problem(refused) == (503, "busy")
        assert refused.headers["Retry-After"] == "5"
        assert caller.get("/v1/campaigns").status_code == 200


async def silent() -> Message:
    await asyncio.sleep(30)
    raise AssertionError


async def drip() -> Message:
    await asyncio.sleep(0.02)
    return {"type": "http.request", "body": b"", "more_body": True}


@pytest.mark.parametrize(("receive", "limits"), [(silent, {"silence_s": 0.01}), (drip, {"within_s": 0.1})])
def test_a_body_that_drips_is_ended(receive: Receive, limits: dict[str, Any]) -> None:
    async def waits_in_vain() -> None:
        read = bodies.bounded(receive, 1_000, **limits)
        while True:
            await read()

    with pytest.raises(Refusal) as refused:
        asyncio.run(waits_in_vain())
    assert refused.value.kind is Kind.TOO_SLOW


def test_what_follows_a_body_that_has_come_in_may_take_its_time() -> None:
    pauses_s = iter([0.0, 0.05, 0.05])
    whole: Message = {"type": "http.request", "body": b"", "more_body": False}

    async def receive() -> Message:
        if pause_s := next(pauses_s):
            await asyncio.sleep(pause_s)
        return whole

    async def reads() -> list[Message]:
        read = bodies.bounded(receive, 1_000, silence_s=0.01)
        return [await read() for _ in range(3)]

    assert asyncio.run(reads()) == [whole] * 3


def test_a_fault_of_ours_is_a_problem_too_and_tells_nothing(redis: Redis) -> None:
    def broken() -> datetime:
        raise RuntimeError(f"canary {PHONE}")

    with front_door(make_site(redis, clock=broken)) as address:
        answer = Caller(address, "dpl_" + "x" * 43).get("/v1/campaigns")
    assert problem(answer) == (500, "fault")
    assert [each for each in CANARIES if each in answer.text] == []


@pytest.mark.processes
def test_a_ledger_that_is_away_is_told_and_the_same_key_works_when_it_is_back() -> None:
    with (
        RedisServer(appendonly=True) as server,
        connect(server.url, patience_s=0.2) as redis,
        front_door(make_site(redis)) as address,
    ):
        text = tokens.create(redis, "crm", [Scope.READ, Scope.SEND], now=datetime.now(UTC))
        caller = Caller(address, text)
        taken = caller.hand_in().json()
        server.kill()
        with capture_logs() as logs:
            away = [caller.hand_in() for _ in range(3)][-1]
            assert problem(away) == (503, "ledger-away")
            server.start()
            assert caller.hand_in().json() == {**taken, "is_new": False}
        assert [each["event"] for each in logs if each["log_level"] != "debug"] == [
            "redis_out_of_reach",
            "redis_is_back",
        ]
        assert int(away.headers["Retry-After"]) > 0
        assert "same key" in away.json()["todo"]
