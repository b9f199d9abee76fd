"""What every page has in common: whom it is for, the headers that guard it, and an error that a person can read."""

from collections.abc import Callable, Coroutine
from contextlib import suppress
from http import HTTPStatus
from inspect import iscoroutinefunction
from typing import Annotated, Any
from urllib.parse import urlencode

import structlog
from fastapi import Depends, Form
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from redis.exceptions import RedisError
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from config.outage import OUT_OF_REACH
from jobs.models.scopes import Scope
from web.access import visitor_of
from web.bodies import bounded
from web.login import COOKIE, SAFE_METHODS, cookie_of, is_encrypted, is_from_here, is_token
from web.pages.drawing import draw
from web.pages.refusals import Refused, on_its_page, wait
from web.problems import Kind, Refusal
from web.site import site_of
from web.turns import RETRY_AFTER_S, Busy, check_line
from web.visitors import Visitor

MOST_BYTES = 64 * 1024
"""Of a form. The longest has a reason of 300 characters and some phones."""
WITHIN_S = 30.0
"""How long a form may take to come."""

GUARDS = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; connect-src 'self'; "
        "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "X-Frame-Options": "DENY",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",  # with none at all, browsers would not say where a form comes from
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}
HSTS = "max-age=31536000"

log = structlog.get_logger()


class SignInFirst(Exception):
    """The page is for people who are known."""


class PageRoute(APIRoute):
    """A route whose answers are guarded, and whose errors are pages."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """As FastAPI asks for it."""
        handle = super().get_route_handler()
        needs_a_thread = not iscoroutinefunction(self.endpoint)

        async def thronged(request: Request) -> Response:
            if needs_a_thread:
                check_line()
            return await handle(request)

        async def guarded(request: Request) -> Response:
            return guard(request, await _answered(thronged, _in_time(request)))

        return guarded


def guard(request: Request, response: Response) -> Response:
    """The answer, with the headers that keep a page from being misused."""
    for name, value in GUARDS.items():
        response.headers.setdefault(name, value)
    response.headers.setdefault("Cache-Control", "no-store")
    if is_encrypted(request):
        response.headers["Strict-Transport-Security"] = HSTS
    return response


def _check_size(request: Request) -> None:
    if request.method not in SAFE_METHODS and int(request.headers.get("content-length") or MOST_BYTES + 1) > MOST_BYTES:
        raise Refusal(Kind.TOO_LARGE)


def _in_time(request: Request) -> Request:
    if request.method in SAFE_METHODS:
        return request
    return Request(request.scope, bounded(request.receive, MOST_BYTES, within_s=request.app.state.form_within_s))


async def _answered(handle: Callable[[Request], Coroutine[Any, Any, Response]], request: Request) -> Response:
    try:
        _check_size(request)
        return await handle(request)
    except SignInFirst:
        return _to_sign_in(request)
    except Refused as refused:
        return wait(await on_its_page(request, refused) or await say(request, refused), refused)
    except RequestValidationError:
        return await say(request, Refused(400, "That form was not filled in as it must be.", "Nothing was changed."))
    except (Refusal, HTTPException, Busy, RedisError) as error:
        return await say(request, in_words(request, error))


def in_words(request: Request, error: Exception) -> Refused:
    """An error of the rooms below as a page says it."""
    match error:
        case Refusal(kind=Kind.TOO_LARGE):
            return Refused(413, "That is more than any form of ours can be.", "Nothing was changed.")
        case Refusal(kind=kind):
            return Refused(kind.status, f"{kind.title}.", "Nothing was changed. Try again.")
        case HTTPException(status_code=status):
            what, todo = BY_STATUS.get(status, (f"{HTTPStatus(status).phrase}.", "Nothing was changed."))
            return Refused(status, what, todo)
        case Busy():
            todo = "Nothing was changed. Try again in a few seconds."
            return Refused(503, "Too much is being done for others just now.", todo, retry_after_s=RETRY_AFTER_S)
        case RedisError():
            _note(request, error)
            todo = "Nothing that was handed in is lost. Look again in a moment."
            return Refused(503, "Redis, where everything is kept, does not answer.", todo, retry_after_s=RETRY_AFTER_S)
        case _:
            todo = (
                "What was asked for may have been done or not: look before you ask for it again. The log has the rest."
            )
            return Refused(500, "That is a fault in Dropline.", todo)


BY_STATUS = {
    401: ("Who are you?", "Sign in first."),
    403: ("That is not for you.", "Ask somebody who may, or have yourself be given the right to."),
    404: ("There is no such page.", "Perhaps the address was cut off or mistyped. Begin with the campaigns."),
    405: ("That is not done at this address.", "Nothing was changed. Go on from one of the pages above."),
    413: ("That is more than is taken here.", "Nothing was changed."),
    429: ("That was asked for too often.", "Nothing was changed. Wait for a quarter of an hour."),
}
"""Of what the framework and other doors raise: what happened, and what to do."""


def _note(request: Request, error: RedisError) -> None:
    """An outage in one line, however many ask again and again; other errors of the server's each in its own."""
    if isinstance(error, OUT_OF_REACH):
        site_of(request).outage.note(error)
    else:
        log.warning("page_without_redis", path=request.url.path, kind=type(error).__name__)


def _to_sign_in(request: Request) -> Response:
    path = request.url.path + (f"?{request.url.query}" if request.url.query else "")
    is_page = request.method in SAFE_METHODS and path != "/"
    return RedirectResponse("/sign-in" + (f"?{urlencode({'to': path})}" if is_page else ""), 303)


async def say(request: Request, refused: Refused) -> Response:
    """A page that says no and nothing else, but where else to go."""
    is_for_now = refused.status == HTTPStatus.SERVICE_UNAVAILABLE
    visitor = None if is_for_now else await _looker(request)
    looks_again = is_for_now and refused.retry_after_s > 0 and request.method in SAFE_METHODS
    values = {"refused": refused, "looks_again": looks_again}
    return wait(draw(request, visitor, "refused.html", status=refused.status, **values), refused)


async def _looker(request: Request) -> Visitor | None:
    """Whom the navigation is for; None also where that cannot be found out now, and for those who show no cookie."""
    if not cookie_of(request, COOKIE):
        return None
    asked = Request({**request.scope, "method": "GET"})  # that it came from a page of ours matters to none who looks
    with suppress(Exception):
        check_line()
        visitor = await run_in_threadpool(visitor_of, asked)
        await run_in_threadpool(_look_for_a_halt, request)
        return visitor
    return None


def _look_for_a_halt(request: Request) -> None:
    """Every page has it in its navigation, whatever it is about."""
    request.state.is_halted = site_of(request).is_halted


def reader(request: Request) -> Visitor:
    """A dependency: whoever may look, or the way to the login."""
    visitor = visitor_of(request)
    if visitor is None:
        raise SignInFirst
    site_of(request).outage.end()  # whoever is known here is known by the ledger
    _look_for_a_halt(request)
    if not visitor.may(Scope.READ):
        raise Refused(403, f"{visitor.name} may not look at this.")
    return visitor


def operator(
    request: Request, visitor: Annotated[Visitor, Depends(reader)], token: Annotated[str, Form()] = ""
) -> Visitor:
    """A dependency: whoever may change something, by a form of ours."""
    if not visitor.may(Scope.CONTROL):
        todo = "Ask somebody who may to do it, or to let you."
        raise Refused(403, f"{visitor.name} may look, and change nothing.", todo)
    check_form(request, token)
    return visitor


def check_form(request: Request, token: str) -> None:
    """Raises `Refused` where this is no form that we have drawn for this login."""
    if not (is_from_here(request) and is_token(request, token)):
        raise Refused(
            403,
            "This form is not from here, or of a login that is over.",
            "Nothing was changed. Look at what you have written, and send it again.",
        )


Reader = Annotated[Visitor, Depends(reader)]
Operator = Annotated[Visitor, Depends(operator)]
