"""The answer to a new campaign: the one reply that must never be read wrongly."""

import re
from dataclasses import dataclass

from jobs.gateway.errors import Rejected
from jobs.gateway.replies.bodies import (
    BEFORE_LABEL,
    SESSION_ID,
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
class Accepted:
    """The gateway took a submission and runs it under `session_id`.

    `phone_count` is how many phones it says it took: None when it does not say, and not always what was sent.
    """

    session_id: str
    phone_count: int | None


_LABELLED_ID = re.compile(rf"\bsession[ _]?id\s*[=:]\s*\"?({SESSION_ID})\"?{BEFORE_LABEL}", re.IGNORECASE | re.ASCII)
_ANY_LABEL = re.compile(r"\bsession[ _]?id\b", re.IGNORECASE | re.ASCII)
_COUNT_LABEL = r"number[ _]of[ _]phones?(?:[ _]#s)?\s*[=:]"
_COUNT = re.compile(rf"\b{_COUNT_LABEL}\s*(\d[\d,]{{0,8}})(?=\s|$)", re.IGNORECASE | re.ASCII)
_BARE_ID = re.compile(rf"OK\s+({SESSION_ID})(?:\s+(?i:{_COUNT_LABEL}).*)?", re.DOTALL | re.ASCII)


def parse_submission_reply(text: str, *, is_whole: bool = True) -> Accepted:
    """What became of a submission, by the body of the answer; raises `Rejected` or `OutcomeUnknown`.

    Say `is_whole=False` when nothing proves that the body came to its end. Its last word is then not believed, since
    half a session id looks like a session id; nor is a refusal, since its decisive word may be missing.
    """
    try:
        body = understand(proven(text, is_whole=is_whole))
    except Rejected:
        if is_whole:
            raise
        raise unclear("a refusal that may be cut short") from None
    accepted = _read_text(body) if isinstance(body, str) else _read_object(body)
    if not accepted or "ERROR" in text.split():  # also as the last word, which is not believed, but heard
        raise unclear(describe(body))
    return accepted


def _read_text(body: str) -> Accepted | None:
    """`OK`, the id, the count, in that order; on lines, or with blanks in place of newlines."""
    if not affirms(body):
        return None
    counts = _COUNT.findall(body)
    ids = _ids(body)
    return Accepted(ids[0], int(counts[0].replace(",", "")) if counts else None) if len(ids) == 1 else None


def _ids(body: str) -> list[str]:
    """Every session id that the text names; a label whose value is no id spoils the rest."""
    if not _ANY_LABEL.search(body):
        bare = _BARE_ID.fullmatch(body)
        return [bare[1]] if bare else []
    labelled = _LABELLED_ID.findall(body)
    return sorted(set(labelled)) if len(labelled) == len(_ANY_LABEL.findall(body)) else []


def _read_object(body: Json) -> Accepted | None:
    answer = one_object(body)
    session_id = scalar_text(answer.get("session_id"))
    if not affirms(body, "new_campaign") or not re.fullmatch(SESSION_ID, session_id, re.ASCII):
        return None
    count = scalar_text(answer.get("number_of_phone")).replace(",", "")
    return Accepted(session_id, int(count) if re.fullmatch(r"\d{1,9}", count, re.ASCII) else None)
