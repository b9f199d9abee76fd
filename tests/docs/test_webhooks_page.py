"""The page for those who write a receiver names every event."""

from pathlib import Path

from jobs.models import EventKind

PAGE = Path(__file__).parents[2] / "docs" / "webhooks.md"


def test_every_event_stands_on_the_page_with_its_sentence() -> None:
    text = PAGE.read_text(encoding="utf-8")
    assert [kind for kind in EventKind if f"| `{kind}` | {kind.sentence} |" not in text] == []
