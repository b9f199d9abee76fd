"""What a test or a person asks the simulator about itself, below `/_simulator/`; all of it JSON."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, TypeVar
from urllib.parse import parse_qsl, urlsplit

from pydantic import ValidationError

from jobs.gateway.simulator.book import Session
from jobs.gateway.simulator.faults import Fault, Faults
from jobs.gateway.simulator.gateway import Gateway
from jobs.gateway.simulator.settings import problems_in
from jobs.gateway.simulator.spelling import Spelt

ROOT = "/_simulator"
DEFAULT_PAGE = 1000


@dataclass(frozen=True, slots=True)
class Console:
    """What the console can look at and change."""

    gateway: Gateway
    faults: Faults


@dataclass(frozen=True, slots=True)
class Question:
    """A request to the console; `rest` is what follows the page's name in the path."""

    query: Mapping[str, str]
    rest: str
    body: bytes


class NotAnswered(Exception):
    """The question is at fault; says how."""

    def __init__(self, status: int, *problems: str) -> None:
        super().__init__(*problems)
        self.status = status
        self.problems = problems


def ask(console: Console, method: str, target: str, body: bytes) -> Spelt:
    """The answer to a request below `/_simulator/`; a faulty one is told what is wrong, with a status of 4xx."""
    parts = urlsplit(target)
    name, _, rest = parts.path.removeprefix(ROOT).strip("/").partition("/")
    try:
        return _json(_page_named(method, name)(console, Question(dict(parse_qsl(parts.query)), rest, body)))
    except NotAnswered as refusal:
        return _json({"problems": refusal.problems}, refusal.status)


def _page_named(method: str, name: str) -> "Page":
    try:
        return _PAGES[method, name]
    except KeyError:
        raise NotAnswered(404, f"there is no {method} {ROOT}/{name}") from None


def _json(value: Any, status: int = 200) -> Spelt:
    return Spelt(json.dumps(value, default=str).encode(), "application/json", status)


def _health(console: Console, question: Question) -> Any:
    return {"ok": True, "now": console.gateway.clock.now().isoformat()}


def _summary(console: Console, question: Question) -> Any:
    book, now = console.gateway.book, console.gateway.clock.now()
    sessions = book.sessions
    return {
        "now": now.isoformat(),
        "requests": len(book.arrivals),
        "sessions": len(sessions),
        "phones_accepted": sum(len(session.phones) for session in sessions),
        "accepted_more_than_once": book.accepted_more_than_once(),
        "rang_more_than_once": book.rang_more_than_once(now),
    }


def _sessions(console: Console, question: Question) -> Any:
    with_phones = question.query.get("phones", "1") != "0"
    if question.rest:
        session = console.gateway.book.session(question.rest)
        if session is None:
            raise NotAnswered(404, f"there is no session {question.rest}")
        return _session(console, session, with_phones=with_phones)
    sessions = console.gateway.book.sessions
    chosen = _part(sessions, question)
    return {"total": len(sessions), "sessions": [_session(console, s, with_phones=with_phones) for s in chosen]}


def _session(console: Console, session: Session, *, with_phones: bool) -> dict[str, Any]:
    now = console.gateway.clock.now()
    timeline = session.timeline
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
    } | ({"phones": session.phones} if with_phones else {})


def _requests(console: Console, question: Question) -> Any:
    arrivals = console.gateway.book.arrivals
    wanted = question.query.get("option")
    found = [each for each in arrivals if wanted in {None, each.option}]
    return {"total": len(found), "requests": [_without_phone(asdict(each)) for each in _part(found, question)]}


def _without_phone(arrival: dict[str, Any]) -> dict[str, Any]:
    arrival.pop("first_phone")
    return arrival | {"arrived_at": arrival["arrived_at"].isoformat()}


def _faults(console: Console, question: Question) -> Any:
    return {"armed": [fault.model_dump() for fault in console.faults.armed]}


def _arm(console: Console, question: Question) -> Any:
    given = _read_json(question.body)
    try:
        faults = [Fault.model_validate(each) for each in (given if isinstance(given, list) else [given])]
    except ValidationError as invalid:
        raise NotAnswered(422, *problems_in(invalid)) from None
    console.faults.arm(*faults)
    return _faults(console, question)


def _disarm(console: Console, question: Question) -> Any:
    console.faults.clear()
    return _faults(console, question)


Each = TypeVar("Each")


def _read_json(body: bytes) -> Any:
    try:
        return json.loads(body)
    except ValueError as error:
        raise NotAnswered(400, f"the body is not JSON: {error}") from None


def _part(rows: Sequence[Each], question: Question) -> Sequence[Each]:
    first, size = _number(question, "offset", 0), _number(question, "limit", DEFAULT_PAGE)
    return rows[first : first + size]


def _number(question: Question, name: str, default: int) -> int:
    text = question.query.get(name, str(default))
    if not text.isdecimal():
        raise NotAnswered(422, f"{name}: must be a whole number")
    return int(text)


Page = Callable[[Console, Question], Any]

_PAGES: Mapping[tuple[str, str], Page] = {
    ("GET", "health"): _health,
    ("GET", "summary"): _summary,
    ("GET", "sessions"): _sessions,
    ("GET", "requests"): _requests,
    ("GET", "faults"): _faults,
    ("POST", "faults"): _arm,
    ("DELETE", "faults"): _disarm,
}
