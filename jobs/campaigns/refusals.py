"""Accounts that the gateway refuses: their submissions are held, and a person is told what to do.

A wrong password is no fault of a campaign. So a refusal that concerns the account rejects nothing: the submission is
planned again, and one submission of the account at a time finds out, now and then, whether the gateway has come round.
"""

from collections.abc import Iterable
from datetime import datetime

import structlog
from redis import Redis

from config.accounts import where_set
from jobs.campaigns.desk import Desk
from jobs.gateway.errors import RefusalKind, Rejected
from jobs.ledger import breaker, due
from jobs.ledger.breaker import Breaker, BreakerState, Cause, Pass
from jobs.ledger.keys import Due

log = structlog.get_logger()


def enter(desk: Desk, account: str, *, token: str) -> tuple[Pass, datetime]:
    """Whether a submission of the account may be tried; when it waits, until when: new settings are seen soon."""
    now, timings = desk.clock(), desk.timings
    told, at = breaker.enter(
        desk.redis, account, token=token, now=now, heard_within=timings.answer_within * 2, cause=Cause.REFUSAL
    )
    return told, min(at, now + timings.account_again)


def held_until(desk: Desk, account: str) -> datetime | None:
    """When a submission of the account should ask again whether it may be tried; None where it may be tried now."""
    found, now = breaker.read(desk.redis, account, Cause.REFUSAL), desk.clock()
    if found.probe_at is None or found.probe_at <= now:
        return None
    return min(found.probe_at, now + desk.timings.account_again)


def refused(desk: Desk, account: str, rejected: Rejected, *, token: str) -> None:
    """The gateway refused a submission for its account: hold the others."""
    rest = breaker.fail(
        desk.redis,
        account,
        token=token,
        now=desk.clock(),
        first_rest=desk.timings.refusal_first,
        longest_rest=desk.timings.refusal_most,
        about=rejected.kind,
        why=rejected.reason,
        cause=Cause.REFUSAL,
    )
    if rest and rest.is_news:
        log.error(
            "account_is_refused",
            account=account,
            kind=rejected.kind,
            why=rejected.reason,
            todo=todo(account, rejected.kind),
            meaning="nothing was sent and nothing is lost; its submissions wait",
        )


def taken(desk: Desk, account: str) -> None:
    """The gateway took a submission of the account: let the others go on, and what is to be told of its list."""
    now = desk.clock()
    since = breaker.succeed(desk.redis, account, Cause.REFUSAL, now=now, wakes=Due.DO_NOT_DIAL)
    if since:
        log.info("account_is_taken_again", account=account, after_s=round((now - since).total_seconds(), 1))


def not_tried(desk: Desk, account: str, *, token: str) -> None:
    """What would have found out did not: leave it to the next."""
    breaker.give_back(desk.redis, account, token=token, now=desk.clock(), cause=Cause.REFUSAL)


def try_now(redis: Redis, accounts: Iterable[str], *, now: datetime) -> None:
    """Somebody was started, perhaps with other settings: let the next submission of each account find out, and what is
    to be told of its do-not-dial list.
    """
    accounts = list(accounts)
    for account in accounts:
        breaker.try_now(redis, account, now=now, cause=Cause.REFUSAL)
    due.sooner(redis, Due.DO_NOT_DIAL, accounts, now)


def why_held(desk: Desk, account: str) -> str:
    """Why the account's submissions wait, to end a sentence with; '' where they do not."""
    found = breaker.read(desk.redis, account, Cause.REFUSAL)
    return "" if found.state is BreakerState.CLOSED else f"the gateway refuses the account {account} ({words(found)})"


def words(found: Breaker) -> str:
    """What a refusal is about, and the gateway's own words for it."""
    return f"{found.about.replace('_', ' ')}: {found.why}" if found.why else found.about.replace("_", " ")


def todo(account: str, about: str) -> str:
    """What a person can do about it."""
    match about:
        case RefusalKind.CREDITS:
            return "buy credits for the account; it goes on by itself within a quarter of an hour"
        case RefusalKind.API_ACCESS:
            return f"have the gateway's support allow the account ({where_set(account)}) to use the API, or unlock it"
        case _:
            return f"check {where_set(account)}, and start the workers again with what is right"
