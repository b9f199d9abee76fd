"""Noting what an account can still send, and saying once when that falls below its floor."""

from datetime import UTC, datetime, timedelta
from enum import StrEnum

import structlog

from config.accounts import UnknownAccount
from jobs.campaigns import calling
from jobs.campaigns.calling import NotNow
from jobs.campaigns.desk import Desk
from jobs.gateway.client import GatewayClient
from jobs.gateway.errors import GatewayError, Rejected
from jobs.ledger import balances
from jobs.ledger.balances import Low, Noted

CALLER = "balance"
"""Who takes turns with the campaigns of the account."""

EVERY = timedelta(minutes=15)
"""A note is taken for each of these slots, on the grid of the timetable."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

log = structlog.get_logger(__name__)


class NotNoted(StrEnum):
    """Why there is no note."""

    NO_ANSWER = "no_answer"
    """The gateway did not say, or gets a rest: it may at the next question."""
    REFUSED = "refused"
    """It will at the next one, too."""


def note_balance(desk: Desk, account: str) -> Noted | NotNoted:
    """Ask the gateway and note the answer."""
    try:
        said = calling.read_for_account(desk, account, CALLER, GatewayClient.balance)
    except (NotNow, GatewayError, UnknownAccount) as failed:
        log.info("balance_not_noted", account=account, why=str(failed))
        return NotNoted.REFUSED if isinstance(failed, (Rejected, UnknownAccount)) else NotNoted.NO_ANSWER
    noted = Noted(desk.clock(), said.remaining, said.pending)
    balances.note(desk.redis, account, noted)
    _watch_floor(desk, account, noted)
    return noted


def slots_between(earlier: datetime, later: datetime) -> int:
    """How many slots lie between those of two instants: as many notes are not there."""
    return max(0, (later - _EPOCH) // EVERY - (earlier - _EPOCH) // EVERY - 1)


def _watch_floor(desk: Desk, account: str, noted: Noted) -> None:
    floor = desk.balance_floors.get(account)
    if floor is not None and noted.remaining < floor:
        if balances.note_low(desk.redis, account, Low(noted.at, floor)):
            log.warning("balance_is_low", account=account, remaining=noted.remaining, floor=floor)
    elif balances.note_enough(desk.redis, account):
        log.info("balance_is_enough", account=account, remaining=noted.remaining)
