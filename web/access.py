"""Who is asking, and what they may. Law of the room: without a proof that was checked, nobody is anybody.

A machine shows a bearer token, a person a session's cookie; each becomes a `Visitor`, and from there on all are alike.
"""

from collections.abc import Callable

from fastapi import HTTPException
from starlette.requests import Request

from jobs.models.scopes import Scope
from web import login
from web.bearer import bearer
from web.site import site_of
from web.visitors import Proof, Visitor

__all__ = ["PROOFS", "Proof", "Scope", "Visitor", "require", "visitor_of"]

PROOFS: tuple[Proof, ...] = (login.by_cookie, bearer)
"""Every way, in the order in which they are tried."""


def visitor_of(request: Request) -> Visitor | None:
    """Who is asking, or None."""
    site, proofs = site_of(request), request.app.state.proofs
    return next((found for proof in proofs if (found := proof(site, request))), None)


def require(scope: Scope) -> Callable[[Request], Visitor]:
    """A dependency that answers the visitor, or refuses: 401 to strangers, 403 to who may do other things only."""

    def check(request: Request) -> Visitor:
        visitor = visitor_of(request)
        if visitor is None:
            raise HTTPException(401, "say who you are", headers={"WWW-Authenticate": "Bearer"})
        if not visitor.may(scope):
            raise HTTPException(403, f"{visitor.name} may not {scope}")
        return visitor

    return check
