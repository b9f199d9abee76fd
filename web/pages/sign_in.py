"""The way in and the way out."""

import secrets
from typing import Annotated
from urllib.parse import unquote, urlsplit

import structlog
from fastapi import APIRouter, Form
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from jobs.ledger import logins, people
from web.access import visitor_of
from web.login import COOKIE, address_of, is_from_here, set_cookie
from web.pages.drawing import draw
from web.pages.route import PageRoute, Reader, Refused, check_form
from web.site import OurSite, Site

MOST_BY_NAME = 10
MOST_BY_ADDRESS = 40
"""Tries that fail within `logins.TRIES_WITHIN`; many may share an address."""

FORM_COOKIE = "dropline-form"
"""Of who is not known yet; the form carries the same."""

WRONG = "That name and password do not go together."
TOO_MANY = "There were too many tries. Wait a quarter of an hour, then try again."

router = APIRouter(route_class=PageRoute, include_in_schema=False)
log = structlog.get_logger()


@router.get("/sign-in")
def ask(request: Request, to: str = "/") -> Response:
    """The form; who is known already goes on."""
    if visitor_of(request):
        return RedirectResponse(local(to), 303)
    return _form(request, to)


@router.post("/sign-in")
def sign_in(
    request: Request,
    site: OurSite,
    name: Annotated[str, Form()] = "",
    password: Annotated[str, Form()] = "",
    token: Annotated[str, Form()] = "",
    to: Annotated[str, Form()] = "/",
) -> Response:
    """Where name and password go together, a login; back to where one came from."""
    _check_form(request, token)
    if not _may_try(request, site, name):
        log.warning("too_many_logins", address=address_of(request))
        return _form(request, to, name, TOO_MANY, 429)
    person = people.prove(site.redis, name, password)
    if person is None:
        log.warning("login_refused", address=address_of(request))
        return _form(request, to, name, WRONG, 403)
    logins.forget_tries(site.redis, f"name {name}")
    log.info("logged_in", who=person.name, role=person.role)
    response = RedirectResponse(local(to), 303)
    set_cookie(request, response, COOKIE, logins.begin(site.redis, person, now=site.now), lasts=logins.LONGEST)
    response.delete_cookie(FORM_COOKIE, path="/")
    return response


@router.post("/sign-out")
def sign_out(request: Request, site: OurSite, _: Reader, token: Annotated[str, Form()] = "") -> Response:
    """The login is over, here and at the server."""
    check_form(request, token)
    logins.end(site.redis, request.cookies.get(COOKIE, ""))
    response = RedirectResponse("/sign-in", 303)
    response.delete_cookie(COOKIE, path="/")
    return response


def local(to: str) -> str:
    """A path of ours to go to; whatever leads elsewhere becomes the first page."""
    parts = urlsplit(to)
    plain = unquote(to)
    is_ours = not parts.scheme and not parts.netloc and plain.startswith("/") and plain.isprintable()
    leads_out = plain.startswith("//") or "\\" in plain or parts.path.startswith("/sign-")
    return to if is_ours and not leads_out else "/"


def _form(request: Request, to: str, name: str = "", trouble: str = "", status: int = 200) -> Response:
    token = request.cookies.get(FORM_COOKIE) or secrets.token_urlsafe(16)
    told = {"to": local(to), "name": name, "trouble": trouble, "form_token": token}
    response = draw(request, None, "sign_in.html", status=status, **told)
    set_cookie(request, response, FORM_COOKIE, token)
    return response


def _check_form(request: Request, token: str) -> None:
    ours = request.cookies.get(FORM_COOKIE, "")
    if not (is_from_here(request) and ours and secrets.compare_digest(ours.encode(), token.encode())):
        raise Refused(
            403,
            "This form is not from here, or too old.",
            "Nobody was logged in. Load it again; cookies must be allowed.",
            "/sign-in",
        )


def _may_try(request: Request, site: Site, name: str) -> bool:
    whose = (f"name {name[: people.LONGEST_PASSWORD]}", f"address {address_of(request)}")
    by_name, by_address = logins.note_try(site.redis, whose, now=site.now)
    return by_name <= MOST_BY_NAME and by_address <= MOST_BY_ADDRESS
