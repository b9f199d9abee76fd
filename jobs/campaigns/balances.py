"""Noting what an account can still send, and saying once when that falls below its floor."""

import structlog

from config.accounts import UnknownAccount
from jobs.campaigns import calling
from jobs.campaigns.calling import NotNow
from jobs.campaigns.desk import Desk
from jobs.gateway.client import GatewayClient
from jobs.gateway.errors import GatewayError
from jobs.ledger import balances
from jobs.ledger.balances import Low, Noted

CALLER = "balance"
"""Who takes turns with the campaigns of the account."""

log = structlog.get_logger(__name__)


def note_balance(desk: Desk, account: str) -> Noted | None:
    """Ask the gateway and note the answer; None where it did not say, and the next time it may."""
    try:
        said = calling.read_for_account(desk, account, CALLER, GatewayClient.balance)
    except (NotNow, GatewayError, UnknownAccount) as failed:
        log.info("balance_not_noted", account=account, why=str(failed))
        return None
    noted = Noted(desk.clock(), said.remaining, said.pending)
    balances.note(desk.redis, account, noted)
    _watch_floor(desk, account, noted)
    return noted


def _watch_floor(desk: Desk, account: str, noted: Noted) -> None:
    floor = desk.balance_floors.get(account)
    if floor is not None and noted.remaining < floor:
        if balances.note_low(desk.redis, account, Low(noted.at, floor)):
            log.warning("balance_is_low", account=account, remaining=noted.remaining, floor=floor)
    elif balances.note_enough(desk.redis, account):
        log.info("balance_is_enough", account=account, remaining=noted.remaining)
