"""The command line as processes: pipes, signals, terminals, and Redis going away."""

import fcntl
import os
import pty
import signal
import struct
import subprocess
import termios
import time
from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import IO

import pytest
from redis import Redis

from jobs.campaigns.control import known
from jobs.ledger.amnesia import Halted
from jobs.models import Intent, SubmissionState
from tests.jobs.cli.conftest import CONTACTS, SEND, Run, accept, move, newest_id, started
from tests.servers import RedisServer


def ended(*arguments: object, env: Mapping[str, str], text: str = "") -> tuple[int, str, str]:
    """Exit code, stdout and stderr of a command that was given this on stdin."""
    with started(*arguments, env=env, stdin=subprocess.PIPE) as process:
        out, err = process.communicate(text, timeout=60)
        return process.returncode, out, err


def read_until(stream: IO[str] | None, beginning: str) -> None:
    """Read lines until one begins like this; a stream that ends before fails the test."""
    assert stream is not None
    assert any(line.startswith(beginning) for line in iter(stream.readline, ""))


@pytest.fixture
def env(redis: Redis, redis_server: RedisServer) -> dict[str, str]:
    return {"REDIS_URL": redis_server.url}


def test_contacts_may_come_from_a_pipe(env: dict[str, str]) -> None:
    code, out, _ = ended("send", "-", *SEND, "--json", env=env, text=CONTACTS)
    assert code == 0
    assert '"phones": 3' in out


def test_what_is_piped_has_no_colours_and_whole_sentences(env: dict[str, str], campaign_id: str) -> None:
    code, out, err = ended("show", campaign_id, env={**env, "FORCE_COLOR": "1"})
    assert (code, err) == (0, "")
    assert "\x1b" not in out
    assert "Nothing is sent yet: its hour has not come, no worker has got to it, or its account is held.\n" in out


def test_what_is_no_error_is_not_logged_before_a_persons_answer(
    env: dict[str, str], redis: Redis, run: Run, contacts: Path
) -> None:
    run("send", contacts, *SEND, now=datetime.now(UTC))
    move(redis, newest_id(redis), SubmissionState.SENDING, SubmissionState.UNKNOWN)
    code, out, err = ended("decide", f"{newest_id(redis)}-1", "resend", "--force", "--why", "not there", env=env)
    assert (code, err) == (0, "")
    assert "is sent once more" in out


@pytest.mark.parametrize(("more", "is_coloured"), [({}, True), ({"NO_COLOR": "1"}, False)])
def test_a_terminal_gets_colours_unless_it_asks_not_to(
    env: dict[str, str], campaign_id: str, more: dict[str, str], is_coloured: bool
) -> None:
    drawn = in_a_terminal("show", campaign_id, env={**env, **more})
    assert ("\x1b[" in drawn) is is_coloured
    assert max(len(line) for line in drawn.splitlines() if "\x1b" not in line) <= 80


def test_a_reader_that_has_had_enough_is_no_error(env: dict[str, str], redis: Redis, tmp_path: Path) -> None:
    contacts = tmp_path / "many.csv"
    contacts.write_text("".join(f"{area}555{line:04}\n" for area in range(201, 206) for line in range(1_900)))
    assert ended("send", contacts, *SEND, env=env)[0] == 0
    with started("results", newest_id(redis), env=env) as process:
        assert process.stdout is not None
        assert process.stdout.readline().startswith("phone,")
        process.stdout.close()
        assert process.wait(timeout=60) == 0
        assert process.stderr is not None
        assert process.stderr.read() == ""


def test_ctrl_c_ends_the_watching_and_nothing_else(env: dict[str, str], redis: Redis, campaign_id: str) -> None:
    with started("show", campaign_id, "--watch", env=env) as process:
        read_until(process.stderr, "waiting: ")
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=60)
    assert (process.returncode, out) == (130, "")
    assert "Stopped watching; that changes nothing." in err
    assert f"python -m jobs stop {campaign_id}" in err
    assert known(redis, campaign_id).intent is Intent.RUN


@pytest.mark.processes
def test_watching_outlives_a_restart_of_redis(contacts: Path) -> None:
    with (
        RedisServer(appendonly=True) as server,
        Redis.from_url(server.url) as redis,
        started("send", contacts, *SEND, "--wait", env={"REDIS_URL": server.url}) as process,
    ):
        read_until(process.stderr, "waiting: ")
        server.restart()
        accept_when_trusted(redis)
        read_until(process.stderr, "running: ")
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=60) == 130


def accept_when_trusted(redis: Redis) -> None:
    """A server that was started anew is doubted for some seconds, in which nothing is sent."""
    for _ in range(60):
        with suppress(Halted):
            return accept(redis, newest_id(redis))
        time.sleep(0.5)
    pytest.fail("the server is still doubted")


def in_a_terminal(*arguments: str, env: dict[str, str]) -> str:
    """What a command draws on a terminal of 80 columns."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 50, 80, 0, 0))
    drawn = b""
    with started(*arguments, env={"TERM": "xterm-256color", **env}, stdout=theirs, stderr=theirs) as process:
        os.close(theirs)
        with os.fdopen(ours, "rb", buffering=0) as screen, suppress(OSError):  # Linux's way to say that nobody writes
            while part := screen.read(65_536):
                drawn += part
        assert process.wait(timeout=60) == 0
    return drawn.decode()
