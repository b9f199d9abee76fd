"""The whole simulator as one object: its clock, its book, its faults, its postman and its door."""

import time
from datetime import datetime
from types import TracebackType
from typing import Self
from urllib.parse import parse_qsl, urlsplit

from jobs.gateway.simulator import console
from jobs.gateway.simulator.book import Arrival, Book
from jobs.gateway.simulator.clock import Clock
from jobs.gateway.simulator.faults import UNHEARD, Fault, FaultKind, Faults
from jobs.gateway.simulator.gateway import Gateway, answer, option_of
from jobs.gateway.simulator.misbehaviour import misbehave
from jobs.gateway.simulator.postman import Postman
from jobs.gateway.simulator.replies import Accepted, Refused, Reply
from jobs.gateway.simulator.server import Server, Wire
from jobs.gateway.simulator.settings import Settings
from jobs.gateway.simulator.spelling import Spelt, spell


class Simulator:
    """A gateway on a port of this machine: `with Simulator() as simulator: ...`. Several may live in one process."""

    def __init__(
        self,
        settings: Settings | None = None,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        clock: Clock | None = None,
    ) -> None:
        self.clock = clock or Clock()
        self.gateway = Gateway(settings or Settings(), self.clock)
        self.faults = Faults()
        self.postman = Postman(self.gateway)
        self._console = console.Console(self.gateway, self.faults)
        self._host = host
        self._server = Server(host, port, self._serve)

    @property
    def base_url(self) -> str:
        """What a client's base URL is set to; ends in `/gateway/`."""
        return f"http://{self._host}:{self._server.port}/gateway/"

    @property
    def console_url(self) -> str:
        return f"http://{self._host}:{self._server.port}{console.ROOT}/"

    @property
    def truth(self) -> Book:
        """What was accepted, and every request that arrived."""
        return self.gateway.book

    @property
    def now(self) -> datetime:
        return self.clock.now()

    def start(self) -> None:
        self._server.start()

    def close(self) -> None:
        self._server.close()
        self.postman.close()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def _serve(self, method: str, target: str, body: bytes, wire: Wire) -> None:
        path = urlsplit(target).path
        if path == console.ROOT or path.startswith(f"{console.ROOT}/"):
            return wire.send(console.ask(self._console, method, target, body))
        endpoint = path.removeprefix("/gateway/").lstrip("/")
        if endpoint != "vmb.php":
            return wire.send(Spelt(b"Not Found", "text/html", 404))
        fields = dict(parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True))
        arrival = self.truth.note(endpoint, option_of(fields), fields, self.clock.now())
        fault = self.faults.strike(arrival)
        arrival.fault = fault.kind if fault else ""
        self._respond(arrival, fields, fault, wire)
        arrival.answered_s = time.time()
        return None

    def _respond(self, arrival: Arrival, fields: dict[str, str], fault: Fault | None, wire: Wire) -> None:
        if fault and fault.kind is FaultKind.ACCEPT_LATE and wire.wait(fault.seconds):
            return None
        is_heard = fault is None or fault.kind not in UNHEARD
        reply = self._carry_out(arrival, fields) if is_heard else Refused((fault.text,) if fault else ())
        spelt = spell(reply, self.gateway.settings.dialect)
        return misbehave(fault, spelt, wire) if fault else wire.send(spelt)

    def _carry_out(self, arrival: Arrival, fields: dict[str, str]) -> Reply:
        reply = answer(self.gateway, fields)
        arrival.verdict = {Accepted: "accepted", Refused: "refused"}.get(type(reply), "answered")
        if isinstance(reply, Accepted):
            arrival.session_id = reply.session_id
            session = self.truth.session(reply.session_id)
            if session and session.postback_url:
                self.postman.follow(session)
        return reply
