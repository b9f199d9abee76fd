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
            return {"new_campaign": "OK", "session_id": session_id} | counted
        case Refused(problems):
            return {"ERROR": "\n".join(problems)}
        case Done(option, session_id):
            return {option: "OK", "session_id": session_id} if session_id else {option: "OK"}
        case Balance(remaining, pending):
            return {"remaining messages": remaining, "pending messages": pending}
        case Records(records):
            return [_record(each, dialect) for each in records]
        case _:
            return _list(reply)


def _list(reply: SessionsOfDay | Recordings | PhoneLists | AudioFile) -> Any:
    match reply:
        case SessionsOfDay(sessions):
            return [{"session_id": each.session_id, "title": each.title} for each in sessions]
        case Recordings(recordings, with_duration):
            rows = [{"file": each.file, "title": each.title, "date": each.saved} for each in recordings]
            ends = [{"duration": each.seconds} if with_duration else {} for each in recordings]
            return [row | end for row, end in zip(rows, ends, strict=True)]
        case PhoneLists(lists):
            return [{"listid": name, "count": count} for name, count in lists]
        case AudioFile():
            raise TypeError("a file is not JSON")
    assert_never(reply)


def _record(record: Record, dialect: Dialect) -> dict[str, str]:
    return {
        "session id": record.session_id,
        "to phone": record.phone,
        "dial status": status_word(record, dialect),
        "fail reason": record.reason,
        "delivery time": record.time_text,
        "carrier": record.carrier,
    }
