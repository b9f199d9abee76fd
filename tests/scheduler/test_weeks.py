"""Three schedulers, killed and frozen at any command for a week: each slot is run at most once, as its rule says."""

import pytest

from tests.scheduler.week import Season, live_a_week


@pytest.mark.thorough
@pytest.mark.parametrize("season", Season)
def test_each_slot_is_run_once_or_not_at_all(season: Season) -> None:
    week = live_a_week(season, seed=0)
    assert week.broken == ()
    assert min(week.figures[each] for each in ("killed", "frozen", "took over")) > 10
    assert {week.figures[each] for each in ("stops of 26 h", "clock set ahead", "clock set back")} == {1}
    assert week.figures["told as missed"] > 0
