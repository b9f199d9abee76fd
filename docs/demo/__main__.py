"""`python -m docs.demo`: a campaign of 25,000 contacts from the list to the results, in under a minute.

Everything is real but the gateway, which calls nobody and remembers who it was asked to call.
"""

import shutil
import signal
import sys
import time
from pathlib import Path
from typing import Annotated, NoReturn

import typer
from redis import Redis

from benchmarks.messy import PHONE, write_messy_csv
from docs.demo.audit import Audit, audit, calls_made
from docs.demo.screen import CommandFailed, Screen
from docs.demo.stage import PERSON, DidNotStart, Stage, open_stage
from jobs.ledger import campaigns
from jobs.models import MAX_PHONES_PER_SUBMISSION, CampaignView, DropState

FOLDER = Path("var/demo")
CONTACTS = FOLDER / "contacts.csv"
RESULTS = FOLDER / "results.csv"
SEED = 2026
AGAIN_AT, PAUSE_AT = 0.05, 0.4
"""The shares of calls on record at which the list is sent again, and at which the campaign is paused."""
STAND_STILL_S = 3
CALLS_LAST_S = 20

SEND = [
    "send",
    str(CONTACTS),
    "--caller-id",
    "6175550100",
    "--audio-url",
    "https://example.com/reminder.mp3",
    "--title",
    "Autumn reminder",
    "--key",
    "autumn-reminder",
]


def main(
    record: Annotated[Path | None, typer.Option(help="Save a picture of the run as SVG.")] = None,
    rows: Annotated[int, typer.Option(min=100, help="Contacts on the list.")] = 25_000,
) -> None:
    """Play a whole campaign on this machine. Nobody is called, and no account is needed."""
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _leave)
    screen = Screen(takes_picture=record is not None)
    try:
        agrees = play(screen, rows)
    except KeyboardInterrupt:
        screen.say("\nEnded; everything that was started is gone.")
        raise typer.Exit(130) from None
    except (CommandFailed, DidNotStart) as failed:
        screen.say(f"{failed}. The logs are in {FOLDER}/.", style="red")
        raise typer.Exit(1) from None
    if record:
        screen.save_picture(record, title="make demo")
    raise typer.Exit(0 if agrees else 1)


def play(screen: Screen, rows: int) -> bool:
    """The acts in their order; answers whether the gateway's book agrees with the results."""
    shutil.rmtree(FOLDER, ignore_errors=True)
    FOLDER.mkdir(parents=True)
    with open_stage(FOLDER, calls_per_second=min(rows, MAX_PHONES_PER_SUBMISSION) / CALLS_LAST_S) as stage:
        _open(screen, stage)
        screen.act(1, f"A contact list as people have them, made up: {rows:,} rows.")
        wanted = write_messy_csv(CONTACTS, rows, SEED)[PHONE]
        screen.say(f"It lies in {CONTACTS}.")
        campaign = _send(screen, stage)
        _pause_and_resume(screen, stage, campaign)
        _finish(screen, stage, campaign)
        agrees = _compare(screen, audit(wanted=wanted, gateway_url=stage.gateway_url, results=RESULTS))
        screen.wait_for_enter(f"{stage.page_url} is there until you press Enter.")
    screen.say(f"\nAll that was started has ended. What came of it lies in {FOLDER}/.", style="dim")
    return agrees


def _open(screen: Screen, stage: Stage) -> None:
    screen.say(f"Watch it on the page: {stage.page_url}", style="bold")
    screen.say(f"Sign in as {PERSON}, password {stage.password}")
    screen.say("Redis, a gateway that calls nobody, `python -m worker` and `python -m web` are", style="dim")
    screen.say(f"running on this machine alone; their logs lie in {FOLDER}/.", style="dim")


def _send(screen: Screen, stage: Stage) -> CampaignView:
    screen.act(2, "Send it.")
    screen.run(stage.environment, SEND, slice(5), slice(-3, None))
    (campaign,) = campaigns.newest(stage.redis, most=2)
    _follow(screen, stage, campaign, AGAIN_AT)
    screen.act(3, "Send it again by mistake. The same key is the same campaign.")
    screen.run(stage.environment, SEND, slice(1), slice(-5, None))
    return campaign


def _pause_and_resume(screen: Screen, stage: Stage, campaign: CampaignView) -> None:
    _follow(screen, stage, campaign, PAUSE_AT)
    screen.act(4, "Somebody wants to hear the recording once more. Hold everything.")
    screen.run(stage.environment, ["pause", campaign.id, "--why", "hear it again", "--wait"])
    before = calls_made(stage.gateway_url)
    time.sleep(STAND_STILL_S)
    after = calls_made(stage.gateway_url)
    screen.say(f"By its own count the gateway stands at {before:,} calls,")
    screen.say(f"and {STAND_STILL_S} seconds later at {after:,}.")
    screen.act(5, "All is well. Go on.")
    screen.run(stage.environment, ["resume", campaign.id, "--wait"])


def _finish(screen: Screen, stage: Stage, campaign: CampaignView) -> None:
    _follow(screen, stage, campaign, share=1)
    screen.act(6, "How it went.")
    screen.run(stage.environment, ["show", campaign.id], slice(2), slice(12, 30))
    screen.say("")
    screen.run(stage.environment, ["results", campaign.id, "--to", str(RESULTS)])


def _compare(screen: Screen, found: Audit) -> bool:
    screen.act(7, "Ask the gateway itself whom it was told to call.")
    screen.say(f"On the list {found.wanted:,} phones, in the gateway's book {found.called.total():,} calls,")
    screen.say(f"in the results {found.reported.total():,} rows.")
    if found.agrees:
        screen.say("Nobody missing, nobody twice.", style="bold green")
    else:
        screen.say(f"THEY DO NOT AGREE: {found.missing:,} missing, {found.twice:,} twice.", style="bold red")
    return found.agrees


def _follow(screen: Screen, stage: Stage, campaign: CampaignView, share: float) -> None:
    """Show how calls come on record until that share of the phones has one, or the campaign is over."""

    def is_there(count: int) -> bool:
        return (count >= campaign.phone_count * share and share < 1) or _view(stage.redis, campaign.id).status.is_final

    screen.follow(campaign.phone_count, lambda: on_record(stage.redis, campaign.id), is_there)


def on_record(redis: Redis, campaign_id: str) -> int:
    """How many drops have ended, by the ledger."""
    drops = _view(redis, campaign_id).drops
    return sum(count for state, count in drops.items() if state is not DropState.PENDING)


def _view(redis: Redis, campaign_id: str) -> CampaignView:
    view = campaigns.read(redis, campaign_id)
    if view is None:
        raise CommandFailed(f"campaign {campaign_id} is not in the ledger")
    return view


def _leave(*_: object) -> NoReturn:
    """A signal that would end us without a word ends what we started as well."""
    sys.exit(143)


if __name__ == "__main__":
    typer.run(main)
