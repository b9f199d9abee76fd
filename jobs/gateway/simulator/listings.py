"""Plain values of what the book holds, a part at a time."""

from collections.abc import Mapping, Sequence
from dataclasses import fields
from typing import Any, TypeVar

from jobs.gateway.simulator.book import Arrival, Session
from jobs.gateway.simulator.gateway import Gateway

Query = Mapping[str, str]

DEFAULT_LIMIT = 1000


class BadQuery(ValueError):
    """A part of the query cannot be read; names it."""


def summary(gateway: Gateway) -> dict[str, Any]:
    """What a test asks at its end: how much was accepted, and whether anything twice."""
    book, now = gateway.book, gateway.clock.now()
    found = book.sessions
    return {
        "now": now.isoformat(),
        "requests": len(book.arrivals),
        "sessions": len(found),
        "phones_accepted": sum(len(session.phones) for session in found),
        "accepted_more_than_once": book.accepted_more_than_once(),
        "rang_more_than_once": book.rang_more_than_once(now),
    }


def sessions(gateway: Gateway, query: Query) -> dict[str, Any]:
    """Accepted sessions, oldest first; `offset`, `limit`, and `phones=0` to leave the phones out."""
    found = gateway.book.sessions
    return {"total": len(found), "sessions": [_session(gateway, each, query) for each in _part(found, query)]}


def session(gateway: Gateway, session_id: str, query: Query) -> dict[str, Any] | None:
    """One session, or None if it was never accepted."""
    found = gateway.book.session(session_id)
    return _session(gateway, found, query) if found else None


def requests(gateway: Gateway, query: Query) -> dict[str, Any]:
    """Every request to the gateway, oldest first; `offset`, `limit`, and `option` to choose a kind."""
    wanted = query.get("option")
    found = [each for each in gateway.book.arrivals if wanted in {None, each.option}]
    return {"total": len(found), "requests": [_request(each) for each in _part(found, query)]}


def _session(gateway: Gateway, session: Session, query: Query) -> dict[str, Any]:
    now, timeline = gateway.clock.now(), session.timeline
    return {
        "session_id": session.id,
        "account": session.account,
        "title": session.title,
        "audio": session.audio,
        "state": session.state(now),
        "accepted_at": session.accepted_at.isoformat(),
        "starts_at": timeline.starts_at.isoformat(),
        "ends_at": timeline.ends_at and timeline.ends_at.isoformat(),
        "calls": timeline.calls,
        "calls_made": timeline.calls_made(now),
        "counts": session.counts(now),
        "postbacks": dict(session.postbacks),
        "fields": dict(session.fields),
    } | ({} if query.get("phones") == "0" else {"phones": session.phones})


def _request(arrival: Arrival) -> dict[str, Any]:
    shown = {name: getattr(arrival, name) for name in _REQUEST_FIELDS}
    return shown | {"arrived_at": arrival.arrived_at.isoformat(), "fields": dict(arrival.fields)}


_REQUEST_FIELDS = [field.name for field in fields(Arrival) if field.name != "first_phone"]

Row = TypeVar("Row")


def _part(rows: Sequence[Row], query: Query) -> Sequence[Row]:
    first, size = _number(query, "offset", 0), _number(query, "limit", DEFAULT_LIMIT)
    return rows[first : first + size]


def _number(query: Query, name: str, default: int) -> int:
    text = query.get(name, str(default))
    if not text.isdecimal():
        raise BadQuery(f"{name}: must be a whole number")
    return int(text)
