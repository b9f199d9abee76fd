"""`POST /postbacks/{token}`: the gateway's call records, answered `OK` when they are in the ledger, and not before.

Law of the room: the token is a secret and is in no log. Whatever comes, from whomever and however slowly, costs a
bounded piece of memory for a bounded time, and no thread.
"""

import asyncio
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from enum import StrEnum

import structlog
from fastapi import FastAPI
from redis.exceptions import RedisError
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from config import durability
from config.durability import UnfitServer
from jobs.campaigns.desk import Desk
from jobs.gateway.postbacks import LONGEST_BODY
from jobs.ledger.durability import NotDurable
from jobs.outcomes.hear import Heard, Posted, hear_many
from web.allowance import Allowance
from web.commits import Commits, Full
from web.site import Site

PATH = "/postbacks/{token}"

BODY_WITHIN_S = 5
"""From a request's head to the end of its body."""
ANSWER_WITHIN_S = 15
"""From then to the answer: longer than the ledger takes to say that its server is away."""
EACH_PER_S, ALL_PER_S = 4_000, 8_000
"""Of one address, and of all: more than this process can take, so that a flood ends at the door."""

LONGEST_SOURCE = 64
"""Characters of an address. Proxies that are believed may pass on anything, and sources are remembered."""

UNFIT_FOR_S = 5.0
"""A server that keeps too little is asked again after so long: each time costs it a write."""

TOLD_EVERY_S = 10.0
"""So often the log says that postbacks are not stored; in an outage that would be two hundred times a second."""

log = structlog.get_logger(__name__)


class TurnedAway(StrEnum):
    """Why a postback was not even looked at. It is counted in this process, and nothing of it is kept."""

    TOO_MANY = "too_many"
    """Its address, or all of them, have sent too many within a second."""
    TOO_SLOW = "too_slow"
    """Its body did not come in time."""
    GONE = "gone"
    """Its sender hung up before the body was complete."""
    FULL = "full"
    """Too many wait for the ledger already."""
    NO_LEDGER = "no_ledger"
    """The ledger could not say in time that it is safe: its server is away, too slow, or not one to be trusted."""


def _answer(status: int, said: str, *, close: bool = False, retry_after_s: int | None = None) -> Response:
    headers = {"content-type": "text/plain"}
    if close:
        headers["connection"] = "close"  # there may be more of the body on its way
    if retry_after_s is not None:
        headers["retry-after"] = str(retry_after_s)
    return Response(said, status, headers)


OK = _answer(200, "OK")
AGAIN = _answer(503, "not stored; post it again", retry_after_s=5)
FOREIGN = _answer(422, "this is no call of that attempt; nothing was changed")

ANSWERS: Mapping[Heard | TurnedAway, Response] = {
    **dict.fromkeys((each for each in Heard if each.is_in), OK),
    Heard.UNKNOWN_TOKEN: _answer(404, "nobody posts here"),
    Heard.FOREIGN_SESSION: FOREIGN,
    Heard.FOREIGN_PHONE: FOREIGN,
    Heard.UNREADABLE: _answer(422, "this is no call record; nothing was changed"),
    Heard.OVERSIZED: _answer(413, f"a call record has at most {LONGEST_BODY} bytes", close=True),
    Heard.UNSETTLED: AGAIN,
    Heard.FAILED: AGAIN,
    TurnedAway.TOO_MANY: _answer(429, "too many at once; post it again", close=True, retry_after_s=1),
    TurnedAway.TOO_SLOW: _answer(408, "the body did not come in time", close=True),
    TurnedAway.GONE: _answer(400, "the body is not whole", close=True),
    TurnedAway.FULL: _answer(503, "too many at once; post it again", retry_after_s=1),
    TurnedAway.NO_LEDGER: AGAIN,
}
"""Nothing is called `OK` that has not said all that it had to say: docs/postbacks.md has the reasons."""


class Postbacks:
    """The endpoint; an ASGI application, for a route that does more would do it two thousand times a second."""

    def __init__(
        self, commits: Commits[Posted, Heard], allowance: Allowance, *, body_within_s: float = BODY_WITHIN_S
    ) -> None:
        self.turned_away: Counter[TurnedAway] = Counter()
        """Since this process began."""
        self._commits = commits
        self._allowance = allowance
        self.body_within_s = body_within_s

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        came_to = await self._take(scope, receive)
        if isinstance(came_to, TurnedAway):
            self.turned_away[came_to] += 1
        await ANSWERS[came_to](scope, receive, send)

    async def _take(self, scope: Scope, receive: Receive) -> Heard | TurnedAway:
        source = scope["client"][0][:LONGEST_SOURCE] if scope["client"] else ""
        if not self._allowance.admits(source, time.monotonic()):
            return TurnedAway.TOO_MANY
        try:
            async with asyncio.timeout(self.body_within_s):
                body = await _body_of(receive)
        except TimeoutError:
            return TurnedAway.TOO_SLOW
        if body is None:
            return TurnedAway.GONE
        token, _, testimony = scope["path_params"]["token"].partition("-")
        return await self._commit(Posted(token, body, source, testimony))

    async def _commit(self, posted: Posted) -> Heard | TurnedAway:
        try:
            async with asyncio.timeout(ANSWER_WITHIN_S):
                return await self._commits.add(posted)
        except Full:
            return TurnedAway.FULL
        except (TimeoutError, RedisError, NotDurable, UnfitServer):
            return TurnedAway.NO_LEDGER


async def _body_of(receive: Receive) -> bytes | None:
    """The body, whatever its head said of it; of one that is too long its beginning, None where the sender hung up."""
    body = bytearray()
    more = True
    while more and len(body) <= LONGEST_BODY:
        event = await receive()
        if event["type"] != "http.request":
            return None
        body += event.get("body", b"")
        more = event.get("more_body", False)
    return bytes(body[: LONGEST_BODY + 1])


class Hearing:
    """Hears batches, as durably as the server allows; asks it anew after trouble, for another may answer then."""

    def __init__(self, site: Site, *, stopwatch: Callable[[], float] = time.monotonic) -> None:
        self._site = site
        self._stopwatch = stopwatch
        self._desk: Desk | None = None
        self._unfit: UnfitServer | None = None
        self._unfit_until_s = 0.0
        self._not_told, self._silent_until_s = 0, 0.0

    def __call__(self, posted: Sequence[Posted]) -> list[Heard]:
        """`hear_many`; raises `UnfitServer`, too."""
        if self._unfit and self._stopwatch() < self._unfit_until_s:
            self._tell(len(posted), self._unfit)
            raise self._unfit.with_traceback(None)  # or it would remember all who ever raised it
        self._unfit = None
        try:
            self._desk = self._desk or self._durable_desk()
            return hear_many(self._desk, posted)
        except Exception as trouble:
            self._desk = None
            if isinstance(trouble, UnfitServer):
                self._unfit, self._unfit_until_s = trouble, self._stopwatch() + UNFIT_FOR_S
            self._tell(len(posted), trouble)
            raise

    def _tell(self, count: int, trouble: Exception) -> None:
        """How many since the line before, and why the last of them."""
        self._not_told += count
        if self._stopwatch() >= self._silent_until_s:
            log.error("postbacks_not_stored", count=self._not_told, why=str(trouble))
            self._not_told, self._silent_until_s = 0, self._stopwatch() + TOLD_EVERY_S

    def _durable_desk(self) -> Desk:
        site, wanted = self._site, self._site.settings.durability
        return replace(site.desk, durability=durability.require(site.redis, wanted).used_for(wanted))


def open_door(app: FastAPI, site: Site) -> Postbacks:
    """Have the application take postbacks."""
    door = Postbacks(Commits(Hearing(site)), Allowance(each_per_s=EACH_PER_S, all_per_s=ALL_PER_S))
    app.add_route(PATH, door, methods=["POST"], include_in_schema=False)  # type: ignore[arg-type]  # an ASGI application
    return door
