"""What the simulator's tests share: a plain HTTP call, and a receiver of postbacks."""

import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs

import requests

from jobs.gateway.simulator import Simulator

CAMPAIGN = {
    "c_uid": "demo",
    "c_password": "demo",
    "c_phone": "6175550123",
    "c_callerID": "6175550100",
    "c_date": "now",
    "c_record_audio": "Reminder",
}


def call(simulator: Simulator, **fields: str) -> str:
    """The body of the answer to a request by the demo account."""
    return post(simulator, fields)


def post(simulator: Simulator, fields: Mapping[str, str], timeout_s: float = 60) -> str:
    form = {"c_uid": "demo", "c_password": "demo"} | dict(fields)
    response = requests.post(f"{simulator.base_url}vmb.php", data=form, timeout=timeout_s)
    assert response.status_code == 200
    return response.text


def submit(simulator: Simulator, **changes: str) -> str:
    """The body of the answer to a good campaign with some fields changed; an empty text takes a field out."""
    return post(simulator, {name: value for name, value in (CAMPAIGN | changes).items() if value})


def json_call(simulator: Simulator, **fields: str) -> Any:
    """The answer of the JSON gateway to a request by the demo account."""
    form = {"c_uid": "demo", "c_password": "demo"} | fields
    return requests.post(f"{simulator.base_url}vmb.json.php", data=form, timeout=60).json()


def session_of(body: str) -> str:
    """The session id of an acceptance in the live dialect."""
    first, second, _ = body.split("\n")
    assert first == "OK"
    return second.removeprefix("session_id=")


def ask(simulator: Simulator, page: str, **query: str) -> Any:
    response = requests.get(f"{simulator.console_url}{page}", params=query, timeout=60)
    assert response.status_code == 200, response.text
    return response.json()


def tell(simulator: Simulator, page: str, told: Any) -> requests.Response:
    return requests.post(f"{simulator.console_url}{page}", json=told, timeout=60)


def phones(count: int) -> list[str]:
    """Phones that nobody has and that no magic number is among."""
    return [str(2_000_000_000 + number) for number in range(count)]


def wait_until(is_so: Callable[[], bool], timeout_s: float = 60) -> None:
    deadline = time.monotonic() + timeout_s
    while not is_so():
        assert time.monotonic() < deadline, "it did not come to pass in time"
        time.sleep(0.01)


@contextmanager
def receiver(answers: Callable[[int], str] = lambda number: "OK") -> Iterator[tuple[str, list[str]]]:
    """A URL for postbacks and the values of `var` that arrive there; `answers` is asked with the count so far."""
    received: list[str] = []
    lock = threading.Lock()

    class Receiver(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            form = parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode())
            with lock:
                received.append(form["var"][0])
                body = answers(len(received)).encode()
            self.send_response(200)
            self.send_header("Content-Type", "text/plain")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 -- the name is http.server's
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Receiver)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}/postbacks/", received
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
