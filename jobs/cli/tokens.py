"""`tokens`: who may do what by HTTP. A token is shown when it is made, and never again."""

from datetime import datetime, timedelta
from typing import Annotated, Any

import typer
from rich.console import RenderableType

from jobs.cli import options
from jobs.cli.exits import Exit
from jobs.cli.failures import NOTHING_CHANGED, Failure
from jobs.cli.invocation import of
from jobs.cli.shown import both_times, iso, plain_table
from jobs.ledger import tokens as ledger
from jobs.ledger.tokens import Token, UnknownToken, UnusableName
from jobs.models.scopes import Scope

tokens = typer.Typer(
    help="Make, list and revoke the tokens that programs show at the HTTP door.",
    no_args_is_help=True,
    rich_markup_mode=None,
)

Name = Annotated[
    str, typer.Argument(metavar="NAME", help="Whose it is, such as `crm`; it stands where things are kept.")
]
Scopes = Annotated[
    list[Scope],
    typer.Option(
        "--scope",
        parser=options.word_of(Scope),
        metavar="|".join(Scope),
        help="What it may do; say it again for more than one.",
    ),
]
Days = Annotated[
    int | None, typer.Option("--days", min=1, max=3_650, metavar="N", help="After so many days it opens nothing more.")
]


@tokens.command("create")
def create(context: typer.Context, name: Name, scope: Scopes, days: Days = None, as_json: options.Json = False) -> None:
    """Make a token. It is shown now and never again: only its digest is kept."""
    invocation = of(context, as_json=as_json)
    now = invocation.clock()
    expires_at = now + timedelta(days=days) if days else None
    try:
        text = ledger.create(invocation.redis, name, scope, now=now, expires_at=expires_at)
    except UnusableName as unusable:
        raise Failure(Exit.BAD_INPUT, str(unusable), kept=NOTHING_CHANGED) from None
    made = Token(name, frozenset(scope), now, expires_at)
    invocation.answer({"token": text, **_document(made, now)})
    if not as_json:
        invocation.say("Keep it now; it cannot be shown again. Programs send it as: Authorization: Bearer TOKEN")
        typer.echo(text)  # alone on its line, and never wrapped


@tokens.command("list")
def list_(context: typer.Context, as_json: options.Json = False) -> None:
    """Show every token that was ever made: what it may do, and when it was used last, to the hour."""
    invocation = of(context, as_json=as_json)
    found, now = ledger.every(invocation.redis), invocation.clock()
    invocation.answer({"tokens": [_document(each, now) for each in found]})
    invocation.say(_picture(found, now) if found else "There is no token yet, so nobody comes in by HTTP.")


@tokens.command("revoke")
def revoke(context: typer.Context, name: Name, as_json: options.Json = False) -> None:
    """Take a token's power away. When this ends, it opens nothing; its name stays taken."""
    invocation = of(context, as_json=as_json)
    try:
        gone = ledger.revoke(invocation.redis, name, now=invocation.clock())
    except UnknownToken as unknown:
        raise Failure(Exit.BAD_INPUT, str(unknown), kept=NOTHING_CHANGED) from None
    invocation.answer(_document(gone, invocation.clock()))
    invocation.say(f"The token {gone.name} opens nothing any more.", style="green")


def _picture(found: list[Token], now: datetime) -> RenderableType:
    table = plain_table("name", "may", "state", "last used")
    for each in found:
        used = both_times(each.used_at) if each.used_at else "never"
        table.add_row(each.name, ", ".join(sorted(each.scopes)), _state(each, now), used)
    return table


def _state(token: Token, now: datetime) -> str:
    if token.revoked_at:
        return "revoked"
    return "good" if token.is_good(now) else "expired"


def _document(token: Token, now: datetime) -> dict[str, Any]:
    return {
        "name": token.name,
        "scopes": sorted(token.scopes),
        "state": _state(token, now),
        "created_at": iso(token.created_at),
        "expires_at": iso(token.expires_at),
        "used_at": iso(token.used_at),
        "revoked_at": iso(token.revoked_at),
    }
