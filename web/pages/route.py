"""What every page has in common: whom it is for, the headers that guard it, and an error that a person can read."""

from collections.abc import Callable, Coroutine
from http import HTTPStatus
from inspect import iscoroutinefunction
from typing import Annotated, Any
from urllib.parse import urlencode

import structlog
from fastapi import Depends, Form, HTTPException
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from redis.exceptions import RedisError
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from jobs.models.scopes import Scope
from web.access import visitor_of
from web.bodies import bounded
from web.login import SAFE_METHODS, is_encrypted, is_from_here, is_token
from web.pages.drawing import draw
from web.problems import Refusal
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


class Refused(Exception):
    """A page says no, in a sentence of what happened and one of what to do; nothing was changed."""

    def __init__(self, status: int, what: str, todo: str = "", back: str = "/") -> None:
        super().__init__(what)
        self.status, self.what, self.todo, self.back = status, what, todo, back


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
            response = _too_big(request) or await _answered(thronged, _in_time(request))
            for name, value in GUARDS.items():
                response.headers.setdefault(name, value)
            response.headers.setdefault("Cache-Control", "no-store")
            if is_encrypted(request):
                response.headers["Strict-Transport-Security"] = HSTS
            return response

        return guarded


def _too_big(request: Request) -> Response | None:
    if request.method in SAFE_METHODS or int(request.headers.get("content-length") or MOST_BYTES + 1) <= MOST_BYTES:
        return None
    return _said(request, Refused(413, "That is more than any form of ours can be.", "Nothing was changed."))


def _in_time(request: Request) -> Request:
    if request.method in SAFE_METHODS:
        return request
    return Request(request.scope, bounded(request.receive, MOST_BYTES, within_s=request.app.state.form_within_s))


async def _answered(handle: Callable[[Request], Coroutine[Any, Any, Response]], request: Request) -> Response:
    try:
        return await handle(request)
    except SignInFirst:
        return _to_sign_in(request)
    except Refused as refused:
        return _said(request, refused)
    except RequestValidationError:
        return _said(request, Refused(400, "That form was not filled in as it must be.", "Nothing was changed."))
    except Refusal as refusal:
        return _said(request, Refused(refusal.kind.status, f"{refusal.kind.title}.", "Nothing was changed. Try again."))
    except HTTPException as error:
        return _said(request, Refused(error.status_code, f"{HTTPStatus(error.status_code).phrase}."))
    except Busy:
        todo = "Nothing was changed. Try again in a few seconds."
        response = _said(request, Refused(503, "Too much is being done for others just now.", todo))
        response.headers["Retry-After"] = str(RETRY_AFTER_S)
        return response
    except RedisError as error:
        log.warning("page_without_redis", path=request.url.path, kind=type(error).__name__)
        todo = "Nothing that was handed in is lost. Look again in a moment."
        response = _said(request, Refused(503, "Redis, where everything is kept, does not answer.", todo))
        response.headers["Retry-After"] = str(RETRY_AFTER_S)
        return response


def _to_sign_in(request: Request) -> Response:
    path = request.url.path + (f"?{request.url.query}" if request.url.query else "")
    is_page = request.method in SAFE_METHODS and path != "/"
    return RedirectResponse("/sign-in" + (f"?{urlencode({'to': path})}" if is_page else ""), 303)


def _said(request: Request, refused: Refused) -> Response:
    return draw(request, None, "refused.html", status=refused.status, refused=refused)


def reader(request: Request) -> Visitor:
    """A dependency: whoever may look, or the way to the login."""
    visitor = visitor_of(request)
    if visitor is None:
        raise SignInFirst
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
            "Nothing was changed. Go back, load the page again, and repeat it.",
        )


Reader = Annotated[Visitor, Depends(reader)]
Operator = Annotated[Visitor, Depends(operator)]
