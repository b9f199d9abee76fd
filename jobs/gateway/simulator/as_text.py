"""Replies as lines of text."""

from typing import assert_never

from jobs.gateway.simulator.replies import (
    Accepted,
    AudioFile,
    Balance,
    Dated,
    Done,
    PhoneLists,
    Record,
    Recordings,
    Records,
    Refused,
    Reply,
    SessionsOfDay,
)
from jobs.gateway.simulator.settings import Dialect, Layout


def lines_of(reply: Reply, dialect: Dialect) -> list[str]:
    """The lines of an answer, without their ends."""
    match reply:
        case Accepted():
            return _acceptance(reply, dialect)
        case Refused(problems):
            return ["ERROR", *problems]
        case Done(_, session_id):
            return ["OK", f"session ID={session_id}"] if session_id and dialect.id_with_controls else ["OK"]
        case Balance():
            return _balance(reply, dialect)
        case Records(records):
            return [record_line(each, dialect, prefixed=dialect.record_prefix) for each in records]
        case _:
            return _list_lines(reply, dialect)


def record_line(record: Record, dialect: Dialect, *, prefixed: bool) -> str:
    """`session id|phone|status|reason|time|carrier`, as postbacks and answers carry it."""
    fields = (
        record.session_id,
        record.phone,
        status_word(record, dialect),
        record.reason,
        record.time_text,
        record.carrier,
    )
    kept = fields[:5] if dialect.five_fields else fields
    text = "|".join(f'"{each}"' if dialect.quoted_records else each for each in kept)
    return f"var={text}" if prefixed else text


def status_word(record: Record, dialect: Dialect) -> str:
    """`OK`, the dialect's word for a failure, or nothing for a call not made yet."""
    if record.is_delivered is None:
        return ""
    return "OK" if record.is_delivered else dialect.failure_word


def _acceptance(reply: Accepted, dialect: Dialect) -> list[str]:
    id_form, count_form = {
        Layout.LIVE: ("session_id={}", "number of phone={}"),
        Layout.TITLE_CASE: ("Session ID={}", "Number of Phone={}"),
        Layout.BARE_ID: ("{}", "Number of Phone #s = {}"),
    }[dialect.layout]
    lines = ["OK", id_form.format(reply.session_id)]
    return [*lines, count_form.format(reply.count)] if dialect.count == "sent" else lines


def _balance(reply: Balance, dialect: Dialect) -> list[str]:
    form = "," if dialect.thousands_commas else ""
    lines = [f"remaining messages={reply.remaining:{form}}", f"pending messages={reply.pending:{form}}"]
    return ["OK", *lines] if dialect.balance_with_ok else lines


def _list_lines(reply: SessionsOfDay | Recordings | PhoneLists | AudioFile, dialect: Dialect) -> list[str]:
    match reply:
        case SessionsOfDay(sessions):
            rows = [_dated(each, dialect) for each in sessions]
            return [",".join(rows)] if dialect.dates_layout == "one_line" else rows
        case Recordings(recordings, with_duration):
            rows = [f'"{each.file}"|"{each.title}"|"{each.saved}"' for each in recordings]
            ends = [f'|"{each.seconds:g}"' if with_duration else "" for each in recordings]
            return [row + end for row, end in zip(rows, ends, strict=True)]
        case PhoneLists(lists):
            return [f'"{name}"|"{count}"' for name, count in lists]
        case AudioFile():
            raise TypeError("a file is not text")
    assert_never(reply)


def _dated(session: Dated, dialect: Dialect) -> str:
    match dialect.dates_layout:
        case "titled":
            return f"{session.session_id}|{session.title}"
        case "table":
            return f'"{session.session_id}"|"{session.title}"|"{session.starts_text}"|"{session.count}"'
        case "labelled":
            return f"session_id={session.session_id} date={session.starts_text} title={session.title}"
        case _:
            return session.session_id
