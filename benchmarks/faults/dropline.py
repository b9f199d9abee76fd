"""Dropline's errands: campaigns through its producer, and what its ledger says of each."""

import os
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


def hand_in(key: str, phones: list[str]) -> str:
    """As any producer does it; the campaign's id."""
    terms = Terms(caller_id="6175550100", audio_title="Reminder", title=key)
    return producer.submit(terms, plan(Row(line, phone) for line, phone in enumerate(phones, start=1)), key=key).campaign_id


def look(campaign_id: str) -> str:
    """The state of its one submission."""
    (submission,) = submissions.read(redis, campaigns.submission_ids(redis, campaign_id))
    return SAID.get(submission.state, "open")


if __name__ == "__main__":
    errands.run(hand_in, look)
