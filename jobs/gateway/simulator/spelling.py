"""Replies in the gateway's spelling: text or JSON, in whatever dialect is switched on."""

import json
from dataclasses import dataclass
from typing import Any

from jobs.gateway.simulator.replies import Accepted, Balance, Done, Record, Records, Refused, Reply
from jobs.gateway.simulator.settings import Dialect, Layout


@dataclass(frozen=True, slots=True)
class Spelt:
    """A reply as it goes over the wire."""

    body: bytes
    content_type: str
    status: int = 200


def spell(reply: Reply, dialect: Dialect, *, as_json: bool = False) -> Spelt:
    """The reply as `vmb.php` writes it, or with `as_json` as `vmb.json.php` does."""
    if as_json or dialect.json_everywhere:
        return Spelt(json.dumps(_json(reply, dialect)).encode(), "application/json")
    text = "\n".join(_lines(reply, dialect))
    if dialect.blanks_for_newlines:
        text = text.replace("\n", " ")
    if dialect.crlf:
        text = text.replace("\n", "\r\n")
    return Spelt(text.encode("utf-8-sig" if dialect.bom else "utf-8"), dialect.content_type)


def spell_record(record: Record, dialect: Dialect, *, prefixed: bool) -> str:
    """`session id|phone|status|reason|time|carrier`, as postbacks and answers carry it."""
    fields = [
        record.session_id,
        record.phone,
        _status(record, dialect),
        record.reason,
        record.time_text,
        record.carrier,
    ]
    kept = fields[:5] if dialect.five_fields else fields
    text = "|".join(f'"{each}"' if dialect.quoted_records else each for each in kept)
    return f"var={text}" if prefixed else text


def _status(record: Record, dialect: Dialect) -> str:
    if record.is_delivered is None:
        return ""
    return "OK" if record.is_delivered else dialect.failure_word


def _lines(reply: Reply, dialect: Dialect) -> list[str]:
    match reply:
        case Accepted():
            return _acceptance(reply, dialect)
        case Refused(problems):
            return ["ERROR", *problems]
        case Done(_, session_id):
            return ["OK", f"session ID={session_id}"] if session_id and dialect.id_with_controls else ["OK"]
        case Balance(remaining, pending):
            return [f"remaining messages={remaining}", f"pending messages={pending}"]
        case Records(records):
            return [spell_record(each, dialect, prefixed=dialect.record_prefix) for each in records]


def _acceptance(reply: Accepted, dialect: Dialect) -> list[str]:
    id_form, count_form = {
        Layout.LIVE: ("session_id={}", "number of phone={}"),
        Layout.TITLE_CASE: ("Session ID={}", "Number of Phone={}"),
        Layout.BARE_ID: ("{}", "Number of Phone #s = {}"),
    }[dialect.layout]
    lines = ["OK", id_form.format(reply.session_id)]
    return [*lines, count_form.format(reply.count)] if dialect.count == "sent" else lines


def _json(reply: Reply, dialect: Dialect) -> Any:
    match reply:
        case Accepted(session_id, count):
            return {"new_campaign": "OK", "session_id": session_id, "number_of_phone": count}
        case Refused(problems):
            return {"ERROR": "\n".join(problems)}
        case Done(option, session_id):
            return {option: "OK", "session_id": session_id} if session_id else {option: "OK"}
        case Balance(remaining, pending):
            return {"remaining messages": remaining, "pending messages": pending}
        case Records(records):
            return [_json_record(each, dialect) for each in records]


def _json_record(record: Record, dialect: Dialect) -> dict[str, str]:
    return {
        "session id": record.session_id,
        "to phone": record.phone,
        "dial status": _status(record, dialect),
        "fail reason": record.reason,
        "delivery time": record.time_text,
        "carrier": record.carrier,
    }
