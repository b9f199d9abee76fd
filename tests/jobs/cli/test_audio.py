"""`audio …` and `send --check-audio`: what a person sees of the account's recordings."""

from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from redis import Redis

from jobs.gateway.simulator import Account, Fault, FaultKind, Settings, Simulator
from jobs.gateway.simulator.settings import Recording
from jobs.ledger import campaigns
from tests.jobs.cli.conftest import SEND, Run
from tests.servers import RedisServer

RECORDINGS = (
    Recording(title="Reminder", file="r18904b140407197964.wav", code="1001", seconds=12.5),
    Recording(title="Short \x1b[2J", file="r15294b17042522420232165.mp3", code="1002", seconds=4),
)
CALLER = ("--caller-id", "6175550199")
Env = Mapping[str, str]


@pytest.fixture
def simulator() -> Iterator[Simulator]:
    with Simulator(Settings(accounts={"demo": Account(recordings=RECORDINGS)})) as running:
        yield running


@pytest.fixture
def env(simulator: Simulator, redis_server: RedisServer) -> Env:
    """All that a machine with the account's credentials has."""
    account = {"GATEWAY_URL": simulator.base_url, "GATEWAY_UID": "demo", "GATEWAY_PASSWORD": "demo"}
    return {"REDIS_URL": redis_server.url, **account}


def without_credentials(env: Env) -> Env:
    return {name: value for name, value in env.items() if name != "GATEWAY_PASSWORD"}


def test_the_recordings_are_listed(run: Run, env: Env) -> None:
    listed = run("audio", "list", env=env)
    assert listed.code == 0
    assert [line.split() for line in listed.out.splitlines()] == [
        ["title", "file", "seconds", "created", "(Eastern)"],
        ["Reminder", "r18904b140407197964.wav", "12.5", "2026-01-05", "09:30:00"],
        ["Short", "�[2J", "r15294b17042522420232165.mp3", "4", "2026-01-05", "09:30:00"],
    ]


def test_a_program_gets_them_as_a_document(run: Run, env: Env) -> None:
    first, _ = run("audio", "list", "--json", env=env).document["recordings"]
    assert first == {
        "title": "Reminder",
        "file": "r18904b140407197964.wav",
        "duration_s": 12.5,
        "created_at": "2026-01-05T14:30:00Z",
        "created_text": "2026-01-05 09:30:00",
    }


def test_an_account_without_recordings_says_so(run: Run, env: Env, simulator: Simulator) -> None:
    simulator.change({"accounts": {"demo": {"recordings": []}}})
    assert run("audio", "list", env=env).out == "The account has no recordings.\n"


@pytest.mark.parametrize(
    "named", [["Reminder"], ["--code", "1001"], ["--file", "r18904b140407197964.wav"]], ids=lambda named: named[0]
)
def test_a_recording_is_downloaded_by_any_of_its_names(run: Run, env: Env, tmp_path: Path, named: list[str]) -> None:
    path = tmp_path / "kept.wav"
    kept = run("audio", "download", *named, "--to", path, env=env)
    assert kept.code == 0
    assert kept.out == f"100,044 bytes of wav written to {path}.\n"
    assert path.stat().st_size == 100_044


def test_a_program_is_told_what_it_got(run: Run, env: Env, tmp_path: Path) -> None:
    path = tmp_path / "kept"
    kept = run("audio", "download", "--code", "1002", "--to", path, "--json", env=env)
    assert kept.document == {"file": str(path), "bytes": path.stat().st_size, "kind": "mp3"}


def test_a_recording_that_is_not_there_says_where_to_look(run: Run, env: Env, tmp_path: Path) -> None:
    missing = run("audio", "download", "reminder", "--to", tmp_path / "kept.wav", env=env)
    assert missing.code == 8
    assert "The gateway refused (audio): c_record_audio: not found." in missing.err
    assert "python -m jobs audio list shows what there is." in " ".join(missing.err.split())
    assert f"Nothing was written to {tmp_path / 'kept.wav'}; a file that was there" in " ".join(missing.err.split())
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("names", [[], ["Reminder", "--code", "1001"]])
def test_a_recording_has_one_name(run: Run, env: Env, tmp_path: Path, names: list[str]) -> None:
    refused = run("audio", "download", *names, "--to", tmp_path / "kept.wav", env=env)
    assert refused.code == 2
    assert "give exactly one of TITLE, --code and --file" in refused.err


def test_a_place_that_is_none_is_the_persons_to_change(run: Run, env: Env, tmp_path: Path) -> None:
    refused = run("audio", "download", "Reminder", "--to", tmp_path / "missing" / "kept.wav", env=env)
    assert refused.code == 2
    said = " ".join(refused.err.split())
    assert "kept.wav cannot be written: its folder does not exist." in said
    assert f"Nothing was written to {tmp_path / 'missing' / 'kept.wav'};" in said


def test_a_download_that_breaks_off_is_the_gateways(run: Run, env: Env, tmp_path: Path, simulator: Simulator) -> None:
    simulator.faults.arm(Fault(kind=FaultKind.HALF_BODY, on="question"))
    broken = run("audio", "download", "Reminder", "--to", tmp_path / "kept.wav", env=env)
    assert broken.code == 8
    said = " ".join(broken.err.split())
    assert "it did not come whole (reading: the answer broke off); try again." in said
    assert f"Nothing was written to {tmp_path / 'kept.wav'};" in said
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    "command", [["list"], ["download", "Reminder", "--to", "kept.wav"], ["check", "--audio-title", "x"]]
)
def test_credentials_that_are_missing_are_named(run: Run, env: Env, command: list[str]) -> None:
    failed = run("audio", *command, env=without_credentials(env))
    assert failed.code == 7
    assert "GATEWAY_PASSWORD: is missing, and the gateway asks for it" in failed.err
    assert "This command has changed nothing." in failed.err


def test_an_account_that_is_none_of_ours_is_named(run: Run, env: Env) -> None:
    failed = run("audio", "list", "--account", "west", env=env)
    assert failed.code == 2
    assert "no gateway account is named 'west'" in failed.err


@pytest.mark.parametrize("fault", [FaultKind.HTML, FaultKind.ACCEPT_THEN_RESET, FaultKind.ANSWER_502_AFTER_ACCEPTING])
def test_a_list_that_does_not_come_can_be_asked_for_again(
    run: Run, env: Env, simulator: Simulator, fault: FaultKind
) -> None:
    simulator.faults.arm(Fault(kind=fault, on="question", times=0))
    failed = run("audio", "list", env=env)
    assert failed.code == 8
    assert "the gateway gave no answer that can be used" in failed.err
    assert "This command has changed nothing. Run the same command again." in failed.err


# check


def test_a_recording_that_can_be_played_is_good(run: Run, env: Env) -> None:
    good = run("audio", "check", "--audio-title", "Reminder", env=env)
    assert (good.code, good.out) == (0, 'It can be played: the recording "Reminder" is there and lasts 12.5 s.\n')


def test_one_that_cannot_has_a_code_of_its_own(run: Run, env: Env) -> None:
    bad = run("audio", "check", "--audio-title", "remindr", env=env)
    assert bad.code == 9
    assert 'the account has no recording "remindr"; the nearest it has: "Reminder" (case counts).' in bad.out


def test_what_could_not_be_looked_at_is_neither(run: Run, env: Env, simulator: Simulator) -> None:
    simulator.faults.arm(Fault(kind=FaultKind.ANSWER_502_BEFORE_ACCEPTING, on="question"))
    unsure = run("audio", "check", "--audio-file", "r18904b140407197964.wav", "--json", env=env)
    assert unsure.code == 8
    assert unsure.document["verdict"] == "unsure"
    assert "did not list its recordings (reading: HTTP status 502)" in unsure.document["sentence"]


@pytest.mark.parametrize(
    ("url", "code"), [("https://localhost/a.mp3", 9), ("https://[fd00::1]/a.mp3", 9), ("http://cdn.example/a.mp3", 8)]
)
def test_a_url_needs_no_credentials(run: Run, url: str, code: int) -> None:
    assert run("audio", "check", "--audio-url", url).code == code


def test_an_audio_that_is_none_is_a_matter_of_usage(run: Run) -> None:
    refused = run("audio", "check")
    assert refused.code == 2
    assert "give exactly one of --audio-title, --audio-url and --audio-file; found none" in refused.err


# send


def test_a_campaign_with_a_good_audio_is_in(run: Run, env: Env, contacts: Path) -> None:
    sent = run("send", contacts, *CALLER, "--audio-title", "Reminder", "--check-audio", "--json", env=env)
    assert sent.code == 0
    assert sent.document["audio_check"]["verdict"] == "good"
    assert sent.document["is_new"] is True


@pytest.mark.parametrize("setting", ["off", "account"])
def test_one_with_a_bad_audio_is_not(run: Run, env: Env, contacts: Path, redis: Redis, setting: str) -> None:
    wanted = ["--check-audio"] if setting == "off" else []
    bad = run("send", contacts, *CALLER, "--audio-title", "reminder", *wanted, env={**env, "AUDIO_PREFLIGHT": setting})
    assert bad.code == 9
    assert '--audio-title: the account has no recording "reminder"' in bad.err
    assert "Nothing was stored and nothing was sent." in bad.err
    assert campaigns.newest(redis, most=1) == []


def test_a_dry_run_looks_where_it_is_told_to(run: Run, env: Env, contacts: Path) -> None:
    dry = run("send", contacts, *CALLER, "--audio-title", "reminder", "--dry-run", "--check-audio", env=env)
    assert dry.code == 9
    lax = {**env, "AUDIO_PREFLIGHT": "all"}
    assert run("send", contacts, *CALLER, "--audio-title", "reminder", "--dry-run", env=lax).code == 0


def test_a_gateway_in_trouble_keeps_no_campaign_out(
    run: Run, env: Env, contacts: Path, simulator: Simulator, redis: Redis
) -> None:
    simulator.faults.arm(Fault(kind=FaultKind.HTML, on="question", times=0))
    sent = run("send", contacts, *CALLER, "--audio-title", "reminder", "--check-audio", env=env)
    assert sent.code == 0
    assert "The audio could not be checked: the gateway did not list its recordings" in sent.err
    assert len(campaigns.newest(redis, most=2)) == 1


def test_asked_for_it_is_done_or_fails(run: Run, env: Env, contacts: Path, redis: Redis) -> None:
    asked = ("send", contacts, *CALLER, "--audio-title", "Reminder", "--check-audio")
    assert run(*asked, env=without_credentials(env)).code == 7
    assert redis.keys() == []


def test_usual_it_is_left_to_the_workers_where_they_alone_have_the_credentials(
    run: Run, env: Env, contacts: Path
) -> None:
    usual = {**without_credentials(env), "AUDIO_PREFLIGHT": "all"}
    sent = run("send", contacts, *CALLER, "--audio-title", "reminder", "--json", env=usual)
    assert (sent.code, sent.document["audio_check"]) == (0, None)


@pytest.mark.parametrize(("setting", "code"), [("off", 0), ("account", 0), ("all", 9)])
def test_a_url_is_followed_only_where_that_was_chosen(
    run: Run, env: Env, contacts: Path, setting: str, code: int
) -> None:
    here = ("--audio-url", "https://localhost/hi.mp3")
    assert run("send", contacts, *CALLER, *here, env={**env, "AUDIO_PREFLIGHT": setting}).code == code


def test_it_can_be_left_out_once(run: Run, env: Env, contacts: Path) -> None:
    usual = {**env, "AUDIO_PREFLIGHT": "all"}
    assert run("send", contacts, *SEND, "--no-check-audio", env=usual).code == 0


def test_a_campaign_that_is_in_is_found_again_though_its_audio_is_gone(
    run: Run, env: Env, contacts: Path, simulator: Simulator
) -> None:
    again = ("send", contacts, *CALLER, "--audio-title", "Reminder", "--check-audio", "--key", "march", "--json")
    first = run(*again, env=env)
    simulator.change({"accounts": {"demo": {"recordings": [{"title": "Another", "file": "r1.wav"}]}}})
    assert run("audio", "check", "--audio-title", "Reminder", env=env).code == 9
    second = run(*again, env=env)
    assert second.code == 0
    assert second.document["campaign_id"] == first.document["campaign_id"]
