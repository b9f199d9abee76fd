"""How single values look in a document. Law of the room: pure."""

from datetime import UTC, datetime

LONGEST_ROW = 40
"""Characters of a row's text that are shown."""


def iso(instant: datetime | None) -> str | None:
    """An instant as JSON has it, ISO 8601 in UTC with a Z."""
    return iso_of(instant) if instant else None


def iso_of(instant: datetime) -> str:
    """The same for an instant that is there."""
    return instant.astimezone(UTC).isoformat().replace("+00:00", "Z")


def clean(text: str) -> str:
    """The text on one line, without control characters."""
    return "".join(character if character.isprintable() else "\N{REPLACEMENT CHARACTER}" for character in text)


def masked_row(text: str) -> str:
    """A row's text by which a person finds the row again, but nobody the phone: its last digits only."""
    digits = sum(map(str.isdigit, text))
    hidden = digits - (4 if digits >= 10 else 2)
    shown = []
    for character in text:
        is_hidden = character.isdigit() and hidden > 0
        hidden -= character.isdigit()
        shown.append("•" if is_hidden else character)
    masked = clean("".join(shown))
    return masked if len(masked) <= LONGEST_ROW else masked[: LONGEST_ROW - 1] + "…"
