"""Requests made up from our own OpenAPI page, good and bad, to the real server: no fault, and answers as it says."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from redis import Redis
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.core.result import Ok
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from jobs.ledger import tokens
from jobs.models.scopes import Scope
from tests.servers import RedisServer
from tests.web.conftest import Caller
from tests.web.front_door import front_door, make_site
from web.intake.door import openapi

pytestmark = pytest.mark.thorough

EXAMPLES = 20
"""Of each operation."""

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]


@pytest.fixture(scope="module")
def caller() -> Iterator[Caller]:
    """Somebody who may do everything, on a ledger with a campaign."""
    with RedisServer() as server, Redis.from_url(server.url) as redis, front_door(make_site(redis)) as address:
        caller = Caller(address, tokens.create(redis, "all", list(Scope), now=datetime.now(UTC)))
        caller.hand_in()
        yield caller


PAGE = schemathesis.openapi.from_dict(openapi())
_FOUND = [each.ok() for each in PAGE.get_all_operations() if isinstance(each, Ok)]
OPERATIONS = {f"{each.method} {each.path}": each for each in _FOUND}
MODES = (GenerationMode.POSITIVE, GenerationMode.NEGATIVE)


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("name", OPERATIONS)
def test_every_answer_is_as_the_page_says(name: str, mode: GenerationMode, caller: Caller) -> None:
    there = caller.get("/v1/campaigns?limit=1").json()["campaigns"][0]["campaign_id"]

    @given(OPERATIONS[name].as_strategy(generation_mode=mode), st.booleans())
    @settings(max_examples=EXAMPLES, derandomize=True, database=None, suppress_health_check=[*HealthCheck])
    def answered(case: Any, is_there: bool) -> None:
        if is_there and "campaign_id" in case.path_parameters:
            case.path_parameters["campaign_id"] = there
        headers = {"Authorization": f"Bearer {caller.token}"}
        case.call_and_validate(base_url=caller.address, headers=headers, checks=CHECKS)

    answered()
