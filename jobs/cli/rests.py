"""Accounts that are left alone for a while, or refused, as `show` and `list` tell of them."""

from collections.abc import Iterable
from datetime import datetime

from config.masking import mask_text
from jobs.campaigns import refusals
from jobs.cli.invocation import Invocation
from jobs.cli.shown import clean, spoken
from jobs.documents.rests import AccountAtRest
from jobs.ledger.breaker import Breaker, BreakerState, Cause


def say_at_rest(invocation: Invocation, found: Iterable[AccountAtRest]) -> None:
    """A line for each, for whoever wonders why nothing moves; programs find them in the document."""
    for each in found:
        style = "bold red" if each.cause is Cause.REFUSAL else "yellow"
        invocation.note(sentence(each), style=style)


def sentence(found: AccountAtRest) -> str:
    """What is the matter with an account, until when, and what to do."""
    since, why = _instant(found.breaker.opened_at), clean(mask_text(found.breaker.why))
    if found.cause is Cause.TROUBLE:
        return (
            f"The gateway gets a rest from account {found.account} since {since}, after failures in a row; "
            f"{_next(found.breaker, 'call')}. It goes on by itself. The last failure: {why}"
        )
    about = clean(mask_text(refusals.words(found.breaker)))
    return (
        f"The gateway refuses account {found.account} ({about}), since {since}. Nothing is lost: its submissions wait, "
        f"and {_next(found.breaker, 'submission')}. What to do: {refusals.todo(found.account, found.breaker.about)}."
    )


def _instant(instant: datetime | None) -> str:
    return spoken(instant) if instant else "an unknown instant"


def _next(found: Breaker, noun: str) -> str:
    """A probe under way has an instant by which it is heard of, which tells nobody anything."""
    if found.state is BreakerState.PROBING:
        return f"one {noun} is just finding out"
    return f"the next {noun} is tried at {_instant(found.probe_at)}"
