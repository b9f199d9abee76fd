"""Writing a file for somebody: all of it or nothing of it."""

from collections.abc import Iterator
from contextlib import contextmanager
from io import TextIOWrapper
from pathlib import Path
from typing import TextIO

from jobs import files
from jobs.cli.exits import Exit
from jobs.cli.failures import Failure
from jobs.cli.shown import clean


@contextmanager
def replaced(path: Path, *, kept: str = "") -> Iterator[TextIO]:
    """A file that comes to be at `path`, whole, when the block ends well; until then whatever is there stays.

    Readable by its owner alone, because what is written for a person holds phones. Raises `Failure`.
    """
    try:
        with files.replaced(path, is_private=True) as file:
            text = TextIOWrapper(file, encoding="utf-8", newline="")
            yield text
            text.flush()
    except OSError as error:
        raise cannot("write", str(path), error, kept=kept) from None


def cannot(verb: str, name: str, error: OSError, *, kept: str) -> Failure:
    """A file that cannot be read or written; what was `kept` all the same."""
    why = (error.strerror or type(error).__name__).lower()
    return Failure(Exit.BAD_INPUT, f"cannot {verb} {clean(name)}: {why}", kept=kept)
