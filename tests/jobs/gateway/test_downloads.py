import errno
import os
import resource
import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar

import pytest

from jobs.gateway import downloads
from jobs.gateway.client import GatewayClient
from jobs.gateway.downloads import Downloaded, NamedBy, NotKept
from jobs.gateway.errors import GatewayError, NotSent, OutcomeUnknown, RefusalKind, Rejected
from jobs.gateway.simulator import Account, Dialect, Fault, FaultKind, Settings, Simulator
from jobs.gateway.simulator.settings import Recording
from jobs.models import AudioType
from tests import sounds
from tests.jobs.gateway.clients import PATIENT, QUICK, client_of
from tests.jobs.gateway.wire import Script, http, raw_server, say

NOW = datetime(2026, 11, 23, 15, 0, tzinfo=UTC)
RECORDINGS = (
    Recording(title="Reminder", file="r18904b140407197964.wav", code="1001", seconds=12.5),
    Recording(title="Greeting", file="r15294b17042522420232165.mp3", code="1002", seconds=4),
    Recording(title="Hello | you", file="r15294b17042522420232166.m4a", code="1003"),
)
DEMO = Settings(accounts={"demo": Account(recordings=RECORDINGS)})


def test_the_list_names_every_recording() -> None:
    with Simulator(DEMO) as simulator:
        listed = client_of(simulator).audio_list(near=NOW, with_durations=False)
    assert [(each.title, each.file, each.duration_s) for each in listed] == [
        (each.title, each.file, None) for each in RECORDINGS
    ]
    assert {each.created_at for each in listed} == {datetime(2026, 1, 5, 14, 30, tzinfo=UTC)}


@pytest.mark.parametrize("dialect", [Dialect(), Dialect(crlf=True), Dialect(bom=True)], ids=repr)
def test_with_durations_it_says_how_long_they_last(dialect: Dialect) -> None:
    with Simulator(DEMO.model_copy(update={"dialect": dialect})) as simulator:
        listed = client_of(simulator).audio_list(near=NOW, with_durations=True)
    assert [each.duration_s for each in listed] == [12.5, 4, 12]


def test_an_account_without_recordings_has_an_empty_list() -> None:
    with Simulator(Settings(accounts={"demo": Account(recordings=())})) as simulator:
        assert client_of(simulator).audio_list(near=NOW, with_durations=True) == []


def test_a_list_that_is_refused_or_garbled_is_no_list() -> None:
    with Simulator(DEMO) as simulator:
        with pytest.raises(Rejected):
            client_of(simulator, password="wrong").audio_list(near=NOW, with_durations=True)
        simulator.faults.arm(Fault(kind=FaultKind.HTML, on="question"))
        with pytest.raises(OutcomeUnknown):
            client_of(simulator).audio_list(near=NOW, with_durations=True)


def test_a_list_that_may_be_cut_short_is_no_list() -> None:
    line = b'"r1.wav"|"Reminder"|"2026-01-05 09:30:00"'
    with raw_server(say(b"HTTP/1.1 200 OK\r\n\r\n", line)) as server, pytest.raises(OutcomeUnknown, match="how long"):
        client_of(server).audio_list(near=NOW, with_durations=False)


# Downloads.


@pytest.fixture
def simulator() -> Iterator[Simulator]:
    with Simulator(DEMO) as running:
        yield running


@pytest.mark.parametrize(
    ("named_by", "name", "kind"),
    [
        (NamedBy.TITLE, "Reminder", AudioType.WAV),
        (NamedBy.CODE, "1002", AudioType.MP3),
        (NamedBy.FILE, "r15294b17042522420232166.m4a", AudioType.M4A),
        (NamedBy.TITLE, "Hello | you", AudioType.M4A),
    ],
)
def test_each_of_a_recordings_names_gives_its_file(
    simulator: Simulator, tmp_path: Path, named_by: NamedBy, name: str, kind: AudioType
) -> None:
    kept = client_of(simulator).download_audio(named_by, name, to=tmp_path / "kept")
    assert kept == Downloaded((tmp_path / "kept").stat().st_size, kind)
    assert kept.size > 500
    assert [path.name for path in tmp_path.iterdir()] == ["kept"]


def test_a_file_of_many_parts_is_kept_byte_by_byte(tmp_path: Path) -> None:
    sound = sounds.wav(20, rate=16_000)
    assert len(sound) > 4 * downloads.PART_BYTES
    assert download(say(http(sound)), tmp_path).size == len(sound)
    assert (tmp_path / "kept.wav").read_bytes() == sound


def test_a_file_in_chunks_is_kept_whole(tmp_path: Path) -> None:
    sound = sounds.mp3(200)
    assert download(say(chunked(sound), b"0\r\n\r\n"), tmp_path) == Downloaded(len(sound), AudioType.MP3)
    assert (tmp_path / "kept.wav").read_bytes() == sound


def chunked(body: bytes) -> bytes:
    """Without the end."""
    parts = [body[place : place + 5] for place in range(0, len(body), 5)]
    head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    return head + b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in parts)


def download(script: Script, folder: Path) -> Downloaded:
    with raw_server(script) as server:
        return client_of(server).download_audio(NamedBy.TITLE, "Reminder", to=folder / "kept.wav")


def test_a_recording_that_is_not_there_is_refused_in_the_gateways_words(simulator: Simulator, tmp_path: Path) -> None:
    refused = failure(Rejected, lambda: client_of(simulator).download_audio(NamedBy.TITLE, "remind", to=tmp_path / "x"))
    assert refused.kind is RefusalKind.AUDIO
    assert not list(tmp_path.iterdir())


def test_wrong_credentials_are_refused(simulator: Simulator, tmp_path: Path) -> None:
    client = client_of(simulator, password="wrong")
    failure(Rejected, lambda: client.download_audio(NamedBy.TITLE, "Reminder", to=tmp_path / "x"))
    assert not list(tmp_path.iterdir())


def test_a_gateway_that_is_down_is_not_sent(tmp_path: Path) -> None:
    with raw_server(say(b"")) as server:
        client = client_of(server)
    failure(NotSent, lambda: client.download_audio(NamedBy.TITLE, "Reminder", to=tmp_path / "x"))
    assert not list(tmp_path.iterdir())


Error = TypeVar("Error", bound=GatewayError)


def failure(kind: type[Error], call: Callable[[], object]) -> Error:
    with pytest.raises(kind) as failed:
        call()
    return failed.value


SOUND = sounds.wav(20)

UNUSABLE = {
    "cut in half": (say(http(SOUND[: len(SOUND) // 2], length=len(SOUND))), "did not come whole"),
    "cut within its head": (say(http(SOUND[:6], length=len(SOUND))), "did not come whole"),
    "cut between two chunks": (say(chunked(SOUND)), "did not come whole"),
    "of no stated length": (say(b"HTTP/1.1 200 OK\r\n\r\n", SOUND), "does not say how long it is"),
    "bad gateway": (say(http(SOUND, "502 Bad Gateway")), "502"),
    "empty": (say(http(b"")), "an empty body"),
    "HTML": (say(http(b"<html><body>Please log in</body></html>")), "a page of HTML"),
    "some words": (say(http(b"Please try later")), "text of 16 characters"),
    "another kind of file": (say(http(b"OggS\x00\x02" + bytes(500))), "no WAV, MP3 or M4A"),
}


@pytest.mark.parametrize("name", UNUSABLE)
def test_what_is_no_whole_sound_file_is_not_kept(name: str, tmp_path: Path) -> None:
    script, why = UNUSABLE[name]
    (tmp_path / "kept.wav").write_bytes(b"as it was")
    assert why in str(failure(NotKept, lambda: download(script, tmp_path)))
    assert [(path.name, path.read_bytes()) for path in tmp_path.iterdir()] == [("kept.wav", b"as it was")]


@pytest.mark.parametrize("fault", [FaultKind.HALF_BODY, FaultKind.ACCEPT_THEN_RESET, FaultKind.DRIP])
def test_a_download_that_goes_wrong_leaves_nothing(simulator: Simulator, tmp_path: Path, fault: FaultKind) -> None:
    simulator.faults.arm(Fault(kind=fault, on="question", seconds=60_000))
    client = client_of(simulator, timeouts=QUICK if fault is FaultKind.DRIP else PATIENT)
    told = failure(NotKept, lambda: client.download_audio(NamedBy.TITLE, "Reminder", to=tmp_path / "x"))
    assert "The recording was not kept" in str(told)
    assert not list(tmp_path.iterdir())


def test_a_file_larger_than_any_voicemail_is_given_up(tmp_path: Path) -> None:
    too_large = b"\xff\xfb" + bytes(downloads.MOST_BYTES)
    assert "more than 100,000,000 bytes" in str(failure(NotKept, lambda: download(say(http(too_large)), tmp_path)))
    assert not list(tmp_path.iterdir())


# The place where it is to be kept.


@pytest.mark.parametrize(
    ("place", "why"),
    [
        ("missing/kept.wav", "kept.wav cannot be written: its folder does not exist"),
        ("folder", "folder cannot be written: it is a folder; name a file in it"),
    ],
)
def test_nothing_is_asked_for_without_a_place_for_it(
    simulator: Simulator, tmp_path: Path, place: str, why: str
) -> None:
    (tmp_path / "folder").mkdir()
    assert why in str(refused_place(client_of(simulator), tmp_path / place))
    assert not simulator.truth.arrivals


def refused_place(client: GatewayClient, to: Path) -> GatewayError:
    return failure(NotKept, lambda: client.download_audio(NamedBy.TITLE, "Reminder", to=to))


def test_a_folder_that_is_not_ours_to_write_to(simulator: Simulator, tmp_path: Path) -> None:
    tmp_path.chmod(0o555)
    with not_as_root():
        told = refused_place(client_of(simulator), tmp_path / "kept.wav")
    tmp_path.chmod(0o755)
    assert "kept.wav cannot be written: permission denied" in str(told)
    assert not simulator.truth.arrivals
    assert not list(tmp_path.iterdir())


@contextmanager
def not_as_root() -> Iterator[None]:
    """Root may write anywhere; nobody may not."""
    before = os.geteuid()
    if before == 0:
        os.seteuid(65_534)
    try:
        yield
    finally:
        os.seteuid(before)


def test_a_file_that_outgrows_its_limit_leaves_nothing(simulator: Simulator, tmp_path: Path) -> None:
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (65_536, before[1]))
    try:
        told = refused_place(client_of(simulator), tmp_path / "kept.wav")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert f"kept.wav cannot be written: {os.strerror(errno.EFBIG).lower()}" in str(told)
    assert not list(tmp_path.iterdir())


def test_a_full_disk_leaves_nothing(simulator: Simulator, small_disk: Path) -> None:
    told = refused_place(client_of(simulator), small_disk / "kept.wav")
    assert f"kept.wav cannot be written: {os.strerror(errno.ENOSPC).lower()}" in str(told)
    assert not list(small_disk.iterdir())


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 64 KiB, where we may mount one."""
    mount = shutil.which("mount")
    mounted = mount and subprocess.run(
        [mount, "-t", "tmpfs", "-o", "size=64k", "tmpfs", tmp_path], capture_output=True, check=False
    )
    if not mounted or mounted.returncode:
        pytest.skip("needs the right to mount a file system")
    yield tmp_path
    subprocess.run([str(shutil.which("umount")), tmp_path], check=True)
