"""`send`: a contact file in, a campaign in the ledger out."""

import shlex
from datetime import datetime

import typer
from redis.exceptions import RedisError

from jobs.campaigns import take
from jobs.campaigns.control import known
from jobs.campaigns.plan import Plan
from jobs.campaigns.take import Taken
from jobs.cli import options
from jobs.cli.dossier import document, read_dossier
from jobs.cli.exits import Exit
from jobs.cli.failures import redis_failure
from jobs.cli.follow import follow
from jobs.cli.invocation import Invocation, of
from jobs.cli.pictures import campaign_picture, next_steps
from jobs.cli.planning import plan_document, plan_picture, read_plan, write_excluded
from jobs.cli.terms import read_terms
from jobs.models import CampaignStatus, InvalidCampaign, Terms
from jobs.producer import is_anybody_at_work


def send(
    context: typer.Context,
    contacts: options.Contacts,
    caller_id: options.CallerId,
    audio_url: options.AudioUrl = None,
    audio_type: options.AudioKind = None,
    audio_title: options.AudioTitle = None,
    audio_file: options.AudioFile = None,
    at: options.StartsAt = "now",
    ends_at: options.EndsAt = None,
    expires_at: options.ExpiresAt = None,
    title: options.Title = "",
    key: options.Key = None,
    column: options.Column = None,
    mobile_only: options.MobileOnly = False,
    account: options.Account = "default",
    dry_run: options.DryRun = False,
    excluded_to: options.ExcludedTo = None,
    wait: options.WaitForEnd = False,
    as_json: options.Json = False,
) -> None:
    """Plan a campaign from a contact file and hand it in.

    Every row ends up in a submission or among the rows that are left out, each with its reason, and the counts add up.
    Workers send it; this command may be run again with the same --key at any time, and never sends twice.

    \b
      python -m jobs send contacts.csv --caller-id 617-555-0100 \\
          --audio-url https://example.com/reminder.mp3 --at '2026-03-02 09:30 ET'

    Give exactly one of --audio-url, --audio-title and --audio-file. A time is written as 2026-03-02T14:30Z, as
    2026-03-02T09:30-05:00, or as '2026-03-02 09:30 ET' for Eastern time.
    """
    invocation = of(context)
    terms = read_terms(
        {
            "caller_id": caller_id,
            "audio_url": audio_url,
            "audio_type": audio_type,
            "audio_title": audio_title,
            "audio_file": audio_file,
            "start": at,
            "ends_at": ends_at,
            "expires_at": expires_at,
            "title": title,
            "mobile_only": mobile_only,
            "account": account,
        }
    )
    planned = read_plan(contacts, column, err=invocation.err)
    if excluded_to:
        write_excluded(excluded_to, planned)
    if not as_json:
        invocation.out.print(plan_picture(planned))
    if dry_run:
        _show_dry_run(invocation, terms, planned, as_json=as_json)
        return
    key, taken = _hand_in(invocation, terms, planned, key, as_json=as_json)
    _show_taken(invocation, planned, key, taken, as_json=as_json, wait=wait)


def fresh_key(now: datetime) -> str:
    """A key that nobody has used."""
    return f"{now:%Y-%m-%d}-{take.new_campaign_id()[:10]}"


def _show_dry_run(invocation: Invocation, terms: Terms, planned: Plan, *, as_json: bool) -> None:
    if problems := take.problems_at(terms, planned, invocation.clock()):
        raise InvalidCampaign(problems)
    if as_json:
        invocation.print_json({"campaign_id": None, "key": None, "is_new": None, "plan": plan_document(planned)})
    else:
        invocation.out.print("Dry run: nothing was stored and nothing was sent.", style="green")


def _hand_in(
    invocation: Invocation, terms: Terms, planned: Plan, key: str | None, *, as_json: bool
) -> tuple[str, Taken]:
    producer = invocation.producer
    if key is None:
        key = fresh_key(invocation.clock())
        _announce(invocation, key, as_json=as_json)
    again = f"Run the same command again with --key {shlex.quote(key)}: that cannot send twice."
    try:
        return key, producer.submit(terms, planned, key=key)
    except RedisError as error:
        raise redis_failure(error, kept="Whether the campaign is in, nobody can tell from here.", todo=again) from None


def _announce(invocation: Invocation, key: str, *, as_json: bool) -> None:
    """Before anything is written, so that whatever happens then, the person can repeat it safely."""
    if as_json:
        invocation.print_json({"key": key}, to_err=True)
        return
    invocation.err.print(f"Running this again with --key {shlex.quote(key)} cannot send twice.")


def _show_taken(invocation: Invocation, planned: Plan, key: str, taken: Taken, *, as_json: bool, wait: bool) -> None:
    if not as_json:
        _say_taken(invocation, key, taken)
    ended = follow(invocation, taken.campaign_id, quietly=as_json) if wait else None
    dossier = read_dossier(invocation.redis, taken.campaign_id)
    if as_json:
        handle = {"campaign_id": taken.campaign_id, "key": key, "is_new": taken.is_new}
        invocation.print_json({**handle, "plan": plan_document(planned), "campaign": document(dossier)})
    elif wait:
        invocation.out.print(campaign_picture(dossier))
    else:
        at_work = is_anybody_at_work(invocation.redis)
        invocation.out.print(next_steps(dossier.campaign, is_anybody_at_work=at_work))
    if ended and ended.status is not CampaignStatus.FINISHED:
        raise typer.Exit(Exit.OTHER_END)


def _say_taken(invocation: Invocation, key: str, taken: Taken) -> None:
    if taken.is_new:
        invocation.out.print(f"Campaign {taken.campaign_id} is in, under the key {key}.", style="green")
    else:
        status = known(invocation.redis, taken.campaign_id).status
        invocation.out.print(
            f"The key {key} was used before with the same payload. Nothing new was sent: "
            f"it is campaign {taken.campaign_id}, which is {status}.",
            style="yellow",
        )
