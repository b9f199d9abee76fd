"""What a person gave up and the gateway has all the same: reported, its records taken, and stopped if it is to end."""

from datetime import timedelta

import pytest
from structlog.testing import capture_logs

from jobs.campaigns.control import CampaignIsOver, control, request
from jobs.campaigns.desk import Desk
from jobs.campaigns.ending import Ended, end
from jobs.campaigns.send import Sent, send
from jobs.campaigns.sweep import Swept, sweep
from jobs.gateway.simulator import Clock, Simulator
from jobs.ledger import due, evidence
from jobs.ledger.keys import Due
from jobs.models import CampaignStatus, DropState, Finding, Intent, Run, SubmissionState, Terms
from jobs.outcomes.decide import Asked, give_up
from jobs.outcomes.hear import hear
from jobs.outcomes.heard import Heard
from jobs.outcomes.settle import Settled, settle
from tests.jobs.campaigns.conftest import TERMS, submission, taken, view
from tests.jobs.outcomes.conftest import PHONES, TITLED, accepted_but_unknown, settle_for
from tests.jobs.outcomes.test_hear import posted
from tests.jobs.outcomes.test_late_answers import late


def given_up(desk: Desk, simulator: Simulator, terms: Terms = TERMS) -> str:
    """A campaign that was given up before anybody looked, while it rings."""
    campaign_id = accepted_but_unknown(desk, simulator, terms=terms)
    give_up(desk.redis, f"{campaign_id}-1", Asked("dana", "it is late", desk.clock()), force=True)
    assert view(desk, campaign_id).status is CampaignStatus.FINISHED
    return campaign_id


@pytest.mark.parametrize("titles", [TITLED, {}], ids=["by its mark", "by its phones"])
def test_it_is_reported_once_and_its_records_are_taken(
    desk: Desk, simulator: Simulator, clock: Clock, titles: dict[str, object]
) -> None:
    simulator.change(titles)
    campaign_id = given_up(desk, simulator)
    clock.jump(timedelta(seconds=2))
    with capture_logs() as logs:
        settled = settle_for(desk, clock, campaign_id, during=timedelta(minutes=5))
    assert settled[0] is Settled.TURNED_UP
    (told,) = [each for each in logs if each["event"] == "given_up_submission_turned_up"]
    (session,) = simulator.truth.sessions
    assert told["session_id"] == session.id
    assert view(desk, campaign_id).drops == {DropState.DELIVERED: len(PHONES) - 1, DropState.FAILED: 1}
    assert submission(desk, campaign_id).state is SubmissionState.GIVEN_UP
    assert evidence.strays(desk.redis, campaign_id) == {}


def test_a_postback_names_it_is_reported_once_and_its_records_are_taken(desk: Desk, simulator: Simulator) -> None:
    campaign_id = given_up(desk, simulator)
    (session,), ours = simulator.truth.sessions, submission(desk, campaign_id)
    with capture_logs() as logs:
        for phone in PHONES[:2] * 2:
            assert hear(desk, ours.attempt, posted(session.id, phone)) is Heard.RECORDED
    (told,) = [each for each in logs if each["event"] == "given_up_submission_turned_up"]
    assert (told["session_id"], told["log_level"]) == (session.id, "error")
    seen = [each for each in evidence.read(desk.redis, ours.id) if each.finding is Finding.POSTBACK]
    assert [each.session_ids for each in seen] == [(session.id,)]
    assert view(desk, campaign_id).drops == {DropState.DELIVERED: 2, DropState.NO_RECORD: len(PHONES) - 2}
    assert submission(desk, campaign_id).state is SubmissionState.GIVEN_UP
    assert due.instant_of(desk.redis, Due.SETTLE, ours.id) == desk.clock()  # the other records are asked for


def test_what_a_postback_names_is_stopped_when_its_end_time_has_come(
    desk: Desk, simulator: Simulator, clock: Clock
) -> None:
    ends_at = desk.clock() + timedelta(minutes=1)
    campaign_id = given_up(desk, simulator, TERMS.model_copy(update={"ends_at": ends_at}))
    (session,), ours = simulator.truth.sessions, submission(desk, campaign_id)
    clock.jump(timedelta(minutes=2))
    assert hear(desk, ours.attempt, posted(session.id)) is Heard.RECORDED
    assert evidence.strays(desk.redis, campaign_id) == {session.id: Run.GOING}
    assert due.stands(desk.redis, Due.CONTROL, campaign_id)


def test_a_stop_reaches_the_session_that_was_found(desk: Desk, simulator: Simulator) -> None:
    simulator.change(TITLED)
    campaign_id = given_up(desk, simulator)
    assert settle(desk, f"{campaign_id}-1") is Settled.TURNED_UP
    request(desk.redis, campaign_id, Intent.STOP, why="", now=desk.clock())
    control(desk, campaign_id)
    (session,) = simulator.truth.sessions
    assert session.state(desk.clock()) == "stopped"
    assert evidence.strays(desk.redis, campaign_id) == {session.id: Run.ENDED}
    assert not due.stands(desk.redis, Due.CONTROL, campaign_id)
    assert view(desk, campaign_id).status is CampaignStatus.STOPPED


def test_a_stop_holds_for_a_session_that_is_found_afterwards(desk: Desk, simulator: Simulator) -> None:
    simulator.change(TITLED)
    campaign_id = given_up(desk, simulator)
    request(desk.redis, campaign_id, Intent.STOP, why="", now=desk.clock())
    control(desk, campaign_id)
    assert due.instant_of(desk.redis, Due.SETTLE, f"{campaign_id}-1") == desk.clock()  # it is looked for at once
    assert settle(desk, f"{campaign_id}-1") is Settled.TURNED_UP
    control(desk, campaign_id)
    assert simulator.truth.sessions[0].state(desk.clock()) == "stopped"
    found = {each.finding for each in evidence.read(desk.redis, f"{campaign_id}-1")}
    assert found == {Finding.DECISION, Finding.MARK, Finding.STRAY}


@pytest.mark.parametrize("ends_after", [timedelta(minutes=1), timedelta(days=5)], ids=["soon", "when nobody looks"])
def test_what_is_found_is_stopped_at_its_end_time(
    desk: Desk, simulator: Simulator, clock: Clock, ends_after: timedelta
) -> None:
    simulator.change(TITLED | {"calls_per_second": 0.000_001, "end_time_honoured": False})
    ends_at = desk.clock() + ends_after
    campaign_id = given_up(desk, simulator, TERMS.model_copy(update={"ends_at": ends_at}))
    clock.jump(timedelta(seconds=58))
    assert settle(desk, f"{campaign_id}-1") is Settled.TURNED_UP
    assert due.instant_of(desk.redis, Due.END, campaign_id) == ends_at
    assert evidence.strays(desk.redis, campaign_id) == {}
    clock.jump_to(ends_at)
    assert end(desk, campaign_id) is Ended.OVER
    control(desk, campaign_id)
    assert set(evidence.strays(desk.redis, campaign_id).values()) == {Run.ENDED}
    assert simulator.truth.sessions[0].state(desk.clock()) == "stopped"


def test_nobody_looks_for_it_for_ever(desk: Desk, simulator: Simulator, clock: Clock) -> None:
    simulator.change({"listing_lag_s": 10**6})
    campaign_id = given_up(desk, simulator)
    assert set(settle_for(desk, clock, campaign_id, during=timedelta(days=3))) == {Settled.OPEN, Settled.PASSED_OVER}
    with pytest.raises(CampaignIsOver):
        request(desk.redis, campaign_id, Intent.STOP, why="", now=desk.clock())


def test_the_sweep_finds_it_where_nobody_looks_for_it(desk: Desk, simulator: Simulator, clock: Clock) -> None:
    campaign_id = given_up(desk, simulator, TERMS.model_copy(update={"ends_at": desk.clock() + timedelta(days=1)}))
    due.remove(desk.redis, Due.SETTLE, [f"{campaign_id}-1"])
    due.remove(desk.redis, Due.END, [campaign_id])
    assert sweep(desk.redis, now=desk.clock() + timedelta(minutes=1)) == Swept({SubmissionState.GIVEN_UP: 1})
    assert sweep(desk.redis, now=desk.clock() + timedelta(minutes=2)) == Swept()
    due.remove(desk.redis, Due.SETTLE, [f"{campaign_id}-1"])
    assert sweep(desk.redis, now=desk.clock() + timedelta(days=3)) == Swept()


def test_an_answer_that_comes_late_names_it_and_a_stop_reaches_it(
    desk: Desk, simulator: Simulator, clock: Clock
) -> None:
    campaign_id = taken(desk, *PHONES).campaign_id

    def lose_patience() -> None:
        clock.jump(desk.timings.answer_within)
        assert send(desk, f"{campaign_id}-1") is Sent.UNKNOWN
        give_up(desk.redis, f"{campaign_id}-1", Asked("dana", "it is late", desk.clock()), force=True)

    with capture_logs() as logs:
        assert send(late(desk, lose_patience), f"{campaign_id}-1") is Sent.PASSED_OVER
    (session,) = simulator.truth.sessions
    told = [each for each in logs if each["event"] == "given_up_submission_turned_up"]
    assert [each["session_id"] for each in told] == [session.id]
    assert evidence.turned_up(desk.redis, "default", f"{campaign_id}-1") == [session.id]
    request(desk.redis, campaign_id, Intent.STOP, why="", now=desk.clock())
    control(desk, campaign_id)
    assert evidence.strays(desk.redis, campaign_id) == {session.id: Run.ENDED}


def test_what_a_postback_names_is_told_of_once_and_stopped_at_its_end_time(
    desk: Desk, simulator: Simulator, clock: Clock
) -> None:
    ends_at = desk.clock() + timedelta(minutes=30)
    campaign_id = given_up(desk, simulator, TERMS.model_copy(update={"ends_at": ends_at}))
    (session,) = simulator.truth.sessions
    with capture_logs() as logs:
        for phone in PHONES[:2]:
            assert hear(desk, submission(desk, campaign_id).attempt, posted(session.id, phone)) is Heard.RECORDED
    assert [each["event"] for each in logs].count("given_up_submission_turned_up") == 1
    assert evidence.strays(desk.redis, campaign_id) == {}
    clock.jump_to(ends_at)
    end(desk, campaign_id)
    assert list(evidence.strays(desk.redis, campaign_id)) == [session.id]
