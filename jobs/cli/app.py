"""The commands of `python -m jobs`, in the order in which a campaign meets them."""

from collections.abc import Callable, Mapping

import typer

from jobs.cli.account import balance, sessions, verify
from jobs.cli.audio import audio
from jobs.cli.calls import call_status
from jobs.cli.controls import cancel, pause, refresh, resume, stop
from jobs.cli.do_not_dial import do_not_dial
from jobs.cli.exits import Exit
from jobs.cli.halts import halt, unhalt
from jobs.cli.people import looks, people
from jobs.cli.purge import purge
from jobs.cli.quarantine import quarantine
from jobs.cli.reconcile import reconcile
from jobs.cli.results import results
from jobs.cli.send import send
from jobs.cli.show import list_campaigns, show
from jobs.cli.tokens import tokens
from jobs.cli.unknowns import decide, unknowns
from jobs.cli.webhooks import webhooks

COMMANDS: Mapping[str, Callable[..., None]] = {
    "send": send,
    "show": show,
    "list": list_campaigns,
    "results": results,
    "pause": pause,
    "resume": resume,
    "stop": stop,
    "cancel": cancel,
    "refresh": refresh,
    "unknowns": unknowns,
    "decide": decide,
    "quarantine": quarantine,
    "halt": halt,
    "unhalt": unhalt,
    "call-status": call_status,
    "sessions": sessions,
    "reconcile": reconcile,
    "purge": purge,
    "looks": looks,
    "balance": balance,
    "verify": verify,
}

GROUPS: Mapping[str, typer.Typer] = {
    "audio": audio,
    "do-not-dial": do_not_dial,
    "tokens": tokens,
    "webhooks": webhooks,
    "people": people,
}

EPILOG = "\b\nExit codes:\n" + "\n".join(f"  {each.value:>3}  {each.meaning}" for each in Exit)

app = typer.Typer(
    help="Send voicemail campaigns, look at them, control them, export their results, ask the gateway.",
    epilog=EPILOG,
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 120},
)
for name, command in COMMANDS.items():
    app.command(name)(command)
for name, group in GROUPS.items():
    app.add_typer(group, name=name)
