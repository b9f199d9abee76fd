"""Recordings of an account: listing them, downloading them, and fetching one from `c_url`."""

import http.client
import io
import wave
from collections.abc import Mapping
from urllib.request import HTTPRedirectHandler, ProxyHandler, build_opener

from jobs.gateway.simulator.gateway import Caller, Gateway
from jobs.gateway.simulator.reach import may_reach
from jobs.gateway.simulator.replies import AudioFile, Recordings, Refused, Reply
from jobs.gateway.simulator.settings import Recording, Settings

SHORTEST_S = 5
"""A recording must be longer than this."""

LARGEST_FILE = 50_000_000
_FETCH_TIMEOUT_S = 20
_WAV_RATE = 8000
_MP3_FRAME = bytes.fromhex("fffb9000") + bytes(413)  # MPEG 1, layer 3, 128 kbit/s, 44.1 kHz; silence
_MP3_FRAMES_PER_S = 44_100 / 1152
_ID3 = b"ID3\x03\x00\x00\x00\x00\x00\x00"
_FTYP = bytes.fromhex("00000018") + b"ftypM4A \x00\x00\x00\x00M4A mp42"


def list_recordings(gateway: Gateway, caller: Caller, fields: Mapping[str, str]) -> Reply:
    """System file name, title and date of each."""
    return Recordings(caller.account.recordings, with_duration=False)


def list_recordings_with_duration(gateway: Gateway, caller: Caller, fields: Mapping[str, str]) -> Reply:
    """The same, and the seconds each lasts."""
    return Recordings(caller.account.recordings, with_duration=True)


def download(gateway: Gateway, caller: Caller, fields: Mapping[str, str]) -> Reply:
    """The file of a recording by its title, its system name or the recording centre's code."""
    wanted = {name: fields[name] for name in ("c_record_audio", "c_sys_audio_name", "c_audio_code") if fields.get(name)}
    if not wanted:
        return Refused(("c_record_audio: required",))
    for recording in caller.account.recordings:
        if wanted.items() <= _names(recording).items():
            return AudioFile(recording.file, generate(recording.file, recording.seconds))
    return Refused((gateway.settings.texts.assumed_unknown_audio,))


def _names(recording: Recording) -> dict[str, str]:
    return {
        "c_record_audio": recording.title,
        "c_sys_audio_name": recording.file,
        "c_audio_code": recording.code,
    }


def generate(file_name: str, seconds: float) -> bytes:
    """Silence of that length in the format of the file's ending; an M4A is a beginning without sound."""
    match file_name.rpartition(".")[2].lower():
        case "mp3":
            return _ID3 + _MP3_FRAME * round(seconds * _MP3_FRAMES_PER_S)
        case "m4a":
            return _FTYP + bytes(1000)
        case _:
            return _generate_wav(seconds)


def _generate_wav(seconds: float) -> bytes:
    buffer = io.BytesIO()
    with wave.open(buffer, "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(1)
        sound.setframerate(_WAV_RATE)
        sound.writeframes(b"\x80" * round(seconds * _WAV_RATE))
    return buffer.getvalue()


def is_fetchable(url: str, settings: Settings) -> bool:
    """Whether the URL gives a sound file that is long enough, as far as a look at it tells."""
    return may_reach(url, settings.reach) and is_sound(_fetch(url))


def is_sound(content: bytes) -> bool:
    """By its first bytes; of a WAV the length counts too."""
    if content.startswith(b"RIFF"):
        return _seconds_of_wav(content) > SHORTEST_S
    return content.startswith(b"ID3") or content[4:8] == b"ftyp" or _is_mp3_frame(content)


def _is_mp3_frame(content: bytes) -> bool:
    return len(content) > 1 and content[0] == 0xFF and content[1] & 0xE0 == 0xE0


def _seconds_of_wav(content: bytes) -> float:
    try:
        with wave.open(io.BytesIO(content)) as sound:
            return float(sound.getnframes() / sound.getframerate())
    except (wave.Error, EOFError, ZeroDivisionError):
        return 0.0


def _fetch(url: str) -> bytes:
    """The content, or nothing if there is none to be had. Redirects are not followed: they lead out of reach."""
    try:
        with build_opener(_NoRedirects, ProxyHandler({})).open(url, timeout=_FETCH_TIMEOUT_S) as response:
            return bytes(response.read(LARGEST_FILE))
    except (OSError, http.client.HTTPException, ValueError):
        return b""


class _NoRedirects(HTTPRedirectHandler):
    def redirect_request(self, *_: object) -> None:
        return None
