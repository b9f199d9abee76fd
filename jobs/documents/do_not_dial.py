"""Do-not-dial lists, what came of a change, and who wanted what of one phone. Every phone by its last digits."""

from collections import Counter
from collections.abc import Sequence

from typing_extensions import TypedDict

from config.masking import mask_phone, mask_text
from jobs.campaigns.do_not_dial import Changed, Request, Verb
from jobs.documents.values import iso, iso_of
from jobs.ledger.do_not_dial import ListView

MOST_LINES = 10
"""Of the rows that were refused."""


class ListDocument(TypedDict):
    """An account's list, without its numbers."""

    account: str
    numbers: int
    changes: int
    unconfirmed: int
    confirmed_at: str | None
    refused: int
    trouble: str | None
    next_try_at: str | None


class ChangedDocument(TypedDict):
    """What came of a change: `rows` is the sum of `changed`, `unchanged` and `refused`."""

    verb: Verb
    rows: int
    changed: int
    unchanged: int
    refused: int
    refused_by_reason: dict[str, int]
    refused_lines: list[int]
    list: ListDocument


class RequestDocument(TypedDict):
    """Somebody wanted phones on the list or off it."""

    number: int
    verb: Verb
    at: str
    by: str
    why: str
    source: str
    phones: int


class HistoryDocument(TypedDict):
    """Whether a phone is on the list, and every request that named it, oldest first."""

    account: str
    phone: str
    is_listed: bool
    requests: list[RequestDocument]


def changed_document(verb: Verb, changed: Changed, found: ListView) -> ChangedDocument:
    """What came of a change, as JSON values."""
    return {
        "verb": verb,
        "rows": changed.row_count,
        "changed": changed.changed,
        "unchanged": changed.unchanged,
        "refused": len(changed.refused),
        "refused_by_reason": dict(Counter(str(each.reason) for each in changed.refused)),
        "refused_lines": [each.line for each in changed.refused[:MOST_LINES]],
        "list": list_document(found),
    }


def list_document(found: ListView) -> ListDocument:
    """A list as JSON values, without its numbers."""
    return {
        "account": found.account,
        "numbers": found.numbers,
        "changes": found.changes,
        "unconfirmed": found.unconfirmed,
        "confirmed_at": iso(found.confirmed_at),
        "refused": found.refused,
        "trouble": mask_text(found.trouble) or None,
        "next_try_at": iso(found.next_try_at),
    }


def history_document(account: str, phone: str, found: Sequence[Request], *, is_listed: bool) -> HistoryDocument:
    """One phone's story as JSON values."""
    return {
        "account": account,
        "phone": mask_phone(phone),
        "is_listed": is_listed,
        "requests": [
            {
                "number": each.number,
                "verb": each.verb,
                "at": iso_of(each.asked.at),
                "by": mask_text(each.asked.by),
                "why": mask_text(each.asked.why),
                "source": mask_text(each.asked.source),
                "phones": len(each.phones),
            }
            for each in found
        ],
    }
