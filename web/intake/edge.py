"""The edge of every route of /v1: who asks is known before a byte of the body is read, and bodies are bounded.

Law of the room: a body that is too large, or that drips, costs a connection and no thread, and is answered.
"""

from collections.abc import Callable, Coroutine
from contextlib import AbstractContextManager, nullcontext
from typing import Any

from fastapi import FastAPI
from fastapi.dependencies.utils import get_flat_params
from fastapi.params import Query
from fastapi.routing import APIRoute
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive

from web.access import visitor_of
from web.bodies import Room, bounded, too_large
from web.login import SAFE_METHODS
from web.problems import Kind, Refusal, check_query
from web.site import site_of
from web.turns import check_line
from web.visitors import Visitor

MB = 1_000_000
MOST_BYTES = 2 * MB
"""Of a body, where its route does not say otherwise."""

MOST_JSON_BYTES = 16 * MB
"""Of a campaign as JSON: half a million phones, all in memory at once."""

MOST_UPLOAD_BYTES = 256 * MB
"""Of a campaign with its contact file, which goes to a file on disk: several million rows."""

BODY_LIMITS = {"/v1/campaigns": {"application/json": MOST_JSON_BYTES, "multipart/form-data": MOST_UPLOAD_BYTES}}
"""By path and type of the body, where it is not `MOST_BYTES`."""


MOST_IN_MEMORY = 64 * MB
MOST_ON_DISK = 1_024 * MB
"""Of all bodies that are on their way or being worked on, as JSON and as files; whoever comes then comes again."""


def add_to(app: FastAPI) -> None:
    """What is held by bodies, for as long as the process lives."""
    app.state.in_memory, app.state.on_disk = Room(MOST_IN_MEMORY), Room(MOST_ON_DISK)


class Edge(APIRoute):
    """A route that reads only what somebody known sends, up to a size and for a time, and passes no parameter over."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handle, names = super().get_route_handler(), self._query_names()

        async def at_the_edge(request: Request) -> Response:
            check_line()
            visitor = await run_in_threadpool(visitor_of, request)
            if visitor is None:
                raise Refusal(Kind.TOKEN_MISSING, headers={"WWW-Authenticate": "Bearer"})
            check_query(request, names)
            with _room(request, visitor):
                response = await handle(Request(request.scope, _bounded(request)))
            site_of(request).outage.end()  # none is answered without the ledger
            response.headers.setdefault("Cache-Control", "no-store")
            response.headers["X-Content-Type-Options"] = "nosniff"
            return response

        return at_the_edge

    def _query_names(self) -> list[str]:
        """What may stand behind the question mark, as the handler and its dependencies declare it."""
        return [each.alias for each in get_flat_params(self.dependant) if isinstance(each.field_info, Query)]


def media_type_of(request: Request) -> str:
    """The type of the body, without its parameters; '' where it is not said."""
    return request.headers.get("content-type", "").partition(";")[0].strip().lower()


def limit_of(request: Request) -> int:
    """How many bytes its body may have; raises `Refusal` where it announces more."""
    most = BODY_LIMITS.get(request.url.path, {}).get(media_type_of(request), MOST_BYTES)
    announced = request.headers.get("content-length", "")
    if announced.isdecimal() and int(announced) > most:
        raise too_large(most, hint=_hint(most))
    return most


def _room(request: Request, visitor: Visitor) -> AbstractContextManager[None]:
    """Room for its body, by what it announces, or by all that it may have; raises `Busy`."""
    if request.method in SAFE_METHODS:
        return nullcontext()
    most = limit_of(request)
    room: Room = request.app.state.on_disk if most == MOST_UPLOAD_BYTES else request.app.state.in_memory
    announced = request.headers.get("content-length", "")
    return room.hold(visitor.name, int(announced) if announced.isdecimal() else most)


def _bounded(request: Request) -> Receive:
    most = limit_of(request)
    return bounded(request.receive, most, hint=_hint(most))


def _hint(most: int) -> str:
    return "" if most == MOST_UPLOAD_BYTES else "; a long list goes as a CSV file, in multipart/form-data"
