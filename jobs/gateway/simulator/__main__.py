"""`python -m jobs.gateway.simulator`: the simulator as a process of its own."""

import signal
import threading
from pathlib import Path
from typing import Annotated

import typer

from jobs.gateway.simulator.clock import Clock
from jobs.gateway.simulator.settings import Settings, changed
from jobs.gateway.simulator.simulator import Simulator


def main(
    port: Annotated[int, typer.Option(help="Port to listen on; 0 chooses a free one.")] = 8025,
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    uid: Annotated[str, typer.Option(help="The account's c_uid.")] = "demo",
    password: Annotated[str, typer.Option(help="The account's c_password.")] = "demo",  # noqa: S107 -- a password of the sandbox, public on purpose
    speed: Annotated[float, typer.Option(min=0.001, help="Simulated seconds per real second.")] = 1.0,
    rate: Annotated[float, typer.Option(min=0.001, help="Calls a session makes in a simulated second.")] = 10.0,
    ready_file: Annotated[Path | None, typer.Option(help="File to write the base URL to once listening.")] = None,
) -> None:
    """A Slybroadcast-style voicemail gateway on this machine: it calls nobody, and remembers everything."""
    stated = {"accounts": {uid: {"password": password}}, "calls_per_second": rate}
    settings = changed(Settings(accounts={}), stated)
    stopped = threading.Event()
    for name in (signal.SIGTERM, signal.SIGINT):
        signal.signal(name, lambda *_: stopped.set())
    with Simulator(settings, host=host, port=port, clock=Clock(speed)) as simulator:
        if ready_file:
            ready_file.write_text(simulator.base_url)
        typer.echo(simulator.base_url)
        stopped.wait()


if __name__ == "__main__":
    typer.run(main)
