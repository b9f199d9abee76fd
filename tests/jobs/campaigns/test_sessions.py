"""What is asked of one session alone holds for it, whatever befalls the answer, until something is wanted of all."""

import pytest

from jobs.campaigns.control import control, request
from jobs.campaigns.desk import Desk
from jobs.campaigns.send import send
from jobs.campaigns.sessions import TOLD_AGAIN, CampaignIsHeld, control_session
from jobs.campaigns.sweep import Swept, sweep
from jobs.gateway.errors import NotSent, OutcomeUnknown
from jobs.gateway.simulator import Clock, Fault, FaultKind, Simulator
from jobs.gateway.simulator.timeline import State
from jobs.ledger import due
from jobs.ledger.keys import Due
from jobs.models import Intent, Run
from tests import oracle
from tests.jobs.campaigns.conftest import at_gateway, submission, taken, view
from tests.servers import free_port


@pytest.fixture
def running(desk: Desk) -> str:
    """A campaign whose one session calls for a while."""
    campaign_id = taken(desk, *(f"61755501{number:02}" for number in range(100))).campaign_id
    send(desk, f"{campaign_id}-1")
    return campaign_id


def tell(desk: Desk, campaign_id: str, intent: Intent) -> None:
    session_id = submission(desk, campaign_id).session_id
    control_session(
        desk.redis,
        lambda call: call(desk.gateway("default")),
        session_id,
        intent,
        account="default",
        why="",
        now=desk.clock(),
    )


def work(desk: Desk, clock: Clock, campaign_id: str) -> Swept:
    """What workers do a little later; what they found to be forgotten."""
    clock.jump(TOLD_AGAIN)
    forgotten = sweep(desk.redis, now=desk.clock())
    if due.count(desk.redis, Due.CONTROL, by=desk.clock()):
        control(desk, campaign_id)
    return forgotten


def state(simulator: Simulator) -> State:
    (session,) = simulator.truth.sessions
    return session.state(simulator.now)


def test_a_session_that_is_paused_alone_stays_paused_until_something_is_wanted_of_its_campaign(
    desk: Desk, simulator: Simulator, clock: Clock, running: str
) -> None:
    tell(desk, running, Intent.PAUSE)
    for _ in range(2):
        assert work(desk, clock, running) == Swept()
        assert state(simulator) is State.PAUSED
        assert submission(desk, running).run is Run.PAUSED
        assert not due.stands(desk.redis, Due.CONTROL, running)
        oracle.check(desk.redis, simulator)
    for intent in (Intent.PAUSE, Intent.RUN):
        request(desk.redis, running, intent, why="", now=desk.clock())
    work(desk, clock, running)
    assert state(simulator) is State.RUNNING


def test_a_pause_whose_answer_is_lost_leaves_a_doubt_and_is_told_again(
    desk: Desk, simulator: Simulator, clock: Clock, running: str
) -> None:
    simulator.faults.arm(Fault(kind=FaultKind.RESET_BEFORE_ACCEPTING, on="control"))
    with pytest.raises(OutcomeUnknown):
        tell(desk, running, Intent.PAUSE)
    assert submission(desk, running).run is Run.UNSURE
    assert due.stands(desk.redis, Due.CONTROL, running)
    oracle.check(desk.redis, simulator)
    work(desk, clock, running)
    assert state(simulator) is State.PAUSED
    assert submission(desk, running).run is Run.PAUSED


def test_what_the_gateway_refuses_or_never_hears_leaves_all_as_it_was(
    desk: Desk, simulator: Simulator, clock: Clock, running: str
) -> None:
    simulator.faults.arm(Fault(kind=FaultKind.REFUSE, text="1 not running", on="control", times=2))
    tell(desk, running, Intent.PAUSE)
    tell(desk, running, Intent.PAUSE)
    with pytest.raises(NotSent):
        tell(at_gateway(desk, f"http://127.0.0.1:{free_port()}/gateway/"), running, Intent.PAUSE)
    assert (submission(desk, running).run, submission(desk, running).alone) == (Run.GOING, None)
    clock.jump(TOLD_AGAIN)
    assert sweep(desk.redis, now=desk.clock()) == Swept()
    assert control(desk, running).confirmed == 1
    assert [each.option for each in simulator.truth.arrivals] == ["new_campaign", "pause", "pause"]


def test_a_session_of_a_campaign_that_is_held_meanwhile_is_told_nothing(
    desk: Desk, simulator: Simulator, running: str
) -> None:
    tell(desk, running, Intent.PAUSE)
    request(desk.redis, running, Intent.PAUSE, why="", now=desk.clock())
    with pytest.raises(CampaignIsHeld):
        tell(desk, running, Intent.RUN)
    assert view(desk, running).intent_for(submission(desk, running)) is Intent.PAUSE


def test_a_session_that_was_stopped_alone_is_over(desk: Desk, simulator: Simulator, clock: Clock, running: str) -> None:
    simulator.faults.arm(Fault(kind=FaultKind.ACCEPT_THEN_RESET, on="control"))
    with pytest.raises(OutcomeUnknown):
        tell(desk, running, Intent.STOP)
    work(desk, clock, running)
    assert submission(desk, running).run is Run.ENDED
    assert state(simulator).is_over
