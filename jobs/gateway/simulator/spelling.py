"""Replies as bytes: text or JSON, in whatever dialect the account is spoken to."""

import json
from dataclasses import dataclass

from jobs.gateway.simulator.as_json import json_of
from jobs.gateway.simulator.as_text import lines_of
from jobs.gateway.simulator.replies import AudioFile, Reply
from jobs.gateway.simulator.settings import Dialect

AUDIO_TYPES = {"wav": "audio/x-wav", "mp3": "audio/mpeg", "m4a": "audio/mp4"}


@dataclass(frozen=True, slots=True)
class Spelt:
    """A reply as it goes over the wire."""

    body: bytes
    content_type: str
    status: int = 200


def spell(reply: Reply, dialect: Dialect, *, as_json: bool = False) -> Spelt:
    """The reply as text, or with `as_json` as `vmb.json.php` writes it."""
    if isinstance(reply, AudioFile):
        return Spelt(reply.content, AUDIO_TYPES[reply.name.rpartition(".")[2]])
    if as_json:
        return Spelt(json.dumps(json_of(reply, dialect)).encode(), "application/json")
    text = "\n".join(lines_of(reply, dialect))
    if dialect.blanks_for_newlines:
        text = text.replace("\n", " ")
    if dialect.crlf:
        text = text.replace("\n", "\r\n")
    return Spelt(text.encode("utf-8-sig" if dialect.bom else "utf-8"), dialect.content_type)
