"""What nobody would look at again is found, whatever it was lost by, and nothing is found where all is well."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from redis import Redis

from jobs.campaigns import control, do_not_dial, strays
from jobs.campaigns.desk import Desk
from jobs.campaigns.ending import Ended, end
from jobs.campaigns.refresh import refresh
from jobs.campaigns.send import Sent, send
from jobs.campaigns.sweep import AGAIN_AFTER, DUE_WHILE, Swept, sweep
from jobs.contacts import Row
from jobs.gateway.simulator import Clock, Fault, FaultKind, Simulator
from jobs.ledger import campaigns, claims, due, keys, submissions
from jobs.ledger.keys import Due
from jobs.models import UNSETTLED, CampaignStatus, Intent, SubmissionState
from jobs.outcomes.decide import Asked, resend
from jobs.outcomes.settle import Settled, settle
from tests import oracle
from tests.jobs.campaigns.conftest import TERMS, submission, taken, view

NOTHING = Swept()


@pytest.fixture(params=["fake_redis", pytest.param("redis", id="real_redis")])
def fake_redis(request: pytest.FixtureRequest) -> Redis:
    """The desk's ledger: once on the fake, once on a real server."""
    if request.param == "redis":
        real: Redis = request.getfixturevalue("redis")
        return real
    import fakeredis

    return fakeredis.FakeRedis(server=fakeredis.FakeServer())


@pytest.fixture
def campaign_id(desk: Desk) -> str:
    """A campaign of one submission, to two people."""
    return taken(desk, "6175550101", "6175550102").campaign_id


def claimed(desk: Desk, own: str) -> None:
    now = desk.clock()
    claims.claim(desk.redis, own, attempt="dead", now=now, until=now + desk.timings.lease)


def sending(desk: Desk, own: str) -> None:
    claimed(desk, own)
    (held,) = submissions.read(desk.redis, [own])
    now, until = desk.clock(), desk.clock() + desk.timings.answer_within
    deadline_ms = int(until.timestamp() * 1000)
    submissions.move(
        desk.redis,
        held,
        SubmissionState.SENDING,
        now=now,
        attempt="dead",
        due={Due.SEND: until},
        deadline_at=deadline_ms,
    )


def accepted(desk: Desk, own: str) -> None:
    assert send(desk, own) is Sent.ACCEPTED


BEFORE: dict[SubmissionState, Callable[[Desk, str], None]] = {
    SubmissionState.PLANNED: lambda desk, own: None,
    SubmissionState.CLAIMED: claimed,
    SubmissionState.SENDING: sending,
    SubmissionState.ACCEPTED: accepted,
}


def swept_later(desk: Desk, clock: Clock) -> Swept:
    clock.jump(AGAIN_AFTER)
    return sweep(desk.redis, now=desk.clock())


@pytest.mark.parametrize("state", BEFORE)
def test_a_submission_that_stands_nowhere_is_found_in_every_state(
    desk: Desk, clock: Clock, campaign_id: str, state: SubmissionState
) -> None:
    own, at = f"{campaign_id}-1", DUE_WHILE[state]
    BEFORE[state](desk, own)
    assert at is not None
    assert swept_later(desk, clock) == NOTHING
    due.remove(desk.redis, at, [own])
    assert oracle.forgotten(desk.redis, oracle.Terms(desk.clock())) == [f"{own} is {state} and stands in no due set"]
    assert swept_later(desk, clock) == Swept(submissions={state: 1})
    assert due.count(desk.redis, at, by=desk.clock()) == 1
    assert swept_later(desk, clock) == NOTHING


def test_every_state_in_which_a_campaign_is_not_over_has_its_place() -> None:
    assert DUE_WHILE.keys() == UNSETTLED | {SubmissionState.GIVEN_UP}  # which may turn up


def test_a_sender_that_died_and_whose_submission_was_forgotten_leaves_an_unknown(
    desk: Desk, clock: Clock, campaign_id: str
) -> None:
    sending(desk, f"{campaign_id}-1")
    due.remove(desk.redis, Due.SEND, [f"{campaign_id}-1"])
    clock.jump(desk.timings.answer_within)
    sweep(desk.redis, now=desk.clock())
    assert send(desk, f"{campaign_id}-1") is Sent.UNKNOWN


@pytest.mark.parametrize("intent", [Intent.PAUSE, Intent.STOP, Intent.CANCEL, Intent.RUN])
def test_a_request_that_is_not_carried_out_is_found(
    desk: Desk, simulator: Simulator, clock: Clock, campaign_id: str, intent: Intent
) -> None:
    send(desk, f"{campaign_id}-1")
    if intent is Intent.RUN:
        campaigns.intend(desk.redis, campaign_id, Intent.PAUSE, note="", now=desk.clock())
        control.control(desk, campaign_id)
    campaigns.intend(desk.redis, campaign_id, intent, note="", now=desk.clock())
    due.remove(desk.redis, Due.CONTROL, [campaign_id])
    assert swept_later(desk, clock) == Swept(requests={intent: 1})
    assert due.stands(desk.redis, Due.CONTROL, campaign_id)
    control.control(desk, campaign_id)
    assert swept_later(desk, clock) == NOTHING


def test_what_is_to_be_withdrawn_is_found_too(desk: Desk, clock: Clock, campaign_id: str) -> None:
    campaigns.intend(desk.redis, campaign_id, Intent.STOP, note="", now=desk.clock())
    due.remove(desk.redis, Due.CONTROL, [campaign_id])
    assert swept_later(desk, clock) == Swept(requests={Intent.STOP: 1})
    control.control(desk, campaign_id)
    assert view(desk, campaign_id).status is CampaignStatus.STOPPED


def test_a_paused_submission_waits_where_it_is(desk: Desk, clock: Clock, campaign_id: str) -> None:
    campaigns.intend(desk.redis, campaign_id, Intent.PAUSE, note="", now=desk.clock())
    assert send(desk, f"{campaign_id}-1") is Sent.PASSED_OVER
    control.control(desk, campaign_id)
    assert swept_later(desk, clock) == NOTHING
    due.remove(desk.redis, Due.SEND, [f"{campaign_id}-1"])
    assert swept_later(desk, clock) == Swept(submissions={"planned": 1})
    assert send(desk, f"{campaign_id}-1") is Sent.PASSED_OVER
    assert due.count(desk.redis, Due.SEND, by=desk.clock()) == 0  # back to the instant from which it is too late


def test_an_unknown_is_found_until_only_a_person_can_settle_it(
    desk: Desk, simulator: Simulator, clock: Clock, campaign_id: str
) -> None:
    simulator.faults.arm(Fault(kind=FaultKind.RESET_BEFORE_ACCEPTING))
    assert send(desk, f"{campaign_id}-1") is Sent.UNKNOWN
    assert swept_later(desk, clock) == NOTHING
    due.remove(desk.redis, Due.SETTLE, [f"{campaign_id}-1"])
    assert swept_later(desk, clock) == Swept(submissions={"unknown": 1})
    clock.jump(desk.timings.look_for)
    assert settle(desk, f"{campaign_id}-1") is Settled.PASSED_OVER
    assert not due.stands(desk.redis, Due.SETTLE, f"{campaign_id}-1")
    assert swept_later(desk, clock) == NOTHING


@pytest.fixture
def sent_again(desk: Desk, simulator: Simulator, clock: Clock, campaign_id: str) -> str:
    """A campaign that is over: nobody knew of its submission for a while, and a person had it sent again."""
    simulator.faults.arm(Fault(kind=FaultKind.RESET_BEFORE_ACCEPTING))
    assert send(desk, f"{campaign_id}-1") is Sent.UNKNOWN
    resend(desk.redis, desk.timings, f"{campaign_id}-1", Asked("dana", "not there", desk.clock()), force=True)
    assert send(desk, f"{campaign_id}-1") is Sent.ACCEPTED
    clock.jump(desk.timings.poll_first)
    refresh(desk, f"{campaign_id}-1")
    assert view(desk, campaign_id).status is CampaignStatus.FINISHED
    return campaign_id


def test_an_earlier_attempt_is_looked_for_though_its_campaign_is_over(
    desk: Desk, clock: Clock, sent_again: str
) -> None:
    for _ in range(2):
        assert swept_later(desk, clock) == NOTHING
        due.remove(desk.redis, Due.SETTLE, [f"{sent_again}-1"])
        assert len(oracle.forgotten(desk.redis, oracle.Terms(desk.clock()))) == 1
        assert swept_later(desk, clock) == Swept(submissions={"former": 1})
        assert oracle.forgotten(desk.redis, oracle.Terms(desk.clock())) == []


def test_an_earlier_attempt_that_is_too_old_is_let_go_and_its_campaign_with_it(
    desk: Desk, clock: Clock, sent_again: str
) -> None:
    (former,) = submission(desk, sent_again).former
    clock.jump_to(former.sent_at + desk.timings.look_for - timedelta(seconds=1))
    due.remove(desk.redis, Due.SETTLE, [f"{sent_again}-1"])
    assert sweep(desk.redis, now=desk.clock()) == Swept(submissions={"former": 1})
    clock.jump(AGAIN_AFTER)
    assert settle(desk, f"{sent_again}-1") is Settled.PASSED_OVER
    assert sweep(desk.redis, now=desk.clock()) == NOTHING
    assert desk.redis.zscore(keys.UNFINISHED, sent_again) is None


def test_what_an_earlier_version_gave_up_without_closing_its_phones_is_made_up_for(
    desk: Desk, simulator: Simulator, clock: Clock, campaign_id: str
) -> None:
    simulator.faults.arm(Fault(kind=FaultKind.RESET_BEFORE_ACCEPTING))
    assert send(desk, f"{campaign_id}-1") is Sent.UNKNOWN
    now = desk.clock()
    submissions.move(desk.redis, submission(desk, campaign_id), SubmissionState.GIVEN_UP, now=now)
    due.remove(desk.redis, Due.SETTLE, [f"{campaign_id}-1"])
    desk.redis.delete(keys.dispositions(f"{campaign_id}-1"))
    for name in (keys.submission(f"{campaign_id}-1"), keys.campaign(campaign_id)):
        desk.redis.hdel(name, "d:no_record")
    assert swept_later(desk, clock) == Swept(submissions={"given_up": 1})
    settle(desk, f"{campaign_id}-1")
    assert swept_later(desk, clock) == NOTHING
    clock.jump(desk.timings.look_for)  # until then it may turn up
    assert swept_later(desk, clock) == NOTHING
    assert desk.redis.zscore(keys.UNFINISHED, campaign_id) is None
    assert submission(desk, campaign_id).accounted == 2


def test_an_end_time_is_found_as_long_as_something_may_run(desk: Desk, clock: Clock) -> None:
    ends_at = desk.clock() + timedelta(hours=1)
    campaign_id = taken(desk, "6175550101", terms=TERMS.model_copy(update={"ends_at": ends_at})).campaign_id
    send(desk, f"{campaign_id}-1")
    assert swept_later(desk, clock) == NOTHING
    due.remove(desk.redis, Due.END, [campaign_id])
    assert swept_later(desk, clock) == Swept(requests={"end": 1})
    assert end(desk, campaign_id) is Ended.EARLY
    control.request(desk.redis, campaign_id, Intent.STOP, why="", now=desk.clock())
    control.control(desk, campaign_id)
    due.remove(desk.redis, Due.END, [campaign_id])
    assert swept_later(desk, clock) == NOTHING


def test_a_stray_that_nobody_would_stop_is_found_though_its_campaign_was_over(
    desk: Desk, clock: Clock, campaign_id: str
) -> None:
    send(desk, f"{campaign_id}-1")
    clock.jump(desk.timings.poll_first)
    refresh(desk, f"{campaign_id}-1")
    assert swept_later(desk, clock) == NOTHING
    stray = submission(desk, taken(desk, "6175550101", key="stray").campaign_id)
    send(desk, stray.id)
    session_id = submission(desk, stray.campaign_id).session_id
    desk.redis.delete(keys.session("default", session_id))  # it is nobody's, as far as we know
    assert strays.take(desk, view(desk, campaign_id), submission(desk, campaign_id), session_id, mark="", how="a test")
    for _ in range(2):
        due.remove(desk.redis, Due.CONTROL, [campaign_id])
        assert swept_later(desk, clock) == Swept(requests={"stray": 1})
    control.control(desk, campaign_id)
    assert swept_later(desk, clock) == NOTHING
    assert desk.redis.zscore(keys.UNFINISHED, campaign_id) is None


def test_a_change_that_the_gateway_was_not_told_is_found(desk: Desk, clock: Clock) -> None:
    asked = do_not_dial.Asked("ops", "asked for it", "test", desk.clock())
    do_not_dial.change(desk.redis, "default", do_not_dial.Verb.ADD, [Row(1, "6175550103")], asked)
    assert swept_later(desk, clock) == NOTHING
    due.remove(desk.redis, Due.DO_NOT_DIAL, ["default"])
    assert swept_later(desk, clock) == Swept(lists=1)
    do_not_dial.sync(desk, "default")
    assert swept_later(desk, clock) == NOTHING


def test_a_campaign_that_is_over_is_looked_at_once_more_and_then_never(
    desk: Desk, clock: Clock, campaign_id: str
) -> None:
    send(desk, f"{campaign_id}-1")
    clock.jump(desk.timings.poll_first)
    refresh(desk, f"{campaign_id}-1")
    assert view(desk, campaign_id).status is CampaignStatus.FINISHED
    assert desk.redis.zscore(keys.UNFINISHED, campaign_id) is not None
    assert swept_later(desk, clock) == NOTHING
    assert desk.redis.zscore(keys.UNFINISHED, campaign_id) is None


def test_a_ledger_without_the_index_gets_one(desk: Desk, clock: Clock, campaign_id: str) -> None:
    taken(desk, "6175550104", key="april")
    desk.redis.delete(keys.UNFINISHED, Due.SEND)
    assert swept_later(desk, clock) == Swept(submissions={"planned": 2})
    assert desk.redis.zcard(keys.UNFINISHED) == 3
    assert swept_later(desk, clock) == NOTHING


def test_however_many_are_unfinished_each_gets_its_turn(desk: Desk, clock: Clock) -> None:
    for number in range(7):
        taken(desk, f"617555010{number}", key=f"key {number}")
    desk.redis.delete(Due.SEND)
    for left in (4, 1, 0):
        clock.jump(AGAIN_AFTER)
        sweep(desk.redis, now=desk.clock(), most=3)
        assert len(oracle.forgotten(desk.redis, oracle.Terms(desk.clock()))) == left


def test_any_number_may_sweep_at_once(desk: Desk, redis: Redis, clock: Clock) -> None:
    for number in range(20):
        taken(desk, f"61755501{number:02}", key=f"key {number}")
    desk.redis.delete(Due.SEND)
    clock.jump(AGAIN_AFTER)
    with ThreadPoolExecutor(max_workers=4) as pool:
        found = list(pool.map(lambda _: sweep(desk.redis, now=desk.clock()), range(4)))
    assert sum(each.submissions.get("planned", 0) for each in found) == 20
    assert due.count(desk.redis, Due.SEND) == 20


def test_a_sweep_moves_nothing_that_stands_somewhere(desk: Desk, clock: Clock, campaign_id: str) -> None:
    due.add(desk.redis, Due.SEND, [f"{campaign_id}-1"], desk.clock() + timedelta(hours=1))
    assert swept_later(desk, clock) == NOTHING
    assert due.count(desk.redis, Due.SEND, by=desk.clock()) == 0
    assert submission(desk, campaign_id).state is SubmissionState.PLANNED
