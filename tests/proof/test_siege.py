"""A short round of siege: two dozen processes killed under load, and nothing broken."""

import threading
from pathlib import Path

import pytest

from tests.leftovers import outputs_into
from tests.proof.plan import Ground, draw
from tests.proof.siege import Interrupted, play

pytestmark = [pytest.mark.processes, pytest.mark.timeout(180)]


def test_nothing_is_doubled_lost_or_said_falsely_when_everything_is_killed_again_and_again(tmp_path: Path) -> None:
    plan = draw(364, ground=Ground.WORKERS, siege_s=15, apart_s=1)
    played = play(plan, tmp_path, stop=threading.Event(), in_a_hurry=True)
    assert played.verdict.findings == []
    assert played.killed_processes >= 12
    assert played.campaigns == len(plan.orders)


def test_a_round_that_is_told_to_stop_leaves_nothing_running(tmp_path: Path) -> None:
    stop = threading.Event()
    threading.Timer(2, stop.set).start()
    with pytest.raises(Interrupted):
        play(draw(1, ground=Ground.EVERYTHING), tmp_path, stop=stop)
    assert outputs_into(tmp_path) == []
