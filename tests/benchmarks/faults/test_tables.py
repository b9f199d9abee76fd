"""What is written on the page."""

from collections import Counter
from pathlib import Path

import pytest

from benchmarks.faults.systems import DROPLINE, SYSTEMS
from benchmarks.faults.tables import BEGIN, END, by_fault, held, put_on_page, rates
from benchmarks.faults.verdicts import Score, Verdict

FOUND = Score(
    faults=4,
    verdicts={
        "taken, then silence": Counter({Verdict.HELD: 2, Verdict.TWICE: 1}),
        "nothing": Counter({Verdict.RIGHT: 3}),
    },
    held_and_taken=1,
)
RESULTS = [(SYSTEMS[0], FOUND), (DROPLINE, FOUND)]


def test_a_row_of_rates_for_each_system() -> None:
    head, _, *rows = rates(RESULTS).splitlines()
    assert [cell.strip() for cell in head.split("|")][3] == "duplicates"
    assert [row.split("|")[3].strip() for row in rows] == ["250", "250"]


def test_a_row_for_each_mishap_says_how_its_campaigns_ended() -> None:
    table = by_fault(RESULTS)
    assert "| taken, then silence (3) | 2 held, 1 twice | 2 held, 1 twice |" in table
    assert "| nothing (3) | right | right |" in table


def test_who_holds_something_says_what_was_behind_it() -> None:
    assert held(RESULTS[1:]) == "Of the 2 campaigns that Dropline held for a person, the gateway had taken 1."


def test_figures_replace_those_between_the_markers(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(f"before\n{BEGIN}\nold\n{END}\nafter\n")
    put_on_page(page, "new")
    put_on_page(page, "newer")
    assert page.read_text() == f"before\n{BEGIN}\n\nnewer\n\n{END}\nafter\n"


def test_a_page_without_markers_stays_as_it_is(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(f"before\n{BEGIN}\n")
    with pytest.raises(ValueError, match="markers"):
        put_on_page(page, "new")
    assert page.read_text() == f"before\n{BEGIN}\n"
