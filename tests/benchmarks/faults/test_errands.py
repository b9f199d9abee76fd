"""Waiting until a system has come to rest."""

from collections.abc import Callable, Iterator

import pytest

from benchmarks.faults.errands import wait_until_at_rest

RECEIPTS = {"first": "1", "second": "2"}


def telling(**words: list[str]) -> Callable[[str], str]:
    """A look that finds these words one after the other, by receipt, and then no news."""
    told: dict[str, Iterator[str]] = {RECEIPTS[key]: iter(each) for key, each in words.items()}
    return lambda receipt: next(told[receipt], "open")


def test_it_is_over_as_soon_as_nothing_is_open() -> None:
    look = telling(first=["open", "accepted"], second=["open", "open", "failed"])
    said = wait_until_at_rest(RECEIPTS, look, patience_s=60, look_every_s=0.001)
    assert said == {"first": "accepted", "second": "failed"}


def test_what_is_open_without_news_stays_open() -> None:
    look = telling(first=["accepted"], second=[])
    said = wait_until_at_rest(RECEIPTS, look, patience_s=0.05, look_every_s=0.001)
    assert said == {"first": "accepted", "second": "open"}


def test_what_nobody_knows_at_first_may_come_to_be_known() -> None:
    look = telling(first=["unknown", "unknown", "accepted"], second=["unknown", "failed"])
    said = wait_until_at_rest(RECEIPTS, look, patience_s=60, look_every_s=0.001)
    assert said == {"first": "accepted", "second": "failed"}


def test_what_nobody_knows_is_held_when_there_is_no_news() -> None:
    said = wait_until_at_rest(RECEIPTS, lambda _: "unknown", patience_s=0.05, look_every_s=0.001)
    assert said == {"first": "unknown", "second": "unknown"}


def test_a_look_in_vain_is_no_news(capsys: pytest.CaptureFixture[str]) -> None:
    def look(receipt: str) -> str:
        raise ConnectionError(receipt)

    said = wait_until_at_rest(RECEIPTS, look, patience_s=0.05, look_every_s=0.001)
    assert set(said.values()) == {"open"}
    assert "looked in vain" in capsys.readouterr().err
