"""Who is asking, and what they may. Law of the room: without a proof that was checked, nobody is anybody.

A machine shows a bearer token, a person a session's cookie; each becomes a `Visitor`, and from there on all are alike.
"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from fastapi import HTTPException
from starlette.requests import Request

from web.site import Site, site_of


class Scope(StrEnum):
    """One thing that a visitor may do."""

    READ = "read"
    """Look at campaigns, results, unknowns, days and balances. Phones are masked."""
    SEND = "send"
    """Hand in campaigns."""
    CONTROL = "control"
    """Pause, resume, stop, cancel, decide, and change the do-not-dial list."""
    PHONES = "phones"
    """See whole phone numbers; each look is recorded."""


@dataclass(frozen=True, slots=True)
class Visitor:
    """Somebody whose proof was checked."""

    name: str
    scopes: frozenset[Scope]

    def may(self, scope: Scope) -> bool:
        """Whether they were given this."""
        return scope in self.scopes


Proof = Callable[[Site, Request], Visitor | None]
"""One way to tell who is asking; None where the request does not use it."""

PROOFS: tuple[Proof, ...] = ()
"""Every way, in the order in which they are tried."""


def visitor_of(request: Request) -> Visitor | None:
    """Who is asking, or None."""
    site = site_of(request)
    return next((found for proof in PROOFS if (found := proof(site, request))), None)


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
