"""Sound files of any length, as small as can be, made on the spot: silence of every kind that the gateway plays."""

import io
import struct
import wave

_MP3_FRAME = bytes.fromhex("fff318c0") + bytes(32)
"""MPEG 2, layer III, 8 kbit/s at 16 kHz, mono: 576 samples."""
_MP3_FRAMES_PER_S = 16_000 / 576


def wav(seconds: float, *, rate: int = 8000) -> bytes:
    """Eight-bit mono."""
    buffer = io.BytesIO()
    with wave.open(buffer, "wb") as sound:
        sound.setparams((1, 1, rate, 0, "NONE", ""))
        sound.writeframes(b"\x80" * round(seconds * rate))
    return buffer.getvalue()


def wav_of_a_telephone(seconds: float, *, counts_samples: bool = True) -> bytes:
    """In G.711 μ-law, as telephone systems write it; with or without the chunk that says how many samples it has."""
    samples = round(seconds * 8000)
    form = struct.pack("<HHIIHHH", 7, 1, 8000, 8000, 1, 8, 0)
    chunks = [(b"fmt ", form), (b"fact", struct.pack("<I", samples)), (b"data", b"\xff" * samples)]
    body = b"".join(
        name + struct.pack("<I", len(data)) + data for name, data in chunks if counts_samples or name != b"fact"
    )
    return b"RIFF" + struct.pack("<I", len(body) + 4) + b"WAVE" + body


def mp3(seconds: float, *, tagged: bool = True) -> bytes:
    """Frames of one bit rate, with an empty ID3 tag before them or not."""
    return b"ID3\x03\x00\x00\x00\x00\x00\x00" * tagged + _MP3_FRAME * round(seconds * _MP3_FRAMES_PER_S)


def m4a(seconds: float) -> bytes:
    """The index at the end, where recorders put it; as much of it as says how long the file lasts."""
    times = struct.pack(">IIIII", 0, 0, 0, 1000, round(seconds * 1000))
    return (
        _box(b"ftyp", b"M4A \0\0\0\0M4A mp42")
        + _box(b"mdat", bytes(1000))
        + _box(b"moov", _box(b"mvhd", times + bytes(80)))
    )


def _box(name: bytes, content: bytes) -> bytes:
    return struct.pack(">I", 8 + len(content)) + name + content
