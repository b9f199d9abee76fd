"""The way in and the way out. Law of the room: a stranger costs little; what fails counts, what is refused does not."""

import secrets
from dataclasses import dataclass, field
from functools import partial
from typing import Annotated
from urllib.parse import unquote, urlsplit

import structlog
from fastapi import APIRouter, FastAPI, Form
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from jobs.ledger import logins, people
from web.access import visitor_of
from web.login import COOKIE, cookie_of, delete_cookie, is_from_here, set_cookie
from web.pages.drawing import draw
from web.pages.refusals import Refused, sent_of
from web.pages.route import PageRoute, Reader, check_form
from web.site import OurSite, Site
from web.turns import RETRY_AFTER_S, Busy, Turns
from web.visitors import source_of

MOST_BY_NAME_THERE = 10
"""Tries under one name from one address that may fail within `logins.TRIES_WITHIN`."""
MOST_BY_ADDRESS = 40
"""Under any name; many may share an address."""
MOST_BY_NAME = 200
"""From anywhere: so many that a few strangers keep nobody out, and too few to guess a password of 12 characters."""

IN_LINE = 16
"""Tries that wait for their turn, a quarter of a second at most."""

FORM_COOKIE = "dropline-form"
"""Of who is not known yet; the form carries the same."""

WRONG = "That name and password do not go together."
TOO_MANY = "There were too many tries; this one was not looked at."
BUSY = "Too many people sign in just now."
WAIT_S = logins.TRIES_WITHIN.total_seconds()

FORM = "sign-in"

router = APIRouter(route_class=PageRoute, include_in_schema=False)
log = structlog.get_logger()


def add_to(app: FastAPI) -> None:
    """The threads in which passwords are looked at, which takes a core for a while."""
    app.state.sign_ins = Turns(people.HASHED_AT_ONCE, IN_LINE)


@dataclass(frozen=True, slots=True)
class Try:
    """Somebody who says who they are."""

    name: str
    password: str = field(repr=False)
    address: str

    @property
    def counted(self) -> dict[str, int]:
        """Under what it is counted when it fails, and how many may; the address first."""
        there = f"name {self.name} at {self.address}"
        return {
            f"address {self.address}": MOST_BY_ADDRESS,
            there: MOST_BY_NAME_THERE,
            f"name {self.name}": MOST_BY_NAME,
        }


@router.get("/sign-in")
async def ask(request: Request, to: str = "/") -> Response:
    """The form; who is known already goes on. Without a cookie it takes no thread and asks no ledger."""
    visitor = await run_in_threadpool(visitor_of, request) if cookie_of(request, COOKIE) else None
    return RedirectResponse(local(to), 303) if visitor else _form(request, to)


@router.post("/sign-in")
async def sign_in(
    request: Request,
    site: OurSite,
    name: Annotated[str, Form()] = "",
    password: Annotated[str, Form()] = "",
    token: Annotated[str, Form()] = "",
    to: Annotated[str, Form()] = "/",
) -> Response:
    """Where name and password go together, a login; back to where one came from."""
    _check_form(request, token)
    turns: Turns = request.app.state.sign_ins
    made = Try(name, password, source_of(request))
    try:
        secret = await turns.take(partial(_log_in, site, made, cookie_of(request, COOKIE)))
    except Busy:
        raise Refused(
            503, BUSY, "Nobody was logged in; try again in a few seconds.", retry_after_s=RETRY_AFTER_S
        ) from None
    if secret is None:
        raise Refused(403, WRONG, "Nobody was logged in.", field="password")
    response = RedirectResponse(local(to), 303)
    set_cookie(request, response, COOKIE, secret, lasts=logins.LONGEST)
    delete_cookie(request, response, FORM_COOKIE)
    return response


@router.post("/sign-out")
def sign_out(request: Request, site: OurSite, _: Reader, token: Annotated[str, Form()] = "") -> Response:
    """The login is over, here and at the server."""
    check_form(request, token)
    logins.end(site.redis, cookie_of(request, COOKIE))
    response = RedirectResponse("/sign-in", 303)
    delete_cookie(request, response, COOKIE)
    return response


def local(to: str) -> str:
    """A path of ours to go to; whatever leads elsewhere becomes the first page."""
    try:
        parts = urlsplit(to)
    except ValueError:
        return "/"
    plain = unquote(to)
    is_ours = not parts.scheme and not parts.netloc and plain.startswith("/") and plain.isprintable()
    leads_out = plain.startswith("//") or "\\" in plain or parts.path.startswith("/sign-")
    return to if is_ours and not leads_out else "/"


def _form(request: Request, to: str) -> Response:
    token = cookie_of(request, FORM_COOKIE) or secrets.token_urlsafe(16)
    wanted = local(sent_of(request).kept(FORM, "to") or to)
    response = draw(request, None, "sign_in.html", to=wanted, form_token=token)
    set_cookie(request, response, FORM_COOKIE, token)
    return response


def _check_form(request: Request, token: str) -> None:
    ours = cookie_of(request, FORM_COOKIE)
    if not (is_from_here(request) and ours and secrets.compare_digest(ours.encode(), token.encode())):
        raise Refused(
            403,
            "This form is not from here, or too old.",
            "Nobody was logged in. Try again; cookies must be allowed.",
            "/sign-in",
        )


def _log_in(site: Site, made: Try, held: str) -> str | None:
    """The secret of a new login, None where name and password do not go together. Too many tries are `Refused`. Of the
    login that the browser `held` it is the end.

    What fails is counted when it has failed: of those that are looked at together a few may be too many.
    """
    counted = made.counted
    failed = logins.failures(site.redis, list(counted))
    if any(count >= most for count, most in zip(failed, counted.values(), strict=True)):
        log.warning("too_many_logins", address=made.address)
        raise Refused(429, TOO_MANY, "Wait a quarter of an hour, then try again.", retry_after_s=WAIT_S)
    person = people.prove(site.redis, made.name, made.password)
    if person is None:
        logins.note_failure(site.redis, list(counted))
        log.warning("login_refused", address=made.address)
        return None
    logins.forget_failures(site.redis, list(counted)[1])
    logins.end(site.redis, held)
    log.info("logged_in", who=person.name, role=person.role)
    return logins.begin(site.redis, person, now=site.now)
