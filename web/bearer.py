"""The proof that a machine shows: a bearer token. Law of the room: no token in a log line, an error or an answer.

Failed tries are counted, and beyond a few their source address is told to wait. A good token is served all the same:
behind a router everybody may have one address, and 256 bits are not guessed at any rate.
"""

import math
import re
import time
from collections import Counter, OrderedDict
from enum import StrEnum
from ipaddress import ip_address
from threading import Lock

import structlog
from fastapi import FastAPI
from starlette.requests import Request

from jobs.ledger import tokens
from jobs.models.scopes import Scope
from web.problems import Kind, Refusal
from web.site import Site
from web.visitors import Visitor, source_of

FREE_TRIES = 10
"""So many may fail at once, and then one in `A_TRY_S`."""
A_TRY_S = 6.0

MOST_ADDRESSES = 10_000
"""Remembered at once; the one that was heard of the longest ago is forgotten."""


class Wrong(StrEnum):
    """Why a token opened nothing: it is none that is good, or too many wrong ones came from its address."""

    WRONG = "wrong"
    TOO_MANY = "too_many"


REFUSED: Counter[Wrong] = Counter()
"""Tokens that opened nothing, since this process began."""

AT_HOME = Visitor("loopback", frozenset(Scope) - {Scope.PHONES})

BROUGHT = re.compile(
    r"x-(forwarded|real|original|client|cluster)-.*|.*-connecting-ip|true-client-ip|forwarded|via|origin|sec-fetch-site"
)
"""Headers that a proxy adds, and one that a page in a browser makes."""

log = structlog.get_logger()


class FailedTries:
    """How many wrong tokens each source address may still show before it has to wait."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._debts: OrderedDict[str, tuple[float, float]] = OrderedDict()
        """What each owes, in seconds, as of an instant of a clock that nobody sets."""

    def note(self, address: str, now_s: float) -> float:
        """Note a failed try; answers for how many seconds the address has to wait, 0 for not at all."""
        with self._lock:
            debt, at = self._debts.pop(address, (0.0, now_s))
            debt = max(0.0, debt - (now_s - at))
            wait = max(0.0, debt + A_TRY_S - FREE_TRIES * A_TRY_S)
            REFUSED[Wrong.TOO_MANY if wait else Wrong.WRONG] += 1
            self._debts[address] = (debt if wait else debt + A_TRY_S, now_s)
            if len(self._debts) > MOST_ADDRESSES:
                self._debts.popitem(last=False)
        return wait


def add_to(app: FastAPI) -> None:
    """What the proof keeps in mind, for as long as the process lives."""
    app.state.failed_tries = FailedTries()


def bearer(site: Site, request: Request) -> Visitor | None:
    """The visitor whose token the request shows; raises `Refusal` where too many wrong ones came from its address."""
    scheme, _, shown = request.headers.get("authorization", "").partition(" ")
    if not scheme:
        return AT_HOME if _is_at_home(site, request) else None
    if scheme.lower() != "bearer":
        return None
    if not hasattr(request.state, "bearer"):
        request.state.bearer = _visitor(site, request, shown.strip())
    visitor: Visitor | None = request.state.bearer
    return visitor


def _visitor(site: Site, request: Request, shown: str) -> Visitor | None:
    token = tokens.find(site.redis, shown, now=site.now) if tokens.has_the_shape(shown) else None
    if token:
        return Visitor(token.name, token.scopes)
    address = source_of(request)
    wait = request.app.state.failed_tries.note(address, time.monotonic())
    if wait:
        log.info("tokens_refused", source=address)
        raise Refusal(Kind.TOO_MANY_TRIES, headers={"Retry-After": str(math.ceil(wait))})
    return None


def is_loopback(host: str) -> bool:
    """Whether an address is reached from its own machine alone."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _is_at_home(site: Site, request: Request) -> bool:
    """Whether the operator lets this machine's own requests in: not those that a proxy brings, as far as it is seen
    (nginx speaks HTTP/1.0 unless it is told otherwise), nor those that a page in a browser makes, wherever it is from.
    """
    if not site.settings.open_on_loopback:
        return False
    ends = [end[0] for end in (request.scope.get("client"), request.scope.get("server")) if end]
    is_brought = request.scope["http_version"] == "1.0" or any(map(BROUGHT.fullmatch, request.headers))
    named = is_loopback((request.url.hostname or "").strip("[]"))
    return len(ends) == 2 and all(map(is_loopback, ends)) and named and not is_brought
