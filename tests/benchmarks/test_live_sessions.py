"""The benchmark of the polling tick: what it counts does not depend on the machine."""

import pytest
from redis import Redis

from benchmarks.live_sessions import Ledger, one_tick, show_all_due
from jobs.ledger import due
from jobs.ledger.keys import Due


@pytest.fixture
def ledger(redis: Redis) -> Ledger:
    return Ledger(redis, 250)


def test_a_tick_costs_what_is_due_and_one_range_read_of_it(ledger: Ledger) -> None:
    idle, _, *busy = (one_tick(ledger, ledger.ids[:count]) for count in (0, 1, 1, 51, 101))  # the first loads scripts
    assert [each.range_reads - idle.range_reads for each in busy] == [1, 1, 1]
    assert busy[1].commands - busy[0].commands == 50
    assert due.count(ledger.redis, Due.REFRESH, by=ledger.now) == 0


def test_what_is_due_at_once_is_rung_for_in_time(ledger: Ledger, capsys: pytest.CaptureFixture[str]) -> None:
    show_all_due(ledger)
    assert "all 250 due at once: 1 ticks, 3 jobs" in capsys.readouterr().out
