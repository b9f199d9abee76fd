"""Who is asking, as everybody here knows them, however they have proved it."""

from collections.abc import Callable
from dataclasses import dataclass

from starlette.requests import Request

from jobs.models.scopes import Scope
from web.site import Site


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
