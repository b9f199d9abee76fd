"""Answers that list what the account holds: a day's sessions, its recordings."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from jobs import eastern
from jobs.gateway.replies.bodies import SESSION_ID, describe, is_json, scalar_text, unclear, understand


@dataclass(frozen=True, slots=True)
class ListedSession:
    """A session that the gateway lists for a day, with what else its line says, possibly the campaign's title."""

    session_id: str
    title: str
    dated: str = field(default="", compare=False)
    """The date on its line, as it stands there: when it was taken or when it starts, nobody knows."""


@dataclass(frozen=True, slots=True)
class AudioFile:
    """A recording in the account. `created_text` is as the gateway wrote it, `created_at` is None when unreadable."""

    file: str
    title: str
    created_text: str
    created_at: datetime | None
    duration_s: float | None


_DATE = r"(?:\d{4}[-/]\d\d?[-/]\d\d?|\d\d?[-/]\d\d?[-/]\d{4}|20\d\d[01]\d[0-3]\d)"
_TIME = r"(?:\d\d?:\d\d(?::\d\d)?(?:\s*[AP]M\b)?)"
# Never the end or the beginning of a longer run of digits, whose rest would be taken for another session.
_DATE_OR_TIME = re.compile(rf"(?<!\d)(?:{_DATE}(?:[ T]+{_TIME})?|{_TIME})(?!\d)", re.IGNORECASE | re.ASCII)
_ID = re.compile(rf"(?<!\d){SESSION_ID}(?!\d)", re.ASCII)
_BETWEEN_FILES = re.compile(r'\n|(?<=") +(?=")')
"""Line ends or, where the gateway writes blanks for them, those between two quotes."""
_LABEL = re.compile(r"\bsession[ _]?id\b\s*[=:]?", re.IGNORECASE)


def parse_campaign_by_date_reply(text: str, *, is_whole: bool = True) -> list[ListedSession]:
    """The sessions of a day; raises `Rejected`, and `OutcomeUnknown` for words without a single session.

    The layout is not known: every run of 6 or more digits that is no part of a date or a time is taken for a session.
    An empty body gives an empty list, and a gateway that broke down gives an empty body too: by itself it is weak
    evidence that a day had no sessions. With `is_whole=False` (nothing proves that the body came to its end) text is
    `OutcomeUnknown`, for nobody can tell which sessions are missing.
    """
    if not is_whole and not is_json(text):
        raise unclear("a listing that may be cut short")
    body = understand(text)
    lines = body.splitlines() if isinstance(body, str) else _rows(body)
    found = {session.session_id: session for line in lines for session in _sessions(line)}
    if not found and body not in ("", "OK", [], {}):
        raise unclear(describe(body))
    return list(found.values())


def parse_audio_list_reply(text: str, *, near: datetime) -> list[AudioFile]:
    """The account's recordings, none for an empty body; raises `Rejected`, and `OutcomeUnknown` when a line is none.

    `near` is the instant of the question: the gateway's Eastern times have no zone.
    """
    body = understand(text)
    lines = [line for line in _BETWEEN_FILES.split(body) if line.strip()] if isinstance(body, str) else [""]
    files = [file for line in lines if (file := _audio_file(line, near))]
    if len(files) < len(lines):
        raise unclear(describe(body))
    return files


def _sessions(line: str) -> list[ListedSession]:
    plain = _LABEL.sub(" ", _DATE_OR_TIME.sub(" ", line))
    title = " ".join(_ID.sub(" ", plain).replace('"', " ").split()).strip(" |,;=:-\t")
    dated = " ".join(_DATE_OR_TIME.findall(line))
    return [ListedSession(session_id, title, dated) for session_id in _ID.findall(plain)]


def _rows(value: Any) -> Iterable[str]:
    """JSON as lines: one for each object or plain value, wherever it is nested."""
    if isinstance(value, dict):
        texts = [scalar_text(item) for item in value.values()]
        yield " | ".join(text for text in texts if text)
    nested = value.values() if isinstance(value, dict) else value
    for item in nested:
        if isinstance(item, dict | list):
            yield from _rows(item)
        elif isinstance(value, list):
            yield scalar_text(item)


def _audio_file(line: str, near: datetime) -> AudioFile | None:
    """`"file"|"title"|"created"` or the same and `|"seconds"`."""
    parts = [part.strip().strip('"') for part in line.strip().split('"|"' if '"|"' in line else "|")]
    if len(parts) not in {3, 4} or not re.fullmatch(r"[\w-]+\.\w{2,4}", parts[0], re.ASCII):
        return None
    file, title, created = parts[:3]
    return AudioFile(file, title, created, eastern.read_wire(created, near=near), _seconds(parts[3:]))


def _seconds(rest: list[str]) -> float | None:
    return float(rest[0]) if rest and re.fullmatch(r"\d{1,6}(?:\.\d{1,3})?", rest[0], re.ASCII) else None
