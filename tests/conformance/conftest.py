"""Which gateway is judged: the simulator in every spelling, or the one that the options or the environment name."""

import os
from collections.abc import Iterator
from contextlib import nullcontext

import pytest
from pydantic import SecretStr

from jobs.gateway.client import Dialect
from jobs.gateway.simulator import Dialect as Spelling
from tests.conformance.target import Account, Probe, real, simulated
from tests.jobs.gateway.spellings import SPELLINGS

OPTIONS = {
    "gateway-url": "base URL of the gateway to judge, ending in /gateway/; without it, the simulator",
    "gateway-uid": "the account's user id",
    "conformance-phone": "the one number that may be called: your own, 10 digits",
    "conformance-caller-id": "the caller ID to call it from, 10 digits",
    "conformance-audio-title": "the title of a recording in the account",
}
"""Each can also be given in the environment, as `CONFORMANCE_GATEWAY_URL` for `--gateway-url`. The account's password
can be given there alone, where no list of processes shows it: `CONFORMANCE_GATEWAY_PASSWORD`."""


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("conformance", "judging a gateway")
    for name, meaning in OPTIONS.items():
        group.addoption(f"--{name}", help=meaning)
    group.addoption("--conformance-may-send", action="store_true", help="begin and end campaigns, and ring that number")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "probe" in metafunc.fixturenames:
        spellings: tuple[Spelling | None, ...] = (None,) if _account(metafunc.config) else SPELLINGS
        targets = [(dialect, spelling) for dialect in Dialect for spelling in spellings]
        names = [f"{dialect}-{number}" for dialect in Dialect for number in range(len(spellings))]
        metafunc.parametrize("probe", targets, ids=names, indirect=True)


@pytest.fixture
def probe(request: pytest.FixtureRequest) -> Iterator[Probe]:
    dialect, spelling = request.param
    account = _account(request.config)
    with nullcontext(real(account, dialect)) if account else simulated(dialect, spelling) as found:
        yield found


def _account(config: pytest.Config) -> Account | None:
    """The account that somebody named; None for the simulator."""
    stated = {name: _stated(config, name) for name in OPTIONS}
    if not stated["gateway-url"]:
        return None
    return Account(
        base_url=stated["gateway-url"],
        uid=stated["gateway-uid"],
        password=SecretStr(os.environ.get("CONFORMANCE_GATEWAY_PASSWORD", "")),
        may_send=bool(config.getoption("conformance_may_send", default=False)),
        phone=stated["conformance-phone"],
        caller_id=stated["conformance-caller-id"],
        audio_title=stated["conformance-audio-title"],
    )


def _stated(config: pytest.Config, name: str) -> str:
    """The option, which pytest knows only if it was started in here, or the variable."""
    option = config.getoption(name.replace("-", "_"), default=None)
    variable = "CONFORMANCE_" + name.removeprefix("conformance-").replace("-", "_").upper()
    return option or os.environ.get(variable, "")
