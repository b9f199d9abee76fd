"""The page in a real browser: a person watches, pauses, decides, and reads it on a phone.

With SCREENSHOTS set to a folder the pictures of docs/page.md are written into it: `make pictures`.
"""

import os
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Literal
from urllib.parse import quote

import pytest
from playwright.sync_api import Browser, ViewportSize, expect
from redis import Redis
from rq import Queue, Worker

from config.queues import QUEUES
from jobs.campaigns.do_not_dial import Verb
from jobs.campaigns.plan import plan
from jobs.contacts import Row
from jobs.gateway.simulator import Fault, FaultKind
from jobs.ledger import amnesia, campaigns, keys, leadership
from jobs.models import Intent, SubmissionState, Terms
from jobs.producer import Producer
from tests.end_to_end.stage import Stage, people
from tests.web import samples
from tests.web.browser import NARROW, PHONE, WIDE, Desk, browsing, seated
from tests.web.front_door import front_door, make_site
from tests.web.people import add
from web.__main__ import Server
from web.pages.live import Feed

pytestmark = pytest.mark.processes

PATHS = ["/", "/campaigns/fghjkmnq", "/unknowns", "/unknowns/cdfghjkn-2", "/submissions/fghjkmnq-1", "/days"]
PATHS += ["/do-not-dial", "/halt", "/looks", "/webhooks", "/rq/", "/rq/0/view/jobs", "/campaigns/nobody"]

PICTURE: ViewportSize = {"width": 1120, "height": 780}
PICTURES: list[tuple[str, str, ViewportSize, Literal["light", "dark"]]] = [
    ("campaigns", "/", PICTURE, "light"),
    ("campaign", "/campaigns/fghjkmnq", PICTURE, "dark"),
    ("unknown", "/unknowns/cdfghjkn-2", PICTURE, "light"),
    ("phone", "/campaigns/fghjkmnq", PHONE, "light"),
]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with browsing() as opened:
        yield opened


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    """A gateway whose calls take ten minutes, so that nothing ends before it is paused."""
    with Stage(tmp_path, speed=1, calls_per_second=5) as made:
        add(made.redis, "dana")
        yield made


def test_a_person_watches_a_campaign_pauses_it_and_decides_what_is_unknown(stage: Stage, browser: Browser) -> None:
    stage.simulator.faults.arm(Fault(kind=FaultKind.RESET_BEFORE_ACCEPTING, times=1))
    lost = stage.submit(["6175550123"], key="lost")
    stage.start_worker()
    stage.wait_for(lambda: stage.view(lost).submissions.get(SubmissionState.UNKNOWN) == 1)
    going = stage.submit(people(3_000), key="going")
    with front_door(make_site(stage.redis)) as address, seated(browser, address) as dana:
        dana.sign_in()
        expect(dana.page.get_by_text("1 submission waits for evidence or for you")).to_be_visible()
        watch_and_pause(dana, going)
        decide(dana, f"{lost}-1")
        assert dana.complaints == []
    stage.wait_for(lambda: stage.view(going).status == "paused")
    assert stage.view(lost).submissions == {SubmissionState.GIVEN_UP: 1}


def watch_and_pause(dana: Desk, campaign_id: str) -> None:
    """Without loading the page again: what happens comes by itself."""
    dana.go(f"/campaigns/{campaign_id}")
    page = dana.page
    expect(page.locator("#pulse")).to_have_text("Live")
    expect(page.locator("#status")).to_contain_text("running")
    expect(page.locator("#progress")).to_contain_text("delivered")
    expect(page.locator("#overtime svg")).to_be_visible()
    page.get_by_label("Why").first.fill("hear it again")
    page.get_by_role("button", name="Pause").click()
    expect(page.get_by_text("Nothing new starts from this moment")).to_be_visible()
    expect(page.locator("#status")).to_contain_text("paused")
    expect(page.locator("#requests")).to_contain_text("pause by dana")


def decide(dana: Desk, submission_id: str) -> None:
    """With the keyboard alone."""
    page = dana.page
    page.get_by_role("link", name="Unknowns").focus()
    page.keyboard.press("Enter")
    expect(page.locator("#cases")).to_contain_text(submission_id)
    dana.go(f"/unknowns/{submission_id}")
    page.get_by_label("Nobody will ever know").focus()
    page.keyboard.press("Space")
    page.get_by_label("I know better").focus()  # nobody has looked for it yet
    page.keyboard.press("Space")
    page.get_by_label("Why").focus()
    page.keyboard.type("nobody needs that call any more")
    page.keyboard.press("Enter")
    expect(page.get_by_text("It is given up")).to_be_visible()
    expect(page.locator(".evidence")).to_contain_text("by dana")


@pytest.fixture
def address(redis: Redis) -> Iterator[str]:
    """A page with something of everything on it, and a whole crew at work."""
    now = datetime.now(UTC)
    samples.fill(redis, now=now)
    add(redis, "dana")
    leadership.hold(redis, "scheduler.1", now=now, lasts=timedelta(minutes=10))
    for queue in QUEUES:
        worker = Worker([Queue(queue.name, connection=redis)], name=f"worker.1-{queue.name}", connection=redis)
        worker.register_birth()  # type: ignore[no-untyped-call]  # rq leaves it without types
        worker.set_state("idle")
    with front_door(make_site(redis)) as address:
        yield address


def test_every_page_fits_its_window_can_be_read_and_nothing_is_blocked(address: str, browser: Browser) -> None:
    for size in (WIDE, NARROW):
        with seated(browser, address, size=size) as dana:
            dana.go("/sign-in")
            assert dana.overflow <= 0, ("/sign-in", size)
            dana.sign_in()
            dana.go("/")
            skip = dana.page.get_by_role("link", name="To the content")
            dana.page.keyboard.press("Tab")
            expect(skip).to_be_in_viewport(ratio=1)
            expect(skip).to_have_css("outline-style", "solid")
            for path in PATHS:
                dana.go(path)
                assert dana.overflow <= 0, (path, size)
                if path == "/webhooks":
                    assert all(right <= size["width"] for right in right_edges(dana, "Test"))
                if path != "/campaigns/nobody":
                    expect(dana.page.get_by_role("link", name="Halt")).to_be_in_viewport()
                if size is NARROW:
                    expect(dana.page.get_by_text("Loading...")).to_have_count(0)  # RQ's pages fill their tables
                    assert (path, dana.faint("light"), dana.faint("dark")) == (path, [], [])
            assert [each for each in dana.complaints if "404" not in each] == []  # one of them is a page of that
    if folder := os.environ.get("SCREENSHOTS"):
        take_pictures(Path(folder), browser, address)


def right_edges(dana: Desk, button: str) -> list[float]:
    """Where the buttons of this name end, in pixels from the window's left; not scrolled to."""
    boxes = [each.bounding_box() for each in dana.page.get_by_role("button", name=button).all()]
    assert boxes
    return [box["x"] + box["width"] for box in boxes if box]


def test_a_page_that_lost_its_process_says_since_when_and_is_live_again_without_being_loaded(
    redis: Redis, browser: Browser
) -> None:
    samples.fill(redis, now=datetime.now(UTC))
    add(redis, "dana")
    servers: list[Server] = []
    with (
        front_door(make_site(redis), feed=prompt_feed(), on_server=servers.append) as address,
        seated(browser, address) as dana,
    ):
        state, pulse = servers[0].app.state, dana.page.locator("#pulse")
        dana.page.clock.install(time="2026-11-23T12:00:00Z")
        dana.sign_in()
        expect(pulse).to_have_text("Live")
        dana.page.evaluate("window.loadedOnce = true")
        before, state.feed = state.feed, prompt_feed(most=0)
        with dana.page.expect_response(lambda answer: answer.status == 503):  # a browser itself would leave it at that
            before.end()
        expect(pulse).to_have_text(re.compile(r"^Not live since 13:\d\d, trying again$"))
        expect(pulse).to_be_in_viewport()
        state.feed = prompt_feed()
        campaigns.intend(redis, "fghjkmnq", Intent.PAUSE, note="lunch", now=datetime.now(UTC))
        dana.page.clock.run_for(60_000)
        expect(pulse).to_have_text("Live")
        expect(dana.page.locator("#campaigns")).to_contain_text("pausing")
        assert dana.page.evaluate("window.loadedOnce")
        state.feed.end()


def test_a_page_that_was_signed_out_in_another_tab_says_so(redis: Redis, browser: Browser) -> None:
    add(redis, "dana")
    feed = Feed(every_s=0.05, beat_s=0.1, again_s=0.05)
    with front_door(make_site(redis), feed=feed) as address, seated(browser, address) as dana:
        dana.sign_in()
        expect(dana.page.locator("#pulse")).to_have_text("Live")
        other = dana.page.context.new_page()
        other.goto(address)
        other.get_by_role("button", name="Sign out").click()
        expect(dana.page.locator("#pulse")).to_have_text("You are signed out: load this page again to sign in")
        feed.end()


def prompt_feed(most: int = 10) -> Feed:
    """One that draws without delay, and that browsers come back to at once; with no place left, they are refused."""
    return Feed(every_s=0.05, again_s=0.05, most=most)


def take_pictures(folder: Path, browser: Browser, address: str) -> None:
    """What docs/page.md shows."""
    folder.mkdir(exist_ok=True)
    for name, path, size, scheme in PICTURES:
        with seated(browser, address, size=size, scheme=scheme) as dana:
            dana.sign_in()
            dana.go(path)
            dana.page.screenshot(path=folder / f"{name}.png")


SCRIPT = "</title></textarea><script>fetch('/caught')</script><img src=x onerror=\"fetch('/caught')\">'\" {{7*7}}"
"""What a stranger writes who would like to have it run."""


def test_words_of_strangers_are_words_on_every_page(redis: Redis, browser: Browser) -> None:
    """Also where the policy would have to forbid it: that it is asked at all would be said in the console."""
    producer = Producer(redis, lead=timedelta(minutes=10))
    terms = Terms(caller_id="6175550100", audio_title=SCRIPT, title=SCRIPT)
    row = Row(1, "6175550123")
    key = f"key {SCRIPT}"
    campaign_id = producer.submit(terms, plan([row, Row(2, f"n/a {SCRIPT}")]), key=key).campaign_id
    producer.control(campaign_id, "pause", why=SCRIPT, by="dana")
    producer.do_not_dial("default", Verb.ADD, [Row(1, "6175550124")], by="dana", why=SCRIPT, source=SCRIPT[:40])
    redis.hset(keys.submission(f"{campaign_id}-1"), "reason", SCRIPT)
    amnesia.halt(redis, why=SCRIPT, by="dana", now=datetime.now(UTC), durably=False)
    job = Queue("campaigns", connection=redis, serializer="json").enqueue(SCRIPT, SCRIPT, description=SCRIPT)
    add(redis, "dana")
    paths = ["/", f"/?q={quote(SCRIPT)}", f"/campaigns/{campaign_id}", f"/submissions/{campaign_id}-1", "/do-not-dial"]
    paths += ["/halt", "/unknowns", f"/campaigns/{quote(SCRIPT, safe='')}", f"/sign-in?to=/{quote(SCRIPT)}", "/rq/"]
    paths += ["/rq/0/view/jobs", f"/rq/0/view/job/{job.id}"]
    with front_door(make_site(redis)) as address, seated(browser, address) as dana:
        asked: list[str] = []
        dana.page.on("request", lambda request: asked.append(request.url))
        dana.sign_in()
        for path in paths:
            dana.go(path)
            dana.page.wait_for_load_state("networkidle" if "/rq/" in path else "load")
        dana.go(f"/campaigns/{campaign_id}")
        expect(dana.page.get_by_role("heading", level=1)).to_contain_text("<script>")  # it is shown, as what it is
        assert [each for each in asked if each.endswith(("/caught", "/x"))] == []
        assert [each for each in dana.complaints if "404" not in each] == []
