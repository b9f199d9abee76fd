"""`purge`: one phone out of everything that is stored, and the receipts of that. No receipt names a phone."""

import sys
from collections.abc import Iterator, Sequence
from getpass import getuser
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Group, RenderableType

from jobs.campaigns import purge as purges
from jobs.campaigns.purge import Receipt
from jobs.cli.exits import Exit
from jobs.cli.failures import NOTHING_CHANGED, Failure
from jobs.cli.files import cannot
from jobs.cli.invocation import Invocation, of
from jobs.cli.options import Json
from jobs.cli.shown import clean, commands, counted, iso, masked_row, plain_table, spoken
from jobs.ledger.do_not_dial import Asked, UnexplainedRequest
from jobs.ledger.retention import Purged
from jobs.phones import Refusal, normalise

OnePhone = Annotated[
    str | None,
    typer.Argument(
        metavar="PHONE",
        help="The phone, in any usual spelling, or - for stdin: what stands on a command line stays in the shell's "
        "history, and everybody on the machine can see it.",
    ),
]
From = Annotated[Path | None, typer.Option("--from", metavar="FILE", help="A file with a phone on each line.")]
Reason = Annotated[
    str | None,
    typer.Option("--why", metavar="TEXT", help="Required, except with --receipts: the reason, for the receipt."),
]
By = Annotated[str | None, typer.Option(metavar="NAME", help="Who wants it; your user name here unless stated.")]
Receipts = Annotated[bool, typer.Option("--receipts", help="Purge nothing: show the receipts of all purges.")]

MOST_NAMED = 3
"""Of campaigns that hold a phone; the receipt has all."""

NOT_LOOKED_AT = (
    "Not looked at: titles, keys and reasons as people wrote them, the gateway's words, and jobs of other systems that "
    "no worker has taken yet."
)

_WORDS = {
    Purged.REMOVED: "removed, with how its drop ended",
    Purged.TAKEN_OUT: "taken out; it will be sent without it",
    Purged.HELD: "STAYS until its calls are over",
}


def purge(
    context: typer.Context,
    phone: OnePhone = None,
    file: From = None,
    why: Reason = None,
    by: By = None,
    receipts: Receipts = False,
    as_json: Json = False,
) -> None:
    """Take a phone out of every campaign, exclusion report, question and event that is stored.

    The counts of campaigns stay. A submission that is not sent yet is sent without it; where calls are under way it
    stays and the command ends with exit code 13: run it again when they are over. Do-not-dial lists keep it.
    """
    invocation = of(context, as_json=as_json)
    if receipts:
        _answer(invocation, purges.receipts(invocation.redis))
        return
    asked = _asked(invocation, why=why, by=by)
    found = [purges.purge(invocation.redis, each, asked) for each in _phones(phone, file)]
    _answer(invocation, found)
    if held := sorted({place.campaign_id for each in found for place in each.held}):
        invocation.note(_what_now(held), style="bold yellow")
        raise typer.Exit(Exit.PHONE_HELD)


def _what_now(held: Sequence[str]) -> RenderableType:
    lines = [("to see when its calls are over", f"show {each}") for each in held[:MOST_NAMED]]
    lines += [("to end them sooner", f"stop {each}") for each in held[:MOST_NAMED]]
    more = f" {len(held) - MOST_NAMED:,} more campaigns are in the receipt." if len(held) > MOST_NAMED else ""
    said = f"It is not purged everywhere: run the same command again when these calls are over.{more}"
    return Group(said, commands(*lines))


def _asked(invocation: Invocation, *, why: str | None, by: str | None) -> Asked:
    try:
        return Asked(by or getuser(), why or "", "cli", invocation.clock())
    except UnexplainedRequest as refused:
        raise Failure(Exit.BAD_INPUT, str(refused), kept=NOTHING_CHANGED, todo="Say it with --why.") from None


def _phones(phone: str | None, file: Path | None) -> list[str]:
    """Each once; a slip in one of them changes nothing, so that it is mended and not overlooked. Raises `Failure`."""
    if (phone is None) == (file is None):
        raise Failure(Exit.BAD_INPUT, "give one phone, or - for stdin, or --from FILE", kept=NOTHING_CHANGED)
    lines = [line.strip() for line in _lines(phone, file) if line.strip()]
    read = [(line, normalise(line)) for line in lines]
    if refused := [f"{masked_row(line)}: {found.sentence}" for line, found in read if isinstance(found, Refusal)]:
        raise Failure(Exit.BAD_INPUT, "not all of these are phones", problems=refused, kept=NOTHING_CHANGED)
    if not read:
        raise Failure(Exit.BAD_INPUT, "there is no phone in it", kept=NOTHING_CHANGED)
    return list(dict.fromkeys(found for _, found in read))


def _lines(phone: str | None, file: Path | None) -> Iterator[str]:
    if phone == "-":
        yield from sys.stdin
    elif phone is not None:
        yield phone
    elif file is not None:
        try:
            yield from file.read_text(encoding="utf-8-sig", errors="replace").splitlines()
        except OSError as error:
            raise cannot("read", str(file), error, kept=NOTHING_CHANGED) from None


def _answer(invocation: Invocation, found: Sequence[Receipt]) -> None:
    invocation.answer({"is_complete": all(each.is_complete for each in found), "receipts": [*map(_document, found)]})
    for each in found:
        invocation.say(_picture(each))
    if found:
        invocation.say(NOT_LOOKED_AT, style="dim")
    else:
        invocation.say("Nothing was ever purged.")


def _picture(receipt: Receipt) -> RenderableType:
    table = plain_table("", "")
    for each in receipt.places:
        table.add_row(each.submission_id, _WORDS[each.came_to])
    if receipt.excluded_rows:
        table.add_row(counted(receipt.excluded_rows, "row"), "of exclusion reports, whose text is gone")
    if receipt.questions:
        table.add_row(counted(receipt.questions, "question"), "about a call to it, dropped")
    if receipt.drop_events:
        table.add_row(counted(receipt.drop_events, "event"), "for webhooks, dropped with the other drops in it")
    head = f"{receipt.id}  {spoken(receipt.at)}  by {clean(receipt.by)}: {clean(receipt.why)}"
    parts: list[RenderableType] = [head, table if table.row_count else "It was nowhere."]
    if receipt.do_not_dial:
        accounts = ", ".join(receipt.do_not_dial)
        parts.append(f"It stays on the do-not-dial list of {accounts}, so that nobody calls it.")
        parts.append(commands(("to have it called again", "do-not-dial remove PHONE --why ...")))
    return Group(*parts)


def _document(receipt: Receipt) -> dict[str, Any]:
    return receipt.model_dump(mode="json") | {"at": iso(receipt.at), "is_complete": receipt.is_complete}
