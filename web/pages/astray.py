"""Errors where there is no page of ours, as pages for people who came there; programs are answered as ever."""

from collections.abc import Awaitable, Callable
from typing import Any, cast

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from redis.exceptions import RedisError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from web.login import COOKIE, cookie_of
from web.pages.route import guard, in_words, say
from web.turns import Busy

FOR_PROGRAMS = frozenset({"v1", "postbacks", "metrics", "healthz", "readyz"})
"""Below these nobody is shown a page, whatever they accept."""

KEPT = ("Allow", "Retry-After", "WWW-Authenticate")
"""Headers that say what else may be asked, and when."""

Handler = Callable[[Request, Any], Awaitable[Response]]


def add_to(app: FastAPI) -> None:
    """After whoever answers programs: their answers are what people are shown a page instead of."""
    for kind in (HTTPException, RequestValidationError, RedisError, Busy, Exception):
        app.add_exception_handler(kind, _for_people(cast("Handler", app.exception_handlers[kind])))


def _for_people(handle: Handler) -> Handler:
    async def handle_for_people(request: Request, error: Exception) -> Response:
        answer = await handle(request, error)
        if answer.status_code < 400 or not is_person(request):
            return answer
        page = await say(request, in_words(request, error))
        page.headers.update({name: answer.headers[name] for name in KEPT if name in answer.headers})
        return guard(request, page)

    return handle_for_people


def is_person(request: Request) -> bool:
    """Whether a browser asks for a page; also who has logged in and takes anything, but for RQ's scripts."""
    door, accepted = request.url.path[1:].partition("/")[0], request.headers.get("accept", "*/*")
    if door in FOR_PROGRAMS:
        return False
    return "text/html" in accepted or (accepted == "*/*" and door != "rq" and bool(cookie_of(request, COOKIE)))
