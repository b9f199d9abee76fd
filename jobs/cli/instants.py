"""Days as people write them on the command line."""

from datetime import date, datetime, timedelta

from jobs import eastern
from jobs.cli.exits import Exit
from jobs.cli.failures import Failure


def parse_day(text: str, *, now: datetime) -> date:
    """An Eastern day: `today`, `yesterday` or `YYYY-MM-DD`; raises `Failure`."""
    today = eastern.eastern_date(now)
    words = {"today": today, "yesterday": today - timedelta(days=1)}
    try:
        return words.get(text.strip().lower()) or date.fromisoformat(text.strip())
    except ValueError:
        raise Failure(Exit.BAD_INPUT, "a day is written as today, yesterday, or such as 2026-03-02") from None
