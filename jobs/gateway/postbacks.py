"""A postback as a value: the body that the gateway posts for each call, one form field `var` with one record in it.

Law of the room: nothing signs a postback, so this says what one states, never that it is true.
"""

from datetime import datetime
from urllib.parse import parse_qsl, unquote_plus

from jobs.gateway.replies.records import CallRecord, parse_record

LONGEST_BODY = 4_096
"""Bytes; a record has some hundred. More is no postback."""

MOST_FIELDS = 20
"""It has one; whatever else a sender adds."""


def parse_postback(body: bytes, *, near: datetime) -> CallRecord | None:
    """The record in a postback's body; None for all else. `near` is when it came: its Eastern time has no zone.

    The value may say `var=` once more, its fields may be quoted, and a sender that does not encode them is understood.
    """
    if len(body) > LONGEST_BODY:
        return None
    text = body.decode("utf-8", "replace").strip()
    if "|" in text:  # encoded it would have none
        return parse_record(unquote_plus(text).removeprefix("var="), near=near)
    try:
        values = [value for name, value in parse_qsl(text, max_num_fields=MOST_FIELDS) if name == "var"]
    except ValueError:
        return None
    return parse_record(values[0], near=near) if len(values) == 1 else None
