"""`show` and `list`: campaigns as they stand."""

import typer

from jobs.cli import options
from jobs.cli.balances import say_if_low
from jobs.cli.called import campaign_called
from jobs.cli.exits import Exit
from jobs.cli.failures import Failure
from jobs.cli.follow import follow
from jobs.cli.halts import say_if_halted
from jobs.cli.invocation import of
from jobs.cli.pictures import campaign_picture, campaigns_table, moving_picture, next_steps
from jobs.cli.rests import say_at_rest
from jobs.cli.shown import PROGRAM
from jobs.cli.unknowns import say_if_in_doubt
from jobs.documents import rests
from jobs.documents.campaigns import read_dossier, shown, summary
from jobs.ledger import campaigns
from jobs.ledger.dispositions import tally
from jobs.ringing.queues import is_anybody_at_work


def show(
    context: typer.Context,
    campaign_id: options.CampaignOrKey,
    as_json: options.Json = False,
    watch: options.Watch = False,
) -> None:
    """Show one campaign: its status, and where every phone of it is."""
    invocation = of(context, as_json=as_json)
    if watch and as_json:
        raise Failure(Exit.BAD_INPUT, "--watch is for people; a program calls show --json again")
    say_if_halted(invocation)  # first of all: after a loss of data the campaign may not be known any more
    campaign_id = campaign_called(invocation, campaign_id)
    if watch:
        follow(invocation, campaign_id, picture=lambda each: moving_picture(each, tally(invocation.redis, each.id)))
    dossier = read_dossier(invocation.redis, campaign_id)
    at_rest = rests.of_campaign(invocation.redis, dossier.campaign)
    say_at_rest(invocation, at_rest)
    at_work = is_anybody_at_work(invocation.redis)
    invocation.answer(shown(dossier, at_rest))
    invocation.say(campaign_picture(dossier))
    say_if_in_doubt(invocation, campaign_id)
    invocation.say(next_steps(dossier.campaign, is_anybody_at_work=at_work))


def list_campaigns(context: typer.Context, most: options.Most = 20, as_json: options.Json = False) -> None:
    """List the campaigns that were taken last, newest first."""
    invocation = of(context, as_json=as_json)
    found = campaigns.newest(invocation.redis, most=most)
    say_if_halted(invocation)
    say_if_low(invocation)
    at_rest = rests.of_all(invocation.redis)
    say_at_rest(invocation, at_rest)
    summaries = [summary(each) for each in found]
    invocation.answer({"campaigns": summaries, "accounts_at_rest": [rests.document(each) for each in at_rest]})
    invocation.say(campaigns_table(found) if found else f"No campaign yet; see {PROGRAM} send --help.")
    say_if_in_doubt(invocation)
