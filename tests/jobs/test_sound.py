import io

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jobs.models import AudioType
from jobs.sound import HEAD_BYTES, kind_of, seconds_of
from tests import sounds

MADE = {
    AudioType.WAV: [sounds.wav(7), sounds.wav_of_a_telephone(7)],
    AudioType.MP3: [sounds.mp3(7), sounds.mp3(7, tagged=False)],
    AudioType.M4A: [sounds.m4a(7)],
}
FILES = [pytest.param(kind, file, id=f"{kind}-{number}") for kind in MADE for number, file in enumerate(MADE[kind])]


@pytest.mark.parametrize(("kind", "file"), FILES)
def test_a_few_bytes_tell_the_kind(kind: AudioType, file: bytes) -> None:
    assert kind_of(file[:HEAD_BYTES]) is kind


@pytest.mark.parametrize(("kind", "file"), FILES)
def test_a_file_says_how_long_it_lasts(kind: AudioType, file: bytes) -> None:
    assert seconds_of(io.BytesIO(file)) == pytest.approx(7, abs=0.05), kind


@pytest.mark.parametrize(
    "head",
    [
        b"",
        b"\xff",
        b"ERROR\nc_record_audio: not found",
        b"<!DOCTYPE html><html>",
        b"RIFF\x00\x00\x00\x00AVI LIST",
        b"OggS\x00\x02\x00\x00\x00\x00\x00\x00",
        b"\xff\xf1\x50\x80" + bytes(8),  # AAC as it is broadcast
        "\ufeffERROR".encode("utf-16-le"),
    ],
)
def test_what_the_gateway_does_not_play_has_no_kind(head: bytes) -> None:
    assert kind_of(head) is None


def test_a_telephones_file_that_does_not_count_its_samples_does_not_say_how_long_it_lasts() -> None:
    assert seconds_of(io.BytesIO(sounds.wav_of_a_telephone(7, counts_samples=False))) is None


@pytest.mark.parametrize("file", [b"", b"RIFF", b"hello", sounds.wav(7)[:20], sounds.m4a(7)[:40], sounds.mp3(7)[:11]])
def test_a_file_that_cannot_be_read_does_not_say_how_long_it_lasts(file: bytes) -> None:
    assert seconds_of(io.BytesIO(file)) is None


@settings(max_examples=150)
@given(
    file=st.sampled_from([files[0] for files in MADE.values()]),
    damage=st.lists(st.tuples(st.integers(0, 200), st.integers(0, 255)), min_size=1, max_size=8),
)
def test_a_damaged_file_is_no_error(file: bytes, damage: list[tuple[int, int]]) -> None:
    damaged = bytearray(file)
    for place, byte in damage:
        damaged[place] = byte
    assert seconds_of(io.BytesIO(damaged)) is None or seconds_of(io.BytesIO(damaged)) != 0


def test_a_file_is_read_from_its_beginning_wherever_it_stands() -> None:
    file = io.BytesIO(sounds.wav(7))
    file.read(HEAD_BYTES)
    assert seconds_of(file) == 7
