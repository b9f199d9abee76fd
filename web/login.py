"""People by their session's cookie: who it is, and whether a form really comes from our own page.

Law of the room: a cookie alone proves nothing but for reading. Whatever changes something must come from a page of
ours: by its `Origin`, and forms by a token besides.
"""

import hmac
from datetime import timedelta
from hashlib import sha256
from ipaddress import ip_address
from typing import Any
from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.responses import Response

from jobs.ledger import logins
from jobs.ledger.people import Person, Role
from jobs.models.scopes import Scope
from web.site import Site
from web.visitors import Visitor

COOKIE = "dropline"
SAFE_METHODS = frozenset({"GET", "HEAD"})

SCOPES = {
    Role.WATCH: frozenset({Scope.READ}),
    Role.OPERATE: frozenset({Scope.READ, Scope.SEND, Scope.CONTROL}),
}
"""What each role may do, but see whole phones: that is given by itself."""


def by_cookie(site: Site, request: Request) -> Visitor | None:
    """A `Proof`: somebody who has logged in."""
    secret = cookie_of(request, COOKIE)
    if not secret or (request.method not in SAFE_METHODS and not is_from_here(request)):
        return None
    person = logins.person_of(site.redis, secret, now=site.now)
    return visitor(person) if person else None


def visitor(person: Person) -> Visitor:
    """What this person may do."""
    phones = {Scope.PHONES} if person.sees_phones else set()
    return Visitor(person.name, SCOPES[person.role] | phones)


def is_from_here(request: Request) -> bool:
    """Whether the browser says that one of our own pages sent this; it says so of every form. What came by TLS must be
    from a page that did: others may write the pages that do not.
    """
    host = request.headers.get("host", "")
    ours = {f"https://{host}"} if is_encrypted(request) else {f"https://{host}", f"http://{host}"}
    return bool(host) and origin_of(request) in ours


def origin_of(request: Request) -> str:
    """The site whose page sent this, as `https://drops.example.com`; '' where the browser does not say, or not so that
    it can be read.
    """
    said = request.headers.get("origin", "")
    try:
        parts = urlsplit(said)
    except ValueError:
        return ""
    return f"{parts.scheme}://{parts.netloc}" if parts.scheme and parts.netloc else ""


def form_token(request: Request) -> str:
    """What the forms of this login carry; '' for nobody."""
    secret = cookie_of(request, COOKIE)
    return hmac.new(secret.encode(), b"form", sha256).hexdigest() if secret else ""


def is_token(request: Request, token: str) -> bool:
    """Whether a form carries the token of this login."""
    return bool(token) and hmac.compare_digest(form_token(request).encode(), token.encode())


def cookie_of(request: Request, name: str) -> str:
    """What the browser keeps for us under this name; '' for nothing."""
    return request.cookies.get(_in_full(request, name), "")


def set_cookie(request: Request, response: Response, name: str, value: str, *, lasts: timedelta | None = None) -> None:
    """A cookie that no script sees; without a life it goes when the browser is closed."""
    age = lasts // timedelta(seconds=1) if lasts else None
    response.set_cookie(_in_full(request, name), value, max_age=age, **_kept(request))


def delete_cookie(request: Request, response: Response, name: str) -> None:
    """Have the browser forget it; it obeys only where all else is said as it was."""
    response.delete_cookie(_in_full(request, name), **_kept(request))


def _kept(request: Request) -> dict[str, Any]:
    return {"path": "/", "httponly": True, "samesite": "lax", "secure": not is_local(request)}


def _in_full(request: Request, name: str) -> str:
    """Under TLS with a prefix, by which a browser takes it from nobody else: no other host of the domain, no page that
    came without TLS (RFC 6265bis, 4.1.3.2).
    """
    return name if is_local(request) else f"__Host-{name}"


def is_local(request: Request) -> bool:
    """Whether the browser runs on this very machine, so that nobody listens in between, and there is no TLS."""
    host = request.url.hostname or ""
    return host == "localhost" or (_is_address(host) and ip_address(host).is_loopback)


def is_encrypted(request: Request) -> bool:
    """Whether TLS is spoken with the browser, by us or by a proxy that is believed."""
    return request.url.scheme == "https"


def _is_address(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return False
    return True
