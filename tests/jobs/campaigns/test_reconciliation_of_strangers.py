"""Sessions of a day that no submission here is known by: whose each of them is, is said as far as it is known."""

from dataclasses import replace
from datetime import timedelta
from typing import Any, ClassVar

import pytest
from redis import Redis
from structlog.testing import capture_logs

from jobs.campaigns import control, sessions, strays
from jobs.campaigns.desk import Desk
from jobs.campaigns.marks import mark_of
from jobs.gateway.simulator import Fault, FaultKind, Simulator
from jobs.gateway.simulator.timeline import State
from jobs.ledger import due, evidence, keys
from jobs.ledger.keys import Due
from jobs.models import DropState, Evidence, Finding, Intent, Submission, SubmissionState
from jobs.outcomes.decide import Asked, give_up
from tests.end_to_end.stage import people
from tests.jobs.campaigns.conftest import client_of, submission, view
from tests.jobs.campaigns.test_reconciliation import BUSY, DAY, DELIVERED, begun_elsewhere, reconcile, sent


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


def test_of_several_marks_in_a_copied_title_the_last_says_whose_a_session_is(desk: Desk, simulator: Simulator) -> None:
    simulator.change({"dialect": {"dates_layout": "titled"}})
    copied, _ = unknown(desk, simulator, DELIVERED, BUSY, key="copied")
    own, its_session = unknown(desk, simulator, "2125550101", key="copy")
    (session,) = [each for each in simulator.truth.sessions if each.id == its_session]
    title = f"March [{mark_of(copied.attempt)}] [{mark_of(own.attempt)}]"
    session.fields = {**session.fields, "c_title": title}
    (listed,) = [each for each in client_of(simulator.base_url).campaign_by_date(DAY) if each.session_id == its_session]
    assert sessions.whose(desk.redis, "default", DAY, [listed])[its_session].id == own.id
    give_up(desk.redis, copied.id, Asked("dana", "nobody knows", desk.clock()), force=True)
    give_up(desk.redis, own.id, Asked("dana", "nobody knows", desk.clock()), force=True)
    simulator.clock.jump(timedelta(minutes=1))
    named = {each.session_id: each.submission_id for each in reconcile(desk).given_up.named}
    assert named[its_session] == own.id


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
    came_to = {DropState.NO_RECORD: 2} if layout == "titled" else {DropState.DELIVERED: 1, DropState.FAILED: 1}
    assert view(desk, ours.campaign_id).drops == came_to


@pytest.mark.parametrize("layout", ["ids", "titled"])
@pytest.mark.parametrize("intent", [Intent.STOP, Intent.CANCEL])
def test_a_stop_wins_over_giving_up(desk: Desk, simulator: Simulator, layout: str, intent: Intent) -> None:
    simulator.change({"dialect": {"dates_layout": layout}})
    ours, its_session = unknown(desk, simulator, *people(100))
    control.request(desk.redis, ours.campaign_id, intent, why="", now=desk.clock())
    give_up(desk.redis, ours.id, Asked("dana", "nobody knows", desk.clock()), force=True)
    simulator.clock.jump(timedelta(minutes=1))
    found = reconcile(desk)
    assert [each.session_id for each in found.strays.named] == [its_session]
    assert (found.given_up.total, found.is_clean) == (0, False)
    assert due.stands(desk.redis, Due.CONTROL, ours.campaign_id)
    control.control(desk, ours.campaign_id)
    (session,) = simulator.truth.sessions
    assert session.state(simulator.now) is not State.RUNNING
    found = reconcile(desk)
    assert [each.session_id for each in found.strays.named] == [its_session]
    told = [each.words for each in evidence.read(desk.redis, ours.id) if each.finding is Finding.STRAY]
    assert [f"because {intent} was asked for" in each for each in told] == [True]


def test_what_was_given_up_and_not_told_to_end_rings_on_and_is_looked_after(desk: Desk, simulator: Simulator) -> None:
    ours, its_session = unknown(desk, simulator, *people(100))
    give_up(desk.redis, ours.id, Asked("dana", "nobody knows", desk.clock()), force=True)
    simulator.clock.jump(timedelta(minutes=1))
    with capture_logs() as logs:
        assert [reconcile(desk).given_up.total for _ in range(2)] == [1, 1]
    assert [each["event"] for each in logs].count("given_up_submission_turned_up") == 1
    assert evidence.turned_up(desk.redis, "default", ours.id) == [its_session]
    assert due.instant_of(desk.redis, Due.SETTLE, ours.id) == desk.clock()
    control.control(desk, ours.campaign_id)
    (session,) = simulator.truth.sessions
    assert session.state(simulator.now) is State.RUNNING


def test_of_two_with_the_same_phones_that_were_given_up_neither_is_said_to_have_turned_up(
    desk: Desk, simulator: Simulator
) -> None:
    both = [unknown(desk, simulator, DELIVERED, BUSY, key=key)[0] for key in ("one", "other")]
    for each in both:
        give_up(desk.redis, each.id, Asked("dana", "nobody knows", desk.clock()), force=True)
    simulator.clock.jump(timedelta(minutes=1))
    assert reconcile(desk).given_up.total == 2
    assert [evidence.turned_up(desk.redis, "default", each.id) for each in both] == [[], []]


def test_what_a_look_has_found_before_is_not_said_to_be_stopped(desk: Desk, simulator: Simulator) -> None:
    ours, its_session = unknown(desk, simulator, DELIVERED, BUSY)
    called_others(simulator, its_session)  # so that comparing alone would not know it
    give_up(desk.redis, ours.id, Asked("dana", "nobody knows", desk.clock()), force=True)
    seen = Evidence(desk.clock(), Finding.POSTBACK, "a postback came", session_ids=(its_session,))
    strays.take_given_up(desk, view(desk, ours.campaign_id), ours, its_session, seen)
    simulator.clock.jump(timedelta(minutes=1))
    report = reconcile(desk)
    (found,) = report.given_up.named
    assert (found.session_id, found.submission_id) == (its_session, ours.id)
    assert (report.strays.total, report.outside.total, report.is_done) == (0, 0, True)


class Listening(Redis):
    """A client that remembers which keys were read."""

    read: ClassVar[list[str]] = []

    def execute_command(self, *args: Any, **options: Any) -> Any:
        self.read.extend(str(each) for each in args[1:2])
        return super().execute_command(*args, **options)  # type: ignore[no-untyped-call]  # redis says nothing of it


def test_the_phones_of_what_was_given_up_are_read_once_however_many_strangers_there_are(
    desk: Desk, simulator: Simulator
) -> None:
    ours, _ = unknown(desk, simulator, DELIVERED, BUSY)
    give_up(desk.redis, ours.id, Asked("dana", "nobody knows", desk.clock()), force=True)
    for number in range(1, 6):
        begun_elsewhere(simulator, f"21255501{number:02}")
    simulator.clock.jump(timedelta(minutes=1))
    listening = Listening(connection_pool=desk.redis.connection_pool)
    assert reconcile(replace(desk, redis=listening, concurrency=1)).outside.total == 5
    assert listening.read.count(keys.phones(ours.id)) == 1


def test_what_was_given_up_is_not_named_for_a_session_that_says_nothing(desk: Desk, simulator: Simulator) -> None:
    ours, its_session = unknown(desk, simulator, DELIVERED, BUSY)
    give_up(desk.redis, ours.id, Asked("dana", "nobody knows", desk.clock()), force=True)
    report = reconcile(desk)  # nobody has been called yet
    assert (report.given_up.total, [each.session_id for each in report.outside.named]) == (0, [its_session])
