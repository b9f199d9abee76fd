"""`send`: what a person sees, what is written, and what is refused."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import pytest
from redis import Redis

from jobs.campaigns.control import known
from jobs.cli.follow import has_come_to_rest
from jobs.ledger import campaigns, dispositions, submissions
from jobs.models import CampaignStatus, SubmissionState
from tests.jobs.cli.conftest import NOW, PHONES, SEND, Run, accept, move, newest_id, only_submission

DRY = {"env": {"REDIS_URL": "redis://127.0.0.1:1/0"}}
"""A dry run must not miss the server that is not there."""


def test_a_dry_run_shows_the_plan_and_needs_nothing(run: Run, contacts: Path, redis: Redis) -> None:
    dry = run("send", contacts, *SEND, "--dry-run", **DRY)
    assert dry.code == 0
    assert dry.err == ""
    assert "6 rows = 3 phones + 3 excluded, in 1 submission" in dry.out
    assert "••••••123.0 as on line 2" in dry.out
    assert "Dry run. Nothing was stored and nothing was sent." in dry.out
    assert redis.keys() == []


@pytest.fixture
def west_coast(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A machine whose clock shows Pacific time."""
    with monkeypatch.context() as there:
        there.setenv("TZ", "America/Los_Angeles")
        time.tzset()
        yield
    time.tzset()


@pytest.mark.usefixtures("west_coast")
def test_a_dry_run_repeats_what_it_understood(run: Run, contacts: Path) -> None:
    times = ("--at", "2026-03-02 14:30 ET", "--ends-at", "2026-03-02T23:00Z")
    dry = run("send", contacts, *SEND, *times, "--title", "March", "--dry-run", **DRY)
    assert [line.split() for line in dry.out.splitlines()[-8:-1]] == [
        ["title", "March"],
        ["audio", "https://cdn.example.com/reminder.mp3", "(mp3)"],
        ["caller", "ID", "***0199"],
        ["starts", "2026-03-02", "14:30:00", "Eastern", "2026-03-02", "11:30:00", "PST"],
        ["ends", "2026-03-02", "18:00:00", "Eastern", "2026-03-02", "15:00:00", "PST"],
        ["not", "sent", "after", "2026-03-02", "18:00:00", "Eastern", "2026-03-02", "15:00:00", "PST"],
        ["account", "default"],
    ]
    document = run("send", contacts, *SEND, *times, "--title", "March", "--dry-run", "--json", **DRY).document
    shown = {name: document["understood"][name] for name in ("title", "start", "ends_at", "caller_id")}
    assert shown == {
        "title": "March",
        "start": "2026-03-02T19:30:00Z",
        "ends_at": "2026-03-02T23:00:00Z",
        "caller_id": "***0199",
    }


def test_a_title_keeps_its_date_and_hides_a_phone(run: Run, contacts: Path) -> None:
    asked = ("send", contacts, *SEND, "--title", "live-202611231609 for 617-555-0123", "--dry-run")
    assert "live-202611231609 for ***0123" in run(*asked, **DRY).out
    assert run(*asked, "--json", **DRY).document["understood"]["title"] == "live-202611231609 for ***0123"


def test_a_dry_run_says_which_column_is_called_and_how_the_file_was_read(run: Run, contacts: Path) -> None:
    dry = run("send", contacts, *SEND, "--dry-run", **DRY)
    assert 'Phones from column 2 "Mobile Phone", chosen by its name. Read as UTF-8, parted by comma.' in dry.out
    contacts.write_bytes("Chloé;6175550123\nBo;6175550124\n".encode("cp1252"))
    dry = run("send", contacts, *SEND, "--dry-run", **DRY)
    assert "Phones from column 2, chosen by its content alone: look whether it is the right one." in dry.out
    assert "Read as Windows-1252, parted by semicolon, without a header." in dry.out


def test_a_program_learns_which_column_is_called(run: Run, contacts: Path) -> None:
    expected = {"column": 2, "name": "Mobile Phone", "chosen_by": "name", "has_header": True}
    expected |= {"separator": ",", "encoding": "UTF-8"}
    assert run("send", contacts, *SEND, "--dry-run", "--json", **DRY).document["contacts"] == expected
    asked = run("send", contacts, *SEND, "--column", "2", "--json").document["contacts"]
    assert asked == expected | {"chosen_by": "asked"}


def test_a_campaign_is_in_and_the_person_knows_how_to_go_on(run: Run, contacts: Path, redis: Redis) -> None:
    sent = run("send", contacts, *SEND, "--title", "March", "--key", "march")
    (campaign,) = campaigns.newest(redis, most=2)
    assert sent.code == 0
    assert f"Campaign {campaign.id} is in, under the key march." in sent.out
    assert "No worker is seen at this moment" in sent.out
    assert f"python -m jobs show {campaign.id} --watch" in sent.out
    assert campaign.terms.caller_id == "6175550199"
    assert submissions.phones(redis, f"{campaign.id}-1") == PHONES


def test_a_fresh_key_is_told_on_stderr(run: Run, contacts: Path, redis: Redis) -> None:
    sent = run("send", contacts, *SEND)
    (campaign,) = campaigns.newest(redis, most=2)
    assert campaign.key.startswith("2026-03-02-")
    assert sent.err == f"Running this again with --key {campaign.key} cannot send twice.\n"


def test_a_fresh_key_is_told_before_anything_is_written(run: Run, contacts: Path, redis: Redis) -> None:
    redis.config_set("maxmemory", 1)
    try:
        failed = run("send", contacts, *SEND)
    finally:
        redis.config_set("maxmemory", 0)
    assert failed.code == 4
    told, *error = failed.err.splitlines()
    key = told.split("--key ")[1].split()[0]
    assert f"Run the same command again with --key {key}: that cannot send twice." in error[-1]
    assert campaigns.newest(redis, most=2) == []


def test_the_same_key_and_payload_send_nothing_new(run: Run, contacts: Path, redis: Redis, campaign_id: str) -> None:
    again = run("send", contacts, *SEND, "--title", "March", "--key", "march")
    assert again.code == 0
    assert "was used before with the same payload. Nothing new was sent" in again.out
    assert f"it is campaign {campaign_id}, which is waiting." in again.out
    assert len(campaigns.newest(redis, most=5)) == 1


def test_the_same_key_with_another_payload_is_refused(run: Run, contacts: Path, campaign_id: str) -> None:
    contacts.write_text("6175550188\n")
    conflict = run("send", contacts, *SEND, "--title", "April", "--key", "march")
    assert conflict.code == 3
    assert "--title differs" in conflict.err
    assert "the contacts differ" in conflict.err
    assert f"this key stands for campaign {campaign_id}" in conflict.err


def test_a_program_gets_one_document(run: Run, contacts: Path) -> None:
    sent = run("send", contacts, *SEND, "--json", "--at", "2026-03-02 12:00 ET", "--ends-at", "2026-03-02T22:00Z")
    document = sent.document
    assert document["is_new"] is True
    assert document["plan"]["phones"] == 3
    assert document["campaign"]["start"] == "2026-03-02T17:00:00Z"
    assert document["campaign"]["terms"]["ends_at"] == "2026-03-02T22:00:00Z"
    assert document["key"] == document["campaign"]["key"]
    assert sent.err == f'{{"key": "{document["key"]}"}}\n'


def test_a_program_gets_its_error_as_json(run: Run, contacts: Path, campaign_id: str) -> None:
    conflict = run("send", contacts, *SEND, "--title", "April", "--key", "march", "--json")
    assert conflict.out == ""
    assert conflict.error["name"] == "key_conflict"
    assert conflict.error["fields"] == ["title"]
    assert conflict.error["campaign_id"] == campaign_id


def test_all_rows_that_are_left_out_can_be_had(run: Run, contacts: Path, tmp_path: Path) -> None:
    path = tmp_path / "excluded.csv"
    assert run("send", contacts, *SEND, "--dry-run", "--excluded-to", path, **DRY).code == 0
    assert [line.split(",")[:2] for line in path.read_text().splitlines()] == [
        ["line", "reason"],
        ["4", "not_a_number"],
        ["5", "duplicate"],
        ["7", "foreign"],
    ]


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (["--at", "2020-01-01T00:00Z"], "--at: lies in the past"),
        (["--at", "2026-06-01T00:00Z"], "--at: lies more than 90 days ahead"),
        (["--at", "2026-03-03T12:00Z", "--ends-at", "2026-03-03T11:00Z"], "--ends-at: must come after the start"),
        (["--expires-at", "2026-03-01T00:00Z"], "--expires-at: must come after the start"),
        (["--at", "2026-03-08 02:30 ET"], "--at: 2026-03-08 02:30:00 does not exist"),
        (["--at", "2026-11-01 01:30 ET"], "--at: 2026-11-01 01:30:00 Eastern comes twice"),
        (["--at", "2026-03-03 09:30"], "--at: does not say in which time zone it is"),
        (["--caller-id", "911"], "--caller-id: no number to call from. Digits are missing"),
        (["--audio-title", "Reminder"], "found --audio-title and --audio-url"),
        (["--audio-url", "https://example.com/a"], "--audio-type: is missing"),
        (["--audio-type", "ogg"], "--audio-type: must be wav, mp3 or m4a"),
        (["--audio-url", "nowhere"], "--audio-url: must begin with https:// or http://"),
        (["--column", "Fax"], 'choose with --column among: "Name", "Mobile Phone"'),
        (["--account", "b@d"], "--account: "),
        (["--title", "two\nlines"], "--title: "),
        (["--excluded-to", "/nowhere/excluded.csv"], "cannot write /nowhere/excluded.csv"),
    ],
)
def test_what_cannot_be_sent_is_refused_in_the_words_of_the_command_line(
    run: Run, contacts: Path, redis: Redis, options: list[str], sentence: str
) -> None:
    refused = run("send", contacts, *SEND, *options)
    assert refused.code == 2
    assert sentence in refused.err
    assert "Nothing was stored and nothing was sent." in refused.err
    assert "--key" not in refused.err
    assert redis.keys() == []


@pytest.mark.parametrize("more", [(), ("--dry-run",)])
def test_a_key_that_is_stated_must_be_a_key(run: Run, contacts: Path, more: tuple[str, ...]) -> None:
    refused = run("send", contacts, *SEND, "--key", "", *more)
    assert refused.code == 2
    assert "--key: must be 1 to 200 printable characters" in refused.err


def test_neither_audio_is_refused(run: Run, contacts: Path) -> None:
    refused = run("send", contacts, "--caller-id", "6175550199")
    assert refused.code == 2
    assert "give exactly one of --audio-title, --audio-url and --audio-file; found none" in refused.err


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (["send", "--json"], "Missing argument 'CONTACTS'."),
        (["send", "contacts.csv", "--json"], "Missing option '--caller-id'."),
        (["send", "contacts.csv", "--json", "--colum", "2"], "No such option: --colum"),
        (["sned", "--json"], "No such command 'sned'."),
        (["list", "--most", "many", "--json"], "Invalid value for '--most'"),
        (["show", "bcdf", "6175550123", "--json"], "Got unexpected extra argument"),
    ],
)
def test_a_program_gets_a_slip_on_its_command_line_as_json(run: Run, arguments: list[str], problem: str) -> None:
    slip = run(*arguments)
    assert (slip.code, slip.out) == (2, "")
    assert (slip.error["code"], slip.error["name"]) == (2, "bad_input")
    assert slip.error["problems"][0].startswith(problem)
    assert "6175550123" not in slip.err


def test_a_missing_option_is_a_matter_of_usage(run: Run, contacts: Path) -> None:
    refused = run("send", contacts)
    assert refused.code == 2
    assert "Missing option '--caller-id'" in refused.err


@pytest.mark.parametrize(("name", "sentence"), [("missing.csv", "no such file"), (".", "is a directory")])
def test_a_file_that_is_none_is_refused(run: Run, tmp_path: Path, name: str, sentence: str) -> None:
    refused = run("send", tmp_path / name, *SEND)
    assert refused.code == 2
    assert sentence in refused.err


def test_the_contact_list_is_never_replaced_by_the_rows_that_are_left_out(run: Run, contacts: Path) -> None:
    before = contacts.read_text()
    refused = run("send", contacts, *SEND, "--excluded-to", contacts)
    assert refused.code == 2
    assert "--excluded-to: is the contact file itself" in refused.err
    assert contacts.read_text() == before


def test_a_list_without_any_phone_shows_why_before_it_is_refused(run: Run, contacts: Path) -> None:
    contacts.write_text("Phone\nn/a\n555-0123\n")
    refused = run("send", contacts, *SEND)
    assert refused.code == 2
    assert "2 rows = 0 phones + 2 excluded" in refused.out
    assert "the contacts: none of the 2 rows holds a phone number to send to" in refused.err


def test_a_list_of_nothing_but_a_header_says_so(run: Run, contacts: Path) -> None:
    contacts.write_text("Name,Phone\n")
    refused = run("send", contacts, *SEND)
    assert refused.code == 2
    assert "the contacts: have no rows, so there is nobody to call" in refused.err


def test_without_redis_nothing_is_sent_and_no_password_shown(run: Run, contacts: Path) -> None:
    failed = run("send", contacts, *SEND, env={"REDIS_URL": "redis://:canary@127.0.0.1:1/0"})
    assert failed.code == 4
    assert "no Redis server answers there" in failed.err
    assert "This command has changed nothing." in failed.err
    assert "canary" not in failed.err


def test_settings_that_are_wrong_are_named(run: Run, contacts: Path) -> None:
    failed = run("send", contacts, *SEND, env={"REDIS_URL": "http://canary", "LEAD_S": "soon"})
    assert failed.code == 7
    assert "REDIS_URL: must begin with redis://" in failed.err
    assert "LEAD_S: " in failed.err
    assert "canary" not in failed.err


def test_waiting_ends_with_the_campaign(run: Run, contacts: Path, redis: Redis) -> None:
    with meanwhile(finish, redis):
        sent = run("send", contacts, *SEND, "--wait")
    assert sent.code == 0
    assert "finished · Every phone is accounted for." in sent.out
    assert "finished: Every phone is accounted for." in sent.err


def test_waiting_for_a_campaign_that_is_refused_ends_with_its_own_code(run: Run, contacts: Path, redis: Redis) -> None:
    with meanwhile(refuse, redis):
        sent = run("send", contacts, *SEND, "--wait", "--json")
    assert sent.code == 6
    assert sent.document["campaign"]["status"] == "rejected"
    assert sent.document["campaign"]["submissions"][0]["reason"] == "API access not allowed"


def test_waiting_ends_where_a_person_must_decide_and_says_what_to_run(run: Run, contacts: Path, redis: Redis) -> None:
    with meanwhile(lose, redis):
        sent = run("send", contacts, *SEND, "--wait")
    assert sent.code == 6
    assert "1 submission is unknown, since " in sent.out
    assert f"what is known   python -m jobs unknowns {newest_id(redis)}" in sent.out


@pytest.mark.parametrize(("policy", "is_over"), [("hold", True), ("resend", False)])
def test_what_may_still_be_sent_again_by_itself_is_waited_for(
    run: Run, contacts: Path, redis: Redis, policy: str, is_over: bool
) -> None:
    campaign_id = run("send", contacts, *SEND, "--when-unknown", policy, "--json").document["campaign"]["campaign_id"]
    lose(redis, campaign_id)
    campaign = known(redis, campaign_id)
    assert campaign.status is CampaignStatus.NEEDS_DECISION
    assert has_come_to_rest(redis, campaign, NOW) is is_over
    assert has_come_to_rest(redis, campaign, NOW + timedelta(days=3))
    move(redis, campaign_id, SubmissionState.REJECTED)
    assert not has_come_to_rest(redis, campaign, NOW)  # it has moved on since the campaign was read
    assert has_come_to_rest(redis, known(redis, campaign_id), NOW)


@contextmanager
def meanwhile(happens: Callable[[Redis, str], None], redis: Redis) -> Iterator[None]:
    """Let something happen to the first campaign that comes in while the block waits for it."""

    def wait_and_act() -> None:
        while not (found := campaigns.newest(redis, most=1)):
            time.sleep(0.02)
        happens(redis, found[0].id)

    thread = threading.Thread(target=wait_and_act)
    thread.start()
    yield
    thread.join(timeout=60)


def finish(redis: Redis, campaign_id: str) -> None:
    accept(redis, campaign_id)
    dispositions.close(redis, only_submission(redis, campaign_id))
    move(redis, campaign_id, SubmissionState.FINISHED)


def lose(redis: Redis, campaign_id: str) -> None:
    move(redis, campaign_id, SubmissionState.SENDING, SubmissionState.UNKNOWN)


def refuse(redis: Redis, campaign_id: str) -> None:
    move(redis, campaign_id, SubmissionState.SENDING, SubmissionState.REJECTED, reason="API access not allowed")
