"""What the viewer sees: sentences, commands with their real output, and a bar where a terminal can show one."""

import fcntl
import os
import pty
import selectors
import shlex
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

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
        self._takes_picture = takes_picture
        self._draws_bars = takes_picture or self._console.is_terminal

    def act(self, number: int, sentence: str) -> None:
        """Announce what comes next."""
        self._console.print()
        self._console.print(Text.assemble((f"{number}  ", "bold cyan"), (sentence, "bold")))

    def say(self, sentence: str, style: str = "") -> None:
        """A sentence under the act."""
        self._console.print(Text(sentence, style=style))

    def run(self, environment: Mapping[str, str], words: Sequence[str], *parts: slice) -> None:
        """Run `python -m jobs …` as a person would and show what they would see: all of it, or parts of a long answer.

        Raises `CommandFailed`.
        """
        typed = ["python", "-m", "jobs", *words]
        self._console.print(Text.assemble(("$ ", "green"), _as_typed(typed)), soft_wrap=True)
        lines, code = _as_drawn([sys.executable, *typed[1:]], environment, self._console.width)
        for line in lines if code else _chosen(lines, parts or [slice(None)]):
            self._console.print(line)
        if code:
            raise CommandFailed(f"`python -m jobs {words[0]}` ended with exit code {code}")

    def wait_for_enter(self, sentence: str) -> None:
        """Say it and wait, where somebody sits at a terminal and no picture is taken."""
        if sys.stdin.isatty() and self._console.is_terminal and not self._takes_picture:
            self.say(f"\n{sentence}", style="bold")
            sys.stdin.readline()

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
                if not self._draws_bars and time.monotonic() >= say_at:
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
        words = f"{count:,} of {total:,} calls on record"
        bar = ProgressBar(total, count, width=40, complete_style="cyan", finished_style="green")
        line.add_row(*([bar, words] if self._draws_bars else [words]))
        self._console.print(line)


def _as_typed(words: Iterable[str]) -> str:
    """The command as a person types it: options that do not fit go to a line of their own, with their values."""
    lines: list[str] = []
    for part in shlex.join(words).replace(" --", "\n--").splitlines():
        if lines and len(lines[-1]) + len(part) < COLUMNS - len("$  \\"):
            lines[-1] += f" {part}"
        else:
            lines.append(f"    {part}" if lines else part)
    return " \\\n".join(lines)


def _as_drawn(command: list[str], environment: Mapping[str, str], columns: int) -> tuple[list[Text], int]:
    """What a command draws on a terminal of this width, then what it has to remark, and its exit code."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 50, columns, 0, 0))
    process = subprocess.Popen(
        command,
        env={**environment, "TERM": "xterm-256color", "COLUMNS": str(columns)},
        stdin=subprocess.DEVNULL,
        stdout=theirs,
        stderr=subprocess.PIPE,
    )
    os.close(theirs)
    drawn = _in_order_of_arrival(ours, process.stderr)
    os.close(ours)
    lines = [Text.from_ansi(line) for line in drawn.decode().splitlines()]
    for line in lines:
        line.rstrip()
    return lines, process.wait()


def _chosen(lines: Sequence[Text], parts: Iterable[slice]) -> Iterator[Text]:
    """The lines of these parts, in their order, and a note where others were left out."""
    seen = 0
    for part in parts:
        first, end, _ = part.indices(len(lines))
        if first > seen:
            yield Text(f"  ... {first - seen} more lines ...", style="dim")
        yield from lines[first:end]
        seen = end


def _in_order_of_arrival(*sources: Any) -> bytes:
    """Everything that several open files have to say, until the last of them is closed at the other end."""
    heard = b""
    with selectors.DefaultSelector() as selector:
        for source in sources:
            selector.register(source, selectors.EVENT_READ)
        while selector.get_map():
            for key, _ in selector.select():
                part = _read(key.fd)
                heard += part
                if not part:
                    selector.unregister(key.fileobj)
    return heard


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
