"""`do-not-dial`: who is never called through an account, who wanted that, and why.

Phones are shown by their last digits; whole they leave through `list --export` alone.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from config.accounts import DEFAULT_ACCOUNT
from jobs.campaigns import do_not_dial as lists
from jobs.campaigns.do_not_dial import Changed, UnexplainedRequest, Verb
from jobs.cli import options
from jobs.cli.do_not_dial_pictures import changed_picture, history_picture, lists_picture
from jobs.cli.exits import Exit
from jobs.cli.failures import NOTHING_CHANGED, Failure
from jobs.cli.files import replaced
from jobs.cli.invocation import Invocation, of
from jobs.cli.planning import opened_contacts, reading_sentence, write_rows
from jobs.cli.shown import clean, counted, masked_row
from jobs.contacts import Row
from jobs.documents.do_not_dial import changed_document, history_document, list_document
from jobs.ledger import do_not_dial as ledger
from jobs.ledger.durability import NotDurable
from jobs.phones import Refusal, normalise

do_not_dial = typer.Typer(
    help="Keep the do-not-dial list of an account: whoever is on it is not called.",
    no_args_is_help=True,
    rich_markup_mode=None,
)

Phones = Annotated[list[str], typer.Argument(metavar="PHONE", help="Phones, in any usual spelling.")]
Phone = Annotated[str, typer.Argument(metavar="PHONE", help="A phone, in any usual spelling.")]
Reason = Annotated[str, typer.Option("--why", metavar="TEXT", help="The reason, for whoever must answer for it later.")]
OneAccount = Annotated[
    str | None, typer.Option("--account", metavar="NAME", help="Only this account; with --export the default one.")
]
Export = Annotated[
    Path | None,
    typer.Option(metavar="FILE", help="Write every phone on the list, whole, as CSV that you alone can read."),
]
RefusedTo = Annotated[Path | None, typer.Option(metavar="FILE", help="Write every row that holds no phone, as CSV.")]


@do_not_dial.command("add")
def add(
    context: typer.Context,
    phones: Phones,
    why: Reason,
    by: options.By,
    account: options.Account = DEFAULT_ACCOUNT,
    as_json: options.Json = False,
) -> None:
    """Put phones on the list.

    When this ends, nothing new is sent to them. The gateway is told, too, which takes them out of what it already has.
    """
    _change_named(of(context, as_json=as_json), Verb.ADD, phones, why=why, by=by, account=account)


@do_not_dial.command("remove")
def remove(
    context: typer.Context,
    phones: Phones,
    why: Reason,
    by: options.By,
    account: options.Account = DEFAULT_ACCOUNT,
    as_json: options.Json = False,
) -> None:
    """Take phones off the list; campaigns that come after may call them."""
    _change_named(of(context, as_json=as_json), Verb.REMOVE, phones, why=why, by=by, account=account)


@do_not_dial.command("import")
def import_(
    context: typer.Context,
    contacts: options.Contacts,
    why: Reason,
    by: options.By,
    account: options.Account = DEFAULT_ACCOUNT,
    column: options.Column = None,
    refused_to: RefusedTo = None,
    as_json: options.Json = False,
) -> None:
    """Put every phone of a CSV file on the list.

    Rows without a phone are shown and end the command with exit code 10; all others are on the list then. It may be run
    again at any time.
    """
    invocation = of(context, as_json=as_json)
    with opened_contacts(contacts, column, err=invocation.err) as read:
        rows = list(read)  # a file that cannot be read to its end changes nothing
    invocation.say(reading_sentence(read))
    source = "stdin" if contacts == "-" else clean(Path(contacts).name)
    changed = _change(invocation, Verb.ADD, rows, why=why, by=by, account=account, source=source)
    if refused_to:
        write_rows(refused_to, changed.refused, kept="The list itself is changed.")
    if changed.refused:
        raise typer.Exit(Exit.ROWS_REFUSED)


@do_not_dial.command("list")
def list_(
    context: typer.Context, account: OneAccount = None, export: Export = None, as_json: options.Json = False
) -> None:
    """Show how long each account's list is, and whether the gateway has confirmed it."""
    invocation = of(context, as_json=as_json)
    if account or export:
        invocation.check_account(account or DEFAULT_ACCOUNT)
    if export:
        _export(invocation, account or DEFAULT_ACCOUNT, export)
        return
    names = [account] if account else ledger.accounts(invocation.redis)
    found = [ledger.read(invocation.redis, name) for name in names]
    invocation.answer({"lists": [list_document(each) for each in found]})
    invocation.say(lists_picture(found) if found else "No account has a do-not-dial list yet.")


@do_not_dial.command("history")
def history(
    context: typer.Context, phone: Phone, account: options.Account = DEFAULT_ACCOUNT, as_json: options.Json = False
) -> None:
    """Show who wanted a phone on the list or off it, when and why."""
    invocation = of(context, as_json=as_json)
    invocation.check_account(account)
    known = normalise(phone)
    if isinstance(known, Refusal):
        raise Failure(Exit.BAD_INPUT, f"this is no phone. {known.sentence}", kept=NOTHING_CHANGED)
    found = lists.history_of(invocation.redis, account, known)
    is_listed = lists.is_listed(invocation.redis, account, known)
    invocation.answer(history_document(account, known, found, is_listed=is_listed))
    invocation.say(history_picture(account, known, found, is_listed=is_listed))


def _change_named(
    invocation: Invocation, verb: Verb, phones: Sequence[str], *, why: str, by: str, account: str
) -> None:
    """A slip in one of a few phones changes nothing, so that it is mended and not overlooked."""
    refused = [(text, phone) for text in phones if isinstance(phone := normalise(text), Refusal)]
    if refused:
        problems = [f"{masked_row(text)}: {refusal.sentence}" for text, refusal in refused]
        raise Failure(Exit.BAD_INPUT, "not all of these are phones", problems=problems, kept=NOTHING_CHANGED)
    rows = [Row(line, text) for line, text in enumerate(phones, start=1)]
    _change(invocation, verb, rows, why=why, by=by, account=account, source="cli")


def _change(
    invocation: Invocation, verb: Verb, rows: Sequence[Row], *, why: str, by: str, account: str, source: str
) -> Changed:
    invocation.check_account(account)
    try:
        changed = invocation.producer.do_not_dial(
            account, verb, rows, by=by, why=why, source=source, durably=invocation.can_wait_for_disk
        )
    except UnexplainedRequest as refused:
        raise Failure(Exit.BAD_INPUT, str(refused), kept=NOTHING_CHANGED) from None
    except NotDurable as not_durable:
        kept = "It holds now; whether it would outlast a crash of the server is not known."
        raise Failure(Exit.NO_REDIS, str(not_durable), kept=kept, todo="Run the same command again.") from None
    found = ledger.read(invocation.redis, account)
    invocation.answer(changed_document(verb, changed, found))
    invocation.say(changed_picture(verb, changed, found))
    return changed


def _export(invocation: Invocation, account: str, path: Path) -> None:
    with replaced(path, kept=NOTHING_CHANGED) as file:
        phones = sorted(ledger.numbers(invocation.redis, account))
        file.write("phone\n")
        file.writelines(f"{phone}\n" for phone in phones)
    invocation.answer({"account": account, "numbers": len(phones), "file": str(path)})
    invocation.say(f"{counted(len(phones), 'phone')} written to {clean(str(path))}.")
