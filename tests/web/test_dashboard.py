"""RQ's own pages behind our door: they work, show nothing that could harm, and do nothing for who may only watch."""

import pickle
import re
import socket
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import requests
from redis import Redis
from rq import Queue, SimpleWorker
from rq.job import Job

from config.queues import CAMPAIGNS, STATUS
from jobs.ringing.queues import open_queue
from tests.web.front_door import front_door, make_site
from tests.web.visitors import CONTROLLER, SENDER, WATCHER, by_header
from web.__main__ import Server
from web.dashboard.door import THREADS

PHONE = "6175550142"
PASSWORD = "canary-Pa55word"
URL = f"https://audio.example.com/reminder.wav?sig={PASSWORD}"
CANARIES = (PHONE, PHONE[-7:], "(617) 555-0142", PASSWORD, "audio.example.com", "<b>")
CAMPAIGN = {"caller_id": "6175550100", "audio_url": URL, "recipients": ["(617) 555-0142", PHONE]}
CONTROLS = {**CONTROLLER, "Authorization": "x"}
REGISTRIES = ("queued", "scheduled", "deferred", "started", "finished", "failed", "canceled")


@pytest.fixture
def address(redis: Redis) -> Iterator[str]:
    with front_door(make_site(redis, {"GATEWAY_PASSWORD": PASSWORD}), [by_header]) as address:
        yield f"{address}/rq"


def hand_in(queue: Queue, function: str, *args: Any, **options: Any) -> Job:
    """As another system does it, with RQ's own description."""
    return queue.enqueue(function, args=args, meta={"said": f"{PHONE} {URL} <b>"}, **options)


def work(redis: Redis, queue: Queue) -> None:
    """All that waits, done by a worker."""
    SimpleWorker([queue], connection=redis, serializer="json").work(burst=True)


@pytest.fixture
def jobs(redis: Redis) -> Iterator[dict[str, Job]]:
    """One of each kind, canaries in all that a producer can write; a worker is busy with one of them."""
    queue = open_queue(redis, CAMPAIGNS)
    failed = hand_in(queue, "builtins.int", f"{PHONE}, token={PASSWORD} at {URL} <b>")
    finished = hand_in(queue, "builtins.str", f"{PHONE} {URL} <b>")
    work(redis, queue)
    running = queue.enqueue("jobs.entrypoints.submit_campaign", kwargs={"campaign": CAMPAIGN, "key": "k"})
    worker = SimpleWorker([queue], connection=redis, serializer="json")
    worker.register_birth()  # type: ignore[no-untyped-call]  # rq leaves it without types
    worker.prepare_execution(running)
    waiting = queue.enqueue("jobs.entrypoints.submit_campaign", kwargs={"campaign": CAMPAIGN, "key": "k"})
    deferred = hand_in(queue, "builtins.str", PHONE, depends_on=waiting)
    bell = queue.enqueue(
        "jobs.entrypoints.send_submissions", kwargs={"submission_ids": ["bcdf-1", "bcdf-2"]}, description=PHONE
    )
    yield {
        "failed": failed, "finished": finished, "running": running, "waiting": waiting, "deferred": deferred,
        "bell": bell,
    }  # fmt: skip  # one of each
    worker.register_death()  # type: ignore[no-untyped-call]


def get(address: str, path: str, **options: Any) -> requests.Response:
    return requests.get(f"{address}/{path}", headers=WATCHER, timeout=60, **options)


def everything(jobs: dict[str, Job]) -> list[str]:
    """Every page and document that there is to look at."""
    lists = [f"jobs/{queue}/{registry}/8/asc/1" for queue in ("campaigns", "status") for registry in REGISTRIES]
    views = ["", "0/view", "0/view/queues", "0/view/workers", "0/view/jobs", *(f"0/view/{each}" for each in lists)]
    data = ["0/data/queues.json", "0/data/workers.json", *(f"0/data/{each}.json" for each in lists)]
    views += [f"0/view/job/{job.id}" for job in jobs.values()]
    return views + data + [f"0/data/job/{job.id}.json" for job in jobs.values()]


def test_every_page_works_and_no_canary_sings(redis: Redis, address: str, jobs: dict[str, Job]) -> None:
    assert PHONE in str(redis.hget(jobs["failed"].key, "description"))  # as RQ wrote it for its producer
    for path in everything(jobs):
        page = get(address, path)
        assert page.status_code == 200, path
        said = page.text.replace("<b>destructive</b>", "")
        assert [canary for canary in CANARIES if canary in said] == [], path
        assert "redis://" not in page.text, path


def test_what_is_harmless_is_shown(address: str, jobs: dict[str, Job]) -> None:
    failed = get(address, f"0/data/job/{jobs['failed'].id}.json").json()
    assert failed["description"] == "builtins.int"
    assert "ValueError" in failed["exc_info"]
    bell = get(address, f"0/data/job/{jobs['bell'].id}.json").json()
    assert bell["description"] == "jobs.entrypoints.send_submissions submission_ids=bcdf-1 and 1 more"
    deferred = get(address, f"0/data/job/{jobs['deferred'].id}.json").json()
    assert deferred["depends_on"] == [jobs["waiting"].id]
    (worker,) = get(address, "0/data/workers.json").json()["workers"]
    assert worker["current_job"]["call_string"] == "jobs.entrypoints.submit_campaign"


class Bomb:
    """Writes to a file when it is unpickled."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> Any:
        return (Path.write_text, (self.path, "boom"))


def test_nothing_is_unpickled(redis: Redis, address: str, tmp_path: Path) -> None:
    fuse, bomb = tmp_path / "fuse", pickle.dumps(Bomb(tmp_path / "fuse"))
    job = open_queue(redis, STATUS).enqueue("builtins.str")
    redis.hset(job.key, mapping={"data": bomb, "result": bomb, "status": "started"})
    worker = SimpleWorker([STATUS.name], connection=redis, serializer="json")
    worker.register_birth()  # type: ignore[no-untyped-call]  # rq leaves it without types
    worker.prepare_execution(job)
    for path in everything({"bomb": job}):
        assert get(address, path).status_code == 200, path
    redis.hset(job.key, "meta", bomb)
    for path in everything({"bomb": job}):
        get(address, path)
    worker.register_death()  # type: ignore[no-untyped-call]
    assert not fuse.exists()


def test_only_who_may_read_is_let_in(address: str) -> None:
    assert requests.get(f"{address}/", timeout=60).status_code == 401
    assert requests.get(f"{address}/static/css/main.css", timeout=60).status_code == 401
    assert requests.get(f"{address}/", headers=SENDER, timeout=60).status_code == 403


VERBS = (
    "job/{}/delete", "job/{}/requeue", "requeue/campaigns", "queue/campaigns/failed/empty",
    "queue/campaigns/queued/empty", "queue/campaigns/compact",
)  # fmt: skip  # all there are


def state(redis: Redis) -> list[Any]:
    queue = open_queue(redis, CAMPAIGNS)
    return [queue.get_job_ids(), redis.zrange(queue.failed_job_registry.key, 0, -1), sorted(redis.keys("rq:job:*"))]


def test_who_may_only_watch_changes_nothing(redis: Redis, address: str, jobs: dict[str, Job]) -> None:
    before, home = state(redis), {**WATCHER, "Origin": address.removesuffix("/rq")}
    for verb in VERBS:
        url = f"{address}/{verb.format(jobs['failed'].id)}"
        for method in ("GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH", "QUERY"):
            answer = requests.request(method, url, headers=home, timeout=60)
            assert (verb, method, answer.status_code) == (verb, method, 403)
    assert state(redis) == before


def test_nothing_changes_by_anything_but_a_post_from_our_own_pages(
    redis: Redis, address: str, jobs: dict[str, Job]
) -> None:
    before = state(redis)
    for url in (f"{address}/{verb.format(jobs['failed'].id)}" for verb in VERBS):
        for method in ("GET", "HEAD", "PUT", "DELETE"):
            assert requests.request(method, url, headers=CONTROLLER, timeout=60).status_code == 405
        for elsewhere in ({}, {"Origin": "https://elsewhere.example.com"}, {"Origin": "null"}):
            assert requests.post(url, headers={**CONTROLLER, **elsewhere}, timeout=60).status_code == 403
    assert state(redis) == before


def test_what_rq_finds_nothing_to_do_for_is_no_outage(redis: Redis, address: str) -> None:
    home = {**CONTROLLER, "Origin": address.removesuffix("/rq")}
    refused = requests.post(f"{address}/queue/status/compact", headers=home, timeout=60)
    assert (refused.status_code, "nothing to do" in refused.text) == (409, True)


def test_who_may_control_requeues_and_deletes(redis: Redis, address: str, jobs: dict[str, Job]) -> None:
    home = {**CONTROLLER, "Origin": address.removesuffix("/rq")}
    before = redis.hget(jobs["failed"].key, "description")
    assert requests.post(f"{address}/job/{jobs['failed'].id}/requeue", headers=home, timeout=60).json() == {
        "status": "OK"
    }
    assert jobs["failed"].id in open_queue(redis, CAMPAIGNS).get_job_ids()
    assert redis.hget(jobs["failed"].key, "description") == before  # what is shown does not take its place
    assert requests.post(f"{address}/job/{jobs['bell'].id}/delete", headers=home, timeout=60).json()["status"] == "OK"
    assert not redis.exists(jobs["bell"].key)
    token = {**CONTROLLER, "Authorization": "Bearer of a program, which has no origin"}
    assert requests.post(f"{address}/requeue/campaigns", headers=token, timeout=60).json() == {
        "count": 0,
        "status": "OK",
    }


@pytest.mark.parametrize(
    "path",
    ["1/view/queues", "0/view/jobs/campaigns/everything/8/asc/1", "0/data/jobs/campaigns/queued/5000/asc/1.json",
     "0/data/jobs/campaigns/queued/0/asc/1.json", "requeue/campaigns", "job/some-job/cancel",
     "0/view/job/%00", "0/data/job/%ff.json", "0/view/job/a%20b"],
)  # fmt: skip  # each not on the list
def test_what_is_not_on_the_list_is_refused(address: str, path: str) -> None:
    assert get(address, path).status_code == 403


def test_bodies_that_drip_hold_no_thread_and_are_given_up(redis: Redis) -> None:
    servers: list[Server] = []
    told = "POST /rq/job/x/delete HTTP/1.1\r\nHost: x\r\nAuthorization: x\r\nX-Test-Scopes: read control\r\n"
    with front_door(make_site(redis), [by_header], on_server=servers.append) as address, ExitStack() as drips:
        servers[0].app.state.form_within_s = 1.0
        where = urlsplit(address)
        lines = [
            drips.enter_context(socket.create_connection((where.hostname, where.port), 30)) for _ in range(THREADS + 1)
        ]
        for line in lines:
            line.sendall(f"{told}Content-Length: 9\r\n\r\n1".encode())
        assert get(f"{address}/rq", "0/view").status_code == 200
        assert {line.recv(12) for line in lines} == {b"HTTP/1.1 408"}
        too_large = requests.post(f"{address}/rq/job/x/delete", data=b"x" * 70_000, headers=CONTROLS, timeout=10)
        assert too_large.status_code == 413


def test_its_pages_lead_back_and_wear_our_colours(address: str, jobs: dict[str, Job]) -> None:
    for path in ("", "0/view/jobs", "0/view/workers", f"0/view/job/{jobs['failed'].id}"):
        page = get(address, path).text
        assert "<title>Queues · Dropline</title>" in page
        assert '<a href="/">' in page
        assert '<a class="halt" href="/halt">' in page
        for style in re.findall(r'href="(/static/(?:colours|queues)\.\w+\.css)"', page):
            assert requests.get(f"{address.removesuffix('/rq')}{style}", timeout=10).status_code == 200
        assert page.count('href="/static/') == 2


def test_a_job_that_is_gone_is_said_to_be_gone(address: str) -> None:
    answer = get(address, "0/view/job/long-gone")
    assert (answer.status_code, "no such job" in answer.text, '<a href="/">' in answer.text) == (404, True, True)


def test_buttons_are_for_those_who_may_press_them(address: str) -> None:
    watched = get(address, "0/view/jobs").text
    controlled = requests.get(f"{address}/0/view/jobs", headers=CONTROLLER, timeout=60).text
    assert "display: none !important" in watched
    assert "display: none !important" not in controlled


def test_pages_have_a_policy_that_lets_in_no_script_but_their_own(address: str) -> None:
    pages = [get(address, "0/view/jobs") for _ in range(2)]
    policies = [page.headers["content-security-policy"] for page in pages]
    assert policies[0] != policies[1]  # a nonce is used once
    for page, policy in zip(pages, policies, strict=True):
        assert "default-src 'none'" in policy
        assert "'unsafe-inline'" not in policy.partition("style-src")[0]
        nonce = policy.partition("'nonce-")[2].partition("'")[0]
        assert page.text.count(f'<script nonce="{nonce}">') == 1


def test_a_person_whose_login_is_over_is_led_to_the_form_and_a_program_is_told(address: str) -> None:
    browser = {"Accept": "text/html,application/xhtml+xml"}
    led = requests.get(f"{address}/", headers=browser, timeout=60, allow_redirects=False)
    assert (led.status_code, led.headers["Location"]) == (303, "/sign-in?to=%2Frq%2F")
    assert requests.get(f"{address}/0/data/queues.json", timeout=60).status_code == 401
    assert requests.post(f"{address}/job/x/delete", headers=browser, timeout=60).status_code == 401


def test_without_javascript_a_page_says_that_what_it_loads_never_comes(address: str) -> None:
    words = re.findall("<noscript>(.*?)</noscript>", requests.get(f"{address}/", headers=WATCHER, timeout=10).text)
    assert ["which is off here" in each for each in words] == [True]
