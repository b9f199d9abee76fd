"""`send`: a contact file in, a campaign in the ledger out."""

import shlex
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

import typer
from redis.exceptions import RedisError

from config.masking import mask_name
from jobs.campaigns import take
from jobs.campaigns.control import known
from jobs.campaigns.plan import Plan
from jobs.campaigns.preflight import Finding
from jobs.campaigns.take import Taken
from jobs.cli import options
from jobs.cli.audio import check_before_sending, finding_document
from jobs.cli.exits import Exit
from jobs.cli.failures import NOTHING_SENT, redis_failure
from jobs.cli.follow import follow
from jobs.cli.halts import say_if_halted
from jobs.cli.invocation import Invocation, of
from jobs.cli.pictures import campaign_picture, next_steps, understood_picture
from jobs.cli.planning import plan_picture, read_plan, reading_sentence, write_excluded
from jobs.cli.rests import say_at_rest
from jobs.cli.shown import counted, iso
from jobs.cli.unknowns import say_if_in_doubt
from jobs.contacts import Contacts
from jobs.documents import rests
from jobs.documents.campaigns import Dossier, document, read_dossier, terms_document
from jobs.documents.handles import HandleDocument
from jobs.documents.plans import plan_document, reading_document
from jobs.documents.terms import read_terms
from jobs.ledger import campaigns
from jobs.models import CampaignStatus, CampaignView, InvalidCampaign, Problem, Terms, WhenUnknown
from jobs.ringing.queues import is_anybody_at_work


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
    when_unknown: options.UnknownPolicy = WhenUnknown.HOLD,
    check_audio: options.CheckAudio = None,
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
    invocation = of(context, as_json=as_json)
    if excluded_to and excluded_to.exists() and Path(contacts).exists() and excluded_to.samefile(contacts):
        raise InvalidCampaign((Problem("excluded_to", "is the contact file itself, which it would replace"),))
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
            "when_unknown": when_unknown,
        }
    )
    planned, read = read_plan(contacts, column, err=invocation.err)
    if excluded_to:
        write_excluded(excluded_to, planned)
    invocation.say(reading_sentence(read))
    invocation.say(plan_picture(planned))
    if dry_run:
        _refuse_what_cannot_be_sent(terms, planned, invocation.clock(), key=key)
        finding = check_before_sending(invocation, terms, is_wanted=bool(check_audio))
        invocation.say(understood_picture(terms, invocation.clock()))
        invocation.say(f"Dry run. {NOTHING_SENT}", style="green")
        invocation.answer(_document(planned, read, finding) | {"understood": _understood(terms)})
        return
    campaign = _hand_in(invocation, terms, planned, read, key, check_audio=check_audio, wait=wait)
    if wait and campaign.status is not CampaignStatus.FINISHED:
        raise typer.Exit(Exit.OTHER_END)


def fresh_key(now: datetime) -> str:
    """A key that nobody has used."""
    return f"{now:%Y-%m-%d}-{take.new_campaign_id()[:10]}"


def _refuse_what_cannot_be_sent(terms: Terms, planned: Plan, now: datetime, *, key: str | None = None) -> None:
    of_key = () if key is None else take.key_problems(key)
    if problems := take.problems_at(terms, planned, now) + of_key:
        raise InvalidCampaign(problems)


def _hand_in(
    invocation: Invocation,
    terms: Terms,
    planned: Plan,
    read: Contacts,
    key: str | None,
    *,
    check_audio: bool | None,
    wait: bool,
) -> CampaignView:
    invocation.check_account(terms.account)
    if key is None:
        _refuse_what_cannot_be_sent(terms, planned, invocation.clock())
    producer = invocation.producer
    # A campaign that is in already is not sent because of this, and its audio may be gone by now.
    is_in = key is not None and campaigns.holder(invocation.redis, key) is not None
    finding = None if is_in else check_before_sending(invocation, terms, is_wanted=check_audio)
    if key is None:
        key = fresh_key(invocation.clock())
        # Before anything is written, so that whatever happens then, it can be repeated.
        invocation.note(f"Running this again with --key {shlex.quote(key)} cannot send twice.", {"key": key})
    with _repeatable(key):
        taken = producer.submit(terms, planned, key=key)
        _say_taken(invocation, key, taken, planned)
        say_if_halted(invocation)
        if wait:
            follow(invocation, taken.campaign_id)
        dossier = read_dossier(invocation.redis, taken.campaign_id)
        say_at_rest(invocation, rests.of_campaign(invocation.redis, dossier.campaign))
        at_work = is_anybody_at_work(invocation.redis)
    if wait:
        invocation.say(campaign_picture(dossier))
        say_if_in_doubt(invocation, taken.campaign_id)
    if not (wait and dossier.campaign.status.is_final):
        invocation.say(next_steps(dossier.campaign, is_anybody_at_work=at_work))
    invocation.answer(_document(planned, read, finding, key, taken, dossier))
    return dossier.campaign


@contextmanager
def _repeatable(key: str) -> Iterator[None]:
    """Whatever Redis does from here on, the advice is to use this key: a fresh one would send again."""
    try:
        yield
    except RedisError as error:
        again = f"Run the same command again with --key {shlex.quote(key)}: that cannot send twice."
        kept = "Whether the campaign is in cannot be told from here; it is in whole or not at all."
        raise redis_failure(error, kept=kept, todo=again, facts={"key": key}) from None


def _say_taken(invocation: Invocation, key: str, taken: Taken, planned: Plan) -> None:
    campaign = known(invocation.redis, taken.campaign_id)
    if taken.is_new:
        invocation.say(f"Campaign {taken.campaign_id} is in, under the key {key}.", style="green")
        if listed := planned.phone_count - campaign.phone_count:
            invocation.say(f"Left out, because it is on the account's do-not-dial list: {counted(listed, 'phone')}.")
        return
    invocation.say(
        f"The key {key} was used before with the same payload. Nothing new was sent: "
        f"it is campaign {taken.campaign_id}, which is {campaign.status}.",
        style="yellow",
    )


def _understood(terms: Terms) -> dict[str, Any]:
    start = "now" if terms.start == "now" else iso(terms.start)
    return {"title": mask_name(terms.title), "start": start, **terms_document(terms)}


def _document(
    planned: Plan,
    read: Contacts,
    finding: Finding | None,
    key: str | None = None,
    taken: Taken | None = None,
    dossier: Dossier | None = None,
) -> HandleDocument:
    """Nothing but the contacts, the plan, and perhaps the audio, for a dry run."""
    return {
        "campaign_id": taken.campaign_id if taken else None,
        "key": key,
        "is_new": taken.is_new if taken else None,
        "contacts": reading_document(read),
        "plan": plan_document(planned),
        "audio_check": finding_document(finding) if finding else None,
        "campaign": document(dossier) if dossier else None,
    }
