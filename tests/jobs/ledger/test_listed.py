"""What a listing may have, and must have, follows from when a submission began to be sent and was accepted."""

from datetime import timedelta

import pytest
from redis import Redis

from jobs.ledger import campaigns, claims, keys, listed, submissions
from jobs.models import SubmissionState
from tests.jobs.ledger.conftest import NOW, new_campaign

TODAY = NOW.date()
TOMORROW = TODAY + timedelta(days=1)


@pytest.mark.parametrize("days", [[TODAY], []], ids=["one day", "either of two"])
def test_a_listing_must_have_what_is_accepted_and_can_be_of_no_other_day(ledger: Redis, days: list[object]) -> None:
    campaigns.take(ledger, new_campaign(["6175550123"]), now=NOW, keep_key=timedelta(days=1))
    claims.claim(ledger, "bcdf-1", attempt="a", now=NOW, until=NOW + timedelta(seconds=15))
    (found,) = submissions.read(ledger, ["bcdf-1"])
    under = {day: keys.listed("default", day) for day in (TODAY, TOMORROW)}
    assert submissions.move(ledger, found, SubmissionState.SENDING, now=NOW, listed_under=under.values())
    assert listed.may_have(ledger, "default", TODAY) == listed.may_have(ledger, "default", TOMORROW) == [found.id]
    assert listed.must_have(ledger, "default", TODAY) == set()
    session_key, certain = keys.session("default", "123456"), [under[day] for day in under if day in days]
    accepted = SubmissionState.ACCEPTED
    assert submissions.move(ledger, found, accepted, now=NOW, session_key=session_key, listed_under=certain)
    assert listed.must_have(ledger, "default", TODAY) == ({"123456"} if days else set())
    assert listed.must_have(ledger, "default", TOMORROW) == set()
