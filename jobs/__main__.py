"""`python -m jobs …`: send, look, control, export."""

import os
import sys
import traceback
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from datetime import UTC, datetime

import typer
from typer.exceptions import TyperException

from config.logs import configure_logs
from config.masking import mask_text
from config.settings import LogLevel
from jobs.cli.app import app
from jobs.cli.exits import Exit
from jobs.cli.failures import NOTHING_CHANGED, Failure, failure_of, failure_picture
from jobs.cli.invocation import Invocation
from jobs.cli.shown import PROGRAM


def main(arguments: Sequence[str], env: Mapping[str, str], clock: Callable[[], datetime]) -> int:
    """Run one command; answers its exit code. No error gets past here, and none that was foreseen shows a traceback."""
    with closing(Invocation(env, clock=clock)) as invocation:
        try:
            return _run(arguments, invocation)
        except SystemExit as ended:
            return ended.code if isinstance(ended.code, int) else Exit.UNEXPECTED
        except Exception as error:
            return _failed(invocation, error)


def _run(arguments: Sequence[str], invocation: Invocation) -> int:
    """A person reads of a slip in typer's own words and ends with `SystemExit`; for a program it is a `Failure`."""
    invocation.as_json = "--json" in arguments  # a slip comes before the command that would say so
    command = typer.main.get_command(app)
    is_for_people = not invocation.as_json
    try:
        ended = command.main(list(arguments), prog_name=PROGRAM, obj=invocation, standalone_mode=is_for_people)
    except TyperException as slip:
        problem = mask_text(slip.format_message())
        raise Failure(Exit.BAD_INPUT, "the command line is wrong", problems=[problem], kept=NOTHING_CHANGED) from None
    return ended if isinstance(ended, int) else Exit.DONE


def _failed(invocation: Invocation, error: Exception) -> int:
    failure = failure_of(error)
    if failure is None:
        invocation.err.print(mask_text("".join(traceback.format_exception(error))))
        invocation.err.print("error: This is a fault in Dropline; the lines above say where.")
        return Exit.UNEXPECTED
    invocation.note(failure_picture(failure), failure.document())
    return failure.exit_code


if __name__ == "__main__":
    configure_logs(LogLevel.ERROR)  # masked, to stderr; what a person must know, the command says itself
    sys.exit(main(sys.argv[1:], os.environ, lambda: datetime.now(UTC)))
