import os
import socket
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from jobs.files import replaced


def test_a_file_comes_to_be_when_the_block_ends_and_not_before(tmp_path: Path) -> None:
    with replaced(tmp_path / "new") as file:
        file.write(b"all of it")
        assert not (tmp_path / "new").exists()
    assert [(path.name, path.read_bytes()) for path in tmp_path.iterdir()] == [("new", b"all of it")]


@pytest.mark.parametrize("error", [OSError, ValueError, KeyboardInterrupt, SystemExit])
def test_after_an_error_what_was_there_is_there_and_nothing_else(tmp_path: Path, error: type[BaseException]) -> None:
    path = tmp_path / "old"
    path.write_bytes(b"as it was")
    with pytest.raises(error):
        break_off(path, error)
    assert [(path.name, path.read_bytes()) for path in tmp_path.iterdir()] == [("old", b"as it was")]


def break_off(path: Path, error: type[BaseException]) -> None:
    with replaced(path) as file:
        file.write(b"half")
        file.flush()
        raise error


@pytest.mark.parametrize(("is_private", "mode"), [(True, 0o600), (False, 0o640)])
def test_who_may_read_it_is_what_the_shell_says_unless_it_is_private(
    tmp_path: Path, is_private: bool, mode: int
) -> None:
    before = os.umask(0o027)
    try:
        with replaced(tmp_path / "new", is_private=is_private):
            pass
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "new").stat().st_mode) == mode


def test_behind_a_link_the_file_is_replaced_and_the_link_stays(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "link").symlink_to("folder/file")
    with replaced(tmp_path / "link") as file:
        file.write(b"here")
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "folder" / "file").read_bytes() == b"here"


def test_a_long_name_is_none_too_long(tmp_path: Path) -> None:
    with replaced(tmp_path / ("é" * 127)):
        pass
    assert [len(path.name) for path in tmp_path.iterdir()] == [127]


def test_no_block_is_entered_for_a_place_where_no_file_can_be(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "file").touch()
    with listening(tmp_path / "socket"):
        for place, why in {
            "missing/new": "its folder does not exist",
            "file/new": "its folder does not exist",
            "folder": "it is a folder",
            "socket": "it is no ordinary file",
        }.items():
            with pytest.raises(OSError, match=why), replaced(tmp_path / place):
                pytest.fail("there is nowhere to write to")


def test_a_device_is_not_replaced() -> None:
    with pytest.raises(OSError, match="no ordinary file"), replaced(Path(os.devnull)):
        pytest.fail("there would be no such device any more")


@contextmanager
def listening(path: Path) -> Iterator[None]:
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(path))
        yield
