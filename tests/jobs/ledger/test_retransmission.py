"""Replies are lost for real, redis-py sends the same script again, and the ledger says and holds what it would have.

The story runs every script that the ledger has: one that is new must find its place in it.
"""

import pkgutil
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from importlib import import_module
from typing import Any

import pytest
from redis import Redis

import jobs.ledger
from config.redis_connection import connect
from jobs.campaigns import sweep
from jobs.ledger import (
    amnesia,
    arrivals,
    bookmarks,
    breaker,
    campaigns,
    claims,
    dispositions,
    do_not_dial,
    due,
    events,
    evidence,
    keys,
    leadership,
    limits,
    logins,
    meter,
    people,
    pushes,
    quarantine,
    replays,
    retention,
    runs,
    submissions,
    subscriptions,
    ticks,
    tokens,
)
from jobs.ledger.arrivals import Count
from jobs.ledger.bookmarks import End, Verdict
from jobs.ledger.breaker import FAILURES_TO_OPEN, Cause
from jobs.ledger.do_not_dial import Asked, Verb
from jobs.ledger.durability import NotDurable
from jobs.ledger.keys import Events
from jobs.ledger.limits import Lane, Limits
from jobs.ledger.quarantine import Quarantined
from jobs.ledger.script import Script
from jobs.ledger.subscriptions import Subscription
from jobs.models import (
    CampaignView,
    Disposition,
    DropState,
    Evidence,
    Finding,
    Intent,
    Run,
    Submission,
    SubmissionState,
)
from jobs.models.scopes import Scope
from tests.fault_proxy import Fault, FaultKind, FaultProxy, Storm
from tests.jobs.ledger.conftest import NOW, new_campaign
from tests.servers import RedisServer

SECOND = timedelta(seconds=1)
DAY = timedelta(days=1)
LATER = NOW + 15 * SECOND
PHONES = ["6175550123", "6175550124"]
LOST = "6175550126"
SEEN = Evidence(NOW, Finding.MARK, "a look")
TOPICS = ("campaign", "submission", "drops")
BILLING = Subscription("b", "billing", "https://billing.example/", TOPICS, ("whsec_QUJD",), NOW)
ROTATED = replace(BILLING, secrets=("whsec_REVG", "whsec_QUJD"))
DELIVERED = Disposition("6175550123", DropState.DELIVERED, "OK")

SCRIPTS = {
    f"{module}.{name}": value
    for module in (each.name for each in pkgutil.iter_modules(jobs.ledger.__path__))
    for name, value in vars(import_module(f"jobs.ledger.{module}")).items()
    if isinstance(value, Script)
}
"""Every script of the ledger, by where it stands."""

Step = Callable[[Redis], Any]


def silently(step: Step) -> Step:
    """Of which the answer counts what is new to the ledger, and the second time nothing is; nobody decides by it."""

    def without_answer(redis: Redis) -> None:
        step(redis)

    return without_answer


def take(redis: Redis) -> Any:
    return campaigns.take(redis, new_campaign(PHONES, ["6175550125"], [LOST]), now=NOW, keep_key=timedelta(days=180))


def first(redis: Redis) -> Submission:
    return submissions.read(redis, ["bcdf-1"])[0]


def second(redis: Redis) -> Submission:
    return submissions.read(redis, ["bcdf-2"])[0]


def claim(submission_id: str, attempt: str) -> Step:
    return lambda redis: claims.claim(redis, submission_id, attempt=attempt, now=NOW, until=LATER)


def leave(attempt: str) -> Step:
    return lambda redis: submissions.leave(redis, first(redis), attempt=attempt, now=NOW)


def to(state: SubmissionState, **options: Any) -> Step:
    return lambda redis: submissions.move(redis, first(redis), state, now=NOW, attempt="a", **options)


def lost_to(state: SubmissionState, **options: Any) -> Step:
    """Of which nobody knows for a while."""

    def step(redis: Redis) -> bool:
        (lost,) = submissions.read(redis, ["bcdf-3"])
        return submissions.move(redis, lost, state, now=NOW, attempt="c", evidence=SEEN, **options)

    return step


def intend(intent: Intent, **options: Any) -> Step:
    return lambda redis: campaigns.intend(redis, "bcdf", intent, note="", now=NOW, **options)


def carry_out(redis: Redis) -> Any:
    view = campaigns.read(redis, "bcdf")
    assert view is not None
    return campaigns.carried_out(redis, view, now=NOW)


def fail(number: int, cause: Cause, at: timedelta = timedelta()) -> Step:
    rests = {"first_rest": SECOND, "longest_rest": 2 * SECOND}
    name = {"token": f"{cause} {number}", "about": "credits", "cause": cause}
    return lambda redis: breaker.fail(redis, "default", now=NOW + at, **rests, **name)  # type: ignore[arg-type]  # as named


def take_again(redis: Redis) -> Any:
    """When the list of an account that was refused is due; since when it was, nobody is told the second time."""
    due.add(redis, keys.Due.DO_NOT_DIAL, ["default"], LATER)
    breaker.succeed(redis, "default", Cause.REFUSAL, now=NOW, wakes=keys.Due.DO_NOT_DIAL)
    return due.instant_of(redis, keys.Due.DO_NOT_DIAL, "default")


def enter(token: str, at: timedelta) -> Step:
    return lambda redis: breaker.enter(redis, "default", token=token, now=NOW + at, heard_within=SECOND)


def change(verb: Verb) -> Step:
    asked = Asked("ops", "a complaint", "cli", NOW)
    return lambda redis: do_not_dial.change(redis, "default", verb, PHONES, asked)


def confirm(redis: Redis) -> Any:
    push = pushes.next_push(redis, "default", most=9)
    assert push is not None
    return pushes.confirm(redis, "default", push, now=NOW, again_at=LATER)


def make_token(redis: Redis) -> None:
    """Of which the answer is another one each time, and the name is taken once."""
    tokens.create(redis, f"crm {len(tokens.every(redis))}", [Scope.READ], now=NOW)


def change_password(redis: Redis) -> None:
    people.add(redis, "dana", people.Role.WATCH, "a horse of another colour", sees_phones=False, now=NOW)
    people.change_password(redis, "dana", "yet another colour")


def fail_to_log_in(redis: Redis) -> Any:
    logins.note_failure(redis, ("name dana", "network 192.0.2.1"))
    return logins.failures(redis, ("name dana", "network 192.0.2.1"))


def wait_for_disk(redis: Redis) -> None:
    """This server has none to wait for."""
    with suppress(NotDurable):
        do_not_dial.wait_for_disk(redis, "default", now=NOW)


def take_slot(redis: Redis) -> Any:
    return limits.take(redis, "default", Limits(5), Lane.READS, token="a", now=NOW, patience=SECOND)


def get_in_line(redis: Redis) -> Any:
    wait = {"each": SECOND, "jitter": 1.0, "longest": SECOND}
    return limits.get_in_line(redis, "default", Lane.READS, "bcdf", now=NOW, earliest=NOW, **wait)  # type: ignore[arg-type]  # as named


def lead(who: str) -> Step:
    return lambda redis: leadership.hold(redis, who, now=NOW, lasts=15 * SECOND)


def forget_and_sweep(redis: Redis) -> Any:
    redis.zrem(keys.Due.SEND, "bcdf-2")
    return sweep.sweep(redis, now=NOW)


def stray(session_id: str) -> Step:
    seen = Evidence(NOW, Finding.STRAY, "it turned up", "kcfwqvzt", (session_id,))
    return lambda redis: evidence.take_stray(redis, first(redis), session_id, account="default", evidence=seen, now=NOW)


def note_arrivals(redis: Redis) -> None:
    kept = [Quarantined(NOW - age, "oversized", "kcfwqvzt", "192.0.2.1", 9, "") for age in (15 * DAY, 0 * DAY)]
    arrivals.store(redis, [], Count({"oversized": 2}, [SECOND], kept), now=NOW, durably=False)


def take_turn(holder: str) -> Step:
    return lambda redis: bookmarks.take_turn(redis, BILLING, holder, now=NOW, lease=SECOND)


def told_to(end: End, number: int, *, moves: bool = True) -> Step:
    """Of the event of this number; the place is the server's own, and so no part of what is compared."""

    def step(redis: Redis) -> bool:
        event = events.after(redis, Events.WORK, "0-0", most=number)[-1]
        place = bookmarks.read(redis, BILLING).places[Events.WORK]
        way = bookmarks.Step(Events.WORK, place, event.place, missed=1, missed_until=NOW) if moves else None
        verdict = Verdict(end, NOW, "HTTP 500", tries=1, again_at=LATER, failures=1)
        return bookmarks.note(redis, BILLING, "first", verdict, event_id=event.id, step=way)

    return step


def how_it_does(redis: Redis) -> Any:
    found = bookmarks.read(redis, BILLING)
    numbers = [place.number for place in found.places.values()]
    return numbers, found.told, found.again, found.untold, found.missed, found.failures, found.off_since


def and_then(look: Step, step: Step) -> Step:
    """What is seen after a step that answers nothing."""

    def both(redis: Redis) -> Any:
        step(redis)
        return look(redis)

    return both


def forget_lost(redis: Redis) -> Any:
    """The third event is not kept when a person wants it told again."""
    lost = events.after(redis, Events.WORK, "0-0", most=3)[-1]
    redis.xdel(Events.WORK, lost.place.entry)
    return replays.tell_untold_again(redis, BILLING, now=NOW)


def forget_and_forgive(redis: Redis) -> Any:
    redis.hset(keys.HALT, mapping={"since": 1, "reason": "told so"})
    return amnesia.forgive(redis, why="compared", now=NOW, after_data_loss=True)


SENDING: list[Step] = [
    take,
    silently(lambda redis: due.ring(redis, keys.Due.SEND, now=NOW, most=9, again_after=SECOND)),
    claim("bcdf-1", "a"),
    claim("bcdf-1", "b"),
    silently(lambda redis: dispositions.take_out(redis, first(redis), {PHONES[1]}, attempt="a")),
    to(SubmissionState.SENDING, only_running=True, listed_under=[keys.listed("default", NOW.date())]),
    leave("a"),
    leave("b"),
    to(SubmissionState.ACCEPTED, session_key=keys.session("default", "1"), session_id="1"),
]
LOSING: list[Step] = [
    claim("bcdf-3", "c"),
    lost_to(SubmissionState.SENDING, only_running=True),
    lost_to(SubmissionState.UNKNOWN, due={keys.Due.SETTLE: LATER}),
    lost_to(SubmissionState.ACCEPTED, session_key=keys.session("default", "1"), unclaimed=True),  # it is another's
    lost_to(SubmissionState.ACCEPTED, session_key=keys.session("default", "3"), unclaimed=True, listed_under=["day"]),
    lost_to(SubmissionState.FINISHED),
]
CONTROLLING: list[Step] = [
    intend(Intent.PAUSE, request="1"),
    claim("bcdf-2", "a"),  # it is held, and due when it is too late for it
    lambda redis: runs.doubt(redis, first(redis)),
    lambda redis: runs.confirm(redis, first(redis), Run.PAUSED, now=NOW),
    lambda redis: runs.doubt(redis, first(redis), intent_number=1, alone=Intent.STOP),
    lambda redis: runs.restore(redis, first(redis), intent_number=1),
    carry_out,
    intend(Intent.RUN, request="2"),
    intend(Intent.PAUSE, request="1"),  # it came back, and is not obeyed again
    intend(Intent.STOP),
    intend(Intent.RUN),
    silently(lambda redis: dispositions.record(redis, first(redis), [DELIVERED], now=NOW)),
    silently(lambda redis: dispositions.close(redis, first(redis))),
    to(SubmissionState.FINISHED),
]
CALLING: list[Step] = [
    take_slot,
    silently(get_in_line),
    *(fail(number, Cause.TROUBLE) for number in range(FAILURES_TO_OPEN)),
    enter("probe", SECOND),
    lambda redis: breaker.give_back(redis, "default", token="probe", now=NOW + SECOND),
    enter("next", SECOND),
    lambda redis: breaker.succeed(redis, "default", now=NOW, can_be_told=False),
    silently(lambda redis: breaker.succeed(redis, "default", now=NOW)),
    fail(1, Cause.REFUSAL),
    lambda redis: breaker.try_now(redis, "default", now=NOW, cause=Cause.REFUSAL),
    take_again,
]
LISTING: list[Step] = [
    change(Verb.ADD),
    lambda redis: do_not_dial.listed(redis, "default", PHONES),
    wait_for_disk,
    confirm,
    change(Verb.REMOVE),
    confirm,
    lambda redis: pushes.rest(redis, "default"),
]
TICKING: list[Step] = [
    lambda redis: ticks.claim(redis, "reconcile", NOW, seen=None, errand="reconcile-1"),
    lambda redis: ticks.claim(redis, "reconcile", LATER, seen=NOW, errand="reconcile-2"),
    lead("first"),
    lead("second"),
    lambda redis: leadership.holder(redis, now=NOW),
    lambda redis: leadership.release(redis, "first"),
    lead("second"),
]
METERING = meter.Meter()


def count_one(redis: Redis) -> Any:
    METERING.count(meter.Count.TURNED_AWAY, Lane.READS)
    METERING.flush(redis)
    return meter.read(redis)


def turn_up(redis: Redis) -> Any:
    seen = Evidence(LATER, Finding.MARK, "it is listed", "kcfwqvzt", ("4",))
    return evidence.take_turned_up(redis, first(redis), "4", account="default", evidence=seen)


DOUBTING: list[Step] = [
    turn_up,
    stray("2"),
    stray("2"),
    note_arrivals,
]
PURGING: list[Step] = [
    lambda redis: list(retention.with_phones(redis)),
    lambda redis: retention.purge(redis, "bcdf-1", PHONES[0]),
    lambda redis: retention.purge(redis, "bcdf-2", "6175550125"),
    lambda redis: submissions.move(redis, second(redis), SubmissionState.WITHDRAWN, now=NOW),
    lambda redis: retention.drop(redis, "bcdf", now=NOW),
]
TELLING: list[Step] = [
    take_turn("first"),
    take_turn("second"),
    told_to(End.TAKEN, 1),
    told_to(End.AGAIN, 2),
    told_to(End.GIVEN_UP, 3),
    told_to(End.GIVEN_UP, 4),
    told_to(End.LOST, 2, moves=False),
    forget_lost,
    lambda redis: events.forget(redis, PHONES[0]),
    lambda redis: replays.go_back(redis, BILLING, NOW),
    told_to(End.GONE, 5, moves=False),
    and_then(how_it_does, lambda redis: bookmarks.end_turn(redis, BILLING, "first", now=NOW)),
    take_turn("second"),
    and_then(how_it_does, lambda redis: replays.switch_on(redis, BILLING, now=NOW)),
    and_then(how_it_does, lambda redis: replays.came_back(redis, BILLING, "HTTP 200", now=NOW)),
    take_turn("second"),
]
STORY: list[Step] = [
    lambda redis: subscriptions.add(redis, BILLING),
    lambda redis: subscriptions.change(redis, BILLING, ROTATED),
    *SENDING,
    *LOSING,
    *CONTROLLING,
    *DOUBTING,
    silently(forget_and_sweep),
    *CALLING,
    *LISTING,
    lambda redis: amnesia.look(redis, now=NOW),
    make_token,
    make_token,
    fail_to_log_in,
    fail_to_log_in,
    change_password,
    forget_and_forgive,
    lambda redis: amnesia.halt(redis, why="wrong script", by="dana", now=NOW),
    lambda redis: amnesia.halt(redis, why="me too", by="ana", now=NOW),
    lambda redis: amnesia.forgive(redis, why="corrected", by="ana", now=NOW),
    *TELLING,
    *TICKING,
    count_one,
    *PURGING,
    and_then(
        lambda redis: list(redis.scan_iter("dropline:webhook*")), lambda redis: subscriptions.remove(redis, BILLING)
    ),
]


def state_of(redis: Redis) -> tuple[CampaignView | None, list[Submission], list[Disposition], list[Any]]:
    """All that anybody can read of it."""
    others: list[Any] = [redis.zrange(each, 0, -1, withscores=True) for each in keys.Due]
    others += [breaker.read(redis, "default", cause) for cause in Cause]
    others += [do_not_dial.read(redis, "default"), list(do_not_dial.history(redis, "default"))]
    others += [redis.zrange(keys.WITH_PHONES, 0, -1, withscores=True)]
    others += [[(each.kind, each.records) for each in events.after(redis, of, "0-0", most=100)] for of in Events]
    others += [redis.hgetall(keys.listed("default", NOW.date()))]
    others += [evidence.strays(redis, "bcdf"), evidence.in_doubt(redis), redis.hgetall("day")]
    others += [evidence.read(redis, each) for each in ("bcdf-1", "bcdf-3")]
    others += [arrivals.read(redis), quarantine.read(redis, ["oversized"], now=NOW)]
    others += [dispositions.timeline(redis, "bcdf"), campaigns.requests(redis, "bcdf")]
    others += [tokens.every(redis)]
    drops = list(dispositions.read(redis, first(redis)))
    return campaigns.read(redis, "bcdf"), submissions.read(redis, ["bcdf-1", "bcdf-2", "bcdf-3"]), drops, others


@pytest.fixture
def told(redis_server: RedisServer, redis: Redis) -> tuple[list[Any], Any]:
    """The answers and the end of the story, told without faults; then the server is empty again."""
    answers = [step(redis) for step in STORY]
    return answers, state_of(redis)


def test_the_story_runs_every_script_that_there_is(redis: Redis) -> None:
    redis.script_flush()
    for step in STORY:
        step(redis)
    known = redis.script_exists(*(each.digest for each in SCRIPTS.values()))
    assert [name for name, has_run in zip(SCRIPTS, known, strict=True) if not has_run] == []


@pytest.mark.thorough
@pytest.mark.parametrize("kind", [FaultKind.LOSE_REPLY, FaultKind.CUT_REPLY])
def test_every_script_that_is_sent_twice_answers_and_does_as_if_it_were_sent_once(
    told: tuple[list[Any], Any], redis_server: RedisServer, redis: Redis, kind: FaultKind
) -> None:
    redis.flushall()
    with FaultProxy(redis_server.url) as proxy, connect(proxy.url) as unlucky:
        answers = []
        for step in STORY:
            for script in SCRIPTS.values():
                proxy.arm(Fault(kind, on=[script.digest.encode()]))
            answers.append(step(unlucky))
            proxy.calm()
        assert proxy.happened[kind] >= len(STORY)
    assert (answers, state_of(redis)) == told


@pytest.mark.thorough
@pytest.mark.parametrize("seed", range(3))
def test_a_storm_changes_nothing_either(
    told: tuple[list[Any], Any], redis_server: RedisServer, redis: Redis, seed: int
) -> None:
    redis.flushall()
    with FaultProxy(redis_server.url) as proxy, connect(proxy.url) as unlucky:
        proxy.blow(Storm(seed, rate=0.15))
        answers = [step(unlucky) for step in STORY]
        assert sum(proxy.happened.values()) > 0
    assert (answers, state_of(redis)) == told
