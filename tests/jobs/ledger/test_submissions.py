"""Moves are compared before they are set, fenced by the attempt, and answer a repetition as the first time."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from fakeredis import FakeRedis, FakeServer
from hypothesis import given, settings
from hypothesis import strategies as st
from redis import Redis

from jobs.ledger import campaigns, claims, due, keys, runs, submissions
from jobs.ledger.claims import Claim
from jobs.ledger.keys import Due
from jobs.models import LEGAL_MOVES, Intent, Run, Submission, SubmissionState
from tests.jobs.ledger.conftest import NOW, Retransmitting, taken

LEASE = timedelta(seconds=15)


def only_submission(ledger: Redis, campaign_id: str = "bcdf") -> Submission:
    (found,) = submissions.read(ledger, campaigns.submission_ids(ledger, campaign_id))
    return found


def claim(ledger: Redis, attempt: str, *, after: timedelta = timedelta()) -> Claim:
    now = NOW + after
    return claims.claim(ledger, "bcdf-1", attempt=attempt, now=now, until=now + LEASE)


def move(ledger: Redis, to: SubmissionState, **options: object) -> bool:
    return submissions.move(ledger, only_submission(ledger), to, now=NOW, **options)  # type: ignore[arg-type]  # tests pass what they vary


def test_one_of_two_senders_gets_the_claim(ledger: Redis) -> None:
    taken(ledger, ["6175550123"])
    assert claim(ledger, "first") is Claim.CLAIMED
    assert claim(ledger, "second") is Claim.BUSY
    assert claim(ledger, "first") is Claim.CLAIMED  # its reply was lost, and redis-py sent it again
    assert only_submission(ledger).tries == 1


def test_a_look_says_what_a_claim_would_be_told_and_takes_nothing(ledger: Redis) -> None:
    taken(ledger, ["6175550123"])
    assert claims.look(ledger, "bcdf-1", now=NOW) is Claim.FREE
    assert only_submission(ledger).state is SubmissionState.PLANNED
    assert only_submission(ledger).tries == 0
    claim(ledger, "first")
    assert claims.look(ledger, "bcdf-1", now=NOW) is Claim.BUSY
    assert claims.look(ledger, "bcdf-1", now=NOW + LEASE) is Claim.FREE


def test_a_claim_that_ran_out_is_taken_over_and_its_first_owner_is_fenced_off(ledger: Redis) -> None:
    taken(ledger, ["6175550123"])
    claim(ledger, "frozen")
    assert claim(ledger, "second", after=LEASE) is Claim.CLAIMED
    assert not move(ledger, SubmissionState.SENDING, attempt="frozen")
    assert move(ledger, SubmissionState.SENDING, attempt="second")


def test_a_move_from_some_states_only_is_refused_in_every_other(ledger: Redis) -> None:
    taken(ledger, ["6175550123"])
    claim(ledger, "a")
    move(ledger, SubmissionState.SENDING, attempt="a")
    move(ledger, SubmissionState.UNKNOWN, attempt="a", due={Due.SETTLE: NOW})
    assert not move(ledger, SubmissionState.WITHDRAWN, only_from=submissions.BEFORE_SENDING)
    assert due.stands(ledger, Due.SETTLE, "bcdf-1")
    assert move(ledger, SubmissionState.WITHDRAWN)


@pytest.mark.parametrize("former", ["", "first@1772470800000"])
def test_the_end_of_a_doubt_ends_the_search_unless_an_earlier_attempt_is_looked_for(ledger: Redis, former: str) -> None:
    taken(ledger, ["6175550123"])
    claim(ledger, "a")
    move(ledger, SubmissionState.SENDING, attempt="a", former=former)
    move(ledger, SubmissionState.UNKNOWN, attempt="a", due={Due.SETTLE: NOW})
    assert move(ledger, SubmissionState.ACCEPTED, attempt="a", session_key=keys.session("default", "1"))
    assert due.stands(ledger, Due.SETTLE, "bcdf-1") is bool(former)


def test_nothing_is_claimed_before_its_time(ledger: Redis) -> None:
    later = NOW + timedelta(hours=1)
    taken(ledger, ["6175550123"], due_at=later)
    assert claim(ledger, "early") is Claim.EARLY
    assert claim(ledger, "on time", after=timedelta(hours=1)) is Claim.CLAIMED


@pytest.mark.parametrize("intent", [Intent.PAUSE, Intent.STOP, Intent.CANCEL])
def test_after_a_request_is_written_nothing_is_claimed_and_nothing_begins(ledger: Redis, intent: Intent) -> None:
    taken(ledger, ["6175550123"])
    claim(ledger, "in time")
    campaigns.intend(ledger, "bcdf", intent, note="", now=NOW)
    assert not move(ledger, SubmissionState.SENDING, attempt="in time", only_running=True)
    assert claim(ledger, "late", after=LEASE) is Claim.HELD


def test_what_is_held_is_due_when_it_is_too_late_for_it_and_free_to_be_withdrawn_then(ledger: Redis) -> None:
    taken(ledger, ["6175550123"])
    claim(ledger, "gone")
    campaigns.intend(ledger, "bcdf", Intent.PAUSE, note="", now=NOW)
    assert claim(ledger, "late", after=LEASE) is Claim.HELD
    assert only_submission(ledger).state is SubmissionState.PLANNED
    view = campaigns.read(ledger, "bcdf")
    assert view is not None
    too_late_at = view.too_late_at + timedelta(milliseconds=1)
    assert due.count(ledger, Due.SEND, by=view.too_late_at) == 0
    assert due.count(ledger, Due.SEND, by=too_late_at) == 1
    assert claims.look(ledger, "bcdf-1", now=view.too_late_at) is Claim.HELD
    assert claims.look(ledger, "bcdf-1", now=too_late_at) is Claim.FREE
    assert claim(ledger, "never", after=too_late_at - NOW) is Claim.HELD


@pytest.mark.parametrize("state", [SubmissionState.ACCEPTED, SubmissionState.UNKNOWN, SubmissionState.REJECTED])
def test_what_is_past_sending_cannot_be_claimed(ledger: Redis, state: SubmissionState) -> None:
    taken(ledger, ["6175550123"])
    claim(ledger, "a")
    move(ledger, SubmissionState.SENDING, attempt="a")
    move(ledger, state, attempt="a")
    assert claim(ledger, "b", after=timedelta(days=1)) is Claim.GONE


def test_a_retransmitted_move_answers_as_the_first_and_counts_once(ledger: Redis) -> None:
    taken(ledger, ["6175550123", "6175550124"])
    twice = Retransmitting(connection_pool=ledger.connection_pool)
    assert claim(twice, "a") is Claim.CLAIMED
    assert move(twice, SubmissionState.SENDING, attempt="a")
    assert only_submission(ledger).tries == 1
    view = campaigns.read(ledger, "bcdf")
    assert view is not None
    assert view.submissions == {SubmissionState.SENDING: 1}
    assert view.phones == {SubmissionState.SENDING: 2}


def test_accepting_makes_the_session_known_and_due_for_its_records(ledger: Redis) -> None:
    taken(ledger, ["6175550123"])
    claim(ledger, "a")
    move(ledger, SubmissionState.SENDING, attempt="a", due={Due.SEND: NOW + LEASE})
    session = keys.session("default", "4294967296")
    due_at = {Due.REFRESH: NOW + LEASE}
    assert move(ledger, SubmissionState.ACCEPTED, attempt="a", due=due_at, session_key=session, session_id="4294967296")
    assert only_submission(ledger).session_id == "4294967296"
    assert ledger.get(session) == b"bcdf-1"
    assert not due.stands(ledger, Due.SEND, "bcdf-1")
    assert due.stands(ledger, Due.REFRESH, "bcdf-1")
    assert not due.stands(ledger, Due.CONTROL, "bcdf")


def test_a_session_accepted_after_a_stop_is_due_to_be_stopped(ledger: Redis) -> None:
    taken(ledger, ["6175550123"])
    claim(ledger, "a")
    move(ledger, SubmissionState.SENDING, attempt="a")
    campaigns.intend(ledger, "bcdf", Intent.STOP, note="", now=NOW)
    due.remove(ledger, Due.CONTROL, ["bcdf"])
    move(ledger, SubmissionState.ACCEPTED, attempt="a", session_key="dropline:session:default:1")
    assert due.stands(ledger, Due.CONTROL, "bcdf")


def test_a_run_that_has_ended_stays_ended(ledger: Redis) -> None:
    taken(ledger, ["6175550123"])
    claim(ledger, "a")
    move(ledger, SubmissionState.SENDING, attempt="a")
    move(ledger, SubmissionState.ACCEPTED, attempt="a", session_key="dropline:session:default:1")
    for run in (Run.PAUSED, Run.ENDED, Run.GOING):
        runs.confirm(ledger, only_submission(ledger), run, now=NOW)
    assert only_submission(ledger).run is Run.ENDED
    view = campaigns.read(ledger, "bcdf")
    assert view is not None
    assert view.runs == {Run.ENDED: 1}
    runs.doubt(ledger, only_submission(ledger))
    assert only_submission(ledger).run is Run.ENDED


def test_who_is_overtaken_by_a_newer_intent_says_nothing_of_a_run(ledger: Redis) -> None:
    taken(ledger, ["6175550123"])
    claim(ledger, "a")
    move(ledger, SubmissionState.SENDING, attempt="a")
    move(ledger, SubmissionState.ACCEPTED, attempt="a", session_key="dropline:session:default:1")
    campaigns.intend(ledger, "bcdf", Intent.PAUSE, note="", now=NOW)
    own = only_submission(ledger)
    assert not runs.doubt(ledger, own, intent_number=0)
    assert only_submission(ledger).run is Run.GOING
    assert runs.doubt(ledger, own, intent_number=1)
    assert not runs.confirm(ledger, own, Run.GOING, now=NOW, intent_number=0)
    assert only_submission(ledger).run is Run.UNSURE
    assert runs.confirm(ledger, own, Run.PAUSED, now=NOW, intent_number=1)
    assert not runs.confirm(ledger, own, Run.GOING, now=NOW, intent_number=0)
    assert only_submission(ledger).run is Run.UNSURE  # the gateway heard both, and nobody knows which one last
    assert runs.confirm(ledger, own, Run.ENDED, now=NOW, intent_number=0)


def test_runs_are_counted_for_the_sessions_that_are_followed(ledger: Redis) -> None:
    taken(ledger, ["6175550123"])
    claim(ledger, "a")
    move(ledger, SubmissionState.SENDING, attempt="a")
    counted = []
    steps: list[Callable[[], object]] = [
        lambda: move(ledger, SubmissionState.ACCEPTED, attempt="a", session_key="dropline:session:default:1"),
        lambda: runs.doubt(ledger, only_submission(ledger)),
        lambda: runs.confirm(ledger, only_submission(ledger), Run.PAUSED, now=NOW),
        lambda: move(ledger, SubmissionState.FINISHED),
        lambda: runs.confirm(ledger, only_submission(ledger), Run.ENDED, now=NOW),
    ]
    for step in steps:
        step()
        view = campaigns.read(ledger, "bcdf")
        assert view is not None
        counted.append(view.runs)
    assert counted == [{Run.GOING: 1}, {Run.UNSURE: 1}, {Run.PAUSED: 1}, {}, {}]


@settings(max_examples=60)
@given(wanted=st.lists(st.sampled_from(SubmissionState), max_size=12))
def test_only_legal_moves_happen_and_counts_always_add_up(wanted: list[SubmissionState]) -> None:
    fake_redis = FakeRedis(server=FakeServer())
    taken(fake_redis, ["6175550123", "6175550124"])
    state = SubmissionState.PLANNED
    for to in wanted:
        moved = move(fake_redis, to)
        assert moved is (to in LEGAL_MOVES[state])
        state = to if moved else state
        view = campaigns.read(fake_redis, "bcdf")
        assert view is not None
        assert (view.submissions, view.phones) == ({state: 1}, {state: 2})
