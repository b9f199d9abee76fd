"""What the workers have noted of balances: the series of an account, and a remark where one is low."""

from datetime import datetime
from typing import Annotated

import typer
from rich.table import Table

from jobs import eastern
from jobs.campaigns.balances import slots_between
from jobs.cli.invocation import Invocation
from jobs.cli.shown import PROGRAM, counted, plain_table, spoken
from jobs.documents.balances import balance_document, low_document
from jobs.ledger import balances
from jobs.ledger.balances import Low, Noted

MOST_SHOWN = 30
"""The newest ones, to a person; all of them are in the document."""

History = Annotated[
    bool, typer.Option("--history", help="What the workers noted in the last 90 days; the gateway is not asked.")
]


def show_history(invocation: Invocation, account: str) -> None:
    """The series of one account."""
    invocation.check_account(account)
    found, low = balances.history(invocation.redis, account), balances.low_accounts(invocation.redis).get(account)
    invocation.answer(balance_document(invocation.redis, account))
    if not found:
        invocation.say(f"Nothing was noted of account {account} yet.")
        return
    invocation.say(_table(found[-MOST_SHOWN:], invocation.clock()))
    if len(found) > MOST_SHOWN:
        invocation.say(f"\nThe newest {MOST_SHOWN} of {len(found):,}; --json gives all.")
    if low:
        invocation.say(_sentence(account, low), style="bold yellow")


def say_if_low(invocation: Invocation) -> None:
    """A remark for whoever looks at campaigns and would send more."""
    for account, low in balances.low_accounts(invocation.redis).items():
        words = f"{_sentence(account, low)} See {PROGRAM} balance --history."
        invocation.note(words, {"low_balance": {"account": account, **low_document(low)}}, style="bold yellow")


def _table(found: list[Noted], now: datetime) -> Table:
    """With a line wherever notes are missing, up to the present."""
    table = plain_table("noted (Eastern)", "remaining", "pending", right=("remaining", "pending"))
    for each, next_at in zip(found, [*(each.at for each in found[1:]), now], strict=True):
        pending = "" if each.pending is None else f"{each.pending:,}"
        table.add_row(eastern.wall_text(each.at)[:-3], f"{each.remaining:,}", pending)
        if missing := slots_between(each.at, next_at):
            table.add_row(f"  {counted(missing, 'note')} missing", "", "")
    return table


def _sentence(account: str, low: Low) -> str:
    return f"Account {account} is below its floor of {counted(low.floor, 'message')} since {spoken(low.since)}."
