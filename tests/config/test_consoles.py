import io

from config.consoles import open_console


def test_what_an_encoding_cannot_say_is_no_error() -> None:
    written = io.BytesIO()
    file = io.TextIOWrapper(written, encoding="latin-1")
    open_console(file, {}).print("März ━ 🎉")
    file.flush()
    assert written.getvalue() == b"M\xe4rz ? ?\n"
