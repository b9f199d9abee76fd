"""Keeping a recording of the account as a file (gateway-protocol, audio): a whole sound file, or no file."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from itertools import chain
from pathlib import Path
from typing import BinaryIO

from jobs.files import replaced
from jobs.gateway.errors import GatewayError, OutcomeUnknown, Rejected
from jobs.gateway.replies.bodies import describe, understand
from jobs.models import AudioType
from jobs.sound import kind_of

PART_BYTES = 64 * 1024
"""What is held of a recording at any moment; more than any refusal has."""

MOST_BYTES = 100_000_000
"""Far more than any voicemail."""


class NamedBy(StrEnum):
    """Which of a recording's names is given; the values are the vendor's fields."""

    TITLE = "c_record_audio"
    """Its title in the account; case counts."""
    CODE = "c_audio_code"
    """The digits that the recording centre gave."""
    FILE = "c_sys_audio_name"
    """The gateway's own name for it, such as `r18904b140407197964.wav`."""


@dataclass(frozen=True, slots=True)
class Downloaded:
    """A recording that was kept whole: its size in bytes, and its kind by its content."""

    size: int
    kind: AudioType


class NotKept(GatewayError):
    """A recording was not kept (why); no file was left behind, and what was there before stays."""

    def __init__(self, why: str) -> None:
        super().__init__(f"The recording was not kept: {why}.")


class NoPlace(NotKept):
    """It was not kept because there is no writing to where it should be (why); another place may do."""


def keep(parts: Iterator[bytes], to: Path) -> Downloaded:
    """Write the parts of an answer to `to`, which comes to be only if they are a whole sound file.

    Nothing is asked for before there is a place for it. Raises `NoPlace`, `Rejected`, `NotSent`, and
    `NotKept` for an answer that is not whole or no sound.
    """
    try:
        with replaced(to) as file:
            return _copy(parts, file)
    except OutcomeUnknown as unknown:
        why = f"it did not come whole ({unknown.phase}: {unknown.why}); try again"
    except OSError as error:
        why = (error.strerror or type(error).__name__).lower()
        raise NoPlace(f"{to.name or to} cannot be written: {why}") from None
    raise NotKept(why)


def _copy(parts: Iterator[bytes], file: BinaryIO) -> Downloaded:
    head = next(parts, b"")
    kind = kind_of(head)
    if kind is None:
        raise _no_sound(head)
    size = 0
    for part in chain([head], parts):
        size += len(part)
        if size > MOST_BYTES:
            raise NotKept(f"it has more than {MOST_BYTES:,} bytes")
        file.write(part)
    return Downloaded(size, kind)


def _no_sound(head: bytes) -> GatewayError:
    """What to raise for an answer that begins like this; its words are told only where they are a refusal."""
    try:
        what = describe(understand(head.decode("utf-8", "replace")))
    except Rejected as rejected:
        return rejected
    except OutcomeUnknown as unknown:
        what = unknown.why
    return NotKept(f"the gateway's answer is no WAV, MP3 or M4A file but {what}")
