"""Accounts that are left alone for a while, or refused, as `show` and `list` tell of them."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from redis import Redis

from config.masking import mask_text
from jobs.campaigns import refusals
from jobs.cli.invocation import Invocation
from jobs.cli.shown import clean, iso
from jobs.ledger import breaker
from jobs.ledger.breaker import Breaker, BreakerState, Cause
from jobs.models import CampaignView, SubmissionState


@dataclass(frozen=True, slots=True)
class AccountAtRest:
    """An account of which nothing is sent at present, and the breaker that says why."""

    account: str
    cause: Cause
    breaker: Breaker


def of_campaign(redis: Redis, campaign: CampaignView) -> list[AccountAtRest]:
    """What a campaign waits for that has something left to send."""
    waits = campaign.submissions.keys() & {SubmissionState.PLANNED, SubmissionState.CLAIMED}
    return _at_rest(redis, [(campaign.terms.account, cause) for cause in Cause] if waits else [])


def of_all(redis: Redis) -> list[AccountAtRest]:
    """Every account of which nothing is sent at present."""
    return _at_rest(redis, [(account, cause) for cause in Cause for account in breaker.accounts(redis, cause)])


def say(invocation: Invocation, found: Iterable[AccountAtRest]) -> None:
    """A line for each, for whoever wonders why nothing moves; programs find them in the document."""
    for each in found:
        style = "bold red" if each.cause is Cause.REFUSAL else "yellow"
        invocation.note(sentence(each), style=style)


def sentence(found: AccountAtRest) -> str:
    """What is the matter with an account, until when, and what to do."""
    since, why = iso(found.breaker.opened_at), clean(mask_text(found.breaker.why))
    if found.cause is Cause.TROUBLE:
        return (
            f"The gateway gets a rest from account {found.account} since {since}, after failures in a row; "
            f"{_next(found.breaker, 'call')}. It goes on by itself. The last failure: {why}"
        )
    about = clean(mask_text(refusals.words(found.breaker)))
    return (
        f"The gateway refuses account {found.account} since {since} ({about}). Nothing is lost: its submissions wait, "
        f"and {_next(found.breaker, 'submission')}. What to do: {refusals.todo(found.account, found.breaker.about)}."
    )


def document(found: AccountAtRest) -> dict[str, Any]:
    """The same as JSON values."""
    return {
        "account": found.account,
        "cause": found.cause,
        "about": found.breaker.about or None,
        "why": mask_text(found.breaker.why),
        "since": iso(found.breaker.opened_at),
        "next_try_at": iso(found.breaker.probe_at),
    }


def _next(found: Breaker, noun: str) -> str:
    """A probe under way has an instant by which it is heard of, which tells nobody anything."""
    if found.state is BreakerState.PROBING:
        return f"one {noun} is just finding out"
    return f"the next {noun} is tried at {iso(found.probe_at)}"


def _at_rest(redis: Redis, asked: Iterable[tuple[str, Cause]]) -> list[AccountAtRest]:
    found = [AccountAtRest(account, cause, breaker.read(redis, account, cause)) for account, cause in asked]
    return [each for each in found if each.breaker.state is not BreakerState.CLOSED]
