"""`python -m config check`: what this environment says, and whether the Redis server keeps what it is given."""

import os
import sys
from collections.abc import Iterator, Mapping
from enum import IntEnum

import typer
from pydantic import SecretStr
from rich.console import Console
from rich.table import Table

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
def check() -> None:
    """Show every setting, what is wrong with it, and whether Redis answers and keeps its data.

    Exit code 1: something must be mended, or no worker starts. Exit code 3: all would run, but a restart of the Redis
    server would forget what was sent, and nobody has asked for that with DURABILITY=best_effort.
    """
    raise typer.Exit(report(os.environ, open_console(sys.stdout, os.environ)))


class Verdict(IntEnum):
    """What an environment is worth, as an exit code."""

    GOOD = 0
    UNUSABLE = 1
    FORGETFUL = 3
    """2 is that of a command line that is wrong."""


def report(env: Mapping[str, str], console: Console) -> Verdict:
    """Write everything worth knowing about `env` to the console."""
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
            forgets += server_warnings(server)
            problems += server.problems(settings.durability)
    for warning in warnings + forgets:
        console.print(f"warning: {warning}", style="yellow", soft_wrap=True)
    for problem in problems:
        console.print(f"problem: {problem}", style="red", soft_wrap=True)
    # This room knows no gateway and may not import those that do, so the question is asked next door.
    console.print(
        "Not asked: whether the gateway takes the credentials. That is: python -m jobs verify", soft_wrap=True
    )
    if problems:
        return Verdict.UNUSABLE
    is_asked_for = settings.durability is WantedDurability.BEST_EFFORT
    return Verdict.FORGETFUL if forgets and not is_asked_for else Verdict.GOOD


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
