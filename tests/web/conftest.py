"""A front door on a real server, and tokens to come in with."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pytest
import requests
from redis import Redis

from jobs.ledger import tokens
from jobs.models.scopes import Scope
from tests.web.front_door import front_door, make_site
from tests.web.people import Visit

CAMPAIGN = {"caller_id": "6175550100", "audio_title": "Reminder", "title": "March"}
PHONES = ["6175550123", "6175550124", "6175550125"]


@dataclass(frozen=True)
class Caller:
    """A program that comes by HTTP, with its token."""

    address: str
    token: str

    def __call__(self, method: str, path: str, **options: Any) -> requests.Response:
        headers = {"Authorization": f"Bearer {self.token}", **options.pop("headers", {})}
        return requests.request(method, f"{self.address}{path}", headers=headers, timeout=60, **options)

    def get(self, path: str, **options: Any) -> requests.Response:
        return self("GET", path, **options)

    def post(self, path: str, **options: Any) -> requests.Response:
        return self("POST", path, **options)

    def hand_in(self, key: str = "march", **stated: Any) -> requests.Response:
        campaign = {**CAMPAIGN, "recipients": PHONES, **stated}
        return self.post("/v1/campaigns", json=campaign, headers={"Idempotency-Key": key})


@pytest.fixture
def address(redis: Redis) -> Iterator[str]:
    """Where the door is."""
    with front_door(make_site(redis)) as found:
        yield found


CallerOf = Callable[..., Caller]


@pytest.fixture
def caller_of(redis: Redis, address: str) -> CallerOf:
    """Somebody with a fresh token of these scopes."""

    def make(*scopes: Scope, name: str = "crm") -> Caller:
        return Caller(address, tokens.create(redis, name, scopes, now=datetime.now(UTC)))

    return make


@pytest.fixture
def caller(caller_of: CallerOf) -> Caller:
    """Somebody who may do all but see phones."""
    return caller_of(Scope.READ, Scope.SEND, Scope.CONTROL, name="all but phones")


@pytest.fixture
def dana(door: str) -> Visit:
    """Logged in at the test's own `door`. Operates, and sees no phones."""
    visit = Visit(door)
    visit.sign_in("dana")
    return visit
