"""`pause`, `resume`, `stop`, `cancel` and `refresh`: telling a campaign, or one session of the gateway, something."""

import typer
from rich.text import Text

from jobs.campaigns.control import VERBS, known
from jobs.campaigns.verbs import WANTED_RUN
from jobs.cli import options
from jobs.cli.called import campaign_called
from jobs.cli.exits import Exit
from jobs.cli.follow import follow
from jobs.cli.invocation import Invocation, of
from jobs.cli.pictures import campaign_picture, control_sentence
from jobs.cli.sessions import is_session_id, tell_session
from jobs.cli.shown import commands, counted
from jobs.documents.campaigns import Dossier, document, read_dossier
from jobs.ledger import due
from jobs.ledger.keys import Due
from jobs.models import CampaignView, Run, SubmissionState

_WAITING = "Waiting for the gateway's word on every session."


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
    _tell(of(context, as_json=as_json), campaign_id, "pause", why=why, wait=wait, account=account)


def resume(
    context: typer.Context,
    campaign_id: options.CampaignOrSession,
    why: options.Why = "",
    wait: options.WaitForGateway = False,
    account: options.SessionAccount = "default",
    as_json: options.Json = False,
) -> None:
    """Let a paused campaign, or one session, go on."""
    _tell(of(context, as_json=as_json), campaign_id, "resume", why=why, wait=wait, account=account)


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
    _tell(of(context, as_json=as_json), campaign_id, "stop", why=why, wait=wait, account=account)


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
    _tell(of(context, as_json=as_json), campaign_id, "cancel", why=why, wait=wait, account=account)


def refresh(context: typer.Context, campaign_id: options.CampaignOrKey, as_json: options.Json = False) -> None:
    """Have the gateway asked for a campaign's call records now."""
    invocation = of(context, as_json=as_json)
    campaign_id = campaign_called(invocation, campaign_id)
    asked = invocation.producer.refresh(campaign_id)
    invocation.answer({"campaign_id": campaign_id, "sessions": asked})
    if asked:
        invocation.say(f"The gateway is being asked about {counted(asked, 'session')}.")
        invocation.say(commands(("see what came", f"show {campaign_id}")))
    else:
        invocation.say("Nothing of it is with the gateway now, so there is nothing to ask.")


def _tell(invocation: Invocation, campaign_id: str, verb: str, *, why: str, wait: bool, account: str) -> None:
    campaign_id = campaign_called(invocation, campaign_id)  # first: a key may have nothing but digits, too
    if is_session_id(campaign_id):
        tell_session(invocation, campaign_id, verb, account=account, why=why)
        return
    invocation.producer.control(campaign_id, verb, why=why)
    dossier = read_dossier(invocation.redis, campaign_id)
    invocation.say(control_sentence(dossier.campaign))
    if wait:
        _wait_for_the_gateway(invocation, campaign_id)
        dossier = read_dossier(invocation.redis, campaign_id)
        _say_how_it_went(invocation, dossier, verb)
    else:
        invocation.say(commands(("see how far it is", f"show {campaign_id}")))
    invocation.answer(document(dossier))
    if wait and not is_in_step(dossier, verb):
        raise typer.Exit(Exit.OTHER_END)


def _wait_for_the_gateway(invocation: Invocation, campaign_id: str) -> None:
    """Until there is nothing left to tell it; what the campaign is called meanwhile is another matter, and not said."""

    def is_told(_: CampaignView) -> bool:
        return not due.stands(invocation.redis, Due.CONTROL, campaign_id)

    if not is_told(known(invocation.redis, campaign_id)):
        follow(
            invocation,
            campaign_id,
            until=is_told,
            picture=lambda _: Text(_WAITING),
            line=lambda _: _WAITING,
        )


def is_in_step(dossier: Dossier, verb: str) -> bool:
    """Whether every session does what was asked for; the gateway may have refused."""
    wanted = {WANTED_RUN[VERBS[verb]], Run.ENDED}
    return all(each.run in wanted for each in dossier.submissions if each.state is SubmissionState.ACCEPTED)


def _confirmed(campaign: CampaignView, verb: str) -> str:
    in_doubt = [campaign.submissions.get(state, 0) for state in (SubmissionState.SENDING, SubmissionState.UNKNOWN)]
    if not campaign.submissions.get(SubmissionState.ACCEPTED):
        return "No session of it is known to be with the gateway, so there was nothing to confirm."
    said = "The gateway has confirmed it"
    said += f", but for {counted(sum(in_doubt), 'submission')} of which nobody knows." if any(in_doubt) else "."
    return f"{said} The last call records are still to come." if WANTED_RUN[VERBS[verb]] is Run.ENDED else said


def _say_how_it_went(invocation: Invocation, dossier: Dossier, verb: str) -> None:
    if is_in_step(dossier, verb):
        invocation.say(_confirmed(dossier.campaign, verb), style="green")
        return
    invocation.say("The gateway has not done it for every session:", style="yellow")
    invocation.say(campaign_picture(dossier))
