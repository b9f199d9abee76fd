"""What every answer has in common: text or JSON, a refusal, a page of HTML, an `OK`.

Whether a body is JSON is judged by the body: the gateway's content types say nothing.
"""

import json
import re
from contextlib import suppress
from typing import Any

from jobs.gateway.errors import OutcomeUnknown, Phase, RefusalKind, Rejected, kind_of_refusal

Json = dict[str, Any] | list[Any]

SESSION_ID = r"\d{6,20}"
"""Digits only; seen with 9 to 11 of them, written with 6 in the vendor's examples. Text everywhere."""

BEFORE_LABEL = r"(?=\s*\Z|\s+[a-z][a-z _#]*\s*(?:[=:]|\Z))"
"""What must follow a number, case ignored: the end or another label. Else it could be half of a number."""

_HTML = re.compile(r"<\s*(!doctype|html|head|body|title|script|br|b|h1|p|div)\b", re.IGNORECASE)
_REFUSAL = re.compile(r"ERROR:?[ \t]*(?:\n(?P<lines>.*))?|ERROR[ \t:]+(?P<same_line>.*)", re.DOTALL)
_GATEWAY_TALK = re.compile(rf"(?:c_\w+|session[ _]id\b|{SESSION_ID}\b)", re.IGNORECASE | re.ASCII)
_BARE_REFUSAL = re.compile(
    r"(?:bad audio|api access not allowed|\d+ (?:already finished|invalid or not found)|[\w :,'-]*duplicates request)\b"
    r"[^\n<>{}]*",
    re.IGNORECASE | re.ASCII,
)


def understand(text: str) -> str | Json:
    """The body, tidied: text without a BOM, odd line ends and blanks around it, or a JSON object or array.

    Keys of JSON objects come back in lower case with `_` for blanks. Raises `Rejected` for a refusal in either
    form, `OutcomeUnknown` for HTML and for what begins like JSON and is none.
    """
    tidy = text.lstrip("\ufeff").replace("\r\n", "\n").replace("\r", "\n").strip()
    if tidy[:1] in {"{", "["}:
        return _without_refusal(_read_json(tidy))
    if _HTML.search(tidy):
        raise unclear("a page of HTML")
    reason = _refusal(tidy)
    if reason is not None:
        raise Rejected(reason)
    return tidy


def proven(text: str, *, is_whole: bool) -> str:
    """What may be believed of a text: all of it, or what stands before its last word when nothing proves its end.

    Half a number looks like a number. JSON is believed as it is, since half of it cannot be read anyway.
    """
    return text if is_whole or is_json(text) else re.sub(r"\S+\Z", "", text)


def is_json(text: str) -> bool:
    """Whether a body sets out to be a JSON object or array."""
    return text.lstrip("\ufeff \r\n\t")[:1] in {"{", "["}


def unclear(what: str) -> OutcomeUnknown:
    """The error to raise for an answer that came whole and is neither yes nor no; `what` never repeats it."""
    return OutcomeUnknown(Phase.UNDERSTANDING, what)


def describe(body: str | Json) -> str:
    """What a body is, without its content."""
    if not isinstance(body, str):
        return "JSON without the expected keys"
    return f"text of {len(body)} characters" if body else "an empty body"


def affirms(body: str | Json, *verbs: str) -> bool:
    """Whether the body says yes: its first word is exactly `OK`; in JSON, the value of one of `verbs` is."""
    if isinstance(body, str):
        words = body.split()
        return words[:1] == ["OK"] and "ERROR" not in words
    return any(one_object(body).get(verb) == "OK" for verb in verbs)


def one_object(body: Json) -> dict[str, Any]:
    """The one JSON object that the body is, or has as its only element; empty when there is none."""
    if isinstance(body, list) and len(body) == 1:
        body = body[0]
    return body if isinstance(body, dict) else {}


def scalar_text(value: Any) -> str:
    """A JSON string or whole number as text; empty for all else."""
    if isinstance(value, str):
        return value.strip()
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else ""


def _refusal(tidy: str) -> str | None:
    """The reason of a refusal in text; None when it is none.

    `ERROR` alone on its line is one whatever follows. With the reason on the same line it could be a sentence of some
    machine between us and the gateway, so the reason must begin as the gateway's do, or be one that we know.
    """
    found = _REFUSAL.fullmatch(tidy)
    if not found:
        return tidy if _BARE_REFUSAL.fullmatch(tidy) else None
    same_line = found["same_line"]
    if same_line is None:
        return found["lines"] or ""
    is_known = _GATEWAY_TALK.match(same_line) or kind_of_refusal(same_line) is not RefusalKind.UNKNOWN
    return same_line if is_known else None


def _without_refusal(body: Json) -> Json:
    answer = one_object(body)
    if "error" not in answer:
        return body
    reason = answer["error"]
    lines = reason if isinstance(reason, list) else [reason]
    if not all(isinstance(line, str) and line for line in lines):
        raise unclear("JSON with an error that is no text")
    if affirms(answer, *answer):
        raise unclear("JSON that says both OK and ERROR")
    raise Rejected("\n".join(lines))


def _read_json(tidy: str) -> Json:
    with suppress(ValueError, RecursionError):
        body: Json = json.loads(tidy, object_pairs_hook=_object)
        return body
    raise unclear("JSON that is broken or cut short")


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    spelled: dict[str, Any] = {}
    for key, value in pairs:
        plain = "_".join(key.lower().split())
        if spelled.setdefault(plain, value) != value:
            raise ValueError("one key with two values")
    return spelled
