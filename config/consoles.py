"""Where text goes that people read: a terminal, or a file in which somebody will search."""

import io
import re
from collections.abc import Mapping
from typing import TextIO, cast

from rich.console import Console

UNWRAPPED = 10_000
"""Columns of what is not a terminal: a sentence stays on one line, for whoever searches in it."""


class _Trimmed(io.TextIOBase):
    """A file that gets lines without the blanks with which a table fills its last column."""

    def __init__(self, file: TextIO) -> None:
        self._file = file

    @property
    def encoding(self) -> str:  # type: ignore[override]  # typeshed has a variable where only reading is meant
        return self._file.encoding

    def write(self, text: str) -> int:
        self._file.write(re.sub(r" +$", "", text, flags=re.MULTILINE))
        return len(text)

    def flush(self) -> None:
        self._file.flush()


def open_console(file: TextIO, env: Mapping[str, str]) -> Console:
    """Plain where it is not a terminal, and where NO_COLOR is set; with `?` for what the file's encoding cannot say."""
    if isinstance(file, io.TextIOWrapper):
        file.reconfigure(errors="replace")
    is_terminal = file.isatty()
    return Console(
        file=file if is_terminal else cast("TextIO", _Trimmed(file)),
        color_system="auto" if is_terminal and not env.get("NO_COLOR") else None,
        width=None if is_terminal else UNWRAPPED,
        markup=False,
        highlight=False,
        emoji=False,
    )
