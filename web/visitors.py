"""Who is asking, as everybody here knows them, however they have proved it."""

from collections.abc import Callable
from dataclasses import dataclass
from ipaddress import IPv6Address, ip_address

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


NOWHERE = "no address"
"""What a proxy wrote that is none: it may be anything, and is repeated nowhere."""


def source_of(request: Request) -> str:
    """The address that what fails is counted for, as a proxy that is believed has it; of IPv6 the network that one
    subscriber has.
    """
    host = request.client.host if request.client else ""
    try:
        address = ip_address(host)
    except ValueError:
        return NOWHERE
    return f"{IPv6Address(int(address) >> 64 << 64)}/64" if isinstance(address, IPv6Address) else host
