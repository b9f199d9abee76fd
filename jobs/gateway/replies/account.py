"""Answers about the account: its balance, its do-not-dial list, its credentials."""

import re
from dataclasses import dataclass

from jobs.gateway.replies.bodies import (
    BEFORE_LABEL,
    Json,
    affirms,
    describe,
    one_object,
    proven,
    scalar_text,
    unclear,
    understand,
)


@dataclass(frozen=True, slots=True)
class Balance:
    """Messages that the account can still send, and those in campaigns that are not through; None when not said."""

    remaining: int
    pending: int | None


_NUMBER = rf"(\d[\d,]{{0,14}}){BEFORE_LABEL}"
# Not a label whose own number is missing, and then the next one's.
_REST_OF_LABEL = r"(?:(?!remaining|pending)[^=\d]){0,40}"
_BEGINNING = re.compile(r"(?:OK\s+)?(?:remaining|pending)\b", re.IGNORECASE)


def parse_balance_reply(text: str, *, is_whole: bool = True) -> Balance:
    """How much is left; raises `Rejected` or `OutcomeUnknown`. The labels are not certain, only their first words.

    Say `is_whole=False` when nothing proves that the body came to its end: its last word is then not believed.
    """
    body = understand(proven(text, is_whole=is_whole))
    remaining = _amount(body, "remaining")
    if remaining is None:
        raise unclear(describe(body))
    return Balance(remaining, _amount(body, "pending"))


def parse_do_not_dial_reply(text: str) -> None:
    """Return when the gateway added or removed the numbers; raises `Rejected` or `OutcomeUnknown`."""
    body = understand(text)
    if not affirms(body, "do_not_dial", "remove_do_not_dial"):
        raise unclear(describe(body))


def parse_user_verify_reply(text: str) -> None:
    """Return when the credentials are good, which is said by `OK` alone; raises `Rejected` or `OutcomeUnknown`."""
    body = understand(text)
    good = body == "OK" if isinstance(body, str) else affirms(body, "user_verify")
    if not good:
        raise unclear(describe(body))


def _amount(body: str | Json, label: str) -> int | None:
    if isinstance(body, str):
        found = re.search(rf"\b{label}{_REST_OF_LABEL}=\s*{_NUMBER}", body, re.IGNORECASE | re.ASCII)
        return _whole(found[1]) if found and _BEGINNING.match(body) else None
    values = (value for key, value in one_object(body).items() if re.fullmatch(rf"{label}[a-z_]*", key))
    return next((_whole(scalar_text(value)) for value in values), None)


def _whole(number: str) -> int | None:
    digits = number.replace(",", "")
    return int(digits) if re.fullmatch(r"\d{1,15}", digits, re.ASCII) else None
