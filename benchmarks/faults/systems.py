"""The systems that are compared, as data: which errands they have, which worker processes, and how they are set up."""

import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from benchmarks.faults.script import TIMEOUT_S

ROOT = Path(__file__).parents[2]
PEERS_PYTHON = ROOT / ".venv-faults" / "bin" / "python"
"""Made by `make bench-faults`: peers are no dependencies of Dropline."""

CONCURRENCY = 4
"""How many campaigns every system sends at the same time."""

RETRIES = 5
"""How often peers try again."""

_PEERS = "benchmarks.faults.peers"


@dataclass(frozen=True, slots=True)
class System:
    """One column of the result. `workers` are command lines, each run in its own process, after the interpreter."""

    name: str
    way: str
    """How it is set up, in a few words."""
    errands: str
    """The module that hands campaigns in and looks at them."""
    workers: tuple[tuple[str, ...], ...]
    environment: Mapping[str, str]
    is_peer: bool = True

    @property
    def python(self) -> str:
        """The interpreter of its environment."""
        return str(PEERS_PYTHON) if self.is_peer else sys.executable


def _rq(name: str, way: str, *, careful: bool) -> System:
    workers = (("-m", f"{_PEERS}.plain_rq", "work"),) * CONCURRENCY
    return System(name, way, f"{_PEERS}.plain_rq", workers, _peer_environment(careful))


def _celery(name: str, way: str, *, careful: bool) -> System:
    module = f"{_PEERS}.celery_app"
    worker = ("-m", "celery", "-A", module, "worker", "--concurrency", str(CONCURRENCY), "--loglevel", "INFO")
    return System(name, way, module, (worker,), _peer_environment(careful))


def _dramatiq(name: str, way: str, *, careful: bool) -> System:
    module = f"{_PEERS}.dramatiq_app"
    worker = ("-m", "dramatiq", module, "--processes", "2", "--threads", str(CONCURRENCY // 2))
    return System(name, way, module, (worker,), _peer_environment(careful))


def _peer_environment(careful: bool) -> dict[str, str]:
    return {"TIMEOUT_S": str(TIMEOUT_S), "RETRIES": str(RETRIES), "CAREFUL": "yes" if careful else ""}


DROPLINE = System(
    "Dropline",
    "as it comes: `hold`",
    "benchmarks.faults.dropline",
    (("-m", "worker"),),
    {
        "GATEWAY_UID": "demo",
        "GATEWAY_PASSWORD": "demo",
        "GATEWAY_CONNECT_TIMEOUT_S": str(TIMEOUT_S),
        "GATEWAY_READ_TIMEOUT_S": str(TIMEOUT_S),
        "GATEWAY_DEADLINE_S": str(TIMEOUT_S),
        "GATEWAY_CALLS_PER_S": "1000",  # the others have no limit either
        "SEND_CONCURRENCY": str(CONCURRENCY),
        "LOG_FORMAT": "json",
    },
    is_peer=False,
)

SYSTEMS = (
    _rq("RQ", "`Retry`", careful=False),
    _rq("RQ, careful", "`Retry` for what never left", careful=True),
    _celery("Celery", "`acks_late`, `autoretry_for`", careful=False),
    _celery("Celery, careful", "early acks, `autoretry_for` what never left", careful=True),
    _dramatiq("Dramatiq", "`Retries`", careful=False),
    _dramatiq("Dramatiq, careful", "`retry_when` it never left", careful=True),
    DROPLINE,
)
"""The careful ones are not what the documentation shows: they are what we would write who know this gateway."""
