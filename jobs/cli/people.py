"""`people` and `looks`: who may log in to the page, and who has looked at whole phones there."""

import sys
from getpass import getpass
from typing import Annotated

import typer

from jobs import eastern
from jobs.cli import options
from jobs.cli.exits import Exit
from jobs.cli.failures import NOTHING_CHANGED, Failure
from jobs.cli.invocation import Invocation, of
from jobs.cli.shown import clean, iso, plain_table
from jobs.ledger import looks as ledger
from jobs.ledger import people as ledger_people
from jobs.ledger.people import KnownPerson, Person, Role, UnfitWords, UnknownPerson

people = typer.Typer(
    help="Keep the list of people who may log in to the page, and what each may do there.",
    no_args_is_help=True,
    rich_markup_mode=None,
)

Name = Annotated[str, typer.Argument(metavar="NAME", help="What they log in with.")]
WhichRole = Annotated[
    Role,
    typer.Option(
        "--role",
        parser=options.word_of(Role),
        metavar="|".join(Role),
        help="watch looks at everything; operate changes things, too.",
    ),
]
SeesPhones = Annotated[bool, typer.Option("--phones", help="May see whole phones; each such look is kept: `looks`.")]
Ask = Annotated[
    bool, typer.Option("--ask", help="Ask for a password, or read it from stdin, instead of making one up.")
]


@people.command("add")
def add(
    context: typer.Context,
    name: Name,
    role: WhichRole,
    phones: SeesPhones = False,
    ask: Ask = False,
    as_json: options.Json = False,
) -> None:
    """Let somebody log in to the page. The password is shown once and kept by nobody."""
    invocation = of(context, as_json=as_json)
    password = _password(ask=ask)
    try:
        added = ledger_people.add(invocation.redis, name, role, password, sees_phones=phones, now=invocation.clock())
    except (KnownPerson, UnfitWords) as refused:
        raise Failure(Exit.BAD_INPUT, clean(str(refused)), kept=NOTHING_CHANGED) from None
    _say_password(invocation, _document(added), password, f"{added.name} may log in to the page.", asked=ask)


@people.command("password")
def password_(context: typer.Context, name: Name, ask: Ask = False, as_json: options.Json = False) -> None:
    """Give somebody another password. Wherever they are logged in, they are no more."""
    invocation = of(context, as_json=as_json)
    new = _password(ask=ask)
    try:
        ledger_people.change_password(invocation.redis, name, new)
    except (UnknownPerson, UnfitWords) as refused:
        raise Failure(Exit.BAD_INPUT, clean(str(refused)), kept=NOTHING_CHANGED) from None
    words = f"{name} has another password, and is logged out everywhere."
    _say_password(invocation, _document(ledger_people.known(invocation.redis, name)), new, words, asked=ask)


@people.command("remove")
def remove(context: typer.Context, name: Name, as_json: options.Json = False) -> None:
    """Let somebody log in no more. Wherever they are logged in, they are no more."""
    invocation = of(context, as_json=as_json)
    try:
        ledger_people.remove(invocation.redis, name)
    except UnknownPerson as unknown:
        raise Failure(Exit.BAD_INPUT, clean(str(unknown)), kept=NOTHING_CHANGED) from None
    invocation.answer({"name": name})
    invocation.say(f"{name} may log in no more, and is logged out everywhere.")


@people.command("list")
def list_(context: typer.Context, as_json: options.Json = False) -> None:
    """Show who may log in, and what each may do."""
    invocation = of(context, as_json=as_json)
    found = ledger_people.everybody(invocation.redis)
    invocation.answer({"people": [_document(each) for each in found]})
    if not found:
        invocation.say("Nobody may log in to the page yet.")
        return
    table = plain_table("name", "role", "phones", "since (Eastern)")
    for each in found:
        sees = "whole, on record" if each.sees_phones else "masked"
        table.add_row(each.name, each.role, sees, eastern.wall_text(each.added_at))
    invocation.say(table)


def looks(context: typer.Context, most: options.Most = 50, as_json: options.Json = False) -> None:
    """Show who has looked at whole phones by the page or by HTTP, newest first."""
    invocation = of(context, as_json=as_json)
    found = ledger.newest(invocation.redis, most=most)
    invocation.answer({"looks": [{"at": iso(each.at), "who": each.who, "what": each.what} for each in found]})
    table = plain_table("Eastern", "who", "what")
    for each in found:
        table.add_row(eastern.wall_text(each.at), clean(each.who), clean(each.what))
    invocation.say(table if found else "Nobody has looked at whole phones.")


def _password(*, ask: bool) -> str:
    if not ask:
        return ledger_people.new_password()
    if not sys.stdin.isatty():
        return sys.stdin.readline().rstrip("\r\n")
    first = getpass("Password: ")
    if getpass("Once more: ") != first:
        raise Failure(Exit.BAD_INPUT, "those were two different passwords", kept=NOTHING_CHANGED)
    return first


def _say_password(
    invocation: Invocation, document: dict[str, object], password: str, words: str, *, asked: bool
) -> None:
    """One that they have said themselves is not shown."""
    invocation.answer(document | ({} if asked else {"password": password}))
    invocation.say(words)
    if not asked:
        invocation.say(f"Password: {password}", style="bold")
        invocation.say("It is shown this once. Hand it over where nobody else reads.")


def _document(person: Person) -> dict[str, object]:
    return {
        "name": person.name,
        "role": person.role,
        "sees_phones": person.sees_phones,
        "added_at": iso(person.added_at),
    }
