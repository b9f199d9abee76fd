"""Structured logs: an event name and fields, one line each, for our own lines and for those of every library.

Law of the room: nothing reaches the stream that has not passed the masking, and writing a line never raises.
"""

import json
import logging
import sys
import threading
from collections.abc import Callable, Iterable
from contextlib import suppress
from datetime import UTC, datetime
from types import TracebackType
from typing import Any, TextIO

import structlog
from structlog.contextvars import merge_contextvars
from structlog.dev import ConsoleRenderer, plain_traceback
from structlog.processors import JSONRenderer, StackInfoRenderer, format_exc_info
from structlog.stdlib import ExtraAdder, ProcessorFormatter
from structlog.typing import EventDict, Processor, WrappedLogger

from config.masking import mask_text, mask_value, text_mask
from config.settings import LogFormat, LogLevel

APPLICATION = "dropline"
"""The name on lines of loggers that were not given one."""

RQ_ARGUMENTS = ("arguments", "kwargs")
"""RQ attaches a failed job's arguments to its log record in full; of another system's job they may be anything."""


def configure_logs(
    level: LogLevel = LogLevel.INFO,
    log_format: LogFormat = LogFormat.AUTO,
    *,
    stream: TextIO | None = None,
    secrets: Iterable[str] = (),
) -> None:
    """Send every log line of this process, ours, the libraries' and that of its death, masked to `stream` (stderr).

    `secrets` are values that must not occur in any line. May be called again: the last call holds.
    """
    stream = stream or sys.stderr
    handler = _Handler(stream)
    handler.setLevel(level)  # not only on the root: RQ sets a level of its own on its loggers
    handler.setFormatter(_formatter(_renderer(log_format, stream), text_mask(secrets)))
    _make_only_handler(handler)
    logging.getLogger().setLevel(level)
    logging.captureWarnings(capture=True)
    sys.excepthook = _log_uncaught
    threading.excepthook = _log_uncaught_in_thread
    structlog.configure(
        processors=[merge_contextvars, ProcessorFormatter.wrap_for_formatter],
        wrapper_class=structlog.make_filtering_bound_logger(str(level)),
        logger_factory=_logger,
        cache_logger_on_first_use=False,
    )


class _Handler(logging.StreamHandler[TextIO]):
    """Tells of a line that cannot be written without showing it: logging itself would print all its arguments."""

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802  # logging calls it by this name
        error = type(sys.exception()).__name__
        lost = {"event": "a log line could not be written", "logger": mask_text(record.name), "error": error}
        with suppress(Exception):  # the stream itself is gone, and with it the last one who could be told
            self.stream.write(json.dumps({"level": "error", **lost}) + self.terminator)


def _formatter(renderer: Processor, mask: Callable[[str], str]) -> ProcessorFormatter:
    def stamped_and_masked(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
        record: logging.LogRecord = event.pop("_record")
        del event["_from_structlog"]
        stamp = {
            "timestamp": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "event": "",
        }
        masked: EventDict = mask_value({**event, "logger": record.name}, mask)
        return {**stamp, **masked}

    return ProcessorFormatter(
        foreign_pre_chain=[merge_contextvars, ExtraAdder(), _without_rq_arguments],
        processors=[StackInfoRenderer(), format_exc_info, stamped_and_masked, renderer],
    )


def _renderer(log_format: LogFormat, stream: TextIO) -> Processor:
    on_terminal = stream.isatty()
    if log_format is LogFormat.JSON or (log_format is LogFormat.AUTO and not on_terminal):
        return JSONRenderer()
    return ConsoleRenderer(colors=on_terminal, exception_formatter=plain_traceback, sort_keys=False)


def _without_rq_arguments(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    for name in RQ_ARGUMENTS:
        event.pop(name, None)
    return event


def _make_only_handler(handler: logging.Handler) -> None:
    """Also takes off what RQ hung on its own loggers if it was there first: its lines would come twice, unmasked."""
    logging.getLogger().handlers[:] = [handler]
    for name in list(logging.Logger.manager.loggerDict):
        if name.partition(".")[0] == "rq":
            logging.getLogger(name).handlers.clear()
            logging.getLogger(name).propagate = True


def _logger(name: str = APPLICATION, *_more: Any) -> logging.Logger:
    return logging.getLogger(name)


def _log_uncaught(kind: type[BaseException], error: BaseException, traceback: TracebackType | None) -> None:
    if issubclass(kind, KeyboardInterrupt):
        sys.__excepthook__(kind, error, traceback)
        return
    structlog.get_logger().critical("uncaught exception", exc_info=(kind, error, traceback))


def _log_uncaught_in_thread(args: threading.ExceptHookArgs) -> None:
    thread = args.thread.name if args.thread else ""
    error = args.exc_value or args.exc_type()
    structlog.get_logger().critical("uncaught exception in a thread", thread=thread, exc_info=error)
