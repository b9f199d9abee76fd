"""`halt` and `unhalt`: a person's word that nothing may be sent, and that sending may go on."""

from getpass import getuser
from typing import Annotated, Any

import typer

from config.masking import mask_text
from jobs.cli.exits import Exit
from jobs.cli.failures import NOTHING_CHANGED, Failure
from jobs.cli.invocation import Invocation, of
from jobs.cli.options import Json
from jobs.cli.shown import PROGRAM, clean, commands, iso, spoken
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
AfterDataLoss = Annotated[
    bool,
    typer.Option("--after-data-loss", help="End the halt for data that the Redis server has lost, and no person's."),
]

GO_AFTER_DATA_LOSS = 'unhalt --after-data-loss --why "..."'
GO = 'unhalt --why "..."'


def halt(context: typer.Context, why: Reason, by: By = None, as_json: Json = False) -> None:
    """Stop all sending, of every campaign and account, until `unhalt`.

    When this ends, nothing new begins to be sent, restarts and deploys or not. What is with the gateway goes on: to end
    that, `stop` or `pause` the campaigns; these requests work as always.
    """
    invocation, who = of(context, as_json=as_json), by or getuser()
    _check_words(why, who)
    durably = invocation.can_wait_for_disk
    try:
        holds = amnesia.halt(invocation.redis, why=why, by=who, now=invocation.clock(), durably=durably)
    except NotDurable as not_durable:
        kept = "Nothing is sent while the server runs; a crash of its machine might forget that."
        raise Failure(Exit.NO_REDIS, str(not_durable), kept=kept) from None
    invocation.answer({"halt": _document(holds)})
    invocation.say("Nothing begins to be sent any more.", style="bold")
    if holds.by != who:
        invocation.say(f"It was halted before. Your reason is kept beside {clean(holds.by)}'s: one unhalt ends both.")
    for each in amnesia.halts(invocation.redis, now=invocation.clock()):
        invocation.say(_sentence(each), style="bold")
    invocation.say(commands(("see what runs", "list"), ("end a campaign", "stop ID"), ("go on", GO)))


def unhalt(
    context: typer.Context,
    why: Because,
    by: By = None,
    after_data_loss: AfterDataLoss = False,
    as_json: Json = False,
) -> None:
    """Let sending go on after `halt`; with --after-data-loss, after the Redis server has lost data.

    `list` says why it is halted. If data was lost, first compare with the gateway what was sent: campaigns that the
    ledger believes unsent are sent again.
    """
    invocation, who = of(context, as_json=as_json), by or getuser()
    _check_words(why, who)
    redis, now = invocation.redis, invocation.clock()
    ended = amnesia.forgive(redis, why=why, by=who, now=now, after_data_loss=after_data_loss)
    still = amnesia.halts(redis, now=now)
    if not ended and not after_data_loss:
        _refuse_if_data_was_lost(still)
    invocation.answer({"halt": _document(ended) if ended else None, "still": _document(still[0]) if still else None})
    invocation.say(_ended_sentence(ended) if ended else _NOTHING_ENDED[after_data_loss])
    if ended and not still:
        invocation.say("Sending goes on within seconds.", style="green")
    for each in still:
        invocation.say(f"Still: {_sentence(each)}", style="bold red")


_NOTHING_ENDED = {
    False: "No person had halted sending; nothing was changed.",
    True: "Nobody has noticed that the Redis server has lost data; nothing was changed.",
}


def say_if_halted(invocation: Invocation) -> None:
    """A remark for whoever wonders why nothing moves: every halt that holds, and how it ends."""
    found = amnesia.halts(invocation.redis, now=invocation.clock())
    documents = [_document(each) for each in found]
    for each in found if not invocation.as_json else found[:1]:
        invocation.note(_sentence(each), {"halt": documents[0], "halts": documents}, style="bold red")


def _refuse_if_data_was_lost(still: tuple[Halt, ...]) -> None:
    """Who meant another halt must not say go after data was lost, which nobody can take back."""
    if any(each.is_data_loss for each in still):
        todo = f"Compare first, as docs/reliability.md says; then: {PROGRAM} {GO_AFTER_DATA_LOSS}"
        raise Failure(Exit.INADVISABLE, "no person had halted sending: data was lost", kept=NOTHING_CHANGED, todo=todo)


def _check_words(why: str, who: str) -> None:
    if not why.strip() or not why.isprintable():
        raise Failure(Exit.BAD_INPUT, "--why must say something, on one line; whoever asks later has nothing else")
    if not who.strip() or not who.isprintable():
        raise Failure(Exit.BAD_INPUT, "--by must name a person, on one line")


def _sentence(found: Halt) -> str:
    """Why nothing is sent, since when, and what to do."""
    since, reason = spoken(found.since), _why(found)
    if found.is_data_loss:
        return (
            "The Redis server has lost data: what was sent may look unsent. Nothing is sent until a person says go. "
            f"Noticed {since}: {reason}. Compare first: {PROGRAM} sessions today, {PROGRAM} reconcile today, and "
            f"docs/reliability.md; then: {PROGRAM} {GO_AFTER_DATA_LOSS}"
        )
    others = "".join(f" {clean(each.by)} joined {spoken(each.since)}: {_why(each)}." for each in found.joined)
    return f"Sending is halted by {clean(found.by)} since {since}: {reason}.{others} It goes on with: {PROGRAM} {GO}"


def _ended_sentence(ended: Halt) -> str:
    since = spoken(ended.since)
    if ended.is_data_loss:
        return f"That ended the halt after the loss of data, noticed {since}: {_why(ended)}."
    others = "".join(f"; {clean(each.by)} had joined: {_why(each)}" for each in ended.joined)
    return f"That ended the halt by {clean(ended.by)} since {since}: {_why(ended)}{others}."


def _why(found: Halt) -> str:
    return clean(mask_text(found.reason))


def _document(found: Halt) -> dict[str, Any]:
    return {
        "since": iso(found.since),
        "reason": mask_text(found.reason),
        "by": found.by or None,
        "is_data_loss": found.is_data_loss,
        "joined": [_document(each) for each in found.joined],
    }
