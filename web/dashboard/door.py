"""The door before rq-dashboard: what may be looked at, and by whom it may be told to do something.

Everything that is not on the list of harmless reads is refused without `Scope.CONTROL`, and with it taken by POST
alone, for what is listed, and from our own pages.
"""

import re
from urllib.parse import urlencode

import structlog
from a2wsgi import WSGIMiddleware
from fastapi import FastAPI, HTTPException
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import RedirectResponse
from starlette.types import ASGIApp, Message, Receive, Send
from starlette.types import Scope as Asked

from web.access import Scope, Visitor, require
from web.bodies import Room, bounded
from web.dashboard.pages import VISITOR, application
from web.login import is_from_here
from web.problems import Kind, Refusal
from web.site import Site
from web.turns import check_line

PREFIX = "/rq"
THREADS = 4
"""Requests that are worked on at the same time; its pages ask every few seconds."""

_NAME = r"[^/]{1,200}"
_JOB = r"[A-Za-z0-9_-]{1,200}"
"""As RQ has it; at any other id it raises."""
_REGISTRY = r"(?:queued|scheduled|deferred|started|finished|failed|canceled)"
_PAGE = rf"{_NAME}/{_REGISTRY}/[1-9]\d{{0,2}}/(?:asc|dsc)/[1-9]\d{{0,8}}"

READS = re.compile(
    rf"/|/favicon\.ico|/static/.+|/0/(?:view(?:/queues|/workers|/jobs(?:/{_PAGE})?|/job/{_JOB})?)?"
    rf"|/0/data/(?:queues|workers|jobs/{_PAGE}|job/{_JOB})\.json"
)
"""What changes nothing, below the prefix."""

MOST_BYTES = 65_536
"""Of a body, though no verb needs any."""
MOST_INSIDE = 40
"""Requests that are worked on or wait for one of the threads, of one visitor at most half of them."""

VERBS = re.compile(rf"/job/{_JOB}/(?:delete|requeue)|/requeue/{_NAME}|/queue/{_NAME}/(?:{_REGISTRY}/empty|compact)")
"""What changes something."""

log = structlog.get_logger()


def mount(app: FastAPI, site: Site) -> None:
    """Put rq-dashboard under its prefix. Connects when it is first asked."""
    inner = WSGIMiddleware(application(site), workers=THREADS)  # type: ignore[arg-type]  # two spellings of WSGI
    app.add_route(PREFIX, lambda _: RedirectResponse(f"{PREFIX}/", 308), include_in_schema=False)
    app.mount(PREFIX, _Door(inner))  # type: ignore[arg-type]  # and of ASGI


class _Door:
    """Lets a request in, or raises; leaves word who it is."""

    def __init__(self, inner: ASGIApp) -> None:
        self._inner = inner
        self._room = Room(MOST_INSIDE * MOST_BYTES)

    async def __call__(self, scope: Asked, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            raise HTTPException(404)
        check_line()
        request = Request(scope)
        try:
            visitor = await run_in_threadpool(admit, request)
        except HTTPException as refused:
            if refused.status_code != 401 or not _is_person(request):
                raise
            await RedirectResponse(f"/sign-in?{urlencode({'to': PREFIX + '/'})}", 303)(scope, receive, send)
        else:
            with self._room.hold(visitor.name, MOST_BYTES):
                whole = await _whole(request, receive)
                await self._inner({**scope, VISITOR: visitor}, whole, send)


async def _whole(request: Request, receive: Receive) -> Receive:
    """The body once all of it is there: inside, whoever waits for it holds a thread. Raises `Refusal`."""
    body = bytearray()
    in_time, more = bounded(receive, MOST_BYTES, within_s=request.app.state.form_within_s), True
    while more:
        event = await in_time()
        if event["type"] != "http.request":
            raise Refusal(Kind.UNREADABLE)  # who would hear it has hung up
        body += event.get("body", b"")
        more = event.get("more_body", False)

    async def receive_whole() -> Message:
        return {"type": "http.request", "body": bytes(body), "more_body": False}

    return receive_whole


def _is_person(request: Request) -> bool:
    """Whether a browser asks for a page, and not one of its scripts or a program for data."""
    return request.method == "GET" and "text/html" in request.headers.get("accept", "")


def admit(request: Request) -> Visitor:
    """Who is let in; raises what the others are answered."""
    visitor = require(Scope.READ)(request)
    path = request.scope["path"].removeprefix(request.scope.get("root_path", ""))
    if request.method in {"GET", "HEAD"} and READS.fullmatch(path):
        return visitor
    require(Scope.CONTROL)(request)
    if request.method != "POST":
        raise HTTPException(405, "only a POST changes anything", headers={"Allow": "POST"})
    if not VERBS.fullmatch(path):
        raise HTTPException(404, "there is nothing of that kind to be done")
    if not _is_from_a_page(request):
        raise HTTPException(403, "this did not come from a page of ours")
    log.info("dashboard_verb", by=visitor.name, path=path)
    return visitor


def _is_from_a_page(request: Request) -> bool:
    """Whether no other site has made a browser send this: browsers say where every POST comes from, and nobody else's
    page can set a header of ours.
    """
    return is_from_here(request) if "origin" in request.headers else "authorization" in request.headers
