"""Sessions of a day that no submission here is known by: whose each of them is, is said as far as it is known."""

from datetime import timedelta

import pytest

from jobs.campaigns import strays
from jobs.campaigns.desk import Desk
from jobs.gateway.simulator import Fault, FaultKind, Simulator
from jobs.models import Submission, SubmissionState
from jobs.outcomes.decide import Asked, give_up
from tests.jobs.campaigns.conftest import submission, view
from tests.jobs.campaigns.test_reconciliation import BUSY, DELIVERED, begun_elsewhere, reconcile, sent


def called_others(simulator: Simulator, session_id: str) -> None:
    """The gateway's records of a session are for people whom nobody sent it."""
    (session,) = [each for each in simulator.truth.sessions if each.id == session_id]
    session.phones = tuple(f"212555{number:04}" for number in range(len(session.phones)))


def unknown(desk: Desk, simulator: Simulator, *phones: str, key: str = "unknown") -> tuple[Submission, str]:
    """A submission of ours that the gateway took without saying so, and its session."""
    simulator.faults.arm(Fault(kind=FaultKind.ACCEPT_THEN_RESET, on="submission"))
    ours = sent(desk, *phones, key=key)
    assert ours.state is SubmissionState.UNKNOWN
    return ours, simulator.truth.sessions[-1].id


def test_a_stranger_that_may_be_an_unknown_submission_is_not_called_a_stranger(
    desk: Desk, simulator: Simulator
) -> None:
    unknown(desk, simulator, DELIVERED, BUSY)
    begun_elsewhere(simulator, "2125550101")
    simulator.clock.jump(timedelta(minutes=1))
    report = reconcile(desk)
    theirs, stranger = simulator.truth.sessions
    assert [each.session_id for each in report.handed_over.named] == [theirs.id]
    assert [each.session_id for each in report.outside.named] == [stranger.id]
    assert not report.is_done


def test_the_mark_in_a_title_is_enough_for_a_stranger_to_be_handed_over(desk: Desk, simulator: Simulator) -> None:
    simulator.change({"dialect": {"dates_layout": "titled"}})
    _, its_session = unknown(desk, simulator, DELIVERED, BUSY)
    called_others(simulator, its_session)
    simulator.clock.jump(timedelta(minutes=1))
    report = reconcile(desk)
    assert [each.session_id for each in report.handed_over.named] == [its_session]
    simulator.change({"dialect": {"dates_layout": "ids"}})
    assert [each.session_id for each in reconcile(desk).outside.named] == [its_session]


def test_a_stray_is_named_as_one_and_not_as_a_stranger(desk: Desk, simulator: Simulator) -> None:
    ours = sent(desk, DELIVERED, BUSY)
    stray = begun_elsewhere(simulator, DELIVERED, BUSY)
    assert strays.take(desk, view(desk, ours.campaign_id), ours, stray, mark="", how="its phones")
    simulator.clock.jump(timedelta(minutes=1))
    report = reconcile(desk)
    (found,) = report.strays.named
    assert (found.session_id, found.outcomes) == (stray, {"OK": 1, "Failure: Voicemail Busy": 1})
    assert (report.matched, report.outside.total, report.is_clean, report.is_done) == (1, 0, False, True)


@pytest.mark.parametrize("layout", ["ids", "titled"])
def test_the_session_of_a_submission_that_was_given_up_is_said_to_be_its(
    desk: Desk, simulator: Simulator, layout: str
) -> None:
    """By its phones, or by the mark in its title even where the phones say nothing."""
    simulator.change({"dialect": {"dates_layout": layout}})
    ours, its_session = unknown(desk, simulator, DELIVERED, BUSY)
    stranger = begun_elsewhere(simulator, "2125550101")
    if layout == "titled":
        called_others(simulator, its_session)
    give_up(desk.redis, ours.id, Asked("dana", "nobody knows", desk.clock()), force=True)
    simulator.clock.jump(timedelta(minutes=1))
    report = reconcile(desk)
    (found,) = report.given_up.named
    assert (found.session_id, found.submission_id) == (its_session, ours.id)
    assert [each.session_id for each in report.outside.named] == [stranger]
    assert (report.handed_over.total, report.is_clean, report.is_done) == (0, False, True)
    assert reconcile(desk) == report
    assert submission(desk, ours.campaign_id).state is SubmissionState.GIVEN_UP


def test_what_was_given_up_is_not_named_for_a_session_that_says_nothing(desk: Desk, simulator: Simulator) -> None:
    ours, its_session = unknown(desk, simulator, DELIVERED, BUSY)
    give_up(desk.redis, ours.id, Asked("dana", "nobody knows", desk.clock()), force=True)
    report = reconcile(desk)  # nobody has been called yet
    assert (report.given_up.total, [each.session_id for each in report.outside.named]) == (0, [its_session])
