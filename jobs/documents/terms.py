"""A campaign's terms as a person writes them."""

from collections.abc import Callable, Mapping
from typing import Any

from jobs.documents.instants import parse_instant, parse_start
from jobs.models import InvalidCampaign, Problem, Terms, parse_terms
from jobs.models.terms import STAND_IN
from jobs.phones import Refusal, normalise


def read_terms(written: Mapping[str, Any]) -> Terms:
    """The terms as a command line or a form has them; raises `InvalidCampaign` with every problem at once."""
    stated = {name: value for name, value in written.items() if value is not None}
    problems: list[Problem] = []
    for field, read in _READERS.items():
        if field in stated:
            try:
                stated[field] = read(stated[field])
            except InvalidCampaign as invalid:
                problems += invalid.problems
                del stated[field]
    try:
        terms = parse_terms({"caller_id": STAND_IN} | stated)
    except InvalidCampaign as invalid:
        raise InvalidCampaign((*problems, *invalid.problems), invalid.right) from None
    if problems:
        raise InvalidCampaign(tuple(problems), terms)
    return terms


def _read_caller_id(text: str) -> str:
    phone = normalise(text)
    if isinstance(phone, Refusal):
        why = "It is empty." if phone is Refusal.EMPTY else phone.sentence
        raise InvalidCampaign((Problem("caller_id", f"no number to call from. {why}"),))
    return phone


_READERS: Mapping[str, Callable[[str], Any]] = {
    "caller_id": _read_caller_id,
    "start": parse_start,
    "ends_at": lambda text: parse_instant(text, field="ends_at"),
    "expires_at": lambda text: parse_instant(text, field="expires_at"),
}
"""What people write otherwise than programs."""
