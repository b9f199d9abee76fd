"""An account's do-not-dial list: who comes on it and off it, who is screened, and keeping the gateway's own in step.

Ours decides: a number on it is in no new campaign and in no submission that begins to be sent. The gateway's own list
does what ours cannot, it takes numbers out of sessions that are with the gateway already.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from functools import partial

from redis import Redis

from config.accounts import NAME, UnknownAccount
from jobs.campaigns import calling
from jobs.campaigns.calling import NotNow
from jobs.campaigns.desk import Desk
from jobs.campaigns.plan import Excluded, Plan, without
from jobs.contacts import Row
from jobs.gateway.client import GatewayClient
from jobs.gateway.errors import GatewayError, RefusalKind, Rejected
from jobs.ledger import dispositions, do_not_dial, due, pushes
from jobs.ledger.do_not_dial import STEP, Asked, Request, UnexplainedRequest, Verb
from jobs.ledger.keys import Due
from jobs.ledger.pushes import Push
from jobs.models import Submission
from jobs.phones import Refusal, normalise, split

__all__ = [
    "Asked",
    "Changed",
    "Request",
    "Screening",
    "Synced",
    "UnexplainedRequest",
    "Verb",
    "change",
    "history_of",
    "is_listed",
    "screen",
    "screen_plan",
    "sync",
]

MOST_A_PUSH = 1_000
"""Phones told to the gateway in one request; how many it takes there is not known, in a campaign it is 10,000."""

CALLER = "do-not-dial"
"""Who takes turns with the campaigns of the account."""

NARROWER = 10
"""A push that is refused for one of its phones is divided by this, until the phone is found."""


@dataclass(frozen=True, slots=True)
class Changed:
    """What came of a request, row by row: `row_count` is the sum of the others."""

    row_count: int
    changed: int
    """Phones that were not as wanted before."""
    refused: tuple[Excluded, ...] = field(repr=False)
    """Rows without a phone that can be read; nothing came of them."""

    @property
    def unchanged(self) -> int:
        """Rows whose phone was as wanted before, or had been named further up."""
        return self.row_count - self.changed - len(self.refused)


@dataclass(frozen=True, slots=True)
class Screening:
    """The phones of a submission that may be sent to, and up to which change of the list that is known."""

    phones: list[str] = field(repr=False)
    version: int


class Synced(StrEnum):
    """What came of telling the gateway."""

    IN_STEP = "in_step"
    """It has confirmed everything."""
    MORE = "more"
    """There is more to tell it, now."""
    LATER = "later"
    """It did not confirm, or no call may be made now; it stands in the due set."""


def change(redis: Redis, account: str, verb: Verb, rows: Iterable[Row], asked: Asked) -> Changed:
    """Put phones on the account's list, or take them off. When this returns, nothing new is sent to those put on it.

    Rows may be any number: they are written in steps, so a call that did not return has done some, and may be repeated.
    Raises `UnknownAccount` for what cannot be a name; whether there is such an account, only the workers know.
    """
    if not re.fullmatch(NAME, account):
        raise UnknownAccount("no gateway account can have this name: it takes letters, digits, _ and -, at most 64")
    row_count = changed = 0
    refused: list[Excluded] = []
    for step in split(rows, STEP):
        read = [(row, normalise(row.text)) for row in step]
        refused += [Excluded(row.line, row.text, phone) for row, phone in read if isinstance(phone, Refusal)]
        row_count += len(step)
        if phones := {phone for _, phone in read if not isinstance(phone, Refusal)}:
            changed += do_not_dial.change(redis, account, verb, phones, asked)
    return Changed(row_count, changed, tuple(refused))


def is_listed(redis: Redis, account: str, phone: str) -> bool:
    """Whether a phone of 10 digits is on the account's list."""
    return bool(do_not_dial.listed(redis, account, [phone]))


def history_of(redis: Redis, account: str, phone: str) -> list[Request]:
    """Everything that was ever asked for concerning a phone of 10 digits, oldest first."""
    return list(do_not_dial.history_of(redis, account, phone))


def screen_plan(redis: Redis, account: str, plan: Plan) -> tuple[Plan, int]:
    """The plan without those on the account's list, and up to which change of the list that is known."""
    version = do_not_dial.version(redis, account)  # before the look: what is added during it is found at the next one
    phones = [phone for chunk in plan.chunks for phone in chunk]
    listed = do_not_dial.listed(redis, account, phones) if version else set()
    return (without(plan, listed) if listed else plan), version


def screen(redis: Redis, account: str, submission: Submission, *, since: int, attempt: str) -> Screening:
    """The last screening: take out of a claimed submission who came on the list since that change of it."""
    phones = dispositions.to_send(redis, submission.id)
    listed, newest = do_not_dial.listed_since(redis, account, phones, since)
    if listed:
        dispositions.take_out(redis, submission, listed, attempt=attempt)
    return Screening([phone for phone in phones if phone not in listed], newest)


def sync(desk: Desk, account: str) -> Synced:
    """Tell the gateway what comes next of the changes that it has not confirmed, in one request."""
    push = pushes.next_push(desk.redis, account, most=MOST_A_PUSH)
    if push is None:
        pushes.rest(desk.redis, account)
        return Synced.IN_STEP
    try:
        calling.once_for_account(desk, account, CALLER, partial(_tell, push=push))
    except NotNow as not_now:
        due.add(desk.redis, Due.DO_NOT_DIAL, [account], not_now.at)
        return Synced.LATER
    except UnknownAccount as unknown:
        return _later(desk, account, str(unknown), desk.timings.account_again)
    except Rejected as rejected:
        return _refused(desk, account, push, rejected)
    except GatewayError as failed:
        return _later(desk, account, str(failed))
    return _confirm(desk, account, push)


def _tell(client: GatewayClient, push: Push) -> None:
    if push.verb is Verb.ADD:
        client.add_to_do_not_dial(push.phones)
    else:
        client.remove_from_do_not_dial(push.phones)


def _confirm(desk: Desk, account: str, push: Push, *, refused: str = "") -> Synced:
    now = desk.clock()
    pushes.confirm(desk.redis, account, push, now=now, again_at=now + desk.timings.answer_within, refused=refused)
    return Synced.MORE


def _refused(desk: Desk, account: str, push: Push, rejected: Rejected) -> Synced:
    """One phone that the gateway does not like must not keep all others from its list."""
    if rejected.kind not in {RefusalKind.PHONES, RefusalKind.TOO_MANY_PHONES}:
        return _later(desk, account, str(rejected), desk.timings.resend_most)
    if len(push.phones) == 1:
        return _confirm(desk, account, push, refused=push.phones[0])
    pushes.narrow(desk.redis, account, max(1, len(push.phones) // NARROWER))
    return Synced.MORE


def _later(desk: Desk, account: str, reason: str, wait: timedelta | None = None) -> Synced:
    failures = pushes.note_trouble(desk.redis, account, reason)
    growing = min(desk.timings.resend_most, desk.timings.resend_first * (1 << min(failures, 20)))
    due.add(desk.redis, Due.DO_NOT_DIAL, [account], desk.clock() + (wait or growing * desk.random.uniform(0.5, 1)))
    return Synced.LATER
