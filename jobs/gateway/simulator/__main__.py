"""`python -m jobs.gateway.simulator`: the simulator as a process of its own."""

import errno
import signal
import sys
import threading
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from jobs.gateway.simulator.problems import Place
from jobs.gateway.simulator.scenario import BadScenario, Scenario, UnreadableScenario, amended, read_scenario
from jobs.gateway.simulator.simulator import Simulator

OPTIONS: Mapping[Place, str] = {
    ("clock", "speed"): "--speed",
    ("settings", "calls_per_second"): "--rate",
    ("settings", "reach"): "--reach",
}
"""The options that can be at fault, by the field that each of them states."""

app = typer.Typer(add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False)


@app.command()
def main(
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port to listen on; 0 takes a free one.")] = 8025,
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    uid: Annotated[str | None, typer.Option(help="c_uid of an account. [demo]")] = None,
    password: Annotated[str | None, typer.Option(help="Its c_password. [demo]")] = None,
    speed: Annotated[float | None, typer.Option(help="Simulated seconds per real second. [1]")] = None,
    rate: Annotated[float | None, typer.Option(help="Calls a session makes in a simulated second. [10]")] = None,
    reach: Annotated[str | None, typer.Option(help="Where postbacks may go: loopback or any. [loopback]")] = None,
    scenario: Annotated[
        Path | None, typer.Option(help="YAML file with the clock, settings and faults to start with.")
    ] = None,
    ready_file: Annotated[Path | None, typer.Option(help="File to write the base URL to once listening.")] = None,
) -> None:
    """A stand-in for the Slybroadcast gateway. It calls nobody and remembers everything.

    Test your own integration in five minutes:

    \b
    1. Start it:             python -m jobs.gateway.simulator
    2. In your client, put   http://127.0.0.1:8025/gateway/
       in place of           https://www.mobile-sphere.com/gateway/
       and demo / demo for   c_uid / c_password
    3. Send a campaign to    6175550101 (is delivered), 6175550102 (no voicemail), 6175550107 (never any record)
    4. Look at               http://127.0.0.1:8025/_simulator/   for what was really accepted,
       and at                .../_simulator/requests             for what you sent, with hints
    5. Break something:      curl http://127.0.0.1:8025/_simulator/faults -d '{"kind": "accept_then_reset"}'
       and send once more.   Does your client ring anybody twice?  .../_simulator/summary knows.
    6. Let a day pass:       curl http://127.0.0.1:8025/_simulator/clock -d '{"jump_s": 86400}'

    What it knows is gone when it ends. All switches, magic numbers and the form of a scenario file
    are in docs/simulator.md.
    """
    accounts = {uid or "demo": _given({"password": password})} if uid or password else None
    settings = _given({"accounts": accounts, "calls_per_second": rate, "reach": reach})
    stated = {"clock": _given({"speed": speed}), "settings": settings}
    try:
        start = amended(read_scenario(scenario) if scenario else Scenario(), stated)
    except UnreadableScenario as unreadable:
        raise _refused(unreadable.problems) from None
    except BadScenario as bad:
        raise _refused([problem.named(OPTIONS[problem.place[:2]]) for problem in bad.problems]) from None
    run(_listening(start, host, port), ready_file)


def _listening(start: Scenario, host: str, port: int) -> Simulator:
    try:
        return Simulator.from_scenario(start, host=host, port=port)
    except OSError as error:
        another = "; --port 0 takes one that is free" if error.errno == errno.EADDRINUSE else ""
        raise _refused([f"cannot listen on {host}, port {port}: {error.strerror}{another}"]) from None


def _refused(problems: Iterable[str]) -> typer.Exit:
    for problem in problems:
        typer.echo(problem, err=True)
    return typer.Exit(2)


def run(simulator: Simulator, ready_file: Path | None) -> None:
    """Serve until SIGTERM or SIGINT."""
    ended = threading.Event()
    for sign in (signal.SIGTERM, signal.SIGINT):
        signal.signal(sign, lambda *_: ended.set())
    with simulator:
        if ready_file:
            _write_whole(ready_file, simulator.base_url)
        typer.echo(simulator.base_url)
        if sys.stderr.isatty():
            typer.echo(f"Look at {simulator.console_url}; Ctrl-C ends it.", err=True)
        ended.wait()


def _write_whole(path: Path, text: str) -> None:
    """Whoever waits for the file never sees half of it."""
    part = path.with_name(f"{path.name}.part")
    part.write_text(text, encoding="utf-8")
    part.replace(path)


def _given(options: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in options.items() if value is not None}


if __name__ == "__main__":
    app()
