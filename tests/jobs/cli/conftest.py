"""The command line as a person uses it, in this process where that is enough, in one of its own where it is not."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from redis import Redis

from jobs.__main__ import main
from jobs.gateway.simulator import Clock, Settings, Simulator
from jobs.ledger import campaigns, claims, dispositions, submissions
from jobs.models import Disposition, Submission, SubmissionState
from tests.jobs.cli.terminal import NOON, Terminal
from tests.servers import RedisServer

NOW = datetime(2026, 3, 2, 15, 0, tzinfo=UTC)

ROOT = Path(__file__).parents[3]

AUDIO = ("--audio-url", "https://cdn.example.com/reminder.mp3?signature=canary")
SEND = ("--caller-id", "(617) 555-0199", *AUDIO)

PHONES = ["6175550123", "6175550124", "6175550125"]
CONTACTS = """\
Name,Mobile Phone
Ann,617-555-0123
Bob,(617) 555-0124
Cyd,n/a
Dee,6175550123.0
Eve,+1 617 555 0125
Fay,+44 20 7946 0123
"""
"""Three phones and three rows that are left out."""


@dataclass(frozen=True)
class Ended:
    """How a command ended, and all that it said."""

    code: int
    out: str
    err: str

    @property
    def document(self) -> Any:
        """The one JSON document on stdout."""
        return json.loads(self.out)

    @property
    def error(self) -> Any:
        """What a program reads on stderr: the last line's `error`."""
        return json.loads(self.err.splitlines()[-1])["error"]


Run = Callable[..., Ended]


@pytest.fixture
def run(redis: Redis, redis_server: RedisServer, capsys: pytest.CaptureFixture[str]) -> Run:
    """Run `python -m jobs` with these arguments in this process, on an empty ledger, at `now`."""

    def run(*arguments: object, now: datetime = NOW, env: Mapping[str, str] | None = None) -> Ended:
        environment = {"REDIS_URL": redis_server.url} if env is None else env
        code = main([str(each) for each in arguments], environment, lambda: now)
        return Ended(int(code), *capsys.readouterr())

    return run


@pytest.fixture
def terminal(redis_server: RedisServer, redis: Redis, run: Run) -> Iterator[Terminal]:
    """A whole environment: the ledger, and a gateway that places a call each second of a clock that tests move."""
    with Simulator(Settings(calls_per_second=1), clock=Clock(starts_at=NOON, stopped=True)) as simulator:
        account = {"GATEWAY_UID": "demo", "GATEWAY_PASSWORD": "demo"}
        env = {"REDIS_URL": redis_server.url, "GATEWAY_URL": simulator.base_url, **account}
        yield Terminal(simulator, redis, run, env)


@pytest.fixture
def contacts(tmp_path: Path) -> Path:
    """A small file with some of every trouble."""
    path = tmp_path / "contacts.csv"
    path.write_text(CONTACTS)
    return path


@pytest.fixture
def campaign_id(run: Run, contacts: Path) -> str:
    """A campaign that waits in the ledger, under the key `march`."""
    sent = run("send", contacts, *SEND, "--title", "March", "--key", "march", "--json")
    return str(sent.document["campaign_id"])


@contextmanager
def started(
    *arguments: object,
    env: Mapping[str, str],
    stdin: int = subprocess.DEVNULL,
    stdout: int = subprocess.PIPE,
    stderr: int = subprocess.PIPE,
) -> Iterator[subprocess.Popen[str]]:
    """`python -m jobs` with these arguments in a process of its own, which ends with the block at the latest."""
    command = [sys.executable, "-m", "jobs", *map(str, arguments)]
    environment = {"PATH": os.environ["PATH"], **env}
    with subprocess.Popen(
        command, cwd=ROOT, env=environment, stdin=stdin, stdout=stdout, stderr=stderr, text=True
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def newest_id(redis: Redis) -> str:
    """The id of the campaign that was taken last."""
    (campaign,) = campaigns.newest(redis, most=1)
    return campaign.id


def only_submission(redis: Redis, campaign_id: str) -> Submission:
    (found,) = submissions.read(redis, campaigns.submission_ids(redis, campaign_id))
    return found


def move(redis: Redis, campaign_id: str, *states: SubmissionState, **fields: str | int) -> None:
    """Move the campaign's one submission through these states, as a worker would; fields go with the last one."""
    submission = only_submission(redis, campaign_id)
    now = submission.not_before or NOW
    if submission.state is SubmissionState.PLANNED:
        claims.claim(redis, submission.id, attempt="a", now=now, until=now)
    for state in states:
        extra: dict[str, Any] = fields if state is states[-1] else {}
        assert submissions.move(redis, submission, state, now=now, **extra)


def accept(redis: Redis, campaign_id: str, *, gateway_count: int = 3) -> None:
    """Have the gateway take the campaign's one submission."""
    states = (SubmissionState.SENDING, SubmissionState.ACCEPTED)
    move(redis, campaign_id, *states, session_id="4294967301", gateway_count=gateway_count)


def record(redis: Redis, campaign_id: str, *records: Disposition) -> None:
    dispositions.record(redis, only_submission(redis, campaign_id), records, now=NOW)
