"""What the workers have noted of an account's balance."""

from redis import Redis
from typing_extensions import TypedDict

from jobs.documents.values import iso_of
from jobs.ledger import balances
from jobs.ledger.balances import Low


class NotedDocument(TypedDict):
    """What the gateway said at an instant."""

    at: str
    remaining: int
    pending: int | None


class LowDocument(TypedDict):
    """Since when an account is below its floor."""

    since: str
    floor: int


class BalanceDocument(TypedDict):
    """The series of the last months, oldest first; `low` is null while all is well."""

    account: str
    history: list[NotedDocument]
    low: LowDocument | None


def balance_document(redis: Redis, account: str) -> BalanceDocument:
    """All that was noted of an account."""
    found, low = balances.history(redis, account), balances.low_accounts(redis).get(account)
    noted: list[NotedDocument] = [
        {"at": iso_of(each.at), "remaining": each.remaining, "pending": each.pending} for each in found
    ]
    return {"account": account, "history": noted, "low": low_document(low) if low else None}


def low_document(low: Low) -> LowDocument:
    """Since when, and which floor."""
    return {"since": iso_of(low.since), "floor": low.floor}
