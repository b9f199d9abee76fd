"""Measured figures on a page of ours, between two markers, so that they are never edited by hand."""

from pathlib import Path


def put_between(begin: str, end: str, page: Path, figures: str) -> None:
    """In place of what is there; raises ValueError when a marker is missing."""
    before, found_begin, rest = page.read_text(encoding="utf-8").partition(begin)
    _, found_end, after = rest.partition(end)
    if not found_begin or not found_end:
        raise ValueError(f"{page} must have the markers {begin} and {end}")
    page.write_text(f"{before}{begin}\n\n{figures.strip()}\n\n{end}{after}", encoding="utf-8")
