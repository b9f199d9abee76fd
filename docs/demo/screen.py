"""What the viewer sees: sentences, commands with their real output, and a bar where a terminal can show one."""

import fcntl
import os
import pty
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Callable, Mapping
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

COLUMNS = 80
LOOK_EVERY_S = 0.25
SAY_EVERY_S = 5.0
"""Without a terminal a line says from time to time how far it is."""


class CommandFailed(Exception):
    """A command that should have worked did not; its output has been shown."""


class Screen:
    """The terminal, remembered so that a picture can be made of it at the end."""

    def __init__(self, *, takes_picture: bool) -> None:
        narrow = Console().width < COLUMNS
        self._console = Console(record=True, width=None if narrow else COLUMNS, highlight=False, emoji=False)
        self._moving = Console(width=self._console.width)
        self._is_terminal = takes_picture or self._console.is_terminal
        self._takes_picture = takes_picture

    def act(self, number: int, sentence: str) -> None:
        """Announce what comes next."""
        self._console.print()
        self._console.print(Text.assemble((f"{number}  ", "bold cyan"), (sentence, "bold")))

    def say(self, sentence: str, style: str = "") -> None:
        """A sentence under the act."""
        self._console.print(Text(sentence, style=style))

    def run(self, environment: Mapping[str, str], *words: str) -> None:
        """Run `python -m jobs …` as a person would, and show what they would see; raises `CommandFailed`."""
        self._console.print(Text.assemble(("$ ", "green"), _as_typed(["python", "-m", "jobs", *words])), soft_wrap=True)
        output, code = self._captured([sys.executable, "-m", "jobs", *words], environment)
        self._console.print(Text.from_ansi(output.rstrip()), soft_wrap=True)
        if code:
            raise CommandFailed(f"`python -m jobs {words[0]}` ended with exit code {code}")

    def follow(self, total: int, look: Callable[[], int], is_over: Callable[[int], bool]) -> int:
        """Show how a count grows until `is_over` says so; answers the last count."""
        bar = Progress(
            BarColumn(), MofNCompleteColumn(), TextColumn("calls on record"), console=self._moving, transient=True
        )
        shows_bar = self._moving.is_terminal
        say_at = time.monotonic() + SAY_EVERY_S
        with bar:
            task = bar.add_task("", total=total, visible=shows_bar)
            while not is_over(count := look()):
                bar.update(task, completed=count)
                if not self._is_terminal and time.monotonic() >= say_at:
                    say_at += SAY_EVERY_S
                    self.say(f"{count:,} of {total:,} calls on record")
                time.sleep(LOOK_EVERY_S)
        self._still(count, total)
        return count

    def save_picture(self, path: Path, *, title: str) -> None:
        """What was shown, as an SVG that needs nothing from elsewhere."""
        text = self._console.export_svg(title=title, code_format=PICTURE, unique_id="demo")
        path.write_text("\n".join(line.rstrip() for line in text.splitlines()) + "\n", encoding="utf-8")

    def _still(self, count: int, total: int) -> None:
        line = Table.grid(padding=(0, 1))
        bar = [ProgressBar(total, count, width=40)] if self._is_terminal else []
        line.add_row(*bar, f"{count:,} of {total:,} calls on record")
        self._console.print(line)

    def _captured(self, command: list[str], environment: Mapping[str, str]) -> tuple[str, int]:
        if not self._is_terminal:
            done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
            return done.stdout + done.stderr, done.returncode
        return _in_a_terminal(command, environment, self._console.width)


def _as_typed(words: list[str]) -> str:
    """The command as a person types it: options that do not fit go to lines of their own."""
    quoted = [f'"{word}"' if " " in word else word for word in words]
    lines = [quoted[0]]
    for word in quoted[1:]:
        if word.startswith("--") and len(lines[-1]) + len(word) > COLUMNS // 2 + 10:
            lines.append(f"    {word}")
        else:
            lines[-1] += f" {word}"
    return " \\\n".join(lines)


def _in_a_terminal(command: list[str], environment: Mapping[str, str], columns: int) -> tuple[str, int]:
    """Run a command that believes in a terminal of this width, and answer what it drew there."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 50, columns, 0, 0))
    with os.fdopen(ours, "rb", buffering=0) as screen:
        process = subprocess.Popen(
            command,
            env={**environment, "TERM": "xterm-256color", "COLUMNS": str(columns)},
            stdin=subprocess.DEVNULL,
            stdout=theirs,
            stderr=subprocess.STDOUT,
        )
        os.close(theirs)
        drawn = b""
        while part := _read(screen.fileno()):
            drawn += part
    return drawn.decode().replace("\r\n", "\n"), process.wait()


def _read(number: int) -> bytes:
    try:
        return os.read(number, 65_536)
    except OSError:  # Linux says so when the other end is closed
        return b""


PICTURE = """\
<svg viewBox="0 0 {width} {height}" xmlns="http://www.w3.org/2000/svg" role="img" aria-label="A run of make demo">
<style>
.{unique_id}-matrix {{ font-family: ui-monospace, "SF Mono", Menlo, Consolas, "DejaVu Sans Mono", monospace;
  font-size: {char_height}px; line-height: {line_height}px; }}
.{unique_id}-title {{ font: bold 18px ui-sans-serif, system-ui, sans-serif; }}
{styles}
</style>
<defs>
<clipPath id="{unique_id}-clip-terminal"><rect width="{terminal_width}" height="{terminal_height}"/></clipPath>
{lines}
</defs>
{chrome}
<g transform="translate({terminal_x}, {terminal_y})" clip-path="url(#{unique_id}-clip-terminal)">
{backgrounds}
<g class="{unique_id}-matrix">
{matrix}
</g>
</g>
</svg>
"""
