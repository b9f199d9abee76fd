"""Call records: how one drop ended, as postbacks, `callstatus` and `campaign_result` spell it."""

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from jobs import eastern
from jobs.gateway.replies.bodies import SESSION_ID, describe, scalar_text, unclear, understand
from jobs.models import Disposition, DropState


@dataclass(frozen=True, slots=True)
class CallRecord:
    """One record, and the gateway's session that it belongs to."""

    session_id: str
    disposition: Disposition


_PHONE = re.compile(r"\+?1?(\d{10})", re.ASCII)
_START = re.compile(rf"(?:^|(?<=\s))(?=(?:var=)?\"?{SESSION_ID}\"?\|\"?\+?1?\d{{10}}\"?\|)", re.ASCII)
_FIELDS = ("phone", "status", "reason", "delivered_text", "carrier")


def parse_record(text: str, *, near: datetime) -> CallRecord | None:
    """One record of five or six fields, `session|phone|status|reason|time|carrier`; None for all else.

    With or without `var=` in front and quotes around the fields; the carrier may hold anything. `near` is an instant
    at or shortly after which the gateway wrote it: the record's Eastern time has no zone.
    """
    line = text.strip().removeprefix("var=")
    parts = re.split(r'"\|"', line, maxsplit=5) if '"|"' in line else line.split("|", maxsplit=5)
    if len(parts) < 5:
        return None
    session_id, *fields = (part.strip().strip('"').strip() for part in parts)
    return _record(session_id, dict(zip(_FIELDS, fields, strict=False)), near)


def parse_call_status_reply(text: str, *, near: datetime, session_id: str = "") -> CallRecord | None:
    """The record of one phone, None while there is no result yet; raises `Rejected` or `OutcomeUnknown`.

    JSON does not name the session: `session_id` is the one that was asked about.
    """
    return next(iter(parse_campaign_result_reply(text, near=near, session_id=session_id)), None)


def parse_campaign_result_reply(text: str, *, near: datetime, session_id: str = "") -> list[CallRecord]:
    """Every record in the answer, none while there is no result yet; raises `Rejected` or `OutcomeUnknown`.

    What is no record between records is passed over: each record is true by itself.
    """
    body = understand(text)
    if isinstance(body, str):
        return _records_in_text(body, near)
    found = [_record_of_object(item, session_id, near) for item in (body if isinstance(body, list) else [body])]
    if found and not any(found):
        raise unclear(describe(body))
    return [record for record in found if record]


def _records_in_text(body: str, near: datetime) -> list[CallRecord]:
    """Records begin at a line's beginning or, where the gateway writes blanks for newlines, after a blank."""
    lines = (piece.partition("\n")[0] for piece in _START.split(body))
    return [record for line in lines if (record := parse_record(line, near=near))]


def _record_of_object(item: Any, session_id: str, near: datetime) -> CallRecord | None:
    if not isinstance(item, dict):
        return None
    keys = ("to_phone", "dial_status", "fail_reason", "delivery_time", "carrier")
    fields = {field: scalar_text(item.get(key)) for field, key in zip(_FIELDS, keys, strict=True)}
    return _record(scalar_text(item.get("session_id")) or session_id, fields, near)


def _record(session_id: str, fields: dict[str, str], near: datetime) -> CallRecord | None:
    phone = _PHONE.fullmatch(fields["phone"])
    if not phone or not re.fullmatch(SESSION_ID, session_id, re.ASCII):
        return None
    return CallRecord(
        session_id,
        Disposition(
            **{**fields, "phone": phone[1]},
            state=_state(fields["status"]),
            delivered_at=eastern.read_wire(fields["delivered_text"], near=near),
        ),
    )


def _state(status: str) -> DropState:
    """Only `OK` is delivered; no status is no result yet; any other word is a failure."""
    if not status:
        return DropState.PENDING
    return DropState.DELIVERED if status.upper() == "OK" else DropState.FAILED
