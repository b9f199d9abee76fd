"""What can be said on the command line: each option with its help, as types of the commands' parameters."""

import os
from collections.abc import Callable
from enum import StrEnum
from getpass import getuser
from pathlib import Path
from typing import Annotated, TypeVar

import typer

from jobs.models import AudioType, WhenUnknown

Word = TypeVar("Word", bound=StrEnum)


def word_of(kind: type[Word]) -> Callable[[str], Word]:
    """A parser for an option that is one of some words, which says which there are."""

    def word(text: str) -> Word:
        try:
            return kind(text.lower())
        except ValueError:
            raise typer.BadParameter(f"There is no such word; there are: {', '.join(kind)}.") from None

    return word


def user_name() -> str:
    """Who is at this machine; a number where nobody gave the user a name, as in some containers."""
    try:
        return getuser()
    except (KeyError, OSError):  # OSError from Python 3.13 on
        return f"uid {os.getuid()}"


By = Annotated[
    str,
    typer.Option(
        metavar="NAME",
        default_factory=user_name,
        show_default=False,
        help="Who wants it; your user name on this machine unless stated.",
    ),
]

CampaignOrKey = Annotated[
    str,
    typer.Argument(metavar="ID", help="The campaign's id, as `send` and `list` show it, or its key."),
]
CampaignOrSession = Annotated[
    str,
    typer.Argument(
        metavar="ID", help="A campaign's id (letters) or key, or the id of a session at the gateway (digits)."
    ),
]
SessionId = Annotated[str, typer.Argument(metavar="SESSION", help="The gateway's id of the session.")]
Phone = Annotated[str, typer.Argument(metavar="PHONE", help="The number that was called, in any usual spelling.")]
Day = Annotated[str, typer.Argument(metavar="DATE", help="An Eastern day: today, yesterday, or such as 2026-03-02.")]
ByWorker = Annotated[
    bool, typer.Option("--by-worker", help="Have a worker ask: this machine needs no gateway account then.")
]
Json = Annotated[bool, typer.Option("--json", help="Answer with one JSON document.")]

Contacts = Annotated[str, typer.Argument(metavar="CONTACTS", help="A CSV file, or - for stdin.")]
CallerId = Annotated[str, typer.Option(metavar="PHONE", help="The number that is shown, in any usual spelling.")]
Title = Annotated[str, typer.Option(metavar="TEXT", help="The campaign's name, at the gateway and here.")]
Key = Annotated[
    str | None,
    typer.Option(
        metavar="KEY",
        help="The same key with the same payload never sends twice. Made up, and shown, unless stated.",
    ),
]
Column = Annotated[
    str | None, typer.Option(metavar="NAME", help="The column with the phones: its header, or its position from 1.")
]
MobileOnly = Annotated[bool, typer.Option("--mobile-only", help="Have the gateway leave landlines out.")]
Account = Annotated[str, typer.Option(metavar="NAME", help="The gateway account, as the workers' settings name it.")]

SessionAccount = Annotated[
    str, typer.Option("--account", metavar="NAME", help="For a session's id: the gateway account that it belongs to.")
]

AudioUrl = Annotated[str | None, typer.Option(metavar="URL", help="The audio: a public address.")]
AudioKind = Annotated[
    str | None,
    typer.Option(
        "--audio-type",
        metavar="|".join(AudioType),
        help="The type of what lies at the URL, where its ending does not tell.",
    ),
]
AudioTitle = Annotated[
    str | None,
    typer.Option(metavar="TEXT", help="The audio: a recording in the account; case counts."),
]
AudioFile = Annotated[
    str | None,
    typer.Option(metavar="NAME", help="The audio: a file, by the gateway's own name for it."),
]

StartsAt = Annotated[str, typer.Option(metavar="TIME", help="When to start, up to 90 days ahead.")]
EndsAt = Annotated[
    str | None,
    typer.Option(metavar="TIME", help="When calls must have stopped, complete or not."),
]
ExpiresAt = Annotated[
    str | None,
    typer.Option(metavar="TIME", help="When it is too late to begin; 24 hours after the start unless stated."),
]

UnknownPolicy = Annotated[
    WhenUnknown,
    typer.Option(
        "--when-unknown",
        case_sensitive=False,
        help="What becomes of a part that nobody knows the gateway to have taken, once it is seen not to list it: "
        "hold it for a person, or resend it, once.",
    ),
]

DryRun = Annotated[
    bool,
    typer.Option("--dry-run", help="Show the plan; store nothing, send nothing, need no Redis."),
]
ExcludedTo = Annotated[
    Path | None,
    typer.Option(metavar="FILE", help="Write every row that is left out, and why, as CSV."),
]
CheckAudio = Annotated[
    bool | None,
    typer.Option(
        "--check-audio/--no-check-audio",
        help="First look whether the audio can be played, as `audio check` does; or as AUDIO_PREFLIGHT says.",
    ),
]
WaitForEnd = Annotated[
    bool,
    typer.Option("--wait", help="Follow the campaign until it is over or needs a person."),
]

Why = Annotated[str, typer.Option(metavar="TEXT", help="The reason, for those who look at the campaign later.")]
WaitForGateway = Annotated[
    bool,
    typer.Option("--wait", help="Wait until the gateway has confirmed it for every session."),
]

Watch = Annotated[bool, typer.Option("--watch", help="Keep showing it until it is over or needs a person.")]
Most = Annotated[int, typer.Option(min=1, max=10_000, metavar="N", help="How many at most.")]
