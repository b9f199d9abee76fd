import socket
from collections.abc import Sequence
from datetime import UTC, datetime
from functools import partial
from typing import BinaryIO

import pytest

from jobs.campaigns.preflight import Finding, Verdict, list_recordings, look_at_audio
from jobs.fetching import NotFetched, NotPublic
from jobs.gateway.replies import AudioFile
from jobs.gateway.simulator import Account, Fault, FaultKind, Settings, Simulator
from jobs.gateway.simulator.settings import Recording
from jobs.models import Terms
from tests import sounds
from tests.jobs.campaigns.conftest import client_of
from tests.jobs.gateway.wire import http, raw_server

NOW = datetime(2026, 3, 2, 17, 0, tzinfo=UTC)
LISTED = (
    Recording(title="Reminder", file="r18904b140407197964.wav", seconds=12),
    Recording(title="Too short", file="r18904b140407197965.wav", seconds=5),
    Recording(title="Just right", file="r18904b140407197966.wav", seconds=5.5),
    Recording(title="Call 617-555-0123", file="r18904b140407197967.wav", seconds=9),
)
ACCOUNT = Settings(accounts={"demo": Account(recordings=LISTED)})


def titled(title: str) -> Terms:
    return Terms(caller_id="6175550100", audio_title=title)


def look(simulator: Simulator, terms: Terms) -> Finding:
    recordings = partial(list_recordings, client_of(simulator.base_url), now=NOW)
    return look_at_audio(terms, recordings=recordings, fetch=None)


# In the account.


@pytest.mark.parametrize(
    ("title", "finding"),
    [
        ("Reminder", Finding(Verdict.GOOD, 'the recording "Reminder" is there and lasts 12 s', 12)),
        ("Just right", Finding(Verdict.GOOD, 'the recording "Just right" is there and lasts 5.5 s', 5.5)),
        ("Too short", Finding(Verdict.BAD, 'the recording "Too short" lasts 5 s; it must be more than 5', 5)),
        (
            "reminder",
            Finding(
                Verdict.BAD, 'the account has no recording "reminder"; the nearest it has: "Reminder" (case counts)'
            ),
        ),
        (
            "To short",
            Finding(
                Verdict.BAD, 'the account has no recording "To short"; the nearest it has: "Too short" (case counts)'
            ),
        ),
        ("Christmas", Finding(Verdict.BAD, 'the account has no recording "Christmas"')),
        ("r18904b140407197964.wav", Finding(Verdict.BAD, 'the account has no recording "r18904b140407197964.wav"')),
    ],
)
def test_a_title_is_looked_for_in_the_account(title: str, finding: Finding) -> None:
    with Simulator(ACCOUNT) as simulator:
        assert look(simulator, titled(title)) == finding


@pytest.mark.parametrize(
    ("file", "verdict"),
    [
        ("r18904b140407197964.wav", Verdict.GOOD),
        ("r18904b140407197965.wav", Verdict.BAD),
        ("r18904b140407197999.wav", Verdict.BAD),
        ("Reminder", Verdict.BAD),
    ],
)
def test_so_is_a_file(file: str, verdict: Verdict) -> None:
    with Simulator(ACCOUNT) as simulator:
        assert look(simulator, Terms(caller_id="6175550100", audio_file=file)).verdict is verdict


def test_a_phone_in_a_title_is_not_told() -> None:
    with Simulator(ACCOUNT) as simulator:
        told = look(simulator, titled("call 617-555-0123")).sentence
    assert "617" not in told
    assert "******0123" in told


def listed(*durations: float | None) -> Sequence[AudioFile]:
    return [AudioFile("r1.wav", "Twice", "", None, duration_s) for duration_s in durations]


@pytest.mark.parametrize(
    ("durations", "verdict"),
    [((None,), Verdict.GOOD), ((3, 4), Verdict.BAD), ((3, 8), Verdict.GOOD), ((3, None), Verdict.GOOD)],
)
def test_of_what_is_not_known_the_audio_is_not_blamed(durations: tuple[float | None, ...], verdict: Verdict) -> None:
    found = look_at_audio(titled("Twice"), recordings=lambda: listed(*durations), fetch=None)
    assert found.verdict is verdict


@pytest.mark.parametrize("refusal", [b"ERROR\nc_method: unknown", b"c_method is unknown here"])
def test_a_gateway_that_does_not_know_durations_is_asked_for_the_plain_list(refusal: bytes) -> None:
    asked: list[bool] = []

    def script(connection: socket.socket) -> None:
        asked.append(b"with_duration" in server.received[-1])
        connection.sendall(http(refusal if asked[-1] else b'"r1.wav"|"Reminder"|"2026-01-05 09:30:00"'))

    with raw_server(script) as server:
        client = client_of(server.url.removesuffix("vmb.php"))
        found = look_at_audio(titled("Reminder"), recordings=partial(list_recordings, client, now=NOW), fetch=None)
    assert found == Finding(Verdict.GOOD, 'the recording "Reminder" is there; how long it lasts is not known')
    assert asked == [True, False]


@pytest.mark.parametrize("fault", [FaultKind.HTML, FaultKind.HALF_BODY, FaultKind.SLOW, FaultKind.ACCEPT_THEN_RESET])
def test_a_gateway_in_trouble_says_nothing_of_the_audio(fault: FaultKind) -> None:
    with Simulator(ACCOUNT) as simulator:
        simulator.faults.arm(Fault(kind=fault, on="question", times=0))
        found = look(simulator, titled("Nothing like it"))
    assert found.verdict is Verdict.UNSURE
    assert "did not list its recordings" in found.sentence


def test_neither_does_one_that_is_down_or_refuses_us() -> None:
    with Simulator(ACCOUNT) as simulator:
        client = client_of(simulator.base_url, password="wrong")
        refused = look_at_audio(titled("Reminder"), recordings=partial(list_recordings, client, now=NOW), fetch=None)
    assert [refused.verdict, look(simulator, titled("Reminder")).verdict] == [Verdict.UNSURE] * 2


# At a URL.


def never() -> Sequence[AudioFile]:
    pytest.fail("the account has nothing to do with it")


def look_at(content: bytes | Exception, ending: str) -> Finding:
    def fetch(url: str, into: BinaryIO) -> None:
        assert url == terms.audio_url
        if isinstance(content, Exception):
            raise content
        into.write(content)

    terms = Terms(caller_id="6175550100", audio_url=f"https://cdn.example/hi.{ending}?sig=sesame")
    found = look_at_audio(terms, recordings=never, fetch=fetch)
    assert "sesame" not in found.sentence
    return found


@pytest.mark.parametrize(
    ("content", "ending"),
    [
        (sounds.wav(7), "wav"),
        (sounds.wav_of_a_telephone(7), "wav"),
        (sounds.wav_of_a_telephone(7, counts_samples=False), "wav"),
        (sounds.mp3(7), "mp3"),
        (sounds.mp3(7, tagged=False), "mp3"),
        (sounds.m4a(7), "m4a"),
        (sounds.m4a(7)[:500], "m4a"),
    ],
)
def test_what_the_gateway_can_play_is_good(content: bytes, ending: str) -> None:
    found = look_at(content, ending)
    assert found.verdict is Verdict.GOOD
    assert found.seconds is None or found.seconds == pytest.approx(7, abs=0.1)


@pytest.mark.parametrize(
    ("content", "ending", "why"),
    [
        (sounds.wav(4.5), "wav", "the wav file at the URL lasts 4.5 s; it must be more than 5"),
        (sounds.mp3(2), "mp3", "lasts 2.02 s"),
        (sounds.m4a(5), "m4a", "lasts 5 s"),
        (sounds.wav(7), "mp3", "is a wav file, and the campaign states mp3"),
        (b"<!DOCTYPE html><html>Sign in to see this file</html>", "mp3", "no sound file but something else"),
        (b"", "mp3", "no sound file"),
        (
            NotPublic("its host is not on the public internet"),
            "mp3",
            "is not to be had by the gateway: its host is not",
        ),
    ],
)
def test_what_it_cannot_play_is_bad(content: bytes | Exception, ending: str, why: str) -> None:
    found = look_at(content, ending)
    assert found.verdict is Verdict.BAD
    assert why in found.sentence


def test_a_host_in_trouble_says_nothing_of_the_audio() -> None:
    found = look_at(NotFetched("HTTP status 503"), "mp3")
    assert found == Finding(Verdict.UNSURE, "what lies at the URL could not be looked at: HTTP status 503")


def test_a_url_is_followed_only_where_that_was_chosen() -> None:
    terms = Terms(caller_id="6175550100", audio_url="https://cdn.example/hi.mp3")
    assert look_at_audio(terms, recordings=never, fetch=None).verdict is Verdict.UNSURE
