"""Visitors of our own making: a proof that believes a header, for tests of what lies behind the proofs."""

from starlette.requests import Request

from web.access import Scope, Visitor
from web.site import Site

WATCHER = {"X-Test-Scopes": "read"}
CONTROLLER = {"X-Test-Scopes": "read control"}
SENDER = {"X-Test-Scopes": "send"}


def by_header(site: Site, request: Request) -> Visitor | None:
    """Whoever says so."""
    scopes = request.headers.get("x-test-scopes", "").split()
    return Visitor("a test", frozenset(map(Scope, scopes))) if scopes else None
