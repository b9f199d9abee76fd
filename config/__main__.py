"""`python -m config check`: what this environment says, and whether the Redis server keeps what it is given."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from enum import IntEnum
from functools import partial
from pathlib import Path
from typing import Annotated

import typer
from pydantic import SecretStr
from rich.console import Console
from rich.table import Table

from config.clocks import disagreement
from config.consoles import open_console
from config.durability import Durability, Server, WantedDurability, examine
from config.masking import mask_text
from config.redis_connection import RedisUnreachable, check_redis, connect
from config.settings import InvalidSettings, Settings, variables

app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)


@app.callback()
def main() -> None:
    """Look at the configuration."""


@app.command()
def check(
    *,
    gateway: Annotated[bool, typer.Option(help="Ask the gateway whether it takes each account's credentials.")] = False,
) -> None:
    """Show every setting, what is wrong with it, and whether Redis answers and keeps its data.

    With --gateway the gateway is asked whether it takes the credentials of each account; nobody is called by that.

    Exit code 1: something must be mended, or no worker starts. Exit code 3: all would run, but a restart of the Redis
    server would forget what was sent, and nobody has asked for that with DURABILITY=best_effort.
    """
    ask = partial(ask_gateway, os.environ) if gateway else None
    raise typer.Exit(report(os.environ, open_console(sys.stdout, os.environ), ask=ask))


class Verdict(IntEnum):
    """What an environment is worth, as an exit code."""

    GOOD = 0
    UNUSABLE = 1
    FORGETFUL = 3
    """2 is that of a command line that is wrong."""


VERIFY_PATIENCE_S = 60
"""A gateway may take its time; more than the longest deadline that a call is given."""


def ask_gateway(env: Mapping[str, str], account: str) -> str:
    """Why the gateway does not take an account's credentials, and what to do; '' where it does.

    This room knows no gateway and may not import those that do, so the question is asked next door.
    """
    command = [sys.executable, "-m", "jobs", "verify", "--account", account, "--json"]
    try:
        done = subprocess.run(
            command,
            env=dict(env),
            cwd=Path(__file__).parents[1],
            capture_output=True,
            text=True,
            timeout=VERIFY_PATIENCE_S,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return f"no answer within {VERIFY_PATIENCE_S} s"
    if done.returncode == 0:
        return ""
    try:
        error = json.loads(done.stderr.splitlines()[-1])["error"]
        what = ": ".join([error["message"], *error["problems"]])
        return f"{what.rstrip('.')}. {error['todo']}".rstrip()
    except (IndexError, KeyError, ValueError):
        return "python -m jobs verify says why"


def report(env: Mapping[str, str], console: Console, *, ask: Callable[[str], str] | None = None) -> Verdict:
    """Write everything worth knowing about `env` to the console; with `ask`, also what the gateway says."""
    try:
        settings = Settings.from_env(env)
    except InvalidSettings as invalid:
        console.print(invalid, style="red")
        return Verdict.UNUSABLE
    console.print(settings_table(settings, env))
    warnings, problems = [*settings.suspects], [*settings.gateway_problems()]
    forgets: list[str] = []
    with connect(settings.redis_url.get_secret_value(), patience_s=2, tls_verify=settings.redis_tls_verify) as redis:
        try:
            check_redis(redis, settings.redis_url.get_secret_value())
            server = examine(redis)
        except RedisUnreachable as unreachable:
            problems.append(str(unreachable))
        else:
            mode = server.used_for(settings.durability)
            console.print(f"Redis answers: {server.name}, {server.used_memory} used", soft_wrap=True)
            console.print(f"Durability: {mode}: {mode.sentence}", soft_wrap=True)
            warnings += filter(None, [disagreement(redis, partial(datetime.now, UTC))])
            forgets += server_warnings(server)
            problems += server.problems(settings.durability)
    problems += refusals(settings, console, ask)
    for warning in warnings + forgets:
        console.print(f"warning: {warning}", style="yellow", soft_wrap=True)
    for problem in problems:
        console.print(f"problem: {problem}", style="red", soft_wrap=True)
    if problems:
        return Verdict.UNUSABLE
    is_asked_for = settings.durability is WantedDurability.BEST_EFFORT
    return Verdict.FORGETFUL if forgets and not is_asked_for else Verdict.GOOD


def refusals(settings: Settings, console: Console, ask: Callable[[str], str] | None) -> Iterator[str]:
    """What the gateway has against the accounts; of those that it takes the console is told."""
    if ask is None or settings.gateway_problems():
        console.print("Not asked: whether the gateway takes the credentials; --gateway asks it.", soft_wrap=True)
        return
    for account in settings.accounts:
        if trouble := ask(account):
            yield f"the gateway account {account}: {trouble}"
        else:
            console.print(f"The gateway takes the credentials of the account {account}.", soft_wrap=True)


def settings_table(settings: Settings, env: Mapping[str, str]) -> Table:
    """A row per setting: its variable, its value without anything secret, and whether somebody set it."""
    table = Table("variable", "value", "from", box=None)
    for name in Settings.model_fields:
        given = next((variable for variable in variables(name) if env.get(variable, "").strip()), None)
        shown = _shown(name, getattr(settings, name))
        table.add_row(given or name.upper(), shown, "environment" if given else "default")
    return table


def server_warnings(server: Server) -> Iterator[str]:
    """What of a server weakens the promise that nothing accepted is lost."""
    if server.offers is Durability.BEST_EFFORT:
        yield "the append-only file is off: a restart of the server forgets what was accepted; set appendonly to yes"


def _shown(name: str, value: object) -> str:
    if isinstance(value, SecretStr):
        return mask_text(value.get_secret_value()) if name == "redis_url" else "(set, not shown)"
    if isinstance(value, Mapping):
        return ", ".join(value) or "(none)"
    return "(not set)" if value is None else mask_text(str(value))


if __name__ == "__main__":
    app()
