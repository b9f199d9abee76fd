"""Who may call when: slots, lines and the breaker, as submissions, reads and verbs meet them."""

from collections import Counter
from contextlib import ExitStack
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import count

import pytest
from structlog.testing import capture_logs

from jobs.campaigns.calling import CALL_WITHIN, READ_TRIES, NotNow, turn
from jobs.campaigns.control import Controlled, control, request
from jobs.campaigns.desk import Desk
from jobs.campaigns.plan import Plan
from jobs.campaigns.refresh import Refreshed, refresh
from jobs.campaigns.send import Sent, send
from jobs.campaigns.take import take
from jobs.gateway.client import GatewayClient
from jobs.gateway.simulator import Clock, Fault, FaultKind, Simulator
from jobs.ledger import breaker, due, keys, limits, meter
from jobs.ledger.breaker import FAILURES_TO_OPEN, BreakerState
from jobs.ledger.keys import Due
from jobs.ledger.limits import Lane, Limits, NoSlot
from jobs.ledger.meter import CALL, SLOT_WAIT, Count
from jobs.models import CampaignStatus, Intent, SubmissionState
from tests.jobs.campaigns.conftest import TERMS, at_gateway, submission, taken, view
from tests.servers import free_port

SECOND = timedelta(seconds=1)
FIVE_A_SECOND = Limits(calls_per_s=5)


@pytest.fixture
def polite(desk: Desk) -> Desk:
    """The desk with five calls a second."""
    return replace(desk, limits=FIVE_A_SECOND)


@pytest.fixture
def sessions(desk: Desk) -> str:
    """A campaign with three sessions at the gateway."""
    return sent_in_pieces(desk, 3)


def in_pieces(desk: Desk, count: int, *, key: str) -> str:
    """A campaign of so many submissions, of one phone each."""
    area_codes = range(200 + len(key), 1_000)
    chunks = tuple((f"{area_code}5550101",) for area_code in area_codes[:count])
    plan = Plan(count, chunks, ())
    return take(desk.redis, TERMS, plan, key=key, now=desk.clock(), lead=desk.timings.lead).campaign_id


def sent_in_pieces(desk: Desk, count: int) -> str:
    campaign_id = in_pieces(desk, count, key="pieces")
    assert {send(desk, f"{campaign_id}-{number}") for number in range(1, count + 1)} == {Sent.ACCEPTED}
    return campaign_id


def options(simulator: Simulator) -> list[str]:
    return [each.option for each in simulator.truth.arrivals]


def take_all_slots(desk: Desk, *, patience: timedelta | None = None) -> None:
    """What others have taken: all slots within the patience."""
    taken_slots, patience = 0, patience or desk.timings.slot_patience
    while taken_slots < 100:
        found = limits.take(
            desk.redis,
            "default",
            desk.limits,
            Lane.SUBMISSIONS,
            token=f"others {taken_slots}",
            now=desk.clock(),
            patience=patience,
        )
        if isinstance(found, NoSlot):
            return
        taken_slots += 1


def open_the_breaker(desk: Desk) -> None:
    """What others have met: a gateway out of reach."""
    for number in range(FAILURES_TO_OPEN):
        breaker.fail(
            desk.redis,
            "default",
            token=f"others {number}",
            now=desk.clock(),
            first_rest=desk.timings.rest_first,
            longest_rest=desk.timings.rest_most,
        )
    assert state(desk) is BreakerState.OPEN


def due_at(desk: Desk, submission_id: str) -> datetime:
    at = desk.redis.zscore(Due.SEND, submission_id)
    assert at is not None
    return datetime.fromtimestamp(at / 1000, tz=UTC)


def state(desk: Desk) -> BreakerState:
    return breaker.read(desk.redis, "default").state


def test_a_short_wait_for_a_slot_is_slept(polite: Desk, simulator: Simulator) -> None:
    began = polite.clock()
    campaign_id = sent_in_pieces(polite, 6)
    assert view(polite, campaign_id).submissions == {SubmissionState.ACCEPTED: 6}
    assert polite.clock() - began == SECOND


def test_who_oversleeps_its_slot_takes_another(polite: Desk, clock: Clock) -> None:
    slept: list[float] = []

    def sleep(seconds: float) -> None:
        slept.append(seconds)
        clock.jump(timedelta(seconds=0.5 if len(slept) == 1 else seconds))

    campaign_id = in_pieces(polite, 3, key="pieces")
    drowsy = replace(polite, sleep=sleep)
    assert [send(drowsy, f"{campaign_id}-{number}") for number in (1, 2)] == [Sent.ACCEPTED] * 2
    assert slept == [0.2]  # the second slot was missed by 300 ms; the one it took instead is free at once
    assert send(drowsy, f"{campaign_id}-3") is Sent.ACCEPTED
    assert slept == [0.2, 0.2]


def test_who_oversleeps_its_slot_uses_up_what_its_phones_are_worth_once(desk: Desk, clock: Clock) -> None:
    slow = replace(desk, limits=Limits(calls_per_s=5, phones_per_min=1))
    campaign_id = in_pieces(slow, 1, key="pieces")
    limits.take(desk.redis, "default", slow.limits, Lane.READS, token="other", now=slow.clock(), patience=SECOND)
    drowsy = replace(slow, sleep=lambda _: clock.jump(SECOND / 2))
    assert send(drowsy, f"{campaign_id}-1") is Sent.ACCEPTED


@pytest.mark.parametrize("late", [SECOND / 2, 3 * SECOND])
@pytest.mark.parametrize("lane", [Lane.VERBS, Lane.SUBMISSIONS, Lane.READS])
def test_who_begins_its_call_long_after_its_slot_takes_another(
    polite: Desk, clock: Clock, sessions: str, lane: Lane, late: timedelta
) -> None:
    with turn(polite, view(polite, sessions), lane) as own:
        clock.jump(late)  # as when the machine was asleep
        limits.take(polite.redis, "default", polite.limits, lane, token="other", now=polite.clock(), patience=SECOND)
        woke_up_at = polite.clock()
        own.call(GatewayClient.balance)
    assert polite.clock() - woke_up_at == (SECOND / 5 if late > CALL_WITHIN else timedelta())


@pytest.mark.parametrize(("calls_per_s", "turns"), [(5, 40), (1, 8), (0.2, 8)])
def test_of_many_who_wake_up_at_once_nobody_calls_before_a_slot_of_its_own(
    desk: Desk, simulator: Simulator, clock: Clock, calls_per_s: float, turns: int
) -> None:
    """Threads of one machine that froze before the call; each sleeps for itself, so here nobody moves the clock."""
    frozen = replace(desk, limits=Limits(calls_per_s=calls_per_s), sleep=lambda _: None)
    campaign = view(desk, taken(desk, "6175550123").campaign_id)
    left_at, come_back_at = list[datetime](), list[datetime]()
    with ExitStack() as stack:
        held = []
        for _ in range(turns):
            desk.redis.delete(keys.slots("default"))  # as if each had waited for its slot
            held.append(stack.enter_context(turn(frozen, campaign, Lane.SUBMISSIONS)))
        clock.jump(60 * SECOND)
        for own in held:
            try:
                own.call(GatewayClient.balance)
            except NotNow as not_now:
                come_back_at.append(not_now.at)
            else:
                assert own.slot is not None
                left_at.append(own.slot.at)
    assert len(left_at) + len(come_back_at) == turns
    assert min(come_back_at) > clock.now()
    assert options(simulator) == ["balance"] * len(left_at)
    assert [at - clock.now() for at in left_at] == [each * SECOND / calls_per_s for each in range(len(left_at))]


def test_a_submission_that_finds_no_slot_once_it_is_awake_is_planned_again_and_nothing_has_failed(
    polite: Desk, simulator: Simulator, clock: Clock
) -> None:
    campaign_id = in_pieces(polite, 1, key="pieces")
    times_read = count()

    def reading() -> datetime:
        """The clock of a machine that sleeps just before the call, while others take all slots."""
        if submission(polite, campaign_id).state is SubmissionState.SENDING and next(times_read) == 0:
            clock.jump(3 * SECOND)
            take_all_slots(polite, patience=10 * SECOND)
        return clock.now()

    assert send(replace(polite, clock=reading), f"{campaign_id}-1") is Sent.LATER
    assert options(simulator) == []
    found = submission(polite, campaign_id)
    assert (found.state, found.reason) == (SubmissionState.PLANNED, "its turn to call passed before it could leave")
    assert clock.now() < due_at(polite, f"{campaign_id}-1") <= clock.now() + 20 * SECOND
    assert breaker.read(polite.redis, "default").failures == 0
    clock.jump(20 * SECOND)
    assert send(polite, f"{campaign_id}-1") is Sent.ACCEPTED


def test_a_submission_that_waits_anew_for_its_slot_is_still_kept_back_by_a_stop(
    polite: Desk, simulator: Simulator, clock: Clock
) -> None:
    campaign_id = in_pieces(polite, 1, key="pieces")
    times_read = count()

    def reading() -> datetime:
        """The clock of a machine that sleeps for three seconds just before the call."""
        found = submission(polite, campaign_id)
        if found.state is SubmissionState.SENDING and next(times_read) == 0:
            clock.jump(3 * SECOND)
            limits.take(polite.redis, "default", polite.limits, Lane.READS, token="o", now=clock.now(), patience=SECOND)
        return clock.now()

    def stop(_seconds: float) -> None:
        request(polite.redis, campaign_id, Intent.STOP, why="", now=clock.now())

    assert send(replace(polite, clock=reading, sleep=stop), f"{campaign_id}-1") is Sent.LATER
    assert options(simulator) == []
    assert submission(polite, campaign_id).state is SubmissionState.PLANNED


def test_a_long_wait_is_spent_in_the_due_set_and_leaves_no_trace(polite: Desk, simulator: Simulator) -> None:
    campaign_id = taken(polite, "6175550123").campaign_id
    take_all_slots(polite)
    before = polite.clock()
    assert send(polite, f"{campaign_id}-1") is Sent.LATER
    found = submission(polite, campaign_id)
    assert (found.state, found.tries, found.attempt, found.reason) == (SubmissionState.PLANNED, 0, "", "")
    assert polite.clock() == before
    assert options(simulator) == []
    assert due.count(polite.redis, Due.SEND, by=before) == 0
    assert due.count(polite.redis, Due.SEND, by=before + SECOND) == 1


def test_reads_come_back_when_their_turn_comes(polite: Desk, sessions: str) -> None:
    take_all_slots(polite)
    assert refresh(polite, f"{sessions}-1") is Refreshed.LATER
    assert due.count(polite.redis, Due.REFRESH, by=polite.clock() + SECOND) == 1


def test_a_stop_passes_those_who_wait(polite: Desk, simulator: Simulator, sessions: str) -> None:
    request(polite.redis, sessions, Intent.STOP, why="", now=polite.clock())
    take_all_slots(polite)
    began = polite.clock()
    assert control(replace(polite, concurrency=1), sessions) == Controlled(confirmed=3, open=0)
    assert polite.clock() == began
    assert options(simulator)[-3:] == ["stop"] * 3


def test_a_pause_passes_those_who_wait_in_slots_of_its_own(polite: Desk, simulator: Simulator, sessions: str) -> None:
    request(polite.redis, sessions, Intent.PAUSE, why="", now=polite.clock())
    take_all_slots(polite)
    began = polite.clock()
    assert control(replace(polite, concurrency=1), sessions) == Controlled(confirmed=3, open=0)
    assert polite.clock() - began == 2 * SECOND / 5
    assert options(simulator)[-3:] == ["pause"] * 3


def test_the_verbs_of_one_campaign_wait_for_one_another_in_the_job(desk: Desk) -> None:
    campaign_id = sent_in_pieces(desk, 20)
    request(desk.redis, campaign_id, Intent.PAUSE, why="", now=desk.clock())
    at_once = replace(desk, limits=FIVE_A_SECOND, sleep=lambda _: None)
    assert control(at_once, campaign_id) == Controlled(confirmed=20, open=0)


def test_a_pause_of_many_sessions_leaves_room_for_the_stop_of_another_campaign(polite: Desk, sessions: str) -> None:
    hurried = replace(polite, concurrency=1, timings=replace(polite.timings, control_within=SECOND / 5))
    request(polite.redis, sessions, Intent.PAUSE, why="", now=polite.clock())
    assert control(hurried, sessions) == Controlled(confirmed=2, open=1)
    assert due.stands(polite.redis, Due.CONTROL, sessions)
    assert control(hurried, sessions) == Controlled(confirmed=3, open=0)


def test_what_is_paused_while_it_waits_for_its_slot_is_not_sent(polite: Desk, simulator: Simulator) -> None:
    campaign_id = in_pieces(polite, 2, key="pieces")
    send(polite, f"{campaign_id}-1")
    pausing = replace(
        polite, sleep=lambda _: request(polite.redis, campaign_id, Intent.PAUSE, why="", now=polite.clock())
    )
    assert send(pausing, f"{campaign_id}-2") is Sent.PASSED_OVER
    assert options(simulator) == ["new_campaign"]


def test_a_process_that_ends_begins_no_call(desk: Desk, simulator: Simulator) -> None:
    campaign_id = taken(desk, "6175550123").campaign_id
    assert send(replace(desk, is_ending=lambda: True), f"{campaign_id}-1") is Sent.LATER
    assert submission(desk, campaign_id).tries == 0
    assert options(simulator) == []


@pytest.mark.thorough
def test_a_campaign_of_many_does_not_starve_a_small_one_that_came_later(polite: Desk, clock: Clock) -> None:
    """A ring each half second, and threads enough that all who are rung for ask at once."""
    at_once = replace(polite, sleep=lambda _: None)
    ends = Counter[Sent]()

    def tick() -> None:
        for each in due.ring(polite.redis, Due.SEND, now=polite.clock(), most=300, again_after=30 * SECOND):
            ends[send(at_once, each)] += 1
        clock.jump(SECOND / 2)

    big, began = in_pieces(polite, 300, key="big"), polite.clock()
    while polite.clock() < began + 20 * SECOND:
        tick()
    small, came_at = in_pieces(polite, 3, key="small"), polite.clock()
    while view(polite, small).submissions.get(SubmissionState.ACCEPTED, 0) < 3:
        tick()
    assert polite.clock() - came_at < 5 * SECOND
    slots = (polite.clock() - began) / SECOND * 5
    assert 0.8 * slots < ends[Sent.ACCEPTED] < slots + 6  # what is scarce is not wasted
    assert ends[Sent.LATER] < 300 + 2 * slots  # and nobody asks all the time
    assert view(polite, big).submissions[SubmissionState.PLANNED] > 100


def test_the_breaker_opens_after_failures_in_a_row_and_then_nothing_leaves(desk: Desk) -> None:
    nobody = at_gateway(desk, f"http://127.0.0.1:{free_port()}/gateway/")
    campaign_id = in_pieces(desk, 30, key="pieces")
    with capture_logs() as logs:
        ends = Counter(send(nobody, f"{campaign_id}-{number}") for number in range(1, 31))
    assert ends == {Sent.LATER: 30}
    tries = sum(submission(desk, campaign_id, number).tries for number in range(1, 31))
    assert tries == FAILURES_TO_OPEN
    (opened,) = logs
    assert (opened["event"], opened["account"], opened["rest_s"]) == ("gateway_gets_a_rest", "default", 2)
    assert "was not reached" in opened["why"]
    assert due.count(desk.redis, Due.SEND, by=desk.clock()) == 0
    assert due.count(desk.redis, Due.SEND) == 30
    assert view(desk, campaign_id).submissions == {SubmissionState.PLANNED: 30}


def test_refusals_do_not_open_it(desk: Desk, simulator: Simulator) -> None:
    simulator.faults.arm(Fault(kind=FaultKind.REFUSE, text="c_callerID: invalid", times=10))
    campaign_id = in_pieces(desk, 10, key="pieces")
    for number in range(1, 11):
        assert send(desk, f"{campaign_id}-{number}") is Sent.REJECTED
    assert state(desk) is BreakerState.CLOSED


def test_a_gateway_that_answers_rubbish_gets_a_rest_before_much_is_unknown(desk: Desk, simulator: Simulator) -> None:
    simulator.faults.arm(Fault(kind=FaultKind.ANSWER_502_BEFORE_ACCEPTING, on="any", times=0))
    campaign_id = in_pieces(desk, 30, key="pieces")
    ends = Counter(send(desk, f"{campaign_id}-{number}") for number in range(1, 31))
    assert ends == {Sent.UNKNOWN: FAILURES_TO_OPEN, Sent.LATER: 25}


def test_no_submission_finds_out_whether_the_gateway_is_back(desk: Desk, simulator: Simulator, clock: Clock) -> None:
    campaign_id = taken(desk, "6175550123").campaign_id
    simulator.faults.arm(Fault(kind=FaultKind.ANSWER_502_AFTER_ACCEPTING, on="any", times=2))
    open_the_breaker(desk)
    for _ in range(2):
        clock.jump(desk.timings.rest_most)
        assert send(desk, f"{campaign_id}-1") is Sent.LATER
        assert state(desk) is BreakerState.OPEN
    assert submission(desk, campaign_id).tries == 0
    clock.jump(desk.timings.rest_most)
    with capture_logs() as logs:
        assert send(desk, f"{campaign_id}-1") is Sent.ACCEPTED
    assert options(simulator) == ["balance", "balance", "balance", "new_campaign"]
    assert state(desk) is BreakerState.CLOSED
    told = [(each["event"], each.get("after_s")) for each in logs]
    assert sorted(told) == [("gateway_is_back", 90), ("submission_accepted", None)]


def test_the_question_and_the_submission_that_follows_it_have_a_slot_each(
    polite: Desk, simulator: Simulator, clock: Clock
) -> None:
    campaign_id = in_pieces(polite, 2, key="pieces")
    open_the_breaker(polite)
    clock.jump(polite.timings.rest_first)
    began = polite.clock()
    assert [send(polite, f"{campaign_id}-{number}") for number in (1, 2)] == [Sent.ACCEPTED] * 2
    assert options(simulator) == ["balance", "new_campaign", "new_campaign"]
    assert polite.clock() - began == 2 * SECOND / 5


@pytest.mark.parametrize("calls_per_s", [0.2, 0.5, 0.9])
def test_however_few_calls_an_account_may_make_the_submission_follows_the_question(
    desk: Desk, simulator: Simulator, clock: Clock, calls_per_s: float
) -> None:
    slow = replace(desk, limits=Limits(calls_per_s=calls_per_s))
    campaign_id = in_pieces(slow, 1, key="pieces")
    open_the_breaker(slow)
    clock.jump(slow.timings.rest_first)
    assert send(slow, f"{campaign_id}-1") is Sent.ACCEPTED
    assert options(simulator) == ["balance", "new_campaign"]
    assert state(desk) is BreakerState.CLOSED


def test_the_question_uses_up_nothing_that_the_phones_are_worth(desk: Desk, clock: Clock) -> None:
    slow = replace(desk, limits=Limits(calls_per_s=5, phones_per_min=1))
    campaign_id = in_pieces(slow, 2, key="pieces")
    open_the_breaker(slow)
    clock.jump(slow.timings.rest_first)
    assert [send(slow, f"{campaign_id}-{number}") for number in (1, 2)] == [Sent.ACCEPTED, Sent.LATER]
    assert 59 * SECOND < due_at(slow, f"{campaign_id}-2") - slow.clock() < 90 * SECOND


def test_a_gateway_that_answers_questions_but_no_submissions_stays_at_rest(
    desk: Desk, simulator: Simulator, clock: Clock
) -> None:
    simulator.faults.arm(Fault(kind=FaultKind.HTML_BEFORE_ACCEPTING, times=0))
    campaign_id = in_pieces(desk, 2, key="pieces")
    open_the_breaker(desk)
    clock.jump(desk.timings.rest_first)
    assert send(desk, f"{campaign_id}-1") is Sent.UNKNOWN
    assert state(desk) is BreakerState.OPEN
    assert send(desk, f"{campaign_id}-2") is Sent.LATER


def test_a_probe_that_was_not_made_is_left_to_the_next(desk: Desk, clock: Clock, sessions: str) -> None:
    waiting = taken(desk, "6175550123").campaign_id
    open_the_breaker(desk)
    clock.jump(desk.timings.rest_first)
    polite = replace(desk, limits=FIVE_A_SECOND)
    take_all_slots(polite)
    assert send(polite, f"{waiting}-1") is Sent.LATER
    assert refresh(desk, f"{sessions}-1") is Refreshed.FINISHED
    assert state(desk) is BreakerState.CLOSED


def test_a_stop_waits_for_no_long_rest_and_the_first_answer_frees_the_others(
    desk: Desk, simulator: Simulator, clock: Clock, sessions: str
) -> None:
    open_the_breaker(desk)
    nobody = at_gateway(desk, f"http://127.0.0.1:{free_port()}/gateway/")
    request(desk.redis, sessions, Intent.STOP, why="", now=desk.clock())
    for _ in range(5):
        clock.jump(desk.timings.control_again)
        assert control(nobody, sessions) == Controlled(confirmed=0, open=3)
    rest = breaker.read(desk.redis, "default").probe_at
    assert rest is not None
    assert rest - desk.clock() == desk.timings.rest_most
    clock.jump(desk.timings.control_again)
    assert control(desk, sessions) == Controlled(confirmed=3, open=0)
    assert options(simulator)[-3:] == ["stop"] * 3
    assert view(desk, sessions).status is CampaignStatus.STOPPING


def test_a_read_is_tried_again_within_the_job(desk: Desk, simulator: Simulator, sessions: str) -> None:
    simulator.faults.arm(Fault(kind=FaultKind.ACCEPT_THEN_RESET, on="question", times=READ_TRIES - 1))
    began = desk.clock()
    assert refresh(desk, f"{sessions}-1") is Refreshed.FOLLOWED
    assert options(simulator).count("campaign_result") == READ_TRIES
    assert timedelta() < desk.clock() - began < 2 * desk.timings.read_again_most


def test_a_read_that_fails_every_time_is_left_for_later(desk: Desk, simulator: Simulator, sessions: str) -> None:
    simulator.faults.arm(Fault(kind=FaultKind.HTML, on="question", times=0))
    assert refresh(desk, f"{sessions}-1") is Refreshed.NO_ANSWER
    assert options(simulator).count("campaign_result") == READ_TRIES
    assert breaker.read(desk.redis, "default").failures == READ_TRIES


def test_a_submission_is_never_tried_again(desk: Desk, simulator: Simulator) -> None:
    simulator.faults.arm(Fault(kind=FaultKind.RESET_BEFORE_ACCEPTING))
    campaign_id = taken(desk, "6175550123").campaign_id
    assert send(desk, f"{campaign_id}-1") is Sent.UNKNOWN
    assert options(simulator) == ["new_campaign"]


def test_calls_are_counted_by_how_they_ended_and_so_is_what_they_waited(polite: Desk) -> None:
    sent_in_pieces(polite, 3)
    take_all_slots(polite)
    assert send(polite, f"{taken(polite, '6175550199').campaign_id}-1") is Sent.LATER
    polite.meter.flush(polite.redis)
    totals = meter.read(polite.redis)
    assert totals.counts(Count.CALLS) == {("submissions", "answered", "default"): 3}
    assert totals.counts(Count.TURNED_AWAY) == {("submissions",): 1}
    assert totals.times(CALL)["submissions",].buckets[-1][1] == 3
    assert totals.times(SLOT_WAIT)["submissions",].sum_s == 0.4  # nothing, and twice 200 ms
