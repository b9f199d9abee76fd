"""How a fault looks on the wire."""

from collections.abc import Callable, Mapping

from jobs.gateway.simulator.faults import Fault, FaultKind
from jobs.gateway.simulator.spelling import Spelt
from jobs.gateway.simulator.wire import Wire

_BAD_GATEWAY = Spelt(b"<html><body><h1>502 Bad Gateway</h1></body></html>", "text/html", 502)
_HTML = Spelt(b"<!DOCTYPE html><html><body>We will be back soon.</body></html>", "text/html; charset=UTF-8")


def misbehave(fault: Fault, answer: Spelt, wire: Wire) -> None:
    """Bring `answer` to the client the way the fault has it, if at all."""
    _WAYS[fault.kind](fault, answer, wire)


def _late(fault: Fault, answer: Spelt, wire: Wire) -> None:
    wire.wait(fault.seconds)
    wire.send(answer)


def _other(fault: Fault, answer: Spelt, wire: Wire) -> None:
    wire.send(Spelt(fault.text.encode(), answer.content_type))


def _down(fault: Fault, answer: Spelt, wire: Wire) -> None:
    wire.reset()
    wire.shut_door(fault.seconds)


Way = Callable[[Fault, Spelt, Wire], None]

_WAYS: Mapping[FaultKind, Way] = {
    FaultKind.ACCEPT_THEN_NEVER_ANSWER: lambda fault, answer, wire: wire.hold(),
    FaultKind.ACCEPT_THEN_RESET: lambda fault, answer, wire: wire.reset(),
    FaultKind.ACCEPT_LATE: lambda fault, answer, wire: wire.send(answer),
    FaultKind.ANSWER_502_AFTER_ACCEPTING: lambda fault, answer, wire: wire.send(_BAD_GATEWAY),
    FaultKind.HALF_BODY: lambda fault, answer, wire: wire.send_half(answer),
    FaultKind.HTML: lambda fault, answer, wire: wire.send(_HTML),
    FaultKind.SLOW: _late,
    FaultKind.DRIP: lambda fault, answer, wire: wire.drip(answer, fault.seconds),
    FaultKind.ANSWER: _other,
    FaultKind.DOWN_AFTER_ACCEPTING: _down,
    FaultKind.REFUSE: lambda fault, answer, wire: wire.send(answer),
    FaultKind.RESET_BEFORE_ACCEPTING: lambda fault, answer, wire: wire.reset(),
    FaultKind.NEVER_ANSWER_BEFORE_ACCEPTING: lambda fault, answer, wire: wire.hold(),
    FaultKind.ANSWER_502_BEFORE_ACCEPTING: lambda fault, answer, wire: wire.send(_BAD_GATEWAY),
    FaultKind.HTML_BEFORE_ACCEPTING: lambda fault, answer, wire: wire.send(_HTML),
    FaultKind.DOWN_BEFORE_ACCEPTING: _down,
}
