"""`audio list`, `audio download` and `audio check`: what can be played. These ask the gateway themselves."""

from functools import partial
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.table import Table

from config.masking import mask_text
from config.settings import AudioPreflight, InvalidSettings
from jobs import fetching
from jobs.campaigns.preflight import Finding, Verdict, list_recordings, look_at_audio
from jobs.cli import options
from jobs.cli.asking import ask
from jobs.cli.exits import Exit
from jobs.cli.failures import NOTHING_SENT, OPTIONS, Failure
from jobs.cli.invocation import Invocation, of
from jobs.cli.shown import PROGRAM, clean, counted, iso, plain_table
from jobs.documents.terms import read_terms
from jobs.fetching import Fetch
from jobs.gateway.downloads import NamedBy, NoPlace
from jobs.gateway.errors import GatewayError, NotSent, OutcomeUnknown, RefusalKind, Rejected
from jobs.gateway.replies import AudioFile
from jobs.models import Terms

RecordingTitle = Annotated[
    str | None, typer.Argument(metavar="[TITLE]", help="The recording's title in the account; case counts.")
]
Code = Annotated[str | None, typer.Option(metavar="DIGITS", help="Instead, the code that the recording centre gave.")]
FileName = Annotated[str | None, typer.Option("--file", metavar="NAME", help="Instead, the gateway's own file name.")]
To = Annotated[Path, typer.Option(metavar="FILE", help="Where to keep it; it comes to be only when it is whole.")]

audio = typer.Typer(help="List the account's recordings, download one, or look whether one can be played.")


@audio.command("list")
def list_audio(context: typer.Context, account: options.Account = "default", as_json: options.Json = False) -> None:
    """List the recordings in the account."""
    invocation = of(context, as_json=as_json)
    listed = _recordings(invocation, account)
    invocation.answer({"recordings": [_document(each) for each in listed]})
    invocation.say(_table(listed) if listed else "The account has no recordings.")


@audio.command()
def download(
    context: typer.Context,
    to: To,
    title: RecordingTitle = None,
    code: Code = None,
    file: FileName = None,
    account: options.Account = "default",
    as_json: options.Json = False,
) -> None:
    """Download a recording of the account.

    By its title, --code or --file. What comes is checked: a file that is cut short, or is no WAV, MP3 or M4A, is not
    kept, and what was there before stays.
    """
    invocation = of(context, as_json=as_json)
    named_by, name = _one_name(title, code, file)
    try:
        kept = ask(invocation, account, lambda gateway: gateway.download_audio(named_by, name, to=to))
    except GatewayError as failed:
        raise _not_downloaded(failed, to) from None
    invocation.answer({"file": str(to), "bytes": kept.size, "kind": kept.kind})
    invocation.say(f"{counted(kept.size, 'byte')} of {kept.kind} written to {clean(str(to))}.", style="green")


def _not_downloaded(failed: GatewayError, to: Path) -> Failure:
    code = Exit.BAD_INPUT if isinstance(failed, NoPlace) else Exit.NO_ANSWER
    kept = f"Nothing was written to {clean(str(to))}; a file that was there before stays."
    if isinstance(failed, NotSent | OutcomeUnknown):
        todo = "Run the same command again."
    else:
        is_missing = isinstance(failed, Rejected) and failed.kind is RefusalKind.AUDIO
        todo = f"{PROGRAM} audio list shows what there is." if is_missing else ""
    return Failure(code, str(failed), kept=kept, todo=todo)


@audio.command()
def check(
    context: typer.Context,
    audio_url: options.AudioUrl = None,
    audio_type: options.AudioKind = None,
    audio_title: options.AudioTitle = None,
    audio_file: options.AudioFile = None,
    account: options.Account = "default",
    as_json: options.Json = False,
) -> None:
    """Look whether an audio can be played.

    A recording or file must be in the account. What lies at a URL is fetched from here, as anybody could, and must be
    of the stated type. All must last more than 5 seconds, as far as that can be known.
    """
    invocation = of(context, as_json=as_json)
    stated = {"audio_url": audio_url, "audio_type": audio_type, "audio_title": audio_title, "audio_file": audio_file}
    finding = look(invocation, read_terms({**stated, "account": account}), fetch=fetching.fetch)
    invocation.answer(finding_document(finding))
    if finding.verdict is Verdict.BAD:
        invocation.say(f"It cannot be played: {finding.sentence}.", style="red")
        raise typer.Exit(Exit.BAD_AUDIO)
    if finding.verdict is Verdict.UNSURE:
        invocation.say(f"It could not be checked: {finding.sentence}", style="yellow")
        raise typer.Exit(Exit.NO_ANSWER)
    invocation.say(f"It can be played: {finding.sentence}.", style="green")


def check_before_sending(invocation: Invocation, terms: Terms, *, is_wanted: bool | None) -> Finding | None:
    """A look at the audio of a campaign before it is handed in; None without one. Raises `Failure` when it is bad.

    Unless stated, it `is_wanted` where the settings say so and this machine has what it needs: the workers look, too.
    """
    if not (_is_usual(invocation, terms) if is_wanted is None else is_wanted):
        return None
    finding = look(invocation, terms, fetch=fetching.fetch)
    if finding.verdict is Verdict.BAD:
        option = next(OPTIONS[name] for name in ("audio_url", "audio_title", "audio_file") if getattr(terms, name))
        what = "the campaign cannot be sent like this"
        raise Failure(Exit.BAD_AUDIO, what, problems=[f"{option}: {finding.sentence}"], kept=NOTHING_SENT)
    if finding.verdict is Verdict.UNSURE:
        invocation.note(f"The audio could not be checked: {finding.sentence}", style="yellow")
    else:
        invocation.say(f"The audio can be played: {finding.sentence}.")
    return finding


def look(invocation: Invocation, terms: Terms, *, fetch: Fetch | None) -> Finding:
    """A look at the audio of these terms, from here; raises what `Invocation.gateway` does, where it must be asked."""
    recordings = partial(_recordings, invocation, terms.account)
    return look_at_audio(terms, recordings=recordings, fetch=fetch)


def finding_document(finding: Finding) -> dict[str, Any]:
    """A finding as JSON values."""
    return {"verdict": finding.verdict, "sentence": mask_text(finding.sentence), "duration_s": finding.seconds}


def _is_usual(invocation: Invocation, terms: Terms) -> bool:
    level = invocation.settings.audio_preflight
    if terms.audio_url or level is AudioPreflight.OFF:
        return level is AudioPreflight.ALL
    try:
        invocation.gateway(terms.account)
    except (InvalidSettings, Failure):
        return False
    return True


def _recordings(invocation: Invocation, account: str) -> list[AudioFile]:
    return list_recordings(partial(ask, invocation, account), now=invocation.clock())


def _one_name(title: str | None, code: str | None, file: str | None) -> tuple[NamedBy, str]:
    given = {NamedBy.TITLE: title, NamedBy.CODE: code, NamedBy.FILE: file}
    stated = [(named_by, name) for named_by, name in given.items() if name]
    if len(stated) != 1:
        raise Failure(Exit.BAD_INPUT, "give exactly one of TITLE, --code and --file")
    return stated[0]


def _document(recording: AudioFile) -> dict[str, Any]:
    return {
        "title": recording.title,
        "file": recording.file,
        "duration_s": recording.duration_s,
        "created_at": iso(recording.created_at),
        "created_text": recording.created_text,
    }


def _table(listed: list[AudioFile]) -> Table:
    table = plain_table("title", "file", "seconds", "created (Eastern)", right=("seconds",))
    for each in listed:
        seconds = "" if each.duration_s is None else f"{each.duration_s:g}"
        table.add_row(clean(each.title), clean(each.file), seconds, clean(each.created_text))
    return table
