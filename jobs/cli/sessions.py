"""One session of the gateway by its own id: telling it something at once, whether it is ours or a stranger."""

import re
from functools import partial
from typing import Any

import typer
from rich.text import Text

from config.masking import mask_text
from jobs.campaigns.control import VERBS
from jobs.campaigns.sessions import Controlled, control_session
from jobs.campaigns.verbs import WANTED_RUN, Refused, lane_of
from jobs.cli.asking import ask
from jobs.cli.exits import Exit
from jobs.cli.failures import Failure
from jobs.cli.invocation import Invocation
from jobs.cli.shown import clean, commands
from jobs.gateway.errors import OutcomeUnknown, presentable
from jobs.ledger import campaigns, submissions
from jobs.models import LEGAL_MOVES, Intent, Run, Submission

_DONE = {
    Intent.PAUSE: "The gateway has paused it.",
    Intent.RUN: "The gateway lets it run.",
    Intent.STOP: "The gateway has ended it.",
    Intent.CANCEL: "The gateway has ended it.",
}

_HAD_ENDED = {
    Intent.PAUSE: "It had ended before; what has ended never runs again.",
    Intent.RUN: "It had ended before; what has ended never runs again.",
    Intent.STOP: "It had ended before, so there was nothing to stop.",
    Intent.CANCEL: "It had ended before, so there was nothing to cancel.",
}


def is_session_id(text: str) -> bool:
    """Whether it is meant for one: a campaign's id has no digits."""
    return text.isascii() and text.isdigit()


def checked_session_id(text: str) -> str:
    """The id, if the gateway could have given it; raises `Failure`."""
    if not re.fullmatch(r"\d{6,20}", text, re.ASCII):
        raise Failure(Exit.BAD_INPUT, "a session's id has 6 to 20 digits and nothing else")
    return text


def with_session_id(text: str, session_id: str) -> str:
    """Masked text, in which the session's id that the person typed is readable: ids look like phones."""
    return text.replace(presentable(session_id), session_id).replace(mask_text(session_id), session_id)


def tell_session(invocation: Invocation, session_id: str, verb: str, *, account: str, why: str) -> None:
    """Tell a session something; exit code 8 when the gateway refused every verb, or it had ended before a pause."""
    checked_session_id(session_id)
    intent, now = VERBS[verb], invocation.clock()
    say = partial(ask, invocation, account, lane=lane_of(intent))
    try:
        done = control_session(invocation.redis, say, session_id, intent, account=account, why=why, now=now)
    except OutcomeUnknown as unknown:
        what = f"whether the gateway did it is not known ({unknown.phase}: {unknown.why})"
        raise Failure(Exit.NO_ANSWER, what, todo="Run the same command again: no verb does harm twice.") from None
    invocation.answer(_document(session_id, verb, done))
    _show(invocation, session_id, intent, done)
    if not _is_reached(intent, done):
        raise typer.Exit(Exit.NO_ANSWER)


def _is_reached(intent: Intent, done: Controlled) -> bool:
    return done.told.run is WANTED_RUN[intent]


def _show(invocation: Invocation, session_id: str, intent: Intent, done: Controlled) -> None:
    whose = (
        f"of campaign {done.submission.campaign_id}" if done.submission else "is a stranger: no campaign here has it"
    )
    invocation.say(f"Session {session_id} {whose}.")
    for refused in done.told.refusals:
        invocation.say(_explained(refused, session_id))
    if done.told.had_ended:
        invocation.say(_HAD_ENDED[intent], style="yellow")
    elif _is_reached(intent, done):
        invocation.say(_DONE[intent], style="green")
    else:
        invocation.say("Nothing has changed.", style="yellow")
    if done.submission:
        invocation.say(commands((_of_the_rest(invocation, done.submission), f"show {done.submission.campaign_id}")))


def _explained(refused: Refused, session_id: str) -> Text:
    said = mask_text(f"The gateway refused to {refused.verb} it ({refused.kind}): {refused.reason}")
    return Text(clean(with_session_id(said, session_id)))


def _of_the_rest(invocation: Invocation, told: Submission) -> str:
    ids = campaigns.submission_ids(invocation.redis, told.campaign_id)
    others = (each for each in submissions.read(invocation.redis, ids) if each.id != told.id)
    is_more = any(LEGAL_MOVES[each.state] and each.run is not Run.ENDED for each in others)
    return "the rest of the campaign is as it was" if is_more else "see its campaign"


def _document(session_id: str, verb: str, done: Controlled) -> dict[str, Any]:
    return {
        "session_id": session_id,
        "campaign_id": done.submission.campaign_id if done.submission else None,
        "submission_id": done.submission.id if done.submission else None,
        "verb": verb,
        "run": done.told.run,
        "had_ended": done.told.had_ended,
        "refusals": [
            {"verb": each.verb, "kind": each.kind, "reason": with_session_id(mask_text(each.reason), session_id)}
            for each in done.told.refusals
        ],
    }
