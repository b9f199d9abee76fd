"""Phones and secrets go in by every door of a whole Dropline, well and badly, and sing where it is named here alone."""

import json
import re
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import requests
from rq import Queue
from rq.serializers import JSONSerializer

from jobs.__main__ import main
from jobs.gateway.simulator import Account, Fault, FaultKind, Settings
from jobs.ledger import campaigns, people, subscriptions, tokens
from jobs.ledger.people import Role
from jobs.models.scopes import Scope
from jobs.webhooks import receivers
from tests.end_to_end.canaries import Canaries, all_that_rq_stores, command_lines, stored
from tests.end_to_end.stage import Stage
from tests.jobs.webhooks.conftest import Receiver, serving
from tests.web.people import Visit, token_of

pytestmark = [pytest.mark.processes, pytest.mark.timeout(120)]

CALLER_ID = "6175550100"

BELONGS = {
    "dropline:campaign:": "title, audio and key, as the producer stated them",
    "dropline:key:": "an idempotency key is itself",
    "dropline:excluded:": "rows that were left out, for those who may see them",
    "dropline:requests:": "why somebody told a campaign something",
    "dropline:halt": "why somebody halted all sending",
    "dropline:do-not-dial": "who is never called, and why",
    "dropline:webhooks": "receivers' URLs and secrets, as an operator set them",
    "dropline:attempt:": "postbacks' tokens, which lead to their submissions",
    "dropline:submission:": "the token of a submission's attempt",
    "dropline:question:": "whose call somebody asked about",
    "dropline:evidence:": "what the gateway said of a submission in doubt",
}
"""Where a canary may lie in the ledger, by how its key begins, and what it is there."""


@dataclass
class Play:
    """A stage in full cast, what went in, and all that was answered to anybody."""

    stage: Stage
    receiver: Receiver
    canaries: Canaries = field(default_factory=Canaries)
    heard: list[tuple[str, str]] = field(default_factory=list)

    def ask(self, method: str, path: str, **options: Any) -> requests.Response:
        """One request of a program; its answer is remembered, head and body."""
        with requests.Session() as session:
            answer = session.request(method, self.stage.web_url + path, timeout=20, allow_redirects=False, **options)
        return self.remember(f"{method} {path.partition('?')[0]}", answer)

    def remember(self, what: str, answer: requests.Response) -> requests.Response:
        head = "\n".join(f"{name}: {value}" for name, value in answer.headers.items())
        self.heard.append((f"{what} {answer.status_code}", f"{head}\n\n{answer.text}"))
        return answer


@pytest.fixture
def play(tmp_path: Path) -> Iterator[Play]:
    receiver = Receiver()
    canaries = Canaries()
    password = canaries.secret("gateway password")
    with serving(receiver) as receiver.url, Stage(tmp_path, speed=200, LOG_LEVEL="DEBUG") as stage:
        stage.env |= {"GATEWAY_PASSWORD": password, "PUBLIC_URL": stage.web_url}
        accounts = {"demo": Account.model_validate({"password": password})}
        stage.simulator.gateway.settings = Settings(accounts=accounts, calls_per_second=100)
        yield Play(stage, receiver, canaries)


def test_what_goes_in_by_any_door_sings_nowhere_else(play: Play, capsys: pytest.CaptureFixture[str]) -> None:
    enter(play)
    bearer = by_http(play)
    by_raw_jobs(play)
    by_strangers(play)
    visit = by_forms(play)
    by_postbacks(play)
    by_the_command_line(play, capsys)
    look_at_everything(play, bearer, visit)
    while_redis_is_away(play, bearer, visit)
    where_the_ledger_is_rotten(play, visit)
    assert {"phone of title", "receiver key", "audio signature"} <= in_the_ledger(play)  # the search does find them
    leaks = {place: found for place, text in listen(play) if (found := play.canaries.in_text(text) - allowed(place))}
    assert leaks == {}


def allowed(place: str) -> set[str]:
    """A key is its producer's own name for a campaign, and is told to programs as it is, so that they know it again.

    A form that is refused comes back with the reason that was typed, to whoever has typed it.
    """
    if re.fullmatch(r"form \S+ (?:404|409|422)", place):
        return {"phone of why"}
    return {"phone of key"} if re.search("/v1/campaigns|python -m jobs|webhook's body", place) else set()


def in_the_ledger(play: Play) -> set[str]:
    """What lies where it belongs."""
    return play.canaries.in_text("\n".join(stored(play.stage.redis, "dropline:*").values()))


def enter(play: Play) -> None:
    """All processes, one person, one receiver that fails at first and may know no phones."""
    stage, canaries = play.stage, play.canaries
    people.add(stage.redis, "dana", Role.OPERATE, canaries.secret("login password"), sees_phones=False, now=_now())
    url = play.receiver.url.replace("http://", f"http://me:{canaries.secret('receiver password')}@")
    made = receivers.new(
        "billing", f"{url}&key={canaries.secret('receiver key')}", ["campaign", "submission"], now=_now()
    )
    assert subscriptions.add(stage.redis, made)
    canaries.secret("webhook secret", made.secrets[0])
    play.receiver.answers.extend([500, 410 - 1, 503])
    for start in (stage.start_web, stage.start_worker, stage.start_scheduler):
        start()
    stage.wait_for(lambda: _answers(stage.web_url))


def by_http(play: Play) -> dict[str, str]:
    """Campaigns as JSON and as files, good and bad, verbs and lists; the headers of who may do that."""
    canaries, phone = play.canaries, play.canaries.phone
    scopes = (Scope.READ, Scope.SEND, Scope.CONTROL)
    token = canaries.secret("bearer token", tokens.create(play.stage.redis, "crm", scopes, now=_now()))
    bearer = {"Authorization": f"Bearer {token}"}
    audio_url = f"https://audio.example.com/a.wav?X-Amz-Signature={canaries.secret('audio signature')}&e=1"
    campaign = {
        "caller_id": CALLER_ID,
        "audio_url": audio_url,
        "title": f"for {phone('title')}",
        "recipients": [*(phone("json") for _ in range(7)), f"n/a {phone('json row left out')} or so"],
    }
    key = {"Idempotency-Key": f"key of {canaries.phone('key')}"}
    assert play.ask("POST", "/v1/campaigns", json=campaign, headers=bearer | key).status_code == 202
    assert (
        play.ask("POST", "/v1/campaigns", json=campaign | {"title": "other"}, headers=bearer | key).status_code == 409
    )
    with_login = audio_url.replace("//", f"//me:{canaries.secret('audio password')}@")
    wrong: list[Any] = [
        campaign | {"audio_url": with_login},
        campaign | {"caller_id": phone("caller ID")[:-1]},
        campaign | {phone("field"): 1},
        campaign | {"recipients": [{"phone": phone("json")}]},
        campaign | {"recipients": phone("json")},
        campaign | {"start": phone("start")},
        campaign | {"audio_type": phone("type"), "account": phone("account"), "when_unknown": phone("policy")},
        [phone("json")],
        phone("json"),
    ]
    for number, body in enumerate(wrong):
        own = {"Idempotency-Key": f"{number} {phone('key')}"}
        assert play.ask("POST", "/v1/campaigns", json=body, headers=bearer | own).status_code in {202, 422}
    for body in (f'{{"recipients": ["{phone("json")}"', f'{{"a": NaN, "{phone("json")}": 1e999}}'):
        play.ask("POST", "/v1/campaigns", data=body, headers=bearer | key | {"Content-Type": "application/json"})
    files(play, bearer)
    (newest,) = campaigns.newest(play.stage.redis, most=1)
    for path, told in (
        (f"/v1/campaigns/{newest.id}/pause", {"why": f"{phone('why')} asked"}),
        (f"/v1/campaigns/{newest.id}/resume", {"why": f"{phone('why')} asked"}),
        (f"/v1/campaigns/{newest.id}/{canaries.plain('path')}", {"why": "no such verb"}),
        ("/v1/do-not-dial/default/add", {"phones": [phone("do not dial")], "why": phone("why")}),
        ("/v1/do-not-dial/default/add", {"phones": [phone("do not dial") + "9"], "why": phone("why")}),
        ("/v1/do-not-dial/default/history", {"phone": phone("do not dial")}),
        (f"/v1/do-not-dial/{canaries.plain('path')}/history", {"phone": phone("do not dial")}),
        ("/v1/unknowns/bcdf-1/decision", {"decision": "resend", "why": phone("why")}),
    ):
        play.ask("POST", path, json=told, headers=bearer)
    return bearer


def files(play: Play, bearer: dict[str, str]) -> None:
    """Contact files: one that is good, one with no column to be found, one that is cut, one that is none."""
    phone, fields = play.canaries.phone, {"caller_id": CALLER_ID, "audio_title": "Reminder"}
    good = "name,phone\nAnn,{}\nBob,{} ext\nCyd,n/a\n".format(phone("csv"), phone("csv row left out"))
    contacts = {
        "good": good,
        "two": f"{phone('column')},b\n{phone('csv')},{phone('csv')}\n",
        "cut": f'phone,name\n"{phone("csv")},Ann\n',
        "none": f"\0{phone('csv')}",
    }
    for name, content in contacts.items():
        file = {"contacts": (f"{phone('file name')}.csv", content.encode(), "text/csv")}
        key = {"Idempotency-Key": f"{name} {play.canaries.plain('key')}"}
        answer = play.ask("POST", "/v1/campaigns", data=fields, files=file, headers=bearer | key)
        assert (answer.status_code == 202) == (name == "good"), answer.text
        form = fields | {"column": phone("column"), phone("field"): phone("field")}
        play.ask("POST", "/v1/campaigns?dry_run=true", data=form, files=file, headers=bearer)


def by_raw_jobs(play: Play) -> None:
    """As another system does it, RQ's own description and all; one is refused, one nobody can carry out."""
    phone = play.canaries.phone
    queue = Queue("campaigns", connection=play.stage.redis, serializer=JSONSerializer)
    raw = {"caller_id": CALLER_ID, "audio_title": "Reminder", "recipients": [phone("raw")]}
    for campaign, keywords in ((raw, {"key": f"raw {phone('key')}"}), (raw | {"surprise": phone("raw")}, {})):
        queue.enqueue("jobs.entrypoints.submit_campaign", kwargs={"campaign": campaign, **keywords})
    control = Queue("control", connection=play.stage.redis, serializer=JSONSerializer)
    for campaign_id in ("bcdfghjk", play.canaries.plain("raw")):
        told = {"campaign_id": campaign_id, "verb": "stop", "why": phone("why")}
        control.enqueue("jobs.entrypoints.control_campaign", kwargs=told, description="stop")


def by_strangers(play: Play) -> None:
    """Whoever knocks without being known, with canaries in all that a request has."""
    canaries, plain = play.canaries, play.canaries.plain("path")
    odd = {
        "User-Agent": f"curl/{canaries.phone('user agent')}",
        "Referer": f"https://crm.example.com/?phone={canaries.plain('header')}",
        "X-Request-Id": canaries.phone("header"),
        "X-Forwarded-For": canaries.plain("header"),
        "Authorization": f"Bearer dpl_{canaries.secret('wrong token')}",
        "Cookie": f"dropline={canaries.secret('wrong cookie')}; {canaries.plain('header')}=1",
    }
    paths = ["/v1/campaigns/{}", "/v1/campaigns/{}/results", "/campaigns/{}", "/submissions/{}", "/unknowns/{}", "/{}"]
    paths += ["/rq/0/view/job/{}", "/days/default/{}", "/postbacks/{}", "/static/{}", "/metrics/{}", "/healthz/{}"]
    queries = ["/nothing?phone={}", "/v1/campaigns?cursor={}", "/healthz?phone={}", "/readyz?phone={}", "/live?q={}"]
    for path in paths + queries:
        for method in ("GET", "POST", "DELETE"):
            answer = play.ask(method, path.format(plain), headers=odd)
            if answer.is_redirect:  # a stranger is led back, after the login, to the address that they typed
                play.heard.pop()
    play.ask("GET", "/v1/campaigns", headers={"Authorization": f"Basic {canaries.secret('basic password')}"})


def by_forms(play: Play) -> Visit:
    """A person at the page: logs in at the third try, and fills in every form."""
    stage, canaries, phone = play.stage, play.canaries, play.canaries.phone
    visit = Visit(stage.web_url)
    for name, password in (("dana", canaries.secret("wrong password")), (canaries.plain("name"), "twelve letters")):
        answer = visit.sign_in(name, password)
        assert answer.status_code == 403
        if name == "dana":  # a name that was typed stands in its field again
            play.remember("sign-in", answer)
    assert visit.sign_in("dana", canaries.secrets["login password"]).status_code == 303
    canaries.secret("session cookie", visit.session.cookies["dropline"])
    form_token = canaries.secret("form token", token_of(visit.get("/halt")))
    (newest,) = campaigns.newest(stage.redis, most=1)
    why = f"{phone('why')} wants it"
    for path, fields in (
        (f"/campaigns/{newest.id}", {"verb": "pause", "why": why}),
        (f"/campaigns/{newest.id}", {"verb": "resume", "why": why}),
        (f"/campaigns/{newest.id}", {"verb": phone("form"), "why": why}),
        (f"/campaigns/{canaries.plain('path')}", {"verb": "stop", "why": why}),
        ("/halt", {"verb": "halt", "why": why}),
        ("/halt", {"verb": "unhalt", "why": why}),
        ("/do-not-dial/change", {"verb": "add", "phones": phone("do not dial"), "why": why}),
        ("/do-not-dial/change", {"verb": "add", "phones": phone("form") + "1", "why": why}),
        ("/do-not-dial/change", {"verb": "add", "phones": phone("form"), "why": why, "account": phone("account")}),
        ("/do-not-dial/look", {"phone": phone("do not dial")}),
        ("/unknowns/bcdf-1", {"decision": "adopt", "session_id": phone("form"), "why": why}),
        (f"/submissions/{newest.id}-1", {"page": phone("form")}),
        ("/webhooks/billing/test", {}),
        (f"/webhooks/{canaries.plain('path')}/test", {}),
    ):
        play.remember(f"form {path}", visit.post(path, token=form_token, **fields))
    play.remember("foreign form", visit.post("/halt", origin="https://evil.example", verb="halt", why=why))
    canaries.secrets.pop("form token")  # every page of this login carries it
    return visit


def by_postbacks(play: Play) -> None:
    """Of the gateway, and of others who know the token, or do not."""
    stage, canaries = play.stage, play.canaries
    stage.simulator.faults.arm(Fault(kind=FaultKind.REFUSE, text=f"bad number {canaries.phone('gateway')}"))
    stage.wait_for(lambda: any(each.postback_url for each in stage.simulator.truth.sessions))
    session = next(each for each in stage.simulator.truth.sessions if each.postback_url)
    token = canaries.secret("postback token", session.postback_url.rpartition("/")[2])
    record = (
        f'"{session.id}","{canaries.plain("postback")}","OK","","2026-03-02 10:00:00","{canaries.phone("carrier")}"'
    )
    for place in (token, canaries.secret("forged token", "c0ffee" * 5 + "c0")):
        for body in (record, canaries.phone("postback"), record + canaries.phone("postback") * 5_000, f"var={record}"):
            play.ask("POST", f"/postbacks/{place}", data=body)


def by_the_command_line(play: Play, capsys: pytest.CaptureFixture[str]) -> None:
    """A person at a terminal; what they type there is theirs, what is said there is everybody's."""
    stage, canaries = play.stage, play.canaries
    contacts = stage.folder / f"{canaries.plain('file name')}.csv"
    contacts.write_text(f"phone\n{canaries.phone('cli')}\nn/a {canaries.phone('cli row left out')}\n")
    send = ["send", str(contacts), "--caller-id", CALLER_ID, "--audio-title", "Reminder", "--json"]
    (newest,) = campaigns.newest(stage.redis, most=1)
    commands = [
        [*send, "--key", "cli"],
        ["list"],
        ["list", "--json"],
        ["show", newest.id],
        ["quarantine"],
        ["webhooks", "list"],
    ]
    env = {"REDIS_URL": stage.redis_server.url, "GATEWAY_URL": stage.simulator.base_url, "GATEWAY_UID": "demo"}
    env |= {"GATEWAY_PASSWORD": canaries.secrets["gateway password"], "LOG_LEVEL": "DEBUG"}
    for command in commands:
        main(command, env, _now)
        said = capsys.readouterr()
        play.heard.append((f"python -m jobs {command[0]}", said.out.replace(str(contacts), "FILE") + said.err))


def look_at_everything(play: Play, bearer: dict[str, str], visit: Visit) -> None:
    """All that a program or a person sees who may see no whole phones, when all is over."""
    stage = play.stage
    found = campaigns.newest(stage.redis, most=10)
    for each in found:
        stage.wait_until_over(each.id)
    stage.wait_for(lambda: len(play.receiver.bodies) > len(found))
    paths = ["/v1/campaigns", "/v1/do-not-dial", "/v1/unknowns", "/v1/balance", "/metrics"]
    paths += ["/healthz", "/readyz", "/rq/0/data/queues.json", "/rq/0/data/workers.json"]
    for each in found:
        paths += [f"/v1/campaigns/{each.id}{more}" for more in ("", "/results?format=csv", "/excluded?format=jsonl")]
    for path in paths:
        play.ask("GET", path, headers=bearer)
    pages = ["/", "/unknowns", "/days", "/do-not-dial", "/halt", "/looks", "/webhooks", "/rq/"]
    pages += [place for each in found for place in (f"/campaigns/{each.id}", f"/submissions/{each.id}-1")]
    registries = ("queued", "finished", "failed")
    pages += [
        f"/rq/0/data/jobs/{queue}/{each}/8/asc/1.json" for queue in ("campaigns", "control") for each in registries
    ]
    for path in pages:
        play.remember(path, visit.get(path))
    for job in set(re.findall(r"rq:job:([0-9a-f-]{36})", all_that_rq_stores(stage.redis))):
        play.remember("/rq/ job", visit.get(f"/rq/0/data/job/{job}.json"))
    play.heard += [("webhook's body", each.decode()) for each in play.receiver.bodies]


def while_redis_is_away(play: Play, bearer: dict[str, str], visit: Visit) -> None:
    """The same doors, when nobody can look anything up."""
    canaries, stage = play.canaries, play.stage
    campaign = {"caller_id": CALLER_ID, "audio_title": "Reminder", "recipients": [canaries.phone("json")]}
    key = {"Idempotency-Key": canaries.phone("key")}
    acts: list[Callable[[], object]] = [
        lambda: play.ask("POST", "/v1/campaigns", json=campaign, headers=bearer | key),
        lambda: play.remember("page", visit.get(f"/campaigns/{canaries.plain('path')}")),
        lambda: play.ask("POST", f"/postbacks/{canaries.secrets['postback token']}", data=canaries.phone("postback")),
        lambda: play.ask("GET", "/metrics", headers=bearer),
        lambda: play.ask("GET", f"/rq/0/view/job/{canaries.plain('path')}", headers=bearer),
        lambda: play.remember("sign-in", Visit(stage.web_url).sign_in("dana", canaries.secrets["login password"])),
    ]
    stage.redis_server.kill()
    with ThreadPoolExecutor(len(acts)) as pool:
        for act in [pool.submit(act) for act in acts]:
            act.result()
    stage.redis_server.start()
    stage.wait_for(lambda: requests.get(f"{stage.web_url}/v1/campaigns", headers=bearer, timeout=20).ok)


def where_the_ledger_is_rotten(play: Play, visit: Visit) -> None:
    """A fault of ours: what cannot be read is in the log, as a traceback without what could not be read."""
    canaries, redis = play.canaries, play.stage.redis
    rotten = {"name": "rotten", "url": f"https://x.example/{canaries.secret('rotten path')}", "secrets": "whsec_"}
    rotten["secrets"] += canaries.secret("rotten secret", "cm90dGVuLWNhbmFyeS1yb3R0ZW4tY2FuYXJ5")
    rotten["topics"] = canaries.phone("rotten")
    redis.hset("dropline:webhooks", "rotten", json.dumps(rotten))
    answer = play.remember("fault", visit.get("/webhooks"))
    assert answer.status_code == 500
    play.stage.wait_for(lambda: "ValidationError" in play.stage.log_path.read_text())
    redis.hdel("dropline:webhooks", "rotten")


def listen(play: Play) -> Iterator[tuple[str, str]]:
    """Every place where a canary could sing, and what is said there."""
    stage = play.stage
    for line in dict.fromkeys(stage.log_path.read_text().splitlines()):
        yield f"log {line[:400]}", line
    yield "a command line", command_lines(process.pid for process in stage.workers)
    yield "what RQ stores", all_that_rq_stores(stage.redis)
    for key, text in stored(stage.redis, "dropline:*").items():
        if not key.startswith(tuple(BELONGS)):
            yield f"ledger {key}", text
    yield from play.heard


def _answers(address: str) -> bool:
    with suppress(requests.RequestException):
        return requests.get(f"{address}/healthz", timeout=5).ok
    return False


def _now() -> datetime:
    return datetime.now(UTC)
