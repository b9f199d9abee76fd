"""A breaker opens after failures in a row, lets one probe through after each rest, and closes when one succeeds."""

from datetime import datetime, timedelta

import pytest
from redis import Redis

from jobs.ledger import breaker
from jobs.ledger.breaker import FAILURES_TO_OPEN, Breaker, BreakerState, Pass
from tests.jobs.ledger.conftest import NOW

SECOND = timedelta(seconds=1)
FIRST_REST = 2 * SECOND
LONGEST_REST = 30 * SECOND
HEARD_WITHIN = 60 * SECOND


def enter(ledger: Redis, token: str, *, at: datetime = NOW, impatient: bool = False) -> Pass:
    return ask(ledger, token, at=at, impatient=impatient)[0]


def ask(ledger: Redis, token: str, *, at: datetime = NOW, impatient: bool = False) -> tuple[Pass, datetime]:
    return breaker.enter(
        ledger,
        "default",
        token=token,
        now=at,
        heard_within=HEARD_WITHIN,
        impatient_after=FIRST_REST if impatient else None,
    )


def fail(ledger: Redis, token: str, *, at: datetime = NOW) -> timedelta:
    rest = breaker.fail(ledger, "default", token=token, now=at, first_rest=FIRST_REST, longest_rest=LONGEST_REST)
    return rest.duration if rest else timedelta()


def look(ledger: Redis) -> Breaker:
    return breaker.read(ledger, "default")


@pytest.fixture
def opened(ledger: Redis) -> Redis:
    """The ledger after as many failures as open a breaker."""
    rests = [fail(ledger, f"call {number}") for number in range(FAILURES_TO_OPEN)]
    assert rests == [timedelta()] * (FAILURES_TO_OPEN - 1) + [FIRST_REST]
    return ledger


def test_that_it_was_open_is_answered_again_until_somebody_could_be_told(ledger: Redis) -> None:
    for token in "abcde":
        breaker.fail(ledger, "default", token=token, now=NOW, first_rest=SECOND, longest_rest=SECOND)
    for _ in range(2):
        assert breaker.succeed(ledger, "default", now=NOW, can_be_told=False) == NOW
        assert breaker.read(ledger, "default") == Breaker()
    assert breaker.succeed(ledger, "default", now=NOW) == NOW
    assert breaker.succeed(ledger, "default", now=NOW) is None


def test_nothing_is_known_of_a_breaker_that_never_failed(ledger: Redis) -> None:
    assert look(ledger) == Breaker(BreakerState.CLOSED, 0, None, None)
    assert enter(ledger, "any") is Pass.PASSES


def test_it_opens_after_failures_in_a_row(opened: Redis) -> None:
    assert look(opened) == Breaker(BreakerState.OPEN, FAILURES_TO_OPEN, NOW, NOW + FIRST_REST)
    assert enter(opened, "any") is Pass.WAITS


def test_a_success_in_between_begins_the_count_anew(ledger: Redis) -> None:
    for number in range(20):
        fail(ledger, f"call {number}")
        if number % 4 == 3:
            assert breaker.succeed(ledger, "default", now=NOW) is None
    assert look(ledger).state is BreakerState.CLOSED


def test_a_failure_that_is_told_twice_counts_once(ledger: Redis) -> None:
    for _ in range(10):
        fail(ledger, "one call")
    assert look(ledger).failures == 1


def test_after_the_rest_one_call_is_the_probe(opened: Redis) -> None:
    later = NOW + FIRST_REST
    assert [enter(opened, token, at=later) for token in ("first", "second", "first")] == [
        Pass.PROBES,
        Pass.WAITS,
        Pass.PROBES,  # its answer was lost, and redis-py asked again
    ]
    assert look(opened).state is BreakerState.PROBING


def test_who_waits_is_told_for_what(opened: Redis) -> None:
    assert ask(opened, "resting", at=NOW + SECOND) == (Pass.WAITS, NOW + FIRST_REST)
    enter(opened, "probe", at=NOW + FIRST_REST)
    a_moment_later = NOW + FIRST_REST + SECOND
    assert ask(opened, "verdict", at=a_moment_later) == (Pass.WAITS, a_moment_later)


def test_a_probe_that_succeeds_closes_it_and_says_since_when_it_was_open(opened: Redis) -> None:
    enter(opened, "probe", at=NOW + FIRST_REST)
    assert breaker.succeed(opened, "default", now=NOW) == NOW
    assert look(opened) == Breaker()
    assert enter(opened, "any") is Pass.PASSES


def test_each_probe_that_fails_begins_a_longer_rest_up_to_the_longest(opened: Redis) -> None:
    at, rests = NOW, []
    for number in range(6):
        at = look(opened).probe_at or at
        assert enter(opened, f"probe {number}", at=at) is Pass.PROBES
        rests.append(fail(opened, f"probe {number}", at=at))
        assert look(opened).probe_at == at + rests[-1]
    assert [rest.total_seconds() for rest in rests] == [4, 8, 16, 30, 30, 30]
    assert look(opened).opened_at == NOW


def test_calls_that_were_under_way_when_it_opened_change_nothing(opened: Redis) -> None:
    assert not fail(opened, "straggler", at=NOW + SECOND)
    assert look(opened).probe_at == NOW + FIRST_REST


def test_a_probe_of_which_nothing_is_heard_is_replaced(opened: Redis) -> None:
    enter(opened, "killed", at=NOW + FIRST_REST)
    assert enter(opened, "next", at=NOW + HEARD_WITHIN) is Pass.WAITS
    assert enter(opened, "next", at=NOW + FIRST_REST + HEARD_WITHIN) is Pass.PROBES


def test_a_probe_that_was_not_made_goes_to_the_next(opened: Redis) -> None:
    enter(opened, "turned away", at=NOW + FIRST_REST)
    breaker.give_back(opened, "default", token="somebody else", now=NOW + FIRST_REST)
    assert enter(opened, "next", at=NOW + FIRST_REST) is Pass.WAITS
    breaker.give_back(opened, "default", token="turned away", now=NOW + FIRST_REST)
    assert enter(opened, "next", at=NOW + FIRST_REST) is Pass.PROBES


def test_who_is_impatient_waits_neither_for_a_long_rest_nor_for_a_silent_probe(opened: Redis) -> None:
    enter(opened, "probe", at=NOW + FIRST_REST)
    assert enter(opened, "stop", at=NOW + FIRST_REST + SECOND, impatient=True) is Pass.WAITS
    assert enter(opened, "stop", at=NOW + 2 * FIRST_REST, impatient=True) is Pass.PROBES
    assert enter(opened, "stop too", at=NOW + 2 * FIRST_REST, impatient=True) is Pass.WAITS


def test_accounts_do_not_know_each_other(opened: Redis) -> None:
    assert breaker.read(opened, "west") == Breaker()
