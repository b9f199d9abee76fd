"""The page about the gateway says what the client does, and its table is what a run of the checks has found."""

import re
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import CodeType

import pytest

from jobs.gateway.client import Dialect, GatewayClient
from jobs.gateway.simulator.hints import FIELDS
from tests.conformance.checks import CHECKS, Check
from tests.conformance.table import CALLS, PAGE, written
from tests.conformance.target import simulated
from tests.jobs.gateway.spellings import SPELLINGS

TEXT = PAGE.read_text(encoding="utf-8")
METHODS = {name for name in vars(GatewayClient) if not name.startswith("_")}
NOT_FIELDS = {"c_audio_code", "c_listid", "c_option", "remain_message"}
"""Of calls that Dropline does not make for campaigns, and those that stand on the page as the calls' own names."""


def test_the_table_is_what_a_run_of_the_checks_finds() -> None:
    assert written(TEXT) == TEXT, "run: python -m tests.conformance.table"


def test_every_method_of_the_client_is_checked_and_has_its_row() -> None:
    assert {call.method for call in CALLS} == METHODS
    assert {method for check in CHECKS for method in check.methods} == METHODS
    for method in METHODS:
        assert len(re.findall(rf"^\| .* \| `{method}` \|", TEXT, re.MULTILINE)) == 2


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.name)
def test_a_check_is_counted_for_no_method_that_it_does_not_call(check: Check) -> None:
    called: set[str] = set()
    with simulated(Dialect.TEXT, SPELLINGS[0]) as probe, profiled(lambda code: called.add(code.co_qualname)):
        check.holds(probe)
    assert {f"GatewayClient.{method}" for method in check.methods} <= called


@contextmanager
def profiled(note: Callable[[CodeType], None]) -> Iterator[None]:
    """Every call of a Python function by this thread is noted."""
    sys.setprofile(lambda frame, event, _: note(frame.f_code) if event == "call" else None)
    try:
        yield
    finally:
        sys.setprofile(None)


def test_every_field_of_the_wire_is_on_the_page() -> None:
    rows = re.findall(r"^\| (`.*?) \|", TEXT, re.MULTILINE)
    named = {word for row in rows for word in re.findall(r"[a-z]+_\w+", row)}
    assert named >= FIELDS - NOT_FIELDS
