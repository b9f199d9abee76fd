"""`python -m jobs …`: send, look, control, export."""

import os
import sys
import traceback
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from datetime import UTC, datetime

import typer

from config.logs import configure_logs
from config.masking import mask_text
from config.settings import LogLevel
from jobs.cli.app import app
from jobs.cli.exits import Exit
from jobs.cli.failures import failure_of, failure_picture
from jobs.cli.invocation import Invocation
from jobs.cli.shown import PROGRAM


def main(arguments: Sequence[str], env: Mapping[str, str], clock: Callable[[], datetime]) -> int:
    """Run one command; answers its exit code. No error gets past here, and none that was foreseen shows a traceback."""
    with closing(Invocation(env, clock=clock)) as invocation:
        try:
            typer.main.get_command(app).main(list(arguments), prog_name=PROGRAM, obj=invocation)
        except SystemExit as ended:
            return ended.code if isinstance(ended.code, int) else Exit.UNEXPECTED
        except Exception as error:
            return _failed(invocation, error)
    return Exit.DONE


def _failed(invocation: Invocation, error: Exception) -> int:
    failure = failure_of(error)
    if failure is None:
        invocation.err.print(mask_text("".join(traceback.format_exception(error))))
        invocation.err.print("error: This is a fault in Dropline; the lines above say where.")
        return Exit.UNEXPECTED
    invocation.note(failure_picture(failure), failure.document())
    return failure.exit_code


if __name__ == "__main__":
    configure_logs(LogLevel.WARNING)  # masked, to stderr: stdout is the command's answer alone
    sys.exit(main(sys.argv[1:], os.environ, lambda: datetime.now(UTC)))
