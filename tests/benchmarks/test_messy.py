"""The made-up contact list: the same for the same seed, every kind of mess in it, nobody's number."""

from pathlib import Path

import pytest

from benchmarks.messy import MOST_PHONES, WEIGHTS, write_messy_csv


def test_the_same_seed_writes_the_same_list(tmp_path: Path) -> None:
    first, second, other = (tmp_path / name for name in ("first", "second", "other"))
    assert write_messy_csv(first, 500, seed=7) == write_messy_csv(second, 500, seed=7)
    write_messy_csv(other, 500, seed=8)
    assert first.read_bytes() == second.read_bytes() != other.read_bytes()


def test_a_long_list_has_every_kind_of_row(tmp_path: Path) -> None:
    written = write_messy_csv(tmp_path / "contacts.csv", 5_000, seed=7)
    assert set(written) == set(WEIGHTS)
    assert written.total() == 5_000


@pytest.mark.parametrize("rows", [0, 1])
def test_a_short_list_is_as_short_as_asked(tmp_path: Path, rows: int) -> None:
    assert write_messy_csv(tmp_path / "contacts.csv", rows, seed=7).total() == rows


def test_there_are_numbers_for_millions_of_rows() -> None:
    assert MOST_PHONES > 5_000_000
