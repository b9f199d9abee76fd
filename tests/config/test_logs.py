import io
import json
import logging
import subprocess
import sys
import threading
import warnings
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import structlog
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from rq.logutils import setup_loghandlers

from config.logs import configure_logs
from config.settings import LogFormat, LogLevel
from tests.config.samples import PHONES, shows, written

PHONE = "6175550123"
WANTS_TWO = "to %s and %s"


class Odd:
    def __str__(self) -> str:
        raise RuntimeError(PHONE)

    __repr__ = __str__


@pytest.fixture(autouse=True)
def _as_it_was() -> Iterator[None]:
    root, hooks = logging.getLogger(), (sys.excepthook, threading.excepthook)
    handlers, level, configuration = root.handlers[:], root.level, structlog.get_config()
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    logging.captureWarnings(capture=False)
    sys.excepthook, threading.excepthook = hooks
    structlog.configure(**configuration)
    structlog.contextvars.clear_contextvars()


@pytest.fixture
def stream() -> io.StringIO:
    """Where the lines of a process go that logs as in production."""
    stream = io.StringIO()
    configure_logs(LogLevel.INFO, LogFormat.JSON, stream=stream, secrets=["hunter22"])
    return stream


def lines(stream: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_a_line_is_one_object_with_instant_level_event_and_fields(stream: io.StringIO) -> None:
    structlog.get_logger("jobs.campaigns").info("submission accepted", session_id="9381694821", phones=3)
    (line,) = lines(stream)
    assert list(line)[:3] == ["timestamp", "level", "event"]
    assert line.pop("timestamp").endswith("+00:00")
    assert line == {
        "level": "info",
        "event": "submission accepted",
        "session_id": "9381694821",
        "phones": 3,
        "logger": "jobs.campaigns",
    }


def test_a_logger_without_a_name_is_the_application_s(stream: io.StringIO) -> None:
    structlog.get_logger().info("started")
    assert lines(stream)[0]["logger"] == "dropline"


def test_ids_bound_once_are_on_our_lines_and_on_the_libraries(stream: io.StringIO) -> None:
    with structlog.contextvars.bound_contextvars(campaign="abcdef"):
        structlog.get_logger("jobs").info("ours")
        logging.getLogger("urllib3").warning("theirs")
    assert [(line["event"], line["campaign"]) for line in lines(stream)] == [("ours", "abcdef"), ("theirs", "abcdef")]


def test_quiet_levels_are_not_written_even_where_rq_set_its_own(stream: io.StringIO) -> None:
    configure_logs(LogLevel.WARNING, LogFormat.JSON, stream=stream)
    logging.getLogger("rq.worker").setLevel(logging.INFO)
    logging.getLogger("rq.worker").info("Job OK")
    structlog.get_logger("jobs").info("ours")
    assert stream.getvalue() == ""


@pytest.mark.parametrize("rq_first", [True, False])
def test_a_line_of_rq_comes_once(stream: io.StringIO, capsys: pytest.CaptureFixture[str], *, rq_first: bool) -> None:
    if rq_first:
        logging.getLogger().handlers.clear()
        setup_loghandlers("INFO", name="rq.worker")
    configure_logs(LogLevel.INFO, LogFormat.JSON, stream=stream)
    setup_loghandlers("INFO", name="rq.worker")
    logging.getLogger("rq.worker").info("Job OK")
    assert [line["event"] for line in lines(stream)] == ["Job OK"]
    assert capsys.readouterr() == ("", "")


def test_the_arguments_of_a_failed_job_are_dropped(stream: io.StringIO) -> None:
    extra = {"arguments": ["secret"], "kwargs": {"a": "secret"}, "queue": "campaigns", "job_id": "abc"}
    logging.getLogger("rq.worker").error("job failed", extra=extra)
    (line,) = lines(stream)
    assert "secret" not in json.dumps(line)
    assert (line["queue"], line["job_id"]) == ("campaigns", "abc")


def test_a_traceback_is_plain_text_without_phones_secrets_and_locals(stream: io.StringIO) -> None:
    local = f"{PHONE} with hunter22".upper().lower()
    try:
        int(local)
    except ValueError:
        structlog.get_logger("jobs").exception("it failed")
    (line,) = lines(stream)
    assert line["exception"].startswith("Traceback (most recent call last):\n")
    assert line["exception"].endswith("ValueError: invalid literal for int() with base 10: '***0123 with ***'")
    assert line["exception"].count("***") == 2


def in_event(phone: str) -> None:
    structlog.get_logger("jobs").info(f"sent to {phone}")


def in_key_and_values(phone: str) -> None:
    structlog.get_logger("jobs").info("sent", **{phone: 1}, nested=[{"a": (phone, {phone})}], raw=phone.encode())


def in_bound_values(phone: str) -> None:
    with structlog.contextvars.bound_contextvars(to=phone):
        structlog.get_logger("jobs").bind(also=phone).info("sent")


def in_exceptions(phone: str) -> None:
    try:
        raise_about(phone)
    except RuntimeError:
        structlog.get_logger("jobs").exception("failed")
        logging.getLogger("other").exception("failed")


def raise_about(phone: str) -> None:
    try:
        dict[str, str]()[phone]
    except KeyError as error:
        error.add_note(f"about {phone}")
        raise RuntimeError([phone]) from error


def in_foreign_records(phone: str) -> None:
    logging.getLogger("other").info("to %s, %r", phone, {"to": phone}, extra={"to": phone})
    logging.getLogger(f"other.{phone}").info(phone, stack_info=True)


def in_records_that_cannot_be_written(phone: str) -> None:
    logging.getLogger("other").info(WANTS_TWO, phone)
    logging.getLogger("other").info("to %s", Odd())


@pytest.mark.parametrize("log_format", [LogFormat.JSON, LogFormat.CONSOLE])
@pytest.mark.parametrize(
    "write",
    [
        in_event,
        in_key_and_values,
        in_bound_values,
        in_exceptions,
        in_foreign_records,
        in_records_that_cannot_be_written,
    ],
)
@given(phone=PHONES, form=st.integers(0, 38))
@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_phone_survives_in_any_position(
    log_format: LogFormat, write: Callable[[str], None], phone: str, form: int
) -> None:
    stream = io.StringIO()
    configure_logs(LogLevel.INFO, log_format, stream=stream)
    write(written(phone)[form])
    text = stream.getvalue()
    assert text
    assert not shows(phone, text)
    assert not shows(phone, text.replace("\\u2013", "\u2013"))


def test_nothing_unprintable_stops_the_program(capsys: pytest.CaptureFixture[str]) -> None:
    stream = io.StringIO()
    configure_logs(LogLevel.INFO, LogFormat.JSON, stream=stream)
    structlog.get_logger("jobs").info("odd", odd=Odd(), many=[Odd()], big=10**5000, nan=float("nan"), lone="\ud800")
    structlog.get_logger("jobs").info(None, exc_info="not an exception")
    logging.getLogger("other").info(WANTS_TWO, PHONE)
    assert [line["event"] for line in lines(stream)] == ["odd", "", "a log line could not be written"]
    stream.close()
    structlog.get_logger("jobs").info("nobody hears this")
    assert capsys.readouterr() == ("", "")


def test_warnings_are_lines_too(stream: io.StringIO) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        logging.captureWarnings(capture=False)
        configure_logs(LogLevel.INFO, LogFormat.JSON, stream=stream)
        warnings.warn(f"odd number {PHONE}", stacklevel=1)
        logging.captureWarnings(capture=False)
    (line,) = lines(stream)
    assert line["logger"] == "py.warnings"
    assert "***0123" in line["event"]


def test_auto_writes_json_unless_somebody_is_looking() -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    piped, terminal = io.StringIO(), Terminal()
    for stream in (piped, terminal):
        configure_logs(stream=stream)
        structlog.get_logger("jobs").info("started")
    assert lines(piped)[0]["event"] == "started"
    assert not terminal.getvalue().startswith("{")
    assert "started" in terminal.getvalue()


DYING = """
import threading
from config.logs import configure_logs
configure_logs()
thread = threading.Thread(target=int, args=("6175550123x",))
thread.start(); thread.join()
raise ValueError("6175550123")
"""


def test_the_last_words_of_a_process_and_its_threads_are_masked_lines() -> None:
    died = subprocess.run([sys.executable, "-c", DYING], capture_output=True, text=True, check=False, timeout=60)
    assert died.returncode == 1
    events = [json.loads(line) for line in died.stderr.splitlines()]
    assert [event["event"] for event in events] == ["uncaught exception in a thread", "uncaught exception"]
    assert "617555" not in died.stderr
