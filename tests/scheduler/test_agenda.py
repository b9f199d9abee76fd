"""Which slots are run and which are passed over, whatever was missed and whatever Eastern clocks do."""

from datetime import UTC, date, datetime, time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobs import eastern
from scheduler.agenda import MOST_AT_ONCE, Agenda, Daily, Entry, Every, Missed, PassedOver, agenda

NOW = datetime(2026, 3, 2, 17, 0, 0, 300_000, tzinfo=UTC)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


def entry(when: Every | Daily, missed: Missed, grace: timedelta = timedelta(seconds=5)) -> Entry:
    return Entry("any", when, grace, missed, "for this test", tick=lambda redis, now: 0)


whens = st.one_of(
    st.integers(1, 7_200_000).map(lambda ms: Every(timedelta(milliseconds=ms))),
    st.times().map(lambda at: Daily(at.replace(microsecond=0))),
)
entries = st.builds(
    entry, whens, st.sampled_from(Missed), st.timedeltas(min_value=timedelta(), max_value=timedelta(hours=3))
)
instants = st.integers(0, 2 * 365 * 86_400_000).map(lambda ms: NOW + timedelta(milliseconds=ms))
gaps = st.timedeltas(min_value=timedelta(), max_value=timedelta(days=40))


@given(entries, instants, gaps)
def test_slots_come_in_order_are_due_and_follow_the_last_one(which: Entry, then: datetime, gap: timedelta) -> None:
    last, now = which.when.newest(then), then + gap
    todo = agenda(which, last, now)
    assert list(todo.runs) == sorted(set(todo.runs))
    assert all(last < slot <= now and which.when.newest(slot) == slot for slot in todo.runs)
    if todo.passed_over:
        assert last < todo.passed_over.first <= todo.passed_over.last < min([*todo.runs, now])
    assert bool(todo.runs or todo.passed_over) == (which.when.newest(now) > last)
    assert not todo.clock_went_back


@given(entries, instants, gaps)
def test_every_slot_is_run_or_passed_over_as_the_rule_says(which: Entry, then: datetime, gap: timedelta) -> None:
    last, now = which.when.newest(then), then + gap
    runs: list[datetime] = []
    passed_over = 0
    for _ in range(1 + which.when.count(last, now) // MOST_AT_ONCE):
        todo = agenda(which, last, now)
        runs += todo.runs
        passed_over += todo.passed_over.count if todo.passed_over else 0
        last = max([last, *todo.runs, *([todo.passed_over.last] if todo.passed_over else [])])
        if agenda(which, last, now) == Agenda():
            break
        if len(runs) > 30 * MOST_AT_ONCE:
            return  # the rest would be more of the same
    due = which.when.count(which.when.newest(then), which.when.newest(now)) - 1
    assert len(runs) + passed_over == due
    match which.missed:
        case Missed.RUN_LATE:
            assert passed_over == 0
        case Missed.ONCE:
            assert len(runs) == min(due, 1)
        case Missed.SKIP:
            assert all(now - slot <= which.grace for slot in runs)


@given(whens, instants)
def test_between_two_slots_there_is_none(when: Every | Daily, at: datetime) -> None:
    newest, following = when.newest(at), when.after(at)
    assert newest <= at < following
    assert when.newest(following - timedelta(microseconds=1)) == newest
    assert when.count(newest, following) == 2


@given(st.times(), st.dates(date(2020, 1, 1), date(2040, 1, 1)))
def test_each_eastern_day_has_one_slot(at: time, day: date) -> None:
    slot = eastern.appointment(day, at)
    assert eastern.eastern_date(slot) == day
    assert Daily(at).newest(slot) == slot
    assert eastern.eastern_date(Daily(at).after(slot)) == day + DAY


def test_a_time_that_the_clocks_skip_comes_an_hour_later_and_one_that_they_repeat_comes_once() -> None:
    assert eastern.appointment(date(2026, 3, 8), time(2, 30)) == datetime(2026, 3, 8, 7, 30, tzinfo=UTC)
    assert eastern.appointment(date(2026, 11, 1), time(1, 30)) == datetime(2026, 11, 1, 5, 30, tzinfo=UTC)
    nightly = entry(Daily(time(1, 30)), Missed.RUN_LATE)
    first = datetime(2026, 11, 1, 5, 30, tzinfo=UTC)
    assert agenda(nightly, first, first + HOUR) == Agenda()


def test_what_never_ran_runs_once() -> None:
    assert agenda(entry(Every(HOUR), Missed.ONCE), None, NOW).runs == (NOW.replace(microsecond=0),)
    assert agenda(entry(Daily(time(9)), Missed.RUN_LATE), None, NOW).runs == (datetime(2026, 3, 2, 14, tzinfo=UTC),)


def test_after_a_stop_of_26_hours_each_rule_does_what_it_says() -> None:
    last = eastern.appointment(date(2026, 3, 1), time(0, 20))
    back = last + DAY + timedelta(hours=26)
    missed, latest = last + DAY, last + 2 * DAY
    rules = {rule: agenda(entry(Daily(time(0, 20)), rule, 3 * HOUR), last, back) for rule in Missed}
    passed_over = PassedOver(missed, missed, 1)
    assert rules[Missed.RUN_LATE] == Agenda((missed, latest))
    assert rules[Missed.ONCE] == rules[Missed.SKIP] == Agenda((latest,), passed_over)
    assert agenda(entry(Daily(time(0, 20)), Missed.SKIP, HOUR), last, back) == Agenda((), PassedOver(missed, latest, 2))


@pytest.mark.parametrize("rule", Missed)
def test_when_the_clock_goes_back_what_is_frequent_carries_on_and_a_day_is_not_had_twice(rule: Missed) -> None:
    often, daily = entry(Every(timedelta(seconds=15)), rule), entry(Daily(time(9)), rule)
    last = often.when.newest(NOW)
    back = NOW - 4 * HOUR
    assert agenda(often, last, back) == Agenda((often.when.newest(back),), clock_went_back=True)
    assert agenda(daily, daily.when.newest(NOW), back) == Agenda(clock_went_back=True)
    assert agenda(often, last, NOW - timedelta(seconds=40)) == Agenda()
