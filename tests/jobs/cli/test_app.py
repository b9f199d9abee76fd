"""The commands, as a newcomer sees them listed."""

import pytest

from tests.jobs.cli.conftest import Run


def test_on_a_wide_terminal_every_command_is_explained_by_a_whole_sentence(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "130")
    assert "..." not in run("--help").out.partition("Commands:")[2]
