"""Dropline's errands: campaigns through its producer, and what its ledger says of each."""

import os
from collections.abc import Iterator, Mapping
from datetime import timedelta

from redis import Redis

from benchmarks.faults import errands
from jobs.campaigns.plan import plan
from jobs.contacts import Row
from jobs.ledger import campaigns, submissions
from jobs.models import SubmissionState, Terms
from jobs.producer import Producer

SAID = {
    SubmissionState.ACCEPTED: "accepted",
    SubmissionState.FINISHED: "accepted",
    SubmissionState.REJECTED: "failed",
    SubmissionState.WITHDRAWN: "failed",
    SubmissionState.UNKNOWN: "unknown",
}

redis = Redis.from_url(os.environ["REDIS_URL"])
producer = Producer(redis, lead=timedelta(minutes=10))


def hand_in(campaigns: Mapping[str, list[str]]) -> dict[str, str]:
    """As a producer of many campaigns does it; their ids."""
    taken = producer.submit_many((_terms(key), plan(_rows(phones)), key) for key, phones in campaigns.items())
    return {key: each.campaign_id for key, each in zip(campaigns, taken, strict=True)}


def look(campaign_id: str) -> str:
    """The state of its one submission."""
    (submission,) = submissions.read(redis, campaigns.submission_ids(redis, campaign_id))
    return SAID.get(submission.state, "open")


def _terms(key: str) -> Terms:
    return Terms(caller_id="6175550100", audio_title="Reminder", title=key)


def _rows(phones: list[str]) -> Iterator[Row]:
    return (Row(line, phone) for line, phone in enumerate(phones, start=1))


if __name__ == "__main__":
    errands.run(hand_in, look)
