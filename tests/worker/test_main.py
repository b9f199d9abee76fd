"""What a person is told of the worker's command line."""

import typer
from typer.testing import CliRunner

from worker.__main__ import main


def test_what_the_supervisor_tells_its_children_is_not_offered_to_people() -> None:
    app = typer.Typer(add_completion=False)
    app.command()(main)
    told = CliRunner().invoke(app, ["--help"])
    assert told.exit_code == 0
    assert not [option for option in ("--queue", "--number", "--parent") if option in told.output]
