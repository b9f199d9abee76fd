"""Pictures in words: what a person reads off them."""

import io
from dataclasses import replace

import pytest
from rich.console import Console, RenderableType

from jobs.cli.pictures import PLACES, campaign_picture, control_sentence, moving_picture, next_steps, progress_picture
from jobs.documents.campaigns import Dossier
from jobs.models import CampaignView, DropState, Intent, Submission, SubmissionState, Terms
from tests.jobs.cli.conftest import NOW

CAMPAIGN = CampaignView(
    id="bcdf",
    key="march",
    terms=Terms(caller_id="6175550199", audio_title="Reminder"),
    intent=Intent.RUN,
    created_at=NOW,
    rows=30_000,
    phone_count=25_000,
    excluded_count=5_000,
    submission_count=3,
    submissions={SubmissionState.ACCEPTED: 1, SubmissionState.SENDING: 1, SubmissionState.PLANNED: 1},
    phones={SubmissionState.ACCEPTED: 10_000, SubmissionState.SENDING: 10_000, SubmissionState.PLANNED: 5_000},
    drops={DropState.DELIVERED: 3_000, DropState.FAILED: 1_000},
    runs={},
)


def words(picture: RenderableType) -> str:
    """What it says, with single blanks."""
    file = io.StringIO()
    Console(file=file, width=200, color_system=None).print(picture)
    return "\n".join(" ".join(line.split()) for line in file.getvalue().splitlines())


def submission(number: int, state: SubmissionState, **more: str) -> Submission:
    return Submission(f"bcdf-{number}", "bcdf", state, 10_000, **more)  # type: ignore[arg-type]  # the tests give texts only


def test_neighbours_that_are_alike_share_a_line() -> None:
    found = [submission(1, SubmissionState.FINISHED, session_id="4294967301")]
    found += [submission(number, SubmissionState.PLANNED) for number in (2, 3, 4)]
    found += [submission(5, SubmissionState.WITHDRAWN)]
    shown = words(campaign_picture(Dossier(CAMPAIGN, found, {}, {}))).splitlines()  # type: ignore[arg-type]  # an empty one
    assert "1 finished 10,000 0 4294967301" in shown
    assert "2 to 4 planned 10,000" in shown
    assert "5 withdrawn 10,000" in shown


def test_a_reason_of_many_submissions_names_a_few() -> None:
    found = [submission(number, SubmissionState.REJECTED, reason="no credits") for number in range(1, 9)]
    shown = words(campaign_picture(Dossier(CAMPAIGN, found, {}, {})))  # type: ignore[arg-type]  # an empty one
    assert "1, 2, 3, 4 and 4 more no credits" in shown


def test_progress_says_how_many_of_how_many() -> None:
    shown = words(progress_picture(CAMPAIGN))
    assert "sending 3,000 delivered · 1,000 failed" in shown
    assert "1 of 3" in shown
    assert "4,000 of 25,000" in shown


def test_what_moves_fits_on_a_screen() -> None:
    shown = words(moving_picture(CAMPAIGN, {("Failure", f"reason {n}"): n for n in range(9)}))
    assert "no record yet 6,000" in shown.replace("━", "").replace("╸", "").replace("  ", " ")
    assert len(shown.splitlines()) <= 24


@pytest.mark.parametrize(
    ("intent", "sentence"),
    [
        (Intent.PAUSE, "Nothing new starts from this moment. 5,000 phones not sent yet wait until you resume it."),
        (Intent.STOP, "Nothing new starts from this moment. 5,000 phones not sent yet will not be called."),
        (Intent.RUN, "From this moment it may go on. 5,000 phones not sent yet may be sent again."),
    ],
)
def test_a_request_says_what_holds_from_now_on(intent: Intent, sentence: str) -> None:
    said = control_sentence(replace(CAMPAIGN, intent=intent))
    assert said.startswith(sentence)
    assert "1 session at the gateway is being told." in said
    assert "1 submission just being sent will be told as soon as the gateway has answered." in said


def test_the_next_steps_fit_the_status() -> None:
    assert "stop bcdf" in words(next_steps(CAMPAIGN))
    assert "resume bcdf" in words(next_steps(replace(CAMPAIGN, intent=Intent.PAUSE)))
    told_to_end = replace(CAMPAIGN, intent=Intent.STOP, submissions={SubmissionState.UNKNOWN: 3})
    assert "stop bcdf" not in words(next_steps(told_to_end))
    assert "No worker is seen at this moment" in words(next_steps(CAMPAIGN, is_anybody_at_work=False))
    over = words(next_steps(replace(CAMPAIGN, submissions={SubmissionState.FINISHED: 3}), is_anybody_at_work=False))
    assert over == "every phone python -m jobs results bcdf --to results.csv"


def test_every_place_is_explained() -> None:
    assert all(sentence.endswith(".") for sentence in PLACES.values())
