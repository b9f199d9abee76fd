"""What changes on a page while somebody looks at it, as server-sent events.

Law of the room: one thread draws for everybody, each page once however many look at it; who is slow gets the newest and
not what was missed; a login that is over is told nothing more, however much there is to tell; and nobody holds up the
end of the process.
"""

import asyncio
import json
from collections import Counter
from collections.abc import AsyncIterator, Callable, Hashable
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from threading import Event, Lock, Thread

import structlog
from fastapi import APIRouter
from redis.exceptions import RedisError
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from config.outage import OUT_OF_REACH
from jobs.campaigns.control import VERBS
from web.pages import board, campaign, halts
from web.pages import unknowns as cases
from web.pages.board import register_of
from web.pages.refusals import Refused
from web.pages.route import PageRoute, Reader, reader
from web.site import OurSite, Site

EVERY_S = 1.0
"""The wait between two rounds of drawing."""
BEAT_S = 15
"""So often it is looked whether a visitor may still be told, news or none; without news, a line says we are there."""
MOST = 200
"""Pages that are open at the same time; whoever comes then has one that stands still."""
MOST_OF_ONE = 10
"""Of those, by one visitor's name, so that nobody takes the places of all others."""
AGAIN_S = 3.0
"""So long a browser waits before it comes back to a process that has let it go."""
AWAY = "away"
"""Among the parts, beside their places: why what is shown may be old, empty while it is not."""

Parts = dict[str, str]
Draw = Callable[[], Parts]

router = APIRouter(route_class=PageRoute, include_in_schema=False)
log = structlog.get_logger()


class Listener:
    """One open page: what it has not been sent yet, the newest of each part."""

    def __init__(self, who: str = "") -> None:
        self.who = who
        self._loop = asyncio.get_running_loop()
        self._news = asyncio.Event()
        self._parts: Parts = {}
        self.is_new = True
        self.is_over = False

    def offer(self, parts: Parts) -> None:
        """From any thread: these parts are news."""
        self.is_new = False
        with suppress(RuntimeError):  # the loop has ended, and with it whoever listened
            self._loop.call_soon_threadsafe(self._take, parts)

    def end(self) -> None:
        """From any thread: nothing comes any more."""
        self.is_over = True
        self.offer({})

    def _take(self, parts: Parts) -> None:
        self._parts.update(parts)
        if parts or self.is_over:
            self._news.set()

    async def next(self, patience_s: float) -> Parts:
        """What is new; nothing where nothing is for so long, or it is over."""
        with suppress(TimeoutError):
            await asyncio.wait_for(self._news.wait(), patience_s)
        self._news.clear()
        parts, self._parts = self._parts, {}
        return parts


@dataclass(slots=True)
class _Page:
    """A page that somebody looks at, and how it was drawn last."""

    draw: Draw
    parts: Parts = field(default_factory=dict)
    listeners: set[Listener] = field(default_factory=set)
    trouble: type[Exception] | None = None
    """Why it could not be drawn last."""


class Feed:
    """All open pages of a process. Its thread lives while there are any."""

    def __init__(
        self,
        *,
        every_s: float = EVERY_S,
        beat_s: float = BEAT_S,
        most: int = MOST,
        most_of_one: int = MOST_OF_ONE,
        again_s: float = AGAIN_S,
    ) -> None:
        self.beat_s = beat_s
        self.again_s = again_s
        self._every_s = every_s
        self._most, self._most_of_one = most, most_of_one
        self._lock = Lock()
        self._pages: dict[Hashable, _Page] = {}
        self._thread: Thread | None = None
        self._ended = Event()

    def join(self, page: Hashable, draw: Draw, listener: Listener) -> bool:
        """Have a page drawn for somebody; False where there are too many, theirs or all, or this is the end."""
        with self._lock:
            open_of = Counter(each.who for each_page in self._pages.values() for each in each_page.listeners)
            if self._ended.is_set() or open_of.total() >= self._most or open_of[listener.who] >= self._most_of_one:
                return False
            self._pages.setdefault(page, _Page(draw)).listeners.add(listener)
            if self._thread is None:
                self._thread = Thread(target=self._go_on, name="feed", daemon=True)
                self._thread.start()
        return True

    def leave(self, page: Hashable, listener: Listener) -> None:
        """Somebody has gone."""
        with self._lock:
            if found := self._pages.get(page):
                found.listeners.discard(listener)
                if not found.listeners:
                    del self._pages[page]

    @property
    def count(self) -> int:
        """How many pages are open."""
        return sum(len(each.listeners) for each in self._pages.values())

    def end(self) -> None:
        """Let everybody go."""
        self._ended.set()
        with self._lock:
            for page in self._pages.values():
                for listener in page.listeners:
                    listener.end()

    def _go_on(self) -> None:
        while not self._ended.wait(self._every_s):
            with self._lock:
                pages = list(self._pages.values())
                if not pages:
                    self._thread = None
                    return
            for page in pages:
                self._draw(page)

    def _draw(self, page: _Page) -> None:
        try:
            parts = {AWAY: "", **page.draw()}
            page.trouble = None
        except OUT_OF_REACH:  # which is logged by whoever has asked it; the next round may do better
            parts = {**page.parts, AWAY: "Redis does not answer"}
        except Exception as error:
            if page.trouble is not type(error):  # round after round it is the same
                log.warning("page_not_drawn", kind=type(error).__name__)
            page.trouble = type(error)
            parts = {**page.parts, AWAY: "it cannot be drawn"}
        changed = {name: each for name, each in parts.items() if page.parts.get(name) != each}
        page.parts = parts
        with self._lock:
            listeners = list(page.listeners)
        for listener in listeners:
            if listener.is_new or changed:
                listener.offer(parts if listener.is_new else changed)


@router.get("/live")
async def live(
    request: Request,
    site: OurSite,
    visitor: Reader,
    campaign_id: str = "",
    unknowns: str = "",
    status: str = "",
    q: str = "",
    page: str = "1",
    told: str = "",
) -> Response:
    """The parts of a page that have changed, each time they do: the first page's, or a campaign's."""
    if campaign_id:
        number = int(page) if page.isdecimal() and len(page) < 6 else 1
        told = told if told in VERBS else ""
        key: Hashable = (campaign_id, number, told)
        draw: Draw = partial(campaign.parts, site, campaign_id, number, told)
    elif unknowns:
        key, draw = "unknowns", partial(cases.parts, site)
    else:
        key = wanted = board.wanted_of(status, q, page)
        draw = partial(board.parts, site, register_of(request), wanted)
    feed, listener = feed_of(request), Listener(visitor.name)
    if not feed.join(key, partial(_whole, site, draw), listener):
        what = f"Too many pages are open: {MOST_OF_ONE} of yours, or {MOST} in all."
        raise Refused(503, what, "They are read all the same. Close one, and load this one again to have it follow.")
    headers = {"X-Accel-Buffering": "no"}
    return StreamingResponse(_events(request, feed, key, listener), media_type="text/event-stream", headers=headers)


def _whole(site: Site, draw: Draw) -> Parts:
    """What is drawn, and what every page has; an outage that keeps it from that is told once, however many are open."""
    try:
        parts = {**draw(), **halts.parts(site)}
    except OUT_OF_REACH as error:
        site.outage.note(error)
        raise
    site.outage.end()
    return parts


def feed_of(request: Request) -> Feed:
    """The one of this process."""
    found: Feed = request.app.state.feed
    return found


async def _events(request: Request, feed: Feed, page: Hashable, listener: Listener) -> AsyncIterator[str]:
    clock = asyncio.get_running_loop().time
    look_at = clock() + feed.beat_s  # by the clock: where there is always news, nothing is ever silent
    try:
        yield f"retry: {feed.again_s * 1000:.0f}\n\n"
        while not listener.is_over:
            parts = await listener.next(max(0.0, look_at - clock()))
            if clock() >= look_at:
                if not await run_in_threadpool(_may_stay, request):
                    return
                look_at = clock() + feed.beat_s
            yield f"data: {json.dumps(parts)}\n\n" if parts else ": here\n\n"
    finally:
        feed.leave(page, listener)


def _may_stay(request: Request) -> bool:
    """Whether the login still holds; a ledger that is out of reach for a while ends none."""
    try:
        reader(Request({**request.scope, "state": {}}))  # whatever was found out about it before may be over
    except RedisError:  # nothing could be drawn either, so nothing is told to anybody
        return True
    except Exception:  # whatever it is, the browser asks again, and is told then
        return False
    return True
