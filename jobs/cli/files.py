"""Writing a file for somebody: all of it or nothing of it."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import mkstemp
from typing import TextIO

from jobs.cli.exits import Exit
from jobs.cli.failures import Failure
from jobs.cli.shown import clean


@contextmanager
def replaced(path: Path, *, kept: str = "") -> Iterator[TextIO]:
    """A file that comes to be at `path`, whole, when the block ends well; until then whatever is there stays.

    Readable by its owner alone, because what is written for a person holds phones. Raises `Failure`.
    """
    draft = Path()
    try:
        number, name = mkstemp(dir=path.parent, prefix=f".{path.name}.")
        draft = Path(name)
        with os.fdopen(number, "w", encoding="utf-8", newline="") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)
    except OSError as error:
        raise cannot("write", str(path), error, kept=kept) from None
    finally:
        if draft.name:
            draft.unlink(missing_ok=True)


def cannot(verb: str, name: str, error: OSError, *, kept: str) -> Failure:
    """A file that cannot be read or written; what was `kept` all the same."""
    why = (error.strerror or type(error).__name__).lower()
    return Failure(Exit.BAD_INPUT, f"cannot {verb} {clean(name)}: {why}", kept=kept)
