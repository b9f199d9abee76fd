import socket
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import BinaryIO

import pytest

from jobs.campaigns import control
from jobs.campaigns.desk import Desk
from jobs.campaigns.preflight import Finding, Verdict, list_recordings, look_at_audio
from jobs.campaigns.send import Sent, send
from jobs.fetching import NotFetched, NotPublic
from jobs.gateway.client import GatewayClient, Timeouts
from jobs.gateway.replies import AudioFile
from jobs.gateway.simulator import Account, Clock, Fault, FaultKind, Settings, Simulator
from jobs.gateway.simulator.settings import Recording
from jobs.ledger import breaker, campaigns, claims, due
from jobs.ledger.breaker import BreakerState
from jobs.ledger.keys import Due
from jobs.ledger.limits import Limits
from jobs.models import CampaignStatus, Intent, SubmissionState, Terms
from tests import sounds
from tests.jobs.campaigns.conftest import IMPATIENT, PATIENT, at_gateway, client_of, submission, taken, view
from tests.jobs.gateway.wire import http, raw_server
from tests.servers import free_port

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


def recordings_of(client: GatewayClient) -> Callable[[], list[AudioFile]]:
    return lambda: list_recordings(lambda question: question(client), now=NOW)


def look(simulator: Simulator, terms: Terms, timeouts: Timeouts = PATIENT) -> Finding:
    recordings = recordings_of(client_of(simulator.base_url, timeouts=timeouts))
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
        found = look_at_audio(titled("Reminder"), recordings=recordings_of(client), fetch=None)
    assert found == Finding(Verdict.GOOD, 'the recording "Reminder" is there; how long it lasts is not known')
    assert asked == [True, False]


@pytest.mark.parametrize("fault", [FaultKind.HTML, FaultKind.HALF_BODY, FaultKind.SLOW, FaultKind.ACCEPT_THEN_RESET])
def test_a_gateway_in_trouble_says_nothing_of_the_audio(fault: FaultKind) -> None:
    with Simulator(ACCOUNT) as simulator:
        simulator.faults.arm(Fault(kind=fault, on="question", times=0))
        timeouts = IMPATIENT if fault is FaultKind.SLOW else PATIENT
        found = look(simulator, titled("Nothing like it"), timeouts)
    assert found.verdict is Verdict.UNSURE
    assert "did not list its recordings" in found.sentence


def test_neither_does_one_that_is_down_or_refuses_us() -> None:
    with Simulator(ACCOUNT) as simulator:
        client = client_of(simulator.base_url, password="wrong")
        refused = look_at_audio(titled("Reminder"), recordings=recordings_of(client), fetch=None)
    assert [refused.verdict, look(simulator, titled("Reminder")).verdict] == [Verdict.UNSURE] * 2


def test_an_empty_list_may_be_trouble_as_well() -> None:
    found = look_at_audio(titled("Reminder"), recordings=list, fetch=None)
    assert found == Finding(
        Verdict.UNSURE, "the gateway lists no recordings at all, as it may do when it is in trouble"
    )


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


# Before the first submission.


@pytest.fixture
def careful(desk: Desk) -> Desk:
    """A desk that looks for recordings before it sends."""
    return replace(desk, looks_at_recordings=True)


@pytest.fixture
def campaign_id(desk: Desk) -> str:
    return taken(desk, "6175550123", "2125550101").campaign_id


def misspelt(desk: Desk, *phones: str) -> str:
    return taken(desk, *phones, terms=titled("reminder")).campaign_id


def asked(simulator: Simulator) -> list[str]:
    return [arrival.option for arrival in simulator.truth.arrivals]


def test_without_the_setting_nobody_looks(desk: Desk, simulator: Simulator, campaign_id: str) -> None:
    assert send(desk, f"{campaign_id}-1") is Sent.ACCEPTED
    assert asked(simulator) == ["new_campaign"]


def test_a_look_is_a_turn_of_its_own_and_then_it_is_sent(careful: Desk, simulator: Simulator, campaign_id: str) -> None:
    assert send(careful, f"{campaign_id}-1") is Sent.LATER
    assert not simulator.truth.sessions
    assert due.count(careful.redis, Due.SEND, by=careful.clock()) == 1
    assert send(careful, f"{campaign_id}-1") is Sent.ACCEPTED
    assert asked(simulator) == ["get_audio_list_with_duration", "new_campaign"]


def test_each_call_of_a_look_has_a_slot_of_its_own(careful: Desk, simulator: Simulator, campaign_id: str) -> None:
    polite, began = replace(careful, limits=Limits(calls_per_s=5)), careful.clock()
    simulator.faults.arm(Fault(kind=FaultKind.REFUSE, text="c_method: unknown", on="question"))
    assert send(polite, f"{campaign_id}-1") is Sent.LATER
    assert asked(simulator) == ["get_audio_list_with_duration", "get_audio_list"]
    assert polite.clock() - began == timedelta(seconds=0.2)


def test_a_bad_audio_is_rejected_and_nobody_is_called(careful: Desk, simulator: Simulator) -> None:
    campaign_id = misspelt(careful, "6175550123")
    assert [send(careful, f"{campaign_id}-1") for _ in range(3)] == [Sent.LATER, Sent.REJECTED, Sent.PASSED_OVER]
    assert view(careful, campaign_id).status is CampaignStatus.REJECTED
    rejected = submission(careful, campaign_id)
    assert rejected.reason.startswith(
        'not sent, because of its audio: the account has no recording "reminder"; the near'
    )
    assert not due.stands(careful.redis, Due.SEND, rejected.id)
    assert asked(simulator) == ["get_audio_list_with_duration"]


def test_one_submission_looks_for_all_of_them(careful: Desk, simulator: Simulator, clock: Clock) -> None:
    campaign_id = misspelt(careful, *(f"{area}555{last:04d}" for area in (617, 212) for last in range(5_001)))
    first, second = f"{campaign_id}-1", f"{campaign_id}-2"
    assert send(careful, second) is Sent.LATER
    assert due.count(careful.redis, Due.SEND, by=careful.clock()) == 1
    assert asked(simulator) == []
    assert send(careful, first) is Sent.LATER
    clock.jump(careful.timings.audio_again)
    assert due.count(careful.redis, Due.SEND, by=careful.clock()) == 2
    assert [send(careful, second), send(careful, first)] == [Sent.REJECTED, Sent.REJECTED]
    assert asked(simulator) == ["get_audio_list_with_duration"]
    assert view(careful, campaign_id).phones[SubmissionState.REJECTED] == 10_002


@pytest.mark.parametrize("fault", [FaultKind.HTML, FaultKind.ANSWER_502_BEFORE_ACCEPTING, FaultKind.ACCEPT_THEN_RESET])
def test_a_look_in_vain_keeps_nothing_from_being_sent(
    careful: Desk, simulator: Simulator, campaign_id: str, fault: FaultKind
) -> None:
    simulator.faults.arm(Fault(kind=fault, on="question", times=0))
    assert [send(careful, f"{campaign_id}-1") for _ in range(2)] == [Sent.LATER, Sent.ACCEPTED]


def test_a_gateway_that_rests_is_not_asked_but_later(careful: Desk, simulator: Simulator, campaign_id: str) -> None:
    nobody = at_gateway(careful, f"http://127.0.0.1:{free_port()}/gateway/")
    others = [taken(careful, f"61755501{last}", key=str(last)).campaign_id for last in range(10, 25)]
    for each in others:
        send(nobody, f"{each}-1")
    assert breaker.read(careful.redis, "default").state is not BreakerState.CLOSED
    assert send(careful, f"{campaign_id}-1") is Sent.LATER
    assert view(careful, campaign_id).audio_flaw is None
    assert asked(simulator) == []
    assert due.stands(careful.redis, Due.SEND, f"{campaign_id}-1")


def test_a_campaign_that_is_held_or_for_later_is_not_looked_at_yet(careful: Desk, simulator: Simulator) -> None:
    later = Terms(caller_id="6175550100", audio_title="Reminder", start=careful.clock() + timedelta(hours=1))
    early = taken(careful, "6175550123", terms=later, key="later").campaign_id
    held = taken(careful, "6175550123").campaign_id
    control.request(careful.redis, held, Intent.PAUSE, why="", now=careful.clock())
    assert [send(careful, f"{each}-1") for each in (early, held)] == [Sent.PASSED_OVER, Sent.PASSED_OVER]
    assert asked(simulator) == []
    assert due.count(careful.redis, Due.SEND, by=view(careful, held).too_late_at - timedelta(seconds=1)) == 1  # early


def test_a_campaign_that_has_begun_goes_on(desk: Desk, careful: Desk, simulator: Simulator) -> None:
    campaign_id = taken(desk, *(f"{area}555{last:04d}" for area in (617, 212) for last in range(5_001))).campaign_id
    assert send(desk, f"{campaign_id}-1") is Sent.ACCEPTED
    assert send(careful, f"{campaign_id}-2") is Sent.ACCEPTED
    assert asked(simulator) == ["new_campaign", "new_campaign"]


def test_the_first_verdict_counts(desk: Desk, campaign_id: str) -> None:
    campaigns.note_audio(desk.redis, campaign_id, "")
    campaigns.note_audio(desk.redis, campaign_id, "somebody thought otherwise")
    assert view(desk, campaign_id).audio_flaw == ""


def test_what_another_sender_holds_is_not_turned_down(desk: Desk, simulator: Simulator, campaign_id: str) -> None:
    """A sender that does not look, and is just sending, has the word."""
    now = desk.clock()
    claim = claims.claim(desk.redis, f"{campaign_id}-1", attempt="another", now=now, until=now + timedelta(seconds=15))
    assert claim is claims.Claim.CLAIMED
    campaigns.note_audio(desk.redis, campaign_id, "it is too short")
    assert send(desk, f"{campaign_id}-1") is Sent.PASSED_OVER
    assert submission(desk, campaign_id).state is SubmissionState.CLAIMED


@pytest.mark.parametrize(("content", "ends"), [(sounds.mp3(3), Sent.REJECTED), (sounds.mp3(9), Sent.ACCEPTED)])
def test_a_url_is_looked_at_where_there_is_a_way_to_fetch_it(
    careful: Desk, simulator: Simulator, content: bytes, ends: Sent
) -> None:
    terms = Terms(caller_id="6175550100", audio_url="https://cdn.example/hi.mp3")
    campaign_id = taken(careful, "6175550123", terms=terms).campaign_id

    def fetch(_url: str, into: BinaryIO) -> None:
        into.write(content)

    fetching = replace(careful, fetch=fetch)
    assert [send(fetching, f"{campaign_id}-1") for _ in range(2)] == [Sent.LATER, ends]


def test_elsewhere_it_is_not(careful: Desk, simulator: Simulator) -> None:
    terms = Terms(caller_id="6175550100", audio_url="https://cdn.example/hi.mp3")
    campaign_id = taken(careful, "6175550123", terms=terms).campaign_id
    assert send(careful, f"{campaign_id}-1") is Sent.ACCEPTED
