"""`balance`, `verify` and `sessions`: what the gateway says of an account, asked at once."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

import typer
from rich.table import Table

from config.accounts import where_set
from config.masking import mask_text
from jobs.campaigns import refusals
from jobs.campaigns.sessions import ours, whose
from jobs.cli import options
from jobs.cli.asking import ask
from jobs.cli.balances import History, show_history
from jobs.cli.exits import Exit
from jobs.cli.failures import Failure
from jobs.cli.instants import parse_day
from jobs.cli.invocation import of
from jobs.cli.shown import clean, counted, plain_table
from jobs.gateway.client import GatewayClient
from jobs.gateway.errors import RefusalKind, Rejected
from jobs.gateway.replies import ListedSession
from jobs.models import Submission, SubmissionState


def balance(
    context: typer.Context,
    account: options.Account = "default",
    history: History = False,
    as_json: options.Json = False,
) -> None:
    """Show how many messages a gateway account can still send, now or over the last months."""
    invocation = of(context, as_json=as_json)
    if history:
        show_history(invocation, account)
        return
    found = ask(invocation, account, GatewayClient.balance)
    floor = invocation.settings.balance_floors.get(account)
    is_low = floor is not None and found.remaining < floor
    said = {"account": account, "remaining": found.remaining, "pending": found.pending}
    invocation.answer({**said, "floor": floor, "is_low": is_low})
    pending = "" if found.pending is None else f", {found.pending:,} pending"
    invocation.say(f"{counted(found.remaining, 'message')} remaining{pending}.")
    if is_low:
        invocation.say(f"That is below the floor of {floor:,}.", style="bold yellow")


def verify(context: typer.Context, account: options.Account = "default", as_json: options.Json = False) -> None:
    """Ask the gateway whether it takes the credentials of an account.

    `python -m config check` looks at the environment and Redis; this asks the gateway. Neither sends anything.
    """
    invocation = of(context, as_json=as_json)
    try:
        ask(invocation, account, GatewayClient.user_verify)
    except Rejected as rejected:
        todo = f"compare {where_set(account)} with what opens the vendor's website"
        if rejected.kind is RefusalKind.API_ACCESS:
            todo = refusals.todo(account, rejected.kind)
        what, why = "the gateway does not take these credentials", mask_text(rejected.reason)
        raise Failure(Exit.NO_ANSWER, what, problems=[why], todo=f"What to do: {todo}.") from None
    invocation.answer({"account": account, "verified": True})
    invocation.say(f"The gateway takes the credentials of account {account}.", style="green")


def sessions(
    context: typer.Context, day: options.Day, account: options.Account = "default", as_json: options.Json = False
) -> None:
    """List a day's sessions at the gateway, and which campaigns here they belong to."""
    invocation = of(context, as_json=as_json)
    on = parse_day(day, now=invocation.clock())
    listed = ask(invocation, account, lambda gateway: gateway.campaign_by_date(on))
    known = ours(invocation.redis, account, [each.session_id for each in listed])
    others = whose(invocation.redis, account, on, [each for each in listed if each.session_id not in known])
    invocation.answer(_document(on, account, listed, known, others))
    if listed:
        invocation.say(_table(listed, known, others))
        strangers = len(listed) - len(known) - len(others)
        invocation.say(f"\n{counted(len(listed), 'session')} on {on} (Eastern), {strangers} unknown here.")
    else:
        invocation.say(
            f"The gateway lists no session for {on} (Eastern). One that is out of order may say the same: ask twice."
        )


def _table(listed: Sequence[ListedSession], known: Mapping[str, Submission], others: Mapping[str, Submission]) -> Table:
    table = plain_table("session", "campaign", "submission", "state", "the gateway's words")
    for each in listed:
        found, other = known.get(each.session_id), others.get(each.session_id)
        campaign = found.campaign_id if found else _of_another(other)
        number = found.id.rpartition("-")[2] if found else ""
        title = clean(mask_text(each.title))
        table.add_row(each.session_id, campaign, number, found.state if found else "", title)
    return table


def _of_another(other: Submission | None) -> str:
    """Of a session that nobody follows: whose it is all the same."""
    if other is None:
        return "unknown here"
    match other.state:
        case SubmissionState.GIVEN_UP:
            return f"given up: {other.id}"
        case SubmissionState.SENDING | SubmissionState.UNKNOWN:
            return f"in doubt: {other.id}"
        case _:
            return f"an earlier attempt: {other.id}"


def _document(
    on: date,
    account: str,
    listed: Sequence[ListedSession],
    known: Mapping[str, Submission],
    others: Mapping[str, Submission],
) -> dict[str, Any]:
    return {
        "day": on.isoformat(),
        "account": account,
        "matched": len(known),
        "not_followed": len(others),
        "unknown": len(listed) - len(known) - len(others),
        "sessions": [_session(each, known.get(each.session_id), others.get(each.session_id)) for each in listed],
    }


def _session(listed: ListedSession, own: Submission | None, other: Submission | None) -> dict[str, Any]:
    """`is_followed` tells what is a submission's own from what has only turned up, or bears its mark."""
    found = own or other
    return {
        "session_id": listed.session_id,
        "title": mask_text(listed.title),
        "campaign_id": found.campaign_id if found else None,
        "submission_id": found.id if found else None,
        "state": found.state if found else None,
        "is_followed": own is not None,
    }
