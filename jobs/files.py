"""Writing a file: all of it or nothing of it."""

import errno
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO


@contextmanager
def replaced(path: Path, *, is_private: bool = False) -> Iterator[BinaryIO]:
    """A file that comes to be at `path`, whole and on disk, when the block ends well; until then what is there stays.

    A private one is readable by its owner alone. Raises OSError, at once where it can be foreseen. No failure leaves
    anything behind; a process that is killed may leave a hidden draft beside `path`, but never a half file there.
    """
    path = path.resolve()  # through a link, such as /dev/stdout, what it points to is written and not the link
    _check(path)
    draft = path.with_name(f".{path.name[:50]}.{secrets.token_hex(4)}")
    number = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600 if is_private else 0o666)
    try:
        with os.fdopen(number, "wb") as file:
            yield file
            file.flush()
            os.fsync(number)
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)
    _sync_folder(path.parent)


def _check(path: Path) -> None:
    if path.is_dir():
        raise IsADirectoryError(errno.EISDIR, "it is a folder; name a file in it", str(path))
    if path.exists() and not path.is_file():
        raise OSError(errno.EINVAL, "it is no ordinary file", str(path))
    if not path.parent.is_dir():
        raise FileNotFoundError(errno.ENOENT, "its folder does not exist", str(path))


def _sync_folder(folder: Path) -> None:
    """So that the new name outlives a power failure, too."""
    number = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(number)
    finally:
        os.close(number)
