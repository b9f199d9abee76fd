"""`pause`, `resume`, `stop`, `cancel` and `refresh`: telling a campaign, or one session of the gateway, something."""

import typer

from jobs.campaigns.control import VERBS, WANTED_RUN
from jobs.cli import options
from jobs.cli.dossier import Dossier, document, read_dossier
from jobs.cli.exits import Exit
from jobs.cli.follow import follow
from jobs.cli.invocation import Invocation, of
from jobs.cli.pictures import campaign_picture, control_sentence
from jobs.cli.sessions import is_session_id, tell_session
from jobs.cli.shown import PROGRAM, counted
from jobs.ledger import due
from jobs.ledger.keys import Due
from jobs.models import Run, SubmissionState


def pause(
    context: typer.Context,
    campaign_id: options.CampaignOrSession,
    why: options.Why = "",
    wait: options.WaitForGateway = False,
    account: options.SessionAccount = "default",
    as_json: options.Json = False,
) -> None:
    """Pause a campaign, or one session.

    Nothing new starts, and the gateway is told to pause what it has; `resume` lets it go on.
    """
    _tell(of(context), campaign_id, "pause", why=why, wait=wait, account=account, as_json=as_json)


def resume(
    context: typer.Context,
    campaign_id: options.CampaignOrSession,
    why: options.Why = "",
    wait: options.WaitForGateway = False,
    account: options.SessionAccount = "default",
    as_json: options.Json = False,
) -> None:
    """Let a paused campaign, or one session, go on."""
    _tell(of(context), campaign_id, "resume", why=why, wait=wait, account=account, as_json=as_json)


def stop(
    context: typer.Context,
    campaign_id: options.CampaignOrSession,
    why: options.Why = "",
    wait: options.WaitForGateway = False,
    account: options.SessionAccount = "default",
    as_json: options.Json = False,
) -> None:
    """End a campaign, or one session, for good.

    Nothing new starts, and the gateway is told to stop what it has. It never runs again.
    """
    _tell(of(context), campaign_id, "stop", why=why, wait=wait, account=account, as_json=as_json)


def cancel(
    context: typer.Context,
    campaign_id: options.CampaignOrSession,
    why: options.Why = "",
    wait: options.WaitForGateway = False,
    account: options.SessionAccount = "default",
    as_json: options.Json = False,
) -> None:
    """End a campaign, or one session, that has not begun.

    It does what `stop` does, and the campaign is then called cancelled, not stopped.
    """
    _tell(of(context), campaign_id, "cancel", why=why, wait=wait, account=account, as_json=as_json)


def refresh(context: typer.Context, campaign_id: options.CampaignId, as_json: options.Json = False) -> None:
    """Have the gateway asked for a campaign's call records now."""
    invocation = of(context)
    asked = invocation.producer.refresh(campaign_id)
    if as_json:
        invocation.print_json({"campaign_id": campaign_id, "sessions": asked})
    elif asked:
        invocation.out.print(f"The gateway is being asked about {counted(asked, 'session')}.")
        invocation.out.print(f"See what came: {PROGRAM} show {campaign_id}")
    else:
        invocation.out.print("Nothing of it is with the gateway now, so there is nothing to ask.")


def _tell(
    invocation: Invocation, campaign_id: str, verb: str, *, why: str, wait: bool, account: str, as_json: bool
) -> None:
    if is_session_id(campaign_id):
        tell_session(invocation, campaign_id, verb, account=account, why=why, as_json=as_json)
        return
    invocation.producer.control(campaign_id, verb, why=why)
    dossier = read_dossier(invocation.redis, campaign_id)
    if not as_json:
        invocation.out.print(control_sentence(dossier.campaign))
    if wait:
        follow(
            invocation,
            campaign_id,
            until=lambda campaign: not due.stands(invocation.redis, Due.CONTROL, campaign.id),
            quietly=as_json,
        )
        dossier = read_dossier(invocation.redis, campaign_id)
    _answer(invocation, dossier, verb, waited=wait, as_json=as_json)
    if wait and not is_in_step(dossier, verb):
        raise typer.Exit(Exit.OTHER_END)


def is_in_step(dossier: Dossier, verb: str) -> bool:
    """Whether every session does what was asked for; the gateway may have refused."""
    wanted = {WANTED_RUN[VERBS[verb]], Run.ENDED}
    return all(each.run in wanted for each in dossier.submissions if each.state is SubmissionState.ACCEPTED)


def _answer(invocation: Invocation, dossier: Dossier, verb: str, *, waited: bool, as_json: bool) -> None:
    if as_json:
        invocation.print_json(document(dossier))
    elif not waited:
        invocation.out.print(f"See how far it is: {PROGRAM} show {dossier.campaign.id}")
    elif is_in_step(dossier, verb):
        invocation.out.print("The gateway has confirmed it.", style="green")
    else:
        invocation.out.print("The gateway has not done it for every session:", style="yellow")
        invocation.out.print(campaign_picture(dossier))
