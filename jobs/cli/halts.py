"""`unhalt`: a person's word that a ledger that has forgotten may be believed again."""

from typing import Annotated, Any

import typer

from config.masking import mask_text
from jobs.cli.exits import Exit
from jobs.cli.failures import Failure
from jobs.cli.invocation import Invocation, of
from jobs.cli.options import Json
from jobs.cli.shown import PROGRAM, iso
from jobs.ledger import amnesia
from jobs.ledger.amnesia import Halt

Because = Annotated[
    str, typer.Option("--why", metavar="TEXT", help="What was looked at, and why it is safe; it is kept.")
]


def unhalt(context: typer.Context, why: Because, as_json: Json = False) -> None:
    """Let sending go on after the ledger has lost data.

    First compare with the gateway what was sent: campaigns that the ledger believes unsent are sent again.
    """
    invocation = of(context, as_json=as_json)
    if not why.strip():
        raise Failure(Exit.BAD_INPUT, "--why must say something; whoever asks later has nothing else")
    halt = amnesia.forgive(invocation.redis, why=why, now=invocation.clock())
    invocation.answer({"halt": _document(halt) if halt else None})
    if halt:
        invocation.say(f"Sending goes on within seconds. It was halted since {iso(halt.since)}: {halt.reason}.")
    else:
        invocation.say("Sending was not halted; nothing was changed.")


def say_if_halted(invocation: Invocation) -> None:
    """A remark for whoever wonders why nothing moves."""
    halt = amnesia.look(invocation.redis, now=invocation.clock())
    if halt:
        words = f"Sending is halted since {iso(halt.since)}: {halt.reason}. See {PROGRAM} unhalt --help."
        invocation.note(words, {"halt": _document(halt)}, style="bold red")


def _document(halt: Halt) -> dict[str, Any]:
    return {"since": iso(halt.since), "reason": mask_text(halt.reason)}
