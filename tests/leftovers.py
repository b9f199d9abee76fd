"""Processes that outlive what started them."""

import time
from pathlib import Path

LOOKS, APART_S = 60, 0.05
"""Counted and not timed: who was killed is gone before the last look, also on a machine that stands still meanwhile."""


def wait_until_none_writes_into(folder: Path) -> None:
    """Raises AssertionError where a process whose output goes into this folder is none that is just being ended."""
    for _ in range(LOOKS):
        if not (found := [each.parts[2] for each in Path("/proc").glob("[0-9]*/fd/1") if _leads_into(folder, each)]):
            return
        time.sleep(APART_S)
    raise AssertionError(f"still running: {', '.join(found)}")


def _leads_into(folder: Path, link: Path) -> bool:
    try:
        return link.readlink().is_relative_to(folder)
    except OSError:  # another user's process, or one that has just ended
        return False
