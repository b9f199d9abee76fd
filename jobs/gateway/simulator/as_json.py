"""Replies as JSON values, as `vmb.json.php` gives them."""

from typing import Any, assert_never

from jobs.gateway.simulator.as_text import status_word
from jobs.gateway.simulator.replies import (
    Accepted,
    AudioFile,
    Balance,
    Done,
    PhoneLists,
    Record,
    Recordings,
    Records,
    Refused,
    Reply,
    SessionsOfDay,
)
from jobs.gateway.simulator.settings import Dialect


def json_of(reply: Reply, dialect: Dialect) -> Any:
    """Acceptances, refusals and records are as seen; the rest is assumed to follow them."""
    match reply:
        case Accepted(session_id, count):
            counted = {"number_of_phone": count} if dialect.count == "sent" else {}
            return {"new_campaign": "OK", "session_id": _id(session_id, dialect)} | counted
        case Refused(problems):
            return {"ERROR": "\n".join(problems)}
        case Done(option, session_id):
            return {option: "OK"} | ({"session_id": _id(session_id, dialect)} if session_id else {})
        case Balance(remaining, pending):
            return _keyed({"remaining messages": remaining, "pending messages": pending}, dialect)
        case Records(records):
            rows = [_record(each, dialect) for each in records]
            return rows[0] if dialect.json_lone_record and len(rows) == 1 else rows
        case _:
            return _list(reply, dialect)


def _id(session_id: str, dialect: Dialect) -> str | int:
    return int(session_id) if dialect.json_ids_as_numbers else session_id


def _keyed(values: dict[str, Any], dialect: Dialect) -> dict[str, Any]:
    return {key.replace(" ", "_"): value for key, value in values.items()} if dialect.json_underscores else values


def _list(reply: SessionsOfDay | Recordings | PhoneLists | AudioFile, dialect: Dialect) -> Any:
    match reply:
        case SessionsOfDay(sessions):
            return [{"session_id": _id(each.session_id, dialect), "title": each.title} for each in sessions]
        case Recordings(recordings, with_duration):
            rows = [{"file": each.file, "title": each.title, "date": each.saved} for each in recordings]
            ends = [{"duration": each.seconds} if with_duration else {} for each in recordings]
            return [row | end for row, end in zip(rows, ends, strict=True)]
        case PhoneLists(lists):
            return [{"listid": name, "count": count} for name, count in lists]
        case AudioFile():
            raise TypeError("a file is not JSON")
    assert_never(reply)


def _record(record: Record, dialect: Dialect) -> dict[str, Any]:
    values = {
        "session id": _id(record.session_id, dialect),
        "to phone": record.phone,
        "dial status": status_word(record, dialect),
        "fail reason": record.reason,
        "delivery time": record.time_text,
        "carrier": record.carrier,
    }
    return _keyed(values, dialect)
