"""What is said of a run: no more than its figures support."""

from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest

from tests.proof import figures
from tests.proof.checker import Verdict
from tests.proof.plan import draw
from tests.proof.siege import Played

CLEAN = Verdict(twice=(), lost=(), contradicted=(), too_late=())
ROUND = Played(
    plan=draw(1),
    verdict=CLEAN,
    faults=Counter({"worker killed": 30, "gateway: slow": 1_200}),
    kills=30,
    killed_processes=70,
    campaigns=60,
    submissions=64,
    phones=25_000,
    postbacks=0,
    settled=1,
    held=4,
    held_and_taken=3,
    sent_again=6,
    late=2,
    took_s=100,
)
BROKEN = replace(ROUND, verdict=replace(CLEAN, lost=("one",)))


def test_rounds_add_up() -> None:
    table = figures.table([ROUND, ROUND])
    assert "| 60 (140) |" in table
    assert "| phones | 50,000 |" in table
    assert "| 8 (6 of them taken by the gateway) |" in table


def test_faults_come_by_their_number() -> None:
    assert figures.faults([ROUND]).splitlines()[2:] == ["| gateway: slow | 1,200 |", "| worker killed | 30 |"]


def test_kills_without_a_failure_support_a_bound_and_no_certainty() -> None:
    assert "below 3/300, which is 1.0%" in figures.bound([ROUND] * 10)


def test_a_broken_promise_is_counted_and_bounds_nothing() -> None:
    assert "| **campaigns lost** | 1 |" in figures.table([ROUND, BROKEN])
    assert figures.bound([ROUND, BROKEN]) == "The promise was broken; no bound is stated."


def test_figures_replace_those_on_the_page(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(f"before\n{figures.BEGIN}\nold\n{figures.END}\nafter\n")
    figures.put_on_page(page, "new")
    assert page.read_text() == f"before\n{figures.BEGIN}\n\nnew\n\n{figures.END}\nafter\n"


def test_a_page_without_markers_is_left_as_it_is(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("nothing")
    with pytest.raises(ValueError, match="markers"):
        figures.put_on_page(page, "new")
