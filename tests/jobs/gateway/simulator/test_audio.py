"""Recordings: listed, downloaded, and fetched from a URL."""

import io
import threading
import wave
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest
import requests

from jobs.gateway.simulator import Account, Recording, Settings, Simulator
from jobs.gateway.simulator.audio import generate, is_sound
from tests.jobs.gateway.simulator.desk import submit

LOGIN = {"c_uid": "demo", "c_password": "demo"}


def fetch(simulator: Simulator, endpoint: str, **fields: str) -> requests.Response:
    return requests.post(f"{simulator.base_url}{endpoint}", data=LOGIN | fields, timeout=60)


def test_recordings_are_listed_with_and_without_duration() -> None:
    with Simulator() as simulator:
        plain = fetch(simulator, "vmb.aflist.php", c_method="get_audio_list").text
        timed = fetch(simulator, "vmb.aflist.php", c_method="get_audio_list_with_duration").text
    assert plain.split("\n")[0] == '"r18904b140407197964.wav"|"Reminder"|"2026-01-05 09:30:00"'
    assert timed.split("\n")[0] == '"r18904b140407197964.wav"|"Reminder"|"2026-01-05 09:30:00"|"12"'


def test_an_account_without_recordings_has_an_empty_list() -> None:
    with Simulator(Settings(accounts={"demo": Account(recordings=())})) as simulator:
        assert fetch(simulator, "vmb.aflist.php", c_method="get_audio_list").text == ""


def test_a_list_needs_a_method_it_knows() -> None:
    with Simulator() as simulator:
        assert fetch(simulator, "vmb.aflist.php", c_method="new_campaign").text == "ERROR\nc_option: invalid"


@pytest.mark.parametrize(
    ("wanted", "magic"),
    [
        ({"c_record_audio": "Reminder"}, b"RIFF"),
        ({"c_sys_audio_name": "r18904b140407197964.wav"}, b"RIFF"),
        ({"c_audio_code": "1002"}, b"ID3"),
    ],
)
def test_a_recording_is_downloaded_by_any_of_its_names(wanted: dict[str, str], magic: bytes) -> None:
    with Simulator() as simulator:
        response = fetch(simulator, "vmb.dla.php", **wanted)
    assert response.content.startswith(magic)
    assert response.headers["Content-Type"].startswith("audio/")


def test_a_recording_that_is_not_there_is_an_error() -> None:
    with Simulator() as simulator:
        assert fetch(simulator, "vmb.dla.php", c_record_audio="x").text == "ERROR\nc_record_audio: not found"
        assert fetch(simulator, "vmb.dla.php").text == "ERROR\nc_record_audio: required"


def test_a_generated_wav_lasts_as_long_as_it_says() -> None:
    with wave.open(io.BytesIO(generate("a.wav", 7.5))) as sound:
        assert sound.getnframes() / sound.getframerate() == 7.5


@pytest.mark.parametrize(
    ("content", "is_good"),
    [
        (generate("a.wav", 6), True),
        (generate("a.wav", 5), False),
        (generate("a.mp3", 6), True),
        (generate("a.mp3", 6)[10:], True),
        (generate("a.m4a", 6), True),
        (b"RIFF", False),
        (b"<html>", False),
        (b"", False),
    ],
)
def test_sound_is_known_by_its_first_bytes(content: bytes, is_good: bool) -> None:
    assert is_sound(content) is is_good


def test_a_recording_of_five_seconds_is_too_short() -> None:
    short = Account(recordings=(Recording(title="Reminder", file="short.wav", seconds=5),))
    with Simulator(Settings(accounts={"demo": short})) as simulator:
        assert submit(simulator) == "ERROR\nc_record_audio: must be longer than 5 seconds"


@contextmanager
def audio_host(content: bytes, status: int = 200) -> Iterator[str]:
    class Host(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status)
            self.send_header("Location", "http://127.0.0.1:1/elsewhere.wav")
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 -- the name is http.server's
            pass

    with HTTPServer(("127.0.0.1", 0), Host) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        yield f"http://127.0.0.1:{server.server_address[1]}/a.wav"
        server.shutdown()
        thread.join()


@pytest.mark.parametrize(
    ("content", "status", "answer"),
    [
        (generate("a.wav", 6), 200, "OK"),
        (generate("a.wav", 6), 302, "ERROR\nBad Audio, can't download"),
        (generate("a.wav", 6), 404, "ERROR\nBad Audio, can't download"),
        (b"please log in", 200, "ERROR\nBad Audio, can't download"),
    ],
)
def test_audio_is_fetched_before_the_answer_if_switched_on(content: bytes, status: int, answer: str) -> None:
    with audio_host(content, status) as url, Simulator(Settings(audio_fetched=True)) as simulator:
        assert submit(simulator, c_record_audio="", c_url=url, c_audio="wav").startswith(answer)


def test_audio_from_afar_is_not_fetched_unless_allowed() -> None:
    with Simulator(Settings(audio_fetched=True)) as simulator:
        body = submit(simulator, c_record_audio="", c_url="https://192.0.2.1/a.wav", c_audio="wav")
    assert body == "ERROR\nBad Audio, can't download"
