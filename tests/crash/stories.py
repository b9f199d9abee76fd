"""What a process is at when it dies, freezes or is raced: how it came to that, what it does, what comes of it."""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import timedelta

from jobs.campaigns import control, do_not_dial, refresh, send, sweep
from jobs.campaigns.control import CampaignIsOver
from jobs.campaigns.desk import Desk
from jobs.contacts import Row
from jobs.gateway.simulator import Fault, FaultKind
from jobs.ledger import breaker, claims, submissions
from jobs.ledger.breaker import FAILURES_TO_OPEN
from jobs.ledger.keys import Due
from jobs.models import CampaignStatus, Intent, SubmissionState, WhenUnknown
from jobs.outcomes.settle import settle
from tests.crash.world import TERMS, TIMINGS, World

FIRST, SECOND = ("6175550101", "6175550102"), ("6175550103",)
LISTED = FIRST[1]
RESEND = TERMS.model_copy(update={"when_unknown": WhenUnknown.RESEND})
LISTED_AFTER = TIMINGS.absent_after * 2.5
"""How late a session is listed where it is too late: it was taken for absent and sent again before."""
UNSENT_ENDS = {CampaignStatus.FINISHED, CampaignStatus.NEEDS_DECISION, CampaignStatus.REJECTED}


def _taken(world: World) -> None:
    world.take(FIRST)


def _sent(world: World) -> None:
    """One submission is with the gateway, which calls one person a second, and another is still to be sent."""
    world.take(FIRST, SECOND)
    _send(world, world.desk())


def _paused(world: World) -> None:
    _sent(world)
    tell(Intent.PAUSE)(world, world.desk())


def _half_done(world: World) -> None:
    world.take(FIRST)
    _send(world, world.desk())
    world.clock.jump(timedelta(seconds=1))


def _all_done(world: World) -> None:
    _half_done(world)
    world.clock.jump(timedelta(seconds=10))


def _too_late(world: World) -> None:
    world.take(FIRST)
    world.clock.jump(timedelta(hours=25))


def _listed(world: World) -> None:
    world.take(FIRST)
    list_phone(world)


def _given_up(world: World) -> None:
    """Somebody died after `sending` was written, and the gateway's answer can come no more."""
    world.take(FIRST)
    desk, at = world.desk(), world.clock.now()
    claims.claim(desk.redis, world.submission().id, attempt="dead", now=at, until=at + desk.timings.lease)
    ends_at = at + desk.timings.answer_within
    submissions.move(
        desk.redis,
        world.submission(),
        SubmissionState.SENDING,
        now=at,
        attempt="dead",
        due={Due.SEND: ends_at},
        deadline_at=int(ends_at.timestamp() * 1000),
    )
    world.clock.jump(desk.timings.answer_within)


def _unknown(world: World) -> None:
    """The gateway accepted it, and its answer was lost."""
    world.take(FIRST)
    world.simulator.faults.arm(Fault(kind=FaultKind.ACCEPT_THEN_RESET))
    _send(world, world.desk())
    world.clock.jump(timedelta(minutes=1))


def _resting(world: World) -> None:
    """The breaker is open, and its rest is over: the next call finds out whether the gateway is back."""
    world.take(FIRST)
    desk = world.desk()
    rest = desk.timings.rest_first
    for number in range(FAILURES_TO_OPEN):
        now = world.clock.now()
        breaker.fail(desk.redis, "default", token=str(number), now=now, first_rest=rest, longest_rest=rest)
    world.clock.jump(rest)


def _forgotten(world: World) -> None:
    world.take(FIRST, SECOND)
    world.redis.delete(Due.SEND)
    world.clock.jump(sweep.AGAIN_AFTER)


def _absent(world: World) -> None:
    """Nobody knows of the first submission, and one more look takes it for absent. The second one is listed."""
    world.take(FIRST, SECOND, terms=RESEND)
    send.send(world.desk(), world.submission(2).id)
    _lose(world, Fault(kind=FaultKind.RESET_BEFORE_ACCEPTING))


def _late(world: World) -> None:
    """The first submission was taken for absent, sent again, and its campaign has ended. Now the gateway lists the
    session of its earlier attempt, which calls for days, and nobody looks for it any more.
    """
    world.simulator.change({"dialect": {"dates_layout": "titled"}})
    world.take(FIRST, SECOND, terms=RESEND)
    send.send(world.desk(), world.submission(2).id)
    world.simulator.change({"calls_per_second": 1e-5})
    _lose(world, Fault(kind=FaultKind.ACCEPT_THEN_RESET, unlisted_s=LISTED_AFTER.total_seconds()))
    world.simulator.change({"calls_per_second": 1})
    _settle(world, world.desk())
    _send(world, world.desk())
    world.clock.jump(timedelta(seconds=10))
    for index in (1, 2):
        refresh.refresh(world.desk(), world.submission(index).id)
    _sweep(world, world.desk())  # it has ended, as far as anybody can see
    world.redis.delete(Due.SETTLE)
    world.clock.jump(LISTED_AFTER / 5)


def _lose(world: World, fault: Fault) -> None:
    """The answer to the first submission, and look for it until one more look takes it for absent."""
    world.simulator.faults.arm(fault)
    _send(world, world.desk())
    world.clock.jump(TIMINGS.absent_after)
    for _ in range(TIMINGS.absent_looks - 1):
        _settle(world, world.desk())
        world.clock.jump(TIMINGS.absent_apart / (TIMINGS.absent_looks - 1))


def list_phone(world: World) -> None:
    """Put a phone on the do-not-dial list."""
    asked = do_not_dial.Asked("ops", "asked for it", "test", world.clock.now())
    do_not_dial.change(world.desk().redis, "default", do_not_dial.Verb.ADD, [Row(1, LISTED)], asked)


def _take(world: World, desk: Desk) -> None:
    world.take(FIRST, SECOND, desk=desk)


def _send(world: World, desk: Desk) -> None:
    send.send(desk, f"{world.campaign_id}-1")


def _send_after_a_look(world: World, desk: Desk) -> None:
    for _ in range(2):
        send.send(replace(desk, looks_at_recordings=True), f"{world.campaign_id}-1")


def _sync(world: World, desk: Desk) -> None:
    do_not_dial.sync(desk, "default")


def _sweep(world: World, desk: Desk) -> None:
    sweep.sweep(desk.redis, now=world.clock.now(), look_for=TIMINGS.look_for)


def _settle(world: World, desk: Desk) -> None:
    settle(desk, f"{world.campaign_id}-1")


def _sweep_settle_and_control(world: World, desk: Desk) -> None:
    _sweep(world, desk)
    _settle(world, desk)
    control.control(desk, world.campaign_id)


def _refresh(world: World, desk: Desk) -> None:
    refresh.refresh(desk, f"{world.campaign_id}-1")


def tell(intent: Intent) -> Callable[[World, Desk], None]:
    """A person asks, and it is carried out. One who was told of no success asks again."""

    def ask(world: World, desk: Desk) -> None:
        with suppress(CampaignIsOver):
            control.request(desk.redis, world.campaign_id, intent, why="test", now=world.clock.now())
            control.control(desk, world.campaign_id)

    return ask


@dataclass(frozen=True, slots=True)
class Story:
    """`act` is what is interrupted; `ends` are the statuses that its campaign may come to, in the end."""

    name: str
    prepare: Callable[[World], None]
    act: Callable[[World, Desk], None]
    ends: set[CampaignStatus]
    asks: str = ""
    """What sort of request it makes to the gateway, for a fault to befall; '' for none."""
    repeats: bool = False
    """Whether who was told of no success tries again."""
    begins_forgotten: bool = False
    """Whether something that is to be done stands in no due set when it begins."""
    within: timedelta = timedelta(days=3)

    def __str__(self) -> str:
        return self.name


SEND = Story("send", _taken, _send, UNSENT_ENDS, "submission")

STORIES = (
    Story("take", lambda world: None, _take, UNSENT_ENDS, repeats=True),
    SEND,
    Story("send_without_the_listed", _listed, _send, UNSENT_ENDS, "submission"),
    Story("send_after_a_look_at_the_audio", _taken, _send_after_a_look, UNSENT_ENDS, "any"),
    Story("send_when_the_gateway_is_back", _resting, _send, UNSENT_ENDS, "any"),
    Story("send_too_late", _too_late, _send, {CampaignStatus.EXPIRED}),
    Story("give_up_waiting", _given_up, _send, {CampaignStatus.NEEDS_DECISION}),
    Story("settle", _unknown, _settle, {CampaignStatus.FINISHED}, "question"),
    Story("resend", _absent, _settle, UNSENT_ENDS, "question"),
    Story("stop", _sent, tell(Intent.STOP), {CampaignStatus.STOPPED}, "control", repeats=True),
    Story("cancel", _sent, tell(Intent.CANCEL), {CampaignStatus.CANCELLED}, "control", repeats=True),
    Story(
        "pause",
        _sent,
        tell(Intent.PAUSE),
        {CampaignStatus.PAUSED},
        "control",
        repeats=True,
        within=timedelta(minutes=2),
    ),
    Story("resume", _paused, tell(Intent.RUN), {CampaignStatus.FINISHED}, "control", repeats=True),
    Story("refresh", _half_done, _refresh, {CampaignStatus.FINISHED}, "question"),
    Story("finish", _all_done, _refresh, {CampaignStatus.FINISHED}, "question"),
    Story(
        "tell_of_the_do_not_dial_list",
        _listed,
        _sync,
        UNSENT_ENDS,
        "control",
    ),
    Story("sweep", _forgotten, _sweep, UNSENT_ENDS, begins_forgotten=True),
    Story(
        "stop_a_stray_that_was_forgotten",
        _late,
        _sweep_settle_and_control,
        {CampaignStatus.FINISHED},
        begins_forgotten=True,
        within=TIMINGS.absent_after,
    ),
)
"""In the order of a campaign's way."""
