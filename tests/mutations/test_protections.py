"""Every protection can be switched off: its line is where the list says, and so is its test."""

from pathlib import Path

import pytest

from tests.mutations.__main__ import ROOT, switch_off
from tests.mutations.protections import PROTECTIONS, Protection


@pytest.mark.parametrize("protection", PROTECTIONS, ids=lambda each: each.name)
def test_a_protection_is_one_line_and_has_a_test(protection: Protection, tmp_path: Path) -> None:
    copy = tmp_path / protection.file
    copy.parent.mkdir(parents=True)
    copy.write_text((ROOT / protection.file).read_text())
    switch_off(protection, tmp_path)
    assert copy.read_text() != (ROOT / protection.file).read_text()
    assert (ROOT / protection.test).exists()


def test_a_line_that_has_moved_on_is_named(tmp_path: Path) -> None:
    (tmp_path / "room.py").write_text("x = 1\n")
    gone = Protection("a name", "room.py", "y = 2", "", "tests")
    with pytest.raises(ValueError, match=r"a name: its line stands 0 times in room\.py"):
        switch_off(gone, tmp_path)
