"""Slots are evenly spaced whoever asks, a verb passes the others, and a line moves by one of each campaign."""

from datetime import datetime, timedelta
from itertools import pairwise

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from redis import Redis

from jobs.ledger import keys, limits
from jobs.ledger.limits import BORROWED, UNLIMITED, Lane, Limits, NoSlot, Slot
from tests.jobs.ledger.conftest import NOW

FIVE_A_SECOND = Limits(calls_per_s=5)
SECOND = timedelta(seconds=1)
MS = timedelta(milliseconds=1)


def take(
    ledger: Redis,
    token: str,
    *,
    at: datetime = NOW,
    lane: Lane = Lane.SUBMISSIONS,
    allowed: Limits = FIVE_A_SECOND,
    phones: int = 0,
    account: str = "default",
    patience: timedelta = SECOND,
) -> timedelta:
    return limits.take(ledger, account, allowed, lane, token=token, phones=phones, now=at, patience=patience).at - at


def take_many(ledger: Redis, count: int, *, at: datetime = NOW, lane: Lane = Lane.SUBMISSIONS) -> list[timedelta]:
    return [take(ledger, f"{lane} {at} {number}", at=at, lane=lane) for number in range(count)]


def get_in_line(ledger: Redis, campaign_id: str, *, now: datetime = NOW, jitter: float = 1) -> timedelta:
    at = limits.get_in_line(
        ledger,
        "default",
        Lane.READS,
        campaign_id,
        now=now,
        earliest=now,
        each=timedelta(seconds=0.2),
        jitter=jitter,
        longest=timedelta(seconds=30),
    )
    return at - now


def test_slots_are_evenly_spaced_and_beyond_the_patience_there_are_none(ledger: Redis) -> None:
    assert [wait / MS for wait in take_many(ledger, 8)] == [0, 200, 400, 600, 800, 1000, 1200, 1200]
    assert take(ledger, "later", at=NOW + SECOND) == 200 * MS


def test_a_token_that_another_ends_with_has_a_slot_of_its_own(ledger: Redis) -> None:
    assert [take(ledger, token) / MS for token in ("ab", "b", "ab", "b")] == [0, 200, 0, 200]


def test_after_a_pause_there_is_no_burst_to_catch_up(ledger: Redis) -> None:
    take_many(ledger, 1)
    assert [wait / MS for wait in take_many(ledger, 3, at=NOW + timedelta(hours=1))] == [0, 200, 400]


def test_a_slot_taken_twice_by_a_command_that_was_sent_twice_is_one_slot(ledger: Redis) -> None:
    take(ledger, "first")
    assert take(ledger, "second") == 200 * MS
    assert take(ledger, "second", at=NOW + 150 * MS) == 50 * MS
    assert take(ledger, "second", at=NOW + SECOND) == timedelta()
    assert take(ledger, "third") == 400 * MS


def test_accounts_do_not_know_each_other(ledger: Redis) -> None:
    take_many(ledger, 6)
    assert take(ledger, "other", account="west") == timedelta()


def test_without_limits_nothing_waits_and_nothing_is_written(ledger: Redis) -> None:
    assert {take(ledger, str(number), allowed=UNLIMITED, phones=10_000) for number in range(100)} == {timedelta()}
    assert not ledger.exists(keys.slots("default"))


def test_a_verb_passes_the_others_and_is_taken_from_their_slots(ledger: Redis) -> None:
    take_many(ledger, 6)
    assert take(ledger, "stop", lane=Lane.VERBS) == timedelta()
    assert take(ledger, "next", at=NOW + SECOND) == 400 * MS  # where 200 ms would have been


def test_verbs_are_spaced_among_themselves(ledger: Redis) -> None:
    assert [wait / MS for wait in take_many(ledger, 3, lane=Lane.VERBS)] == [0, 200, 400]
    assert take(ledger, "submission") == 600 * MS


def test_what_is_not_taken_says_when_it_may_be(ledger: Redis) -> None:
    found = [
        limits.take(ledger, "default", FIVE_A_SECOND, Lane.READS, token=each, now=NOW, patience=0 * MS) for each in "ab"
    ]
    assert found == [Slot(NOW), NoSlot(NOW + 200 * MS)]


def test_ends_go_at_once_as_long_as_the_account_does_not_owe_too_much(ledger: Redis) -> None:
    waits = take_many(ledger, 104, lane=Lane.ENDS)
    assert waits[: BORROWED // (200 * MS)] == [timedelta()] * 100
    assert [wait / MS for wait in waits[100:]] == [0, 200, 400, 600]


def test_what_ends_have_borrowed_is_given_back_by_all_others(ledger: Redis) -> None:
    take_many(ledger, 50, lane=Lane.ENDS)
    for lane in (Lane.VERBS, Lane.READS):
        assert limits.take(ledger, "default", FIVE_A_SECOND, lane, token=lane, now=NOW, patience=SECOND) == NoSlot(
            NOW + 10 * SECOND
        )


def test_what_was_given_back_may_be_borrowed_again(ledger: Redis) -> None:
    take_many(ledger, 101, lane=Lane.ENDS)
    waits = take_many(ledger, 6, at=NOW + SECOND, lane=Lane.ENDS)
    assert [wait / MS for wait in waits] == [0, 0, 0, 0, 0, 200]


def test_an_end_that_went_before_its_slot_is_one_call_when_sent_twice(ledger: Redis) -> None:
    take_many(ledger, 3, lane=Lane.ENDS)
    assert {take(ledger, "twice", lane=Lane.ENDS) for _ in range(2)} == {timedelta()}
    assert take(ledger, "next", at=NOW + SECOND) == timedelta()


def test_a_slow_account_borrows_few_calls(ledger: Redis) -> None:
    slow = Limits(calls_per_s=0.2)
    waits = [take(ledger, str(each), lane=Lane.ENDS, allowed=slow, patience=5 * SECOND) for each in range(6)]
    assert [wait / SECOND for wait in waits] == [0, 0, 0, 0, 0, 5]


def test_an_account_rests_for_as_long_as_its_phones_are_worth(ledger: Redis) -> None:
    allowed = Limits(calls_per_s=5, phones_per_min=10_000)
    assert take(ledger, "big", allowed=allowed, phones=10_000) == timedelta()
    assert take(ledger, "small", allowed=allowed, phones=1) == timedelta(minutes=1)
    assert take(ledger, "read", allowed=allowed) == 200 * MS
    assert take(ledger, "small", allowed=allowed, phones=1, at=NOW + timedelta(minutes=1)) == timedelta()


def test_a_clock_that_is_an_hour_ahead_stops_nobody_for_an_hour(ledger: Redis) -> None:
    allowed = Limits(calls_per_s=5, phones_per_min=100_000)
    take(ledger, "wrong", at=NOW + timedelta(hours=1), allowed=allowed, phones=10_000)
    assert take(ledger, "read", allowed=allowed) == timedelta()
    assert take(ledger, "submission", allowed=allowed, phones=1) == 200 * MS
    assert take(ledger, "next", allowed=allowed) == 400 * MS


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    gaps_ms=st.lists(st.integers(0, 400), min_size=1, max_size=60),
    calls_per_s=st.sampled_from([0.5, 3, 5, 40]),
)
def test_whoever_asks_whenever_no_two_slots_are_closer_than_the_limit_says(
    fake_redis: Redis, gaps_ms: list[int], calls_per_s: float
) -> None:
    fake_redis.flushall()
    now, taken_at = NOW, list[datetime]()
    for number, gap_ms in enumerate(gaps_ms):
        now += gap_ms * MS
        wait = take(fake_redis, str(number), at=now, allowed=Limits(calls_per_s=calls_per_s))
        taken_at += [now + wait] if wait <= SECOND else []
    gaps = [later - earlier for earlier, later in pairwise(taken_at)]
    assert all(gap >= SECOND / calls_per_s for gap in gaps)


def test_the_line_moves_by_one_of_each_campaign(ledger: Redis) -> None:
    big = [get_in_line(ledger, "big").total_seconds() for _ in range(10)]
    assert big == [0.2, 0.4, 0.6, 0.8, 1.0, 1.2, 1.4, 1.6, 1.8, 2.0]
    assert get_in_line(ledger, "small").total_seconds() == 0.4
    assert get_in_line(ledger, "big").total_seconds() == 2.4


def test_a_crowd_of_small_campaigns_spreads_itself(ledger: Redis) -> None:
    waits = [get_in_line(ledger, f"campaign {number}").total_seconds() for number in range(50)]
    assert waits == sorted(waits)
    assert (waits[0], waits[-1]) == (0.2, 10)


def test_nobody_stays_away_longer_than_the_longest_wait(ledger: Redis) -> None:
    waits = [get_in_line(ledger, "huge", jitter=0.5).total_seconds() for _ in range(1_000)]
    assert max(waits) == 15


def test_who_came_back_leaves_the_line(ledger: Redis) -> None:
    get_in_line(ledger, "one")
    get_in_line(ledger, "two")
    assert get_in_line(ledger, "three", now=NOW + SECOND).total_seconds() == 0.2
