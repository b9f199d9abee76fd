"""What a sound file is by its bytes: its kind by how it begins, and how long it lasts. Law of the room: nobody's word
counts, neither a name's ending nor a content type.
"""

from typing import BinaryIO

from tinytag import TinyTag, TinyTagException

from jobs.models import AudioType

HEAD_BYTES = 12
"""So many of a file's first bytes tell its kind."""

_SYNC, _LAYER, _LAYER_3 = 0xE0, 0x06, 0x02
"""The second byte of an MPEG frame: three bits of sync and the layer. With another layer it is AAC, or even UTF-16."""


def kind_of(head: bytes) -> AudioType | None:
    """The kind of a file that begins like this; None when it is none that the gateway plays."""
    if head[:4] == b"RIFF" and head[8:12] == b"WAVE":
        return AudioType.WAV
    if head[4:8] == b"ftyp":
        return AudioType.M4A
    return AudioType.MP3 if head[:3] == b"ID3" or _is_mp3_frame(head) else None


def seconds_of(file: BinaryIO) -> float | None:
    """How long a sound file lasts, by what it says of itself; None when it does not say, or cannot be read.

    A WAV in a telephone's codec that leaves out how many samples it has comes out as 0, which is not said either.
    """
    file.seek(0)
    try:
        return TinyTag.get(file_obj=file, tags=False).duration or None
    except TinyTagException:
        return None


def _is_mp3_frame(head: bytes) -> bool:
    return len(head) > 1 and head[0] == 0xFF and head[1] & _SYNC == _SYNC and head[1] & _LAYER == _LAYER_3
