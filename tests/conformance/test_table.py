"""The page about the gateway says what the client does, and its table is what a run of the checks has found."""

import re

from jobs.gateway.client import GatewayClient
from jobs.gateway.simulator.hints import FIELDS
from tests.conformance.checks import CHECKS
from tests.conformance.table import CALLS, PAGE, written

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


def test_every_field_of_the_wire_is_on_the_page() -> None:
    rows = re.findall(r"^\| (`.*?) \|", TEXT, re.MULTILINE)
    named = {word for row in rows for word in re.findall(r"[a-z]+_\w+", row)}
    assert named >= FIELDS - NOT_FIELDS
