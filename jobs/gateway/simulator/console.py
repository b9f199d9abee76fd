"""What a test or a person asks the simulator about itself, and the switches, below `/_simulator/`.

All of it is JSON but the front page. What cannot be understood is refused, naming the fields.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, TypeVar
from urllib.parse import parse_qsl, urlsplit

from pydantic import AwareDatetime, ValidationError

from jobs.gateway.simulator import listings
from jobs.gateway.simulator.faults import Fault, Faults
from jobs.gateway.simulator.front_page import front_page
from jobs.gateway.simulator.gateway import Gateway
from jobs.gateway.simulator.listings import Query
from jobs.gateway.simulator.problems import problems_in
from jobs.gateway.simulator.request import Request
from jobs.gateway.simulator.scenario import Scenario
from jobs.gateway.simulator.settings import Seconds, Settings, Speed, Switches, laid_over
from jobs.gateway.simulator.spelling import Spelt

ROOT = "/_simulator"


@dataclass(frozen=True, slots=True)
class Console:
    """What the console can look at and change."""

    gateway: Gateway
    faults: Faults
    base_url: str


@dataclass(frozen=True, slots=True)
class Question:
    """A request to the console; `rest` is what follows the page's name in the path."""

    query: Query
    rest: str
    body: bytes
    shut_door: Callable[[float], None]


class NotAnswered(Exception):
    """The question is at fault; says how."""

    def __init__(self, status: int, *problems: str) -> None:
        super().__init__(*problems)
        self.status = status
        self.problems = problems


class ClockOrder(Switches):
    """What is to become of simulated time. Several may be given: they are carried out in this order."""

    jump_to: AwareDatetime | None = None
    jump_s: Seconds | None = None
    speed: Speed | None = None
    stopped: bool | None = None


class Storm(Switches):
    """Several faults at once: all of them are armed, or none."""

    faults: tuple[Fault, ...]


class DoorOrder(Switches):
    """For how many real seconds connections are refused; 0 opens the door."""

    shut_s: Seconds


def ask(console: Console, request: Request, shut_door: Callable[[float], None]) -> Spelt:
    """The answer to a request below `/_simulator/`; a faulty one is told what is wrong, with a status of 4xx."""
    parts = urlsplit(request.target)
    name, _, rest = parts.path.removeprefix(ROOT).strip("/").partition("/")
    if (request.method, name) == ("GET", ""):
        return Spelt(front_page(console.gateway, console.faults, console.base_url).encode(), "text/html; charset=UTF-8")
    question = Question(dict(parse_qsl(parts.query)), rest, request.body, shut_door)
    try:
        return _json(_page_named(request.method, name)(console, question))
    except NotAnswered as refusal:
        return _json({"problems": refusal.problems}, refusal.status)
    except listings.BadQuery as bad:
        return _json({"problems": [str(bad)]}, 422)


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
    return listings.summary(console.gateway)


def _sessions(console: Console, question: Question) -> Any:
    if not question.rest:
        return listings.sessions(console.gateway, question.query)
    found = listings.session(console.gateway, question.rest, question.query)
    if found is None:
        raise NotAnswered(404, f"there is no session {question.rest}")
    return found


def _requests(console: Console, question: Question) -> Any:
    return listings.requests(console.gateway, question.query)


def _do_not_dial(console: Console, question: Question) -> Any:
    with console.gateway.book.lock:
        return {uid: sorted(phones) for uid, phones in console.gateway.do_not_dial.items()}


def _settings(console: Console, question: Question) -> Any:
    return console.gateway.settings.model_dump(mode="json")


def _change(console: Console, question: Question) -> Any:
    changes = _read_json(question.body)
    if not isinstance(changes, dict):
        raise NotAnswered(422, "the body must be an object with the switches to change")
    try:
        console.gateway.settings = laid_over(console.gateway.settings, changes)
    except ValidationError as invalid:
        raise NotAnswered(422, *map(str, problems_in(invalid, Settings))) from None
    return _settings(console, question)


def _schema(console: Console, question: Question) -> Any:
    return {name: kind.model_json_schema() for name, kind in _SCHEMAS.items()}


def _faults(console: Console, question: Question) -> Any:
    return {"armed": [fault.model_dump() for fault in console.faults.armed]}


def _arm(console: Console, question: Question) -> Any:
    given = _read_json(question.body)
    console.faults.arm(*(_read(Storm, {"faults": given}).faults if isinstance(given, list) else [_read(Fault, given)]))
    return _faults(console, question)


def _disarm(console: Console, question: Question) -> Any:
    console.faults.clear()
    return _faults(console, question)


def _clock(console: Console, question: Question) -> Any:
    clock = console.gateway.clock
    return {"now": clock.now().isoformat(), "speed": clock.speed, "stopped": clock.is_stopped}


def _turn_clock(console: Console, question: Question) -> Any:
    order, clock = _read(ClockOrder, _read_json(question.body)), console.gateway.clock
    try:
        if order.jump_to:
            clock.jump_to(order.jump_to)
        clock.jump(timedelta(seconds=order.jump_s or 0))
    except ValueError as error:
        raise NotAnswered(422, f"{error}; it is {clock.now().isoformat()}") from None
    if order.speed:
        clock.set_speed(order.speed)
    if order.stopped is not None:
        clock.stop() if order.stopped else clock.go()
    return _clock(console, question)


def _turn_door(console: Console, question: Question) -> Any:
    order = _read(DoorOrder, _read_json(question.body))
    question.shut_door(order.shut_s)
    return {"shut_s": order.shut_s}


Order = TypeVar("Order", bound=Switches)


def _read(kind: type[Order], given: Any) -> Order:
    try:
        return kind.model_validate(given)
    except ValidationError as invalid:
        raise NotAnswered(422, *map(str, problems_in(invalid, kind))) from None


def _read_json(body: bytes) -> Any:
    try:
        return json.loads(body)
    except (ValueError, RecursionError) as error:
        raise NotAnswered(400, f"the body is not JSON: {error}") from None


_SCHEMAS: Mapping[str, type[Switches]] = {
    "settings": Settings,
    "faults": Fault,
    "clock": ClockOrder,
    "door": DoorOrder,
    "scenario": Scenario,
}

Page = Callable[[Console, Question], Any]

_PAGES: Mapping[tuple[str, str], Page] = {
    ("GET", "health"): _health,
    ("GET", "summary"): _summary,
    ("GET", "sessions"): _sessions,
    ("GET", "requests"): _requests,
    ("GET", "do_not_dial"): _do_not_dial,
    ("GET", "schema"): _schema,
    ("GET", "settings"): _settings,
    ("POST", "settings"): _change,
    ("GET", "faults"): _faults,
    ("POST", "faults"): _arm,
    ("DELETE", "faults"): _disarm,
    ("GET", "clock"): _clock,
    ("POST", "clock"): _turn_clock,
    ("POST", "door"): _turn_door,
}
