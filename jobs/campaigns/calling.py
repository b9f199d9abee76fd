"""Calling the gateway politely: past its breaker, in a slot of the account, and the breaker hears how it went.

Who may not call now gets `NotNow` and comes back through the due set: nothing was sent, nothing is written, nothing has
failed. Only the short wait for a slot is slept.

    verbs        pass the others' slots, and every few seconds an open breaker: a stop is worth a call in vain
    ends         are verbs that may borrow slots to come, because people are being called meanwhile
    submissions  are never the call that finds out whether the gateway is back: in vain, they could end as unknown
    reads        are tried again within the job; nothing else is

Where the gateway refuses the account itself, submissions alone are held: the law of that is in `refusals`.
"""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import TypeVar

import structlog

from jobs.campaigns import refusals
from jobs.campaigns.desk import Desk
from jobs.gateway.client import GatewayClient
from jobs.gateway.errors import GatewayError, NotSent, OutcomeUnknown, Rejected
from jobs.ledger import breaker, limits
from jobs.ledger.breaker import Pass
from jobs.ledger.limits import Lane, NoSlot, Slot
from jobs.ledger.meter import CALL, SLOT_WAIT, Count
from jobs.ledger.submissions import new_token
from jobs.models import CampaignView

READ_TRIES = 3
LEAST_APART = timedelta(milliseconds=10)
"""Between two who come back, where no limit says more."""
SLOT_LASTS = timedelta(milliseconds=100)
"""Who oversleeps its slot by more takes another, lest it calls in the next one's time."""
CALL_WITHIN = timedelta(seconds=1)
"""Whose call does not begin so soon after its slot takes another, too: after a freeze all would call at once. Shorter
it must not be, for a submission waits in between until the disk of Redis has it."""
NEXT_SLOT = 1.25
"""Of the time between two slots, what is waited for the next: a little over one."""

Answer = TypeVar("Answer")

log = structlog.get_logger()


class CallEnd(StrEnum):
    """How a call to the gateway went, for those who count."""

    ANSWERED = "answered"
    REFUSED = "refused"
    NOT_SENT = "not_sent"
    """It never left."""
    UNKNOWN = "unknown"
    """It left, and its answer is not known."""


class NotNow(Exception):
    """No call may be made now. It is no failure: come back `at` that instant."""

    def __init__(self, at: datetime) -> None:
        super().__init__(f"no call may be made before {at:%H:%M:%S}")
        self.at = at


@dataclass(slots=True)
class Turn:
    """The right to make one call for somebody, and what came of it."""

    desk: Desk
    account: str
    caller: str
    """Who takes turns with the account's others: a campaign's id, or what else calls."""
    lane: Lane
    phones: int
    token: str = field(default_factory=new_token)
    slot: Slot | None = None
    is_probe: bool = False
    tests_account: bool = False
    """Whether it finds out if the gateway still refuses the account."""
    went_well: bool | None = None
    """Whether the gateway answered; None as long as nobody knows."""
    trouble: str = ""
    refusal: Rejected | None = None

    def call(self, question: Callable[[GatewayClient], Answer]) -> Answer:
        """Make the call. An answer, be it a refusal, says that the gateway is well; everything else that it is not.

        Raises `NotNow` where its slot has long passed and another is far: nothing has left.
        """
        _be_on_time(self)
        began = self.desk.stopwatch()
        try:
            answer = question(self.desk.gateway(self.account))
        except Rejected as rejected:
            self.went_well, self.refusal = True, rejected
            self._count(CallEnd.REFUSED, began)
            raise
        except GatewayError as failed:
            was_held_back = failed.__cause__ is not None  # by ourselves, at the last moment
            self.went_well, self.trouble = None if was_held_back else False, str(failed)
            if not was_held_back:
                self._count(CallEnd.NOT_SENT if isinstance(failed, NotSent) else CallEnd.UNKNOWN, began)
            raise
        self.went_well = True
        self._count(CallEnd.ANSWERED, began)
        return answer

    def not_now(self, earliest: datetime) -> NotNow:
        """When this call should come back: at a fair place in the line behind `earliest`."""
        self.desk.meter.count(Count.TURNED_AWAY, self.lane)
        at = limits.get_in_line(
            self.desk.redis,
            self.account,
            self.lane,
            self.caller,
            now=self.desk.clock(),
            earliest=earliest,
            each=max(LEAST_APART, self.desk.limits_of(self.account).time_for(self.phones)),
            jitter=self.desk.random.uniform(0.5, 1),
            longest=self.desk.timings.line_most,
        )
        return NotNow(at)

    def _count(self, end: CallEnd, began: float) -> None:
        self.desk.meter.count(Count.CALLS, self.lane, end, self.account)
        self.desk.meter.time(CALL, self.lane, seconds=self.desk.stopwatch() - began)


def turn(desk: Desk, campaign: CampaignView, lane: Lane, *, phones: int = 0) -> AbstractContextManager[Turn]:
    """A campaign's turn for one call, which may be left unused; raises `NotNow`. A submission carries `phones`."""
    return _taken(Turn(desk, campaign.terms.account, campaign.id, lane, phones))


@contextmanager
def _taken(own: Turn) -> Iterator[Turn]:
    """The breakers hear of the call when the turn ends: what the gateway answered is written down first."""
    desk = own.desk
    try:
        _pass_the_breakers(own)
        if _wait_for_slot(own, phones=own.phones):
            _pass_the_breakers(own)  # they may have opened meanwhile
        if own.is_probe and own.lane is Lane.SUBMISSIONS:
            _ask_whether_it_is_back(own)
            _wait_for_slot(own, phones=0)  # the question has used up the first, but nothing of the phones'
        if desk.is_ending():
            raise NotNow(desk.clock())
        yield own
    finally:
        _tell_the_breaker(own)
        if own.lane is Lane.SUBMISSIONS:
            _tell_of_the_account(own)


def once(desk: Desk, campaign: CampaignView, lane: Lane, question: Callable[[GatewayClient], Answer]) -> Answer:
    """Make one call; raises `NotNow` and what the call raises."""
    with turn(desk, campaign, lane) as own:
        return own.call(question)


def once_for_account(
    desk: Desk, account: str, caller: str, question: Callable[[GatewayClient], Answer], *, lane: Lane = Lane.VERBS
) -> Answer:
    """Make one call that concerns no campaign; raises `NotNow` and what the call raises."""
    with _taken(Turn(desk, account, caller, lane, phones=0)) as own:
        return own.call(question)


def read(desk: Desk, campaign: CampaignView, question: Callable[[GatewayClient], Answer]) -> Answer:
    """Ask something that may be asked any number of times; raises `NotNow`, and what the last try raises."""
    return _tried_again(desk, lambda: once(desk, campaign, Lane.READS, question))


def read_for_account(desk: Desk, account: str, caller: str, question: Callable[[GatewayClient], Answer]) -> Answer:
    """The same for a question that concerns no campaign."""
    return _tried_again(desk, lambda: once_for_account(desk, account, caller, question, lane=Lane.READS))


def _tried_again(desk: Desk, ask: Callable[[], Answer]) -> Answer:
    for wait in _waits(desk):
        try:
            return ask()
        except (NotSent, OutcomeUnknown):
            desk.sleep(wait.total_seconds())
    return ask()


def _pass_the_breakers(own: Turn) -> None:
    if own.lane is Lane.SUBMISSIONS:
        told, at = refusals.enter(own.desk, own.account, token=own.token)
        if told is Pass.WAITS:
            raise own.not_now(at)
        own.tests_account = told is Pass.PROBES
    _pass_the_breaker(own)


def _pass_the_breaker(own: Turn) -> None:
    timings = own.desk.timings
    told, at = breaker.enter(
        own.desk.redis,
        own.account,
        token=own.token,
        now=own.desk.clock(),
        heard_within=timings.answer_within * 2,  # a question, and the submission that follows it
        impatient_after=timings.rest_first if own.lane.passes_others else None,
    )
    if told is Pass.WAITS:
        raise own.not_now(at)
    own.is_probe = told is Pass.PROBES


def _wait_for_slot(own: Turn, *, phones: int) -> bool:
    """Sleep until the account's next slot, and say whether there was anything to sleep for."""
    has_slept = _wait_for_next(own, phones, _patience(own))
    if _has_missed_slot(own, by=SLOT_LASTS):
        has_slept |= _wait_for_next(own, 0, _patience(own))
    return has_slept


def _be_on_time(own: Turn) -> None:
    """For another slot of the account, where its own has long passed; never for long, for somebody waits for the call.

    A submission may wait here: whether it may still leave is asked after this.
    """
    if _has_missed_slot(own, by=CALL_WITHIN):
        _wait_for_next(own, 0, max(own.desk.timings.verb_patience, _patience(own)))


def _has_missed_slot(own: Turn, *, by: timedelta) -> bool:
    return own.slot is not None and own.slot.is_missed(own.desk.clock(), by=by)


def _wait_for_next(own: Turn, phones: int, patience: timedelta) -> bool:
    """Take a slot and sleep until it; raises `NotNow` where there is none within the patience."""
    desk, now = own.desk, own.desk.clock()
    found = limits.take(
        desk.redis,
        own.account,
        desk.limits_of(own.account),
        own.lane,
        token=new_token(),
        phones=phones,
        now=now,
        patience=patience,
    )
    if isinstance(found, NoSlot):
        raise own.not_now(found.at - patience)
    own.slot = found
    desk.meter.time(SLOT_WAIT, own.lane, seconds=(found.at - now).total_seconds())
    return _sleep_until(desk, found.at)


def _patience(own: Turn) -> timedelta:
    """However slow the account, the slot after one's own is waited for: many a step needs two calls, a question and
    what follows from it, and would come back for the first of them for ever. The settings bound how long that is.
    """
    timings = own.desk.timings
    stated = timings.verb_patience if own.lane.passes_others else timings.slot_patience
    return max(stated, own.desk.limits_of(own.account).time_for() * NEXT_SLOT)


def _sleep_until(desk: Desk, at: datetime) -> bool:
    wait_s = (at - desk.clock()).total_seconds()
    if wait_s > 0:
        desk.sleep(wait_s)
    return wait_s > 0


def _waits(desk: Desk) -> Iterator[timedelta]:
    """Full jitter: anything from nothing to a bound that doubles."""
    for tried in range(READ_TRIES - 1):
        most = min(desk.timings.read_again_most, desk.timings.read_again_first * 2**tried)
        yield most * desk.random.uniform(0, 1)


def _ask_whether_it_is_back(own: Turn) -> None:
    """A harmless question, whose failure ends the turn. Its answer leaves the verdict to the call that follows."""
    try:
        own.call(GatewayClient.balance)
    except Rejected:
        pass
    except GatewayError:
        raise own.not_now(own.desk.clock() + own.desk.timings.rest_first) from None
    own.went_well = own.refusal = None


def _tell_the_breaker(own: Turn) -> None:
    redis, account, now = own.desk.redis, own.account, own.desk.clock()
    if own.went_well:
        opened_at = breaker.succeed(redis, account, now=now, can_be_told=own.desk.has_log)
        if opened_at and own.desk.has_log:
            log.info("gateway_is_back", account=account, after_s=round((now - opened_at).total_seconds(), 1))
    elif own.went_well is False:
        timings = own.desk.timings
        rest = breaker.fail(
            redis,
            account,
            token=own.token,
            now=now,
            first_rest=timings.rest_first,
            longest_rest=timings.rest_most,
            why=own.trouble,
        )
        if rest:
            log.warning("gateway_gets_a_rest", account=account, rest_s=rest.duration.total_seconds(), why=own.trouble)
    elif own.is_probe:
        breaker.give_back(redis, account, token=own.token, now=now)


def _tell_of_the_account(own: Turn) -> None:
    """Refused for something else, or with an end that nobody knows, a submission leaves the verdict to the next."""
    if own.refusal and own.refusal.kind.concerns_account:
        refusals.refused(own.desk, own.account, own.refusal, token=own.token)
    elif own.went_well and not own.refusal:
        refusals.taken(own.desk, own.account)
    elif own.tests_account:
        refusals.not_tried(own.desk, own.account, token=own.token)
