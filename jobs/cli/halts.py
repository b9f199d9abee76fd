"""`halt` and `unhalt`: a person's word that nothing may be sent, and that sending may go on."""

from getpass import getuser
from typing import Annotated, Any

import typer

from config.masking import mask_text
from jobs.cli.exits import Exit
from jobs.cli.failures import Failure
from jobs.cli.invocation import Invocation, of
from jobs.cli.options import Json
from jobs.cli.shown import PROGRAM, clean, commands, iso
from jobs.ledger import amnesia
from jobs.ledger.amnesia import Halt
from jobs.ledger.durability import NotDurable

Reason = Annotated[
    str, typer.Option("--why", metavar="TEXT", help="The reason, for whoever wonders later; it is kept.")
]
By = Annotated[
    str | None, typer.Option(metavar="NAME", help="Who wants it; your user name on this machine unless stated.")
]
Because = Annotated[
    str, typer.Option("--why", metavar="TEXT", help="What was looked at, and why it is safe; it is kept.")
]


def halt(context: typer.Context, why: Reason, by: By = None, as_json: Json = False) -> None:
    """Stop all sending, of every campaign and account, until `unhalt`.

    When this ends, nothing new begins to be sent, restarts and deploys or not. What is with the gateway goes on: to end
    that, `stop` or `pause` the campaigns; these requests work as always.
    """
    invocation = of(context, as_json=as_json)
    _check_reason(why)
    who, durably = by or getuser(), invocation.can_wait_for_disk
    try:
        holds = amnesia.halt(invocation.redis, why=why, by=who, now=invocation.clock(), durably=durably)
    except NotDurable as not_durable:
        kept = "Nothing is sent while the server runs; a crash of its machine might forget that."
        raise Failure(Exit.NO_REDIS, str(not_durable), kept=kept) from None
    invocation.answer({"halt": _document(holds)})
    invocation.say(f"Nothing begins to be sent any more. {_sentence(holds)}", style="bold")
    invocation.say(commands(("see what runs", "list"), ("end a campaign", "stop ID"), ("go on", "unhalt --why ...")))


def unhalt(context: typer.Context, why: Because, as_json: Json = False) -> None:
    """Let sending go on after `halt`, or after the ledger has lost data.

    `list` says why it is halted. If the ledger has lost data, first compare with the gateway what was sent: campaigns
    that the ledger believes unsent are sent again.
    """
    invocation = of(context, as_json=as_json)
    _check_reason(why)
    ended = amnesia.forgive(invocation.redis, why=why, now=invocation.clock())
    still = amnesia.look(invocation.redis, now=invocation.clock())
    invocation.answer({"halt": _document(ended) if ended else None, "still": _document(still) if still else None})
    if ended and not still:
        invocation.say(
            f"Sending goes on within seconds. It was halted since {iso(ended.since)}: {clean(mask_text(ended.reason))}."
        )
    elif not ended:
        invocation.say("Sending was not halted; nothing was changed.")
    if still:
        invocation.say(f"That ended one halt of two. {_sentence(still)}", style="bold red")


def say_if_halted(invocation: Invocation) -> None:
    """A remark for whoever wonders why nothing moves."""
    found = amnesia.look(invocation.redis, now=invocation.clock())
    if found:
        words = f"{_sentence(found)} See {PROGRAM} unhalt --help."
        invocation.note(words, {"halt": _document(found)}, style="bold red")


def _check_reason(why: str) -> None:
    if not why.strip():
        raise Failure(Exit.BAD_INPUT, "--why must say something; whoever asks later has nothing else")


def _sentence(found: Halt) -> str:
    by = f" by {clean(found.by)}" if found.by else ""
    return f"Sending is halted since {iso(found.since)}{by}: {clean(mask_text(found.reason))}."


def _document(found: Halt) -> dict[str, Any]:
    return {"since": iso(found.since), "reason": mask_text(found.reason), "by": found.by or None}
