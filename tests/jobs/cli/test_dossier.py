"""What is known of a campaign adds up, whatever has become of it, and holds no secret."""

import json

import pytest
from redis import Redis

from config.masking import mask_text
from jobs.documents.campaigns import audio, document, read_dossier, summary, whereabouts
from jobs.ledger import dispositions
from jobs.models import Disposition, DropState, SubmissionState, Terms
from tests.jobs.cli.conftest import PHONES, accept, move, only_submission, record

DELIVERED = Disposition(PHONES[0], DropState.DELIVERED, "OK")
FAILED = Disposition(PHONES[1], DropState.FAILED, "Failure", "Voicemail Busy")


def places(redis: Redis, campaign_id: str) -> dict[str, int]:
    campaign = read_dossier(redis, campaign_id).campaign
    found = whereabouts(campaign)
    assert sum(found.values()) == campaign.phone_count
    return found


def test_every_phone_is_somewhere_at_every_moment(redis: Redis, campaign_id: str) -> None:
    assert places(redis, campaign_id) == {"not_sent_yet": 3}
    accept(redis, campaign_id)
    assert places(redis, campaign_id) == {"no_record_yet": 3}
    record(redis, campaign_id, DELIVERED, FAILED)
    assert places(redis, campaign_id) == {"delivered": 1, "failed": 1, "no_record_yet": 1}
    dispositions.close(redis, only_submission(redis, campaign_id))
    move(redis, campaign_id, SubmissionState.FINISHED)
    assert places(redis, campaign_id) == {"delivered": 1, "failed": 1, "no_record": 1}


@pytest.mark.parametrize(
    ("states", "place"),
    [
        ([SubmissionState.SENDING], "being_sent"),
        ([SubmissionState.SENDING, SubmissionState.UNKNOWN], "unknown"),
        ([SubmissionState.SENDING, SubmissionState.REJECTED], "rejected"),
        ([SubmissionState.WITHDRAWN], "withdrawn"),
    ],
)
def test_phones_without_a_session_are_where_their_submission_is(
    redis: Redis, campaign_id: str, states: list[SubmissionState], place: str
) -> None:
    move(redis, campaign_id, *states)
    assert places(redis, campaign_id) == {place: 3}


def test_the_document_is_plain_json_without_phones_and_secrets(redis: Redis, campaign_id: str) -> None:
    accept(redis, campaign_id)
    record(redis, campaign_id, DELIVERED, FAILED)
    written = json.dumps(document(read_dossier(redis, campaign_id)))
    assert "canary" not in written
    assert not [phone for phone in [*PHONES, "6175550199"] if phone in written]


def test_a_listed_campaign_is_the_beginning_of_a_shown_one(redis: Redis, campaign_id: str) -> None:
    dossier = read_dossier(redis, campaign_id)
    assert summary(dossier.campaign).items() <= document(dossier).items()


def test_audio_is_described_without_what_its_address_hides() -> None:
    url = Terms(caller_id="6175550100", audio_url="https://user:canary@cdn.example.com/a.mp3?canary=1")
    assert audio(url) == "https://cdn.example.com/a.mp3 (mp3)"
    assert audio(Terms(caller_id="6175550100", audio_title="Reminder")) == 'recording "Reminder"'
    assert audio(Terms(caller_id="6175550100", audio_file="r18904b14.wav")) == "file r18904b14.wav"


def test_a_phone_in_the_gateways_words_is_masked(redis: Redis, campaign_id: str) -> None:
    move(redis, campaign_id, SubmissionState.SENDING, SubmissionState.REJECTED, reason=f"bad number {PHONES[0]}")
    (submission,) = document(read_dossier(redis, campaign_id))["submissions"]
    assert submission["reason"] == mask_text(f"bad number {PHONES[0]}") == "bad number ***0123"
