"""Accounts that are left alone for a while, or refused, and of which nothing is sent at present."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from redis import Redis
from typing_extensions import TypedDict

from config.masking import mask_text
from jobs.documents.values import iso
from jobs.ledger import breaker
from jobs.ledger.breaker import Breaker, BreakerState, Cause
from jobs.models import CampaignView, SubmissionState


@dataclass(frozen=True, slots=True)
class AccountAtRest:
    """An account of which nothing is sent at present, and the breaker that says why."""

    account: str
    cause: Cause
    breaker: Breaker

    def needs_person(self, now: datetime) -> bool:
        """Whether the gateway refuses it, and nobody is about to find out that it does not any more."""
        tried_at = self.breaker.probe_at
        is_open = self.cause is Cause.REFUSAL and self.breaker.state is BreakerState.OPEN
        return is_open and tried_at is not None and tried_at > now


def of_campaign(redis: Redis, campaign: CampaignView) -> list[AccountAtRest]:
    """What a campaign waits for that has something left to send."""
    waits = campaign.submissions.keys() & {SubmissionState.PLANNED, SubmissionState.CLAIMED}
    return _at_rest(redis, [(campaign.terms.account, cause) for cause in Cause] if waits else [])


def of_all(redis: Redis) -> list[AccountAtRest]:
    """Every account of which nothing is sent at present."""
    return _at_rest(redis, [(account, cause) for cause in Cause for account in breaker.accounts(redis, cause)])


class RestDocument(TypedDict):
    """Why nothing of an account is sent at present."""

    account: str
    cause: Cause
    about: str | None
    why: str
    since: str | None
    next_try_at: str | None


def document(found: AccountAtRest) -> RestDocument:
    """One of them as JSON values."""
    return {
        "account": found.account,
        "cause": found.cause,
        "about": found.breaker.about or None,
        "why": mask_text(found.breaker.why),
        "since": iso(found.breaker.opened_at),
        "next_try_at": iso(found.breaker.probe_at),
    }


def _at_rest(redis: Redis, asked: Iterable[tuple[str, Cause]]) -> list[AccountAtRest]:
    found = [AccountAtRest(account, cause, breaker.read(redis, account, cause)) for account, cause in asked]
    return [each for each in found if each.breaker.state is not BreakerState.CLOSED]
