"""The suite as somebody runs it against an account: it reads, and does more only when it is told to."""

import os
import subprocess
import sys
from collections.abc import Iterator

import pytest

from jobs.gateway.simulator import Account, Settings, Simulator

pytestmark = pytest.mark.processes

PHONE = "6175550101"
LEAVE = (
    *("--conformance-phone", PHONE, "--conformance-caller-id", "6175550100"),
    *("--conformance-audio-title", "Reminder"),
)


@pytest.fixture
def account() -> Iterator[Simulator]:
    """Somebody's account, at a gateway that calls nobody and knows what it was asked."""
    accounts = {"me": Account.model_validate({"password": "sesame"})}
    with Simulator(Settings(accounts=accounts, calls_per_second=100)) as simulator:
        yield simulator


def judged(account: Simulator, *options: str) -> str:
    """What pytest says in the end."""
    command = [sys.executable, "-m", "pytest", "tests/conformance/test_gateway.py", "-p", "no:cacheprovider"]
    done = subprocess.run(
        [*command, "--gateway-url", account.base_url, "--gateway-uid", "me", *options],
        env=os.environ | {"CONFORMANCE_GATEWAY_PASSWORD": "sesame"},
        capture_output=True,
        text=True,
        check=False,
        timeout=200,
    )
    assert done.returncode == 0, done.stdout
    return done.stdout


@pytest.mark.parametrize("options", [(), LEAVE, ("--conformance-may-send",)], ids=["nothing", "no leave", "no phone"])
def test_without_leave_it_only_reads(account: Simulator, options: tuple[str, ...]) -> None:
    judged(account, *options)
    assert {each.option for each in account.truth.arrivals} == {
        *("user_verify", "balance", "campaign_by_date", "callstatus", "campaign_result"),
        *("get_audio_list", "get_audio_list_with_duration", "download"),
    }


def test_with_leave_it_calls_that_one_number_and_ends_what_it_began(account: Simulator) -> None:
    # Waiting for a record takes ten seconds of the real clock, twice.
    judged(account, *LEAVE, "--conformance-may-send")
    assert {*account.truth.accepted_phones()} == {PHONE}
    assert all(session.state(account.now).is_over for session in account.truth.sessions)
    assert len(account.truth.sessions) == 12
