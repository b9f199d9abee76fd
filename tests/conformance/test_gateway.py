"""Does a gateway do what Dropline takes it to do? The simulator in every spelling, or any other: docs/gateway.md."""

import pytest

from tests.conformance.checks import CHECKS, Check
from tests.conformance.target import Probe


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.name)
def test_the_gateway(check: Check, probe: Probe) -> None:
    if check.needs_leave and not probe.account.can_send:
        pytest.skip("needs --conformance-may-send, a phone of your own, a caller ID and a recording: docs/gateway.md")
    check.holds(probe)
