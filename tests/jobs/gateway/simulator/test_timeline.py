"""When calls are made, whatever the pauses."""

from datetime import UTC, datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from jobs.gateway.simulator.timeline import State, Timeline

START = datetime(2026, 6, 1, tzinfo=UTC)
STEPS = st.lists(st.tuples(st.floats(0, 100), st.sampled_from(["pause", "run", "look"])), max_size=12)


@settings(max_examples=200)
@given(steps=STEPS, calls=st.integers(1, 50), rate=st.floats(0.05, 50), ends_after_s=st.none() | st.floats(0.1, 300))
def test_calls_happen_in_order_at_instants_that_agree_with_the_count(
    steps: list[tuple[float, str]], calls: int, rate: float, ends_after_s: float | None
) -> None:
    ends_at = START + timedelta(seconds=ends_after_s) if ends_after_s else None
    timeline = Timeline(START, calls, rate, ends_at)
    at, last = START - timedelta(seconds=50), 0
    for wait_s, step in steps:
        at += timedelta(seconds=wait_s)
        {"pause": timeline.pause, "run": timeline.run, "look": timeline.state}[step](at)
        made = timeline.calls_made(at)
        assert last <= made <= calls
        last = made
        instants = [timeline.call_made_at(number) for number in range(made)]
        assert instants == sorted(instants)
        slack = timedelta(microseconds=1 + 1e6 / rate * 1e-5)
        assert all(START <= instant <= min(at, ends_at or at) + slack for instant in instants)


def test_a_pause_before_the_start_holds_it_back() -> None:
    timeline = Timeline(START, 3, 1.0)
    timeline.pause(START - timedelta(seconds=5))
    assert timeline.state(START + timedelta(seconds=9)) is State.PAUSED
    timeline.run(START + timedelta(seconds=10))
    assert timeline.call_made_at(0) == START + timedelta(seconds=11)
