"""The whole simulator as one object: its clock, its book, its faults, its postman and its door."""

import time
from collections.abc import Mapping
from datetime import datetime, timedelta
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlsplit

from jobs.gateway.simulator.book import Arrival, Book
from jobs.gateway.simulator.clock import Clock
from jobs.gateway.simulator.console import ROOT, Console, ask
from jobs.gateway.simulator.faults import UNHEARD, Fault, FaultKind, Faults
from jobs.gateway.simulator.gateway import Gateway
from jobs.gateway.simulator.hints import hints_for, not_found_hint
from jobs.gateway.simulator.misbehaviour import misbehave
from jobs.gateway.simulator.postman import Postman
from jobs.gateway.simulator.reception import ENDPOINTS, JSON, VMB, answer, option_of
from jobs.gateway.simulator.replies import Accepted, Refused, Reply
from jobs.gateway.simulator.request import Request
from jobs.gateway.simulator.scenario import Scenario
from jobs.gateway.simulator.server import Server
from jobs.gateway.simulator.settings import Settings, laid_over
from jobs.gateway.simulator.spelling import Spelt, spell
from jobs.gateway.simulator.wire import Wire

GATEWAY = "/gateway/"


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
        self.faults = Faults(seed=self.gateway.settings.seed)
        self.postman = Postman(self.gateway)
        self._host = host
        self._server = Server(host, port, self._serve)
        self._console = Console(self.gateway, self.faults, self.base_url)

    @classmethod
    def from_scenario(cls, scenario: Scenario, *, host: str = "127.0.0.1", port: int = 0) -> Self:
        """A simulator that starts the way a scenario file says."""
        simulator = cls(scenario.settings, host=host, port=port, clock=scenario.clock.clock())
        simulator.faults.arm(*scenario.faults)
        return simulator

    @property
    def base_url(self) -> str:
        """What a client's base URL is set to; ends in `/gateway/`."""
        return f"http://{self._netloc}{GATEWAY}"

    @property
    def console_url(self) -> str:
        return f"http://{self._netloc}{ROOT}/"

    @property
    def truth(self) -> Book:
        """What was accepted, and every request that arrived."""
        return self.gateway.book

    @property
    def now(self) -> datetime:
        return self.clock.now()

    def change(self, changes: Mapping[str, Any]) -> None:
        """Turn switches while it runs: only what differs, as JSON values."""
        self.gateway.settings = laid_over(self.gateway.settings, changes)

    def shut_door(self, seconds: float) -> None:
        """Refuse connections for this long, in real time; 0 opens again."""
        self._server.shut_door(seconds)

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

    @property
    def _netloc(self) -> str:
        host = f"[{self._host}]" if ":" in self._host else self._host
        return f"{host}:{self._server.port}"

    def _serve(self, request: Request, wire: Wire) -> None:
        path = urlsplit(request.target).path
        if path == ROOT or path.startswith(f"{ROOT}/"):
            return wire.send(ask(self._console, request, wire.shut_door))
        endpoint = path.removeprefix(GATEWAY).lstrip("/")
        return self._serve_gateway(request, endpoint, wire) if endpoint in ENDPOINTS else self._turn_away(request, wire)

    def _turn_away(self, request: Request, wire: Wire) -> None:
        """Nothing is there. It is written down if it came from a client, and not from a browser that looks around."""
        if request.method == "POST":
            path = urlsplit(request.target).path
            arrival = self.truth.note(path, "", request.form(), self.clock.now())
            arrival.verdict, arrival.hints = "not_found", (not_found_hint(path, ENDPOINTS),)
        text = f"Not Found. The gateway is at {self.base_url}, and what it knows at {self.console_url}\n"
        wire.send(Spelt(text.encode(), "text/plain", 404))

    def _serve_gateway(self, request: Request, endpoint: str, wire: Wire) -> None:
        fields = request.form()
        arrival = self.truth.note(endpoint, option_of(endpoint, fields), fields, self.clock.now())
        arrival.hints = tuple(hints_for(request, fields, self.gateway.settings))
        fault = self.faults.strike(arrival)
        arrival.fault = fault.kind if fault else ""
        self._respond(arrival, fields, fault, wire)
        arrival.answered_s = time.time()

    def _respond(self, arrival: Arrival, fields: Mapping[str, str], fault: Fault | None, wire: Wire) -> None:
        if fault and fault.kind is FaultKind.ACCEPT_LATE and wire.wait(fault.seconds):
            return None
        is_heard = fault is None or fault.kind not in UNHEARD
        reply = self._carry_out(arrival, fields, fault) if is_heard else Refused((fault.text,) if fault else ())
        dialect = self.gateway.dialect_of(fields.get("c_uid", ""))
        as_json = arrival.endpoint == JSON or (dialect.json_everywhere and arrival.endpoint == VMB)
        spelt = spell(reply, dialect, as_json=as_json)
        return misbehave(fault, spelt, wire) if fault else wire.send(spelt)

    def _carry_out(self, arrival: Arrival, fields: Mapping[str, str], fault: Fault | None) -> Reply:
        reply = answer(self.gateway, arrival.endpoint, fields)
        arrival.verdict = {Accepted: "accepted", Refused: "refused"}.get(type(reply), "answered")
        if isinstance(reply, Accepted):
            arrival.session_id = reply.session_id
            if fault and (session := self.truth.session(reply.session_id)):
                session.unlisted = timedelta(seconds=fault.unlisted_s)
            self._follow(reply.session_id)
        return reply

    def _follow(self, session_id: str) -> None:
        session, postbacks = self.truth.session(session_id), self.gateway.settings.postbacks
        if session and session.postback_url:
            self.postman.follow(session)
            if postbacks.before_answer_s:
                self.postman.wait_for_first(session, postbacks.before_answer_s)
