"""The moves that are legal, and the one word for a campaign."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobs.models import (
    LEGAL_INTENTS,
    LEGAL_MOVES,
    UNSETTLED,
    CampaignStatus,
    CampaignView,
    DropState,
    Intent,
    Run,
    SubmissionState,
    Terms,
)

S = SubmissionState


def view(
    submissions: dict[SubmissionState, int], intent: Intent = Intent.RUN, runs: dict[Run, int] | None = None
) -> CampaignView:
    return CampaignView(
        id="bcdf",
        key="k",
        terms=Terms(caller_id="6175550100", audio_title="Reminder"),
        intent=intent,
        created_at=datetime(2026, 3, 2, tzinfo=UTC),
        rows=1,
        phone_count=1,
        excluded_count=0,
        submission_count=sum(submissions.values()),
        submissions=submissions,
        phones={},
        drops={DropState.DELIVERED: 1},
        runs=runs or {},
    )


def test_every_state_has_its_moves_and_finished_ones_have_none() -> None:
    assert set(LEGAL_MOVES) == set(SubmissionState)
    assert {state for state, after in LEGAL_MOVES.items() if not after} == set(SubmissionState) - UNSETTLED


def test_what_may_have_been_sent_is_never_claimed_before_it_is_planned_again() -> None:
    """The way back from `sending` is for proof that nothing left, from `unknown` also for evidence and a decision."""
    assert S.CLAIMED not in LEGAL_MOVES[S.UNKNOWN]
    assert S.CLAIMED not in LEGAL_MOVES[S.SENDING]


def test_an_end_is_never_taken_back() -> None:
    assert LEGAL_INTENTS[Intent.STOP] == LEGAL_INTENTS[Intent.CANCEL] == frozenset()


@pytest.mark.parametrize(
    ("submissions", "intent", "runs", "status"),
    [
        ({S.PLANNED: 2}, Intent.RUN, {}, CampaignStatus.WAITING),
        ({S.PLANNED: 1, S.SENDING: 1}, Intent.RUN, {}, CampaignStatus.SENDING),
        ({S.PLANNED: 1, S.ACCEPTED: 1}, Intent.RUN, {}, CampaignStatus.SENDING),
        ({S.ACCEPTED: 1, S.FINISHED: 1, S.UNKNOWN: 1}, Intent.RUN, {}, CampaignStatus.RUNNING),
        ({S.UNKNOWN: 1, S.FINISHED: 1}, Intent.RUN, {}, CampaignStatus.NEEDS_DECISION),
        ({S.ACCEPTED: 2}, Intent.PAUSE, {Run.PAUSED: 1}, CampaignStatus.PAUSING),
        ({S.ACCEPTED: 2}, Intent.PAUSE, {Run.PAUSED: 1, Run.ENDED: 1}, CampaignStatus.PAUSED),
        ({S.ACCEPTED: 1, S.SENDING: 1}, Intent.PAUSE, {Run.PAUSED: 1}, CampaignStatus.PAUSING),
        ({S.ACCEPTED: 2}, Intent.PAUSE, {Run.PAUSED: 1, Run.UNSURE: 1}, CampaignStatus.PAUSING),
        ({S.PLANNED: 1, S.UNKNOWN: 1}, Intent.PAUSE, {}, CampaignStatus.PAUSING),
        ({S.PLANNED: 1}, Intent.PAUSE, {}, CampaignStatus.PAUSED),
        ({S.PLANNED: 1}, Intent.STOP, {}, CampaignStatus.STOPPING),
        ({S.WITHDRAWN: 1, S.FINISHED: 1}, Intent.STOP, {}, CampaignStatus.STOPPED),
        ({S.WITHDRAWN: 1}, Intent.CANCEL, {}, CampaignStatus.CANCELLED),
        ({S.FINISHED: 1, S.REJECTED: 1}, Intent.RUN, {}, CampaignStatus.FINISHED),
        ({S.REJECTED: 1, S.WITHDRAWN: 1}, Intent.RUN, {}, CampaignStatus.REJECTED),
        ({S.REJECTED: 1}, Intent.RUN, {}, CampaignStatus.REJECTED),
        ({S.GIVEN_UP: 1, S.WITHDRAWN: 1}, Intent.RUN, {}, CampaignStatus.FINISHED),
        ({S.WITHDRAWN: 1}, Intent.RUN, {}, CampaignStatus.EXPIRED),
    ],
)
def test_the_status_says_where_a_campaign_stands(
    submissions: dict[SubmissionState, int], intent: Intent, runs: dict[Run, int], status: CampaignStatus
) -> None:
    assert view(submissions, intent, runs).status is status


counts = st.dictionaries(st.sampled_from(SubmissionState), st.integers(1, 3), min_size=1)


@given(counts, st.sampled_from(Intent), st.dictionaries(st.sampled_from(Run), st.integers(0, 3)))
def test_a_status_is_final_exactly_when_nothing_is_unsettled(
    submissions: dict[SubmissionState, int], intent: Intent, runs: dict[Run, int]
) -> None:
    assert view(submissions, intent, runs).status.is_final is not any(state in UNSETTLED for state in submissions)
