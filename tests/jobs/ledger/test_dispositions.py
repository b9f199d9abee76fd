"""Call records merge into one table, whichever comes first or twice, and the counts follow."""

import random
from datetime import UTC, datetime, timedelta

from redis import Redis

from jobs import eastern
from jobs.ledger import campaigns, dispositions, submissions
from jobs.ledger.dispositions import Recorded
from jobs.models import Disposition, DropState, Submission
from tests.jobs.ledger.conftest import NOW, taken

DELIVERED_AT = datetime(2026, 3, 2, 15, 4, 5, tzinfo=UTC)


def delivered(phone: str) -> Disposition:
    text = eastern.wall_text(DELIVERED_AT)
    return Disposition(phone, DropState.DELIVERED, "OK", "", text, DELIVERED_AT, "t-mobile us:6529 - svr/2")


def failed(phone: str, reason: str = "Voicemail Busy") -> Disposition:
    return Disposition(phone, DropState.FAILED, "Failure", reason)


def submission_of(ledger: Redis, *phones: str) -> Submission:
    campaign_id = taken(ledger, phones)
    return submissions.read(ledger, campaigns.submission_ids(ledger, campaign_id))[0]


def read_again(ledger: Redis, submission: Submission) -> Submission:
    return submissions.read(ledger, [submission.id])[0]


def test_a_record_comes_back_word_for_word(ledger: Redis) -> None:
    submission = submission_of(ledger, "6175550123", "6175550124", "6175550125")
    records = [delivered("6175550125"), failed("6175550123")]
    assert dispositions.record(ledger, submission, records, now=NOW) == Recorded(new=2)
    assert list(dispositions.read(ledger, submission)) == [
        failed("6175550123"),
        Disposition("6175550124", DropState.PENDING),
        delivered("6175550125"),
    ]
    assert read_again(ledger, submission).drops == {DropState.DELIVERED: 1, DropState.FAILED: 1}
    assert read_again(ledger, submission).accounted == 2
    assert dispositions.tally(ledger, "bcdf") == {("OK", ""): 1, ("Failure", "Voicemail Busy"): 1}


def test_a_time_that_cannot_be_read_is_kept_as_text(ledger: Redis) -> None:
    submission = submission_of(ledger, "6175550123")
    odd = Disposition("6175550123", DropState.DELIVERED, "OK", delivered_text="Monday, teatime")
    dispositions.record(ledger, submission, [odd], now=NOW)
    assert list(dispositions.read(ledger, submission)) == [odd]


def test_a_time_in_the_repeated_hour_keeps_instant_and_text(ledger: Redis) -> None:
    submission = submission_of(ledger, "6175550123")
    second_pass = datetime(2026, 11, 1, 6, 30, tzinfo=UTC)
    record = Disposition(
        "6175550123", DropState.DELIVERED, "OK", delivered_text="2026-11-01 01:30:00", delivered_at=second_pass
    )
    dispositions.record(ledger, submission, [record], now=NOW)
    assert list(dispositions.read(ledger, submission)) == [record]


def test_repeated_contrary_and_foreign_records_change_nothing(ledger: Redis) -> None:
    submission = submission_of(ledger, "6175550123")
    dispositions.record(ledger, submission, [delivered("6175550123")], now=NOW)
    again = [delivered("6175550123"), failed("6175550123"), delivered("2125550199")]
    assert dispositions.record(ledger, submission, again, now=NOW) == Recorded(known=1, contrary=1, foreign=1)
    assert list(dispositions.read(ledger, submission)) == [delivered("6175550123")]


def test_a_record_without_an_outcome_is_passed_over(ledger: Redis) -> None:
    submission = submission_of(ledger, "6175550123")
    pending = Disposition("6175550123", DropState.PENDING)
    assert dispositions.record(ledger, submission, [pending], now=NOW) == Recorded()
    assert read_again(ledger, submission).heard_at is None


def test_closing_names_the_drops_without_a_record_and_a_late_record_replaces_that(ledger: Redis) -> None:
    submission = submission_of(ledger, "6175550123", "6175550124", "6175550125")
    dispositions.record(ledger, submission, [delivered("6175550124")], now=NOW)
    assert dispositions.close(ledger, submission) == 2
    assert dispositions.close(ledger, submission) == 0
    assert read_again(ledger, submission).accounted == 3
    assert dispositions.record(ledger, submission, [delivered("6175550125")], now=NOW) == Recorded(new=1)
    assert read_again(ledger, submission).drops == {DropState.DELIVERED: 2, DropState.NO_RECORD: 1}
    view = campaigns.read(ledger, "bcdf")
    assert view is not None
    assert view.drops == {DropState.DELIVERED: 2, DropState.NO_RECORD: 1}


def test_a_full_submission_in_any_order_ends_in_one_table(redis: Redis) -> None:
    phones = [f"617555{number:04}" for number in range(10_000)]
    submission = submission_of(redis, *phones)
    records = [delivered(phone) if number % 5 else failed(phone) for number, phone in enumerate(phones)]
    storm = records + random.Random(7).sample(records, 3_000)
    random.Random(8).shuffle(storm)
    assert dispositions.record(redis, submission, storm, now=NOW) == Recorded(new=10_000, known=3_000)
    assert list(dispositions.read(redis, submission)) == records
    assert read_again(redis, submission).drops == {DropState.DELIVERED: 8_000, DropState.FAILED: 2_000}


def test_texts_without_end_do_not_fill_the_ledger(redis: Redis) -> None:
    redis.hset("dropline:words:bcdf", mapping={f"word {number}": number for number in range(1, 65_001)})
    submission = submission_of(redis, "6175550123", "6175550124")
    dispositions.record(redis, submission, [failed("6175550123", "one"), failed("6175550124", "two")], now=NOW)
    assert redis.hlen("dropline:words:bcdf") == 65_001
    states = [each.state for each in dispositions.read(redis, submission)]
    assert states == [DropState.FAILED, DropState.FAILED]


def test_a_timeline_counts_each_drop_once_in_the_span_in_which_it_ended(ledger: Redis) -> None:
    submission = submission_of(ledger, "6175550123", "6175550124", "6175550125")
    now = DELIVERED_AT + timedelta(minutes=30)
    for _ in range(2):
        dispositions.record(ledger, submission, [delivered("6175550123"), delivered("6175550124")], now=now)
    dispositions.record(ledger, submission, [failed("6175550125")], now=now)
    assert dispositions.timeline(ledger, "bcdf") == {
        datetime(2026, 3, 2, 15, 0, tzinfo=UTC): {DropState.DELIVERED: 2},
        datetime(2026, 3, 2, 15, 30, tzinfo=UTC): {DropState.FAILED: 1},
    }


def test_times_that_cannot_be_do_not_fill_the_timeline(ledger: Redis) -> None:
    submission = submission_of(ledger, "6175550123", "6175550124")
    ahead, long_ago = (NOW + timedelta(days=days) for days in (3, -30))
    for phone, at in (("6175550123", ahead), ("6175550124", long_ago)):
        record = Disposition(phone, DropState.DELIVERED, "OK", delivered_at=at)
        dispositions.record(ledger, submission, [record], now=NOW)
    assert dispositions.timeline(ledger, "bcdf") == {NOW: {DropState.DELIVERED: 2}}


def test_some_of_the_drops_are_those_of_all(ledger: Redis) -> None:
    submission = submission_of(ledger, "6175550123", "6175550124", "6175550125")
    dispositions.record(ledger, submission, [delivered("6175550124")], now=NOW)
    all_of_them = list(dispositions.read(ledger, submission))
    for begin, most in ((0, 2), (1, 2), (2, 5), (3, 5), (0, 9)):
        expected = all_of_them[begin : begin + most]
        assert dispositions.read_some(ledger, submission, begin=begin, most=most) == expected
