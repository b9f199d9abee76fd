"""Golden wire texts: a file per sample, `tests/replies/<family>/<name>.<mark>.txt`, byte for byte.

The mark is how sure we are that the gateway writes so: A the vendor says it, B several clients depend on it, C one
does, D an inference or damage that may come some day.
"""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from jobs.gateway.errors import OutcomeUnknown, Rejected

NEAR = datetime(2019, 12, 9, 20, 0, tzinfo=UTC)
FOLDER = Path(__file__).parents[3] / "replies"
UNKNOWN = OutcomeUnknown
"""What `outcomes` has for an answer that is not understood."""


def outcomes(family: str, parse: Callable[[str], object]) -> dict[str, object]:
    """What every sample of a family parses to, by its name and mark."""
    files = sorted((FOLDER / family).glob("*.txt"))
    return {file.stem: outcome(parse, file.read_bytes().decode()) for file in files}


def outcome(parse: Callable[[str], object], text: str) -> object:
    """The value, the kind of the refusal, or `UNKNOWN`; any other exception is a failed test."""
    try:
        return parse(text)
    except Rejected as refused:
        return refused.kind
    except OutcomeUnknown:
        return UNKNOWN
