"""`show` and `list`: what a person reads, and what a program does."""

from datetime import timedelta

import pytest
from redis import Redis

from jobs.ledger import campaigns, dispositions
from jobs.models import CampaignStatus, Disposition, DropState, Intent, SubmissionState
from tests.jobs.cli.conftest import CONTACTS, NOW, PHONES, SEND, Run, accept, move, only_submission, record


def test_a_campaign_is_shown_with_all_that_a_person_asks(run: Run, redis: Redis, campaign_id: str) -> None:
    accept(redis, campaign_id, gateway_count=2)
    record(redis, campaign_id, Disposition(PHONES[0], DropState.FAILED, "Failure", "Voicemail Busy"))
    shown = run("show", campaign_id)
    assert shown.code == 0
    lines = [" ".join(line.split()) for line in shown.out.splitlines()]
    assert f"March {campaign_id}" in lines
    assert "running · All that can be sent is with the gateway; records of calls are coming in." in lines
    assert "audio https://cdn.example.com/reminder.mp3 (mp3)" in lines
    assert "caller ID ***0199" in lines
    assert "taken 2026-03-02 10:00:00 Eastern 2026-03-02 15:00:00 UTC" in lines
    assert "starts at once" in lines
    assert "not sent after 2026-03-03 10:00:00 Eastern 2026-03-03 15:00:00 UTC" in lines
    assert "key march" in lines
    assert "6 rows = 3 phones + 3 excluded" in lines
    assert "Failure: Voicemail Busy 1" in lines
    assert "1 accepted 3 (gateway: 2) 1 4294967301 going" in lines
    assert "duplicate 1 This number is in the list already, further up; it gets one drop." in lines
    assert f"end it python -m jobs stop {campaign_id}" in lines


def test_of_a_phone_without_a_record_nobody_is_said_to_know(run: Run, redis: Redis, campaign_id: str) -> None:
    accept(redis, campaign_id)
    campaigns.intend(redis, campaign_id, Intent.STOP, note="", now=NOW)
    dispositions.close(redis, only_submission(redis, campaign_id))
    move(redis, campaign_id, SubmissionState.FINISHED)
    shown = " ".join(run("show", campaign_id).out.split())
    assert "stopped · Stopped by a person or by its end time; no call and no record is to come any more." in shown
    assert "Nobody knows whether they were called: the session ended" in shown
    assert "accounted for" not in shown


@pytest.mark.parametrize("command", [("show",), ("list",), ("results",)])
def test_a_table_in_a_file_has_no_blanks_at_the_end_of_a_line(
    run: Run, campaign_id: str, command: tuple[str, ...]
) -> None:
    shown = run(*command, *([] if command == ("list",) else [campaign_id]))
    assert shown.out.count("\n") > 1
    assert [line for line in (shown.out + shown.err).splitlines() if line != line.rstrip()] == []


def test_what_is_being_sent_is_not_called_not_sent(run: Run, redis: Redis, campaign_id: str) -> None:
    move(redis, campaign_id, SubmissionState.SENDING)
    shown = run("show", campaign_id).out
    assert "being sent" in shown
    assert "On the way to the gateway; its answer is still to come." in shown
    assert "not sent yet" not in shown


def test_the_same_reason_is_said_once(run: Run, redis: Redis, campaign_id: str) -> None:
    move(redis, campaign_id, SubmissionState.SENDING, SubmissionState.UNKNOWN, reason="the answer was cut short")
    shown = run("show", campaign_id)
    assert shown.out.count("the answer was cut short") == 1
    assert "needs decision · All else has ended, but of some submission nobody knows" in shown.out


def test_a_program_sees_the_same(run: Run, redis: Redis, campaign_id: str) -> None:
    accept(redis, campaign_id)
    document = run("show", campaign_id, "--json").document
    assert document["status"] == "running"
    assert document["whereabouts"] == {"no_record_yet": 3}
    assert document["excluded_by_reason"] == {"not_a_number": 1, "duplicate": 1, "foreign": 1}
    assert document["submissions"][0]["session_id"] == "4294967301"


def test_watching_a_campaign_that_is_over_shows_it_once(run: Run, redis: Redis, campaign_id: str) -> None:
    move(redis, campaign_id, SubmissionState.SENDING, SubmissionState.REJECTED, reason="no credits")
    shown = run("show", campaign_id, "--watch")
    assert shown.code == 0
    assert shown.out.count("no credits") == 1


def test_watching_is_not_for_programs(run: Run, campaign_id: str) -> None:
    refused = run("show", campaign_id, "--watch", "--json")
    assert refused.code == 2
    assert "show --json again" in refused.error["message"]


@pytest.mark.parametrize("command", ["show", "results", "refresh", "pause", "resume", "stop", "cancel"])
def test_an_unknown_campaign_is_said_to_be_unknown(run: Run, command: str) -> None:
    failed = run(command, "nobody")
    assert failed.code == 5
    assert failed.err == "error: no campaign nobody is known here; `list` shows those that are\n"


def test_campaigns_are_listed_newest_first(run: Run, campaign_id: str, tmp_path: str) -> None:
    listed = run("list")
    assert listed.code == 0
    assert listed.out.splitlines()[1].split() == [campaign_id, "waiting", "3", "0", "2026-03-02", "10:00", "March"]


def test_a_program_gets_the_list_in_one_document(run: Run, campaign_id: str) -> None:
    (listed,) = run("list", "--json", "--most", "1").document["campaigns"]
    assert listed["campaign_id"] == campaign_id
    assert listed["status"] == CampaignStatus.WAITING
    assert listed["created_at"] == "2026-03-02T15:00:00Z"


def test_an_empty_ledger_is_no_error(run: Run) -> None:
    assert "No campaign yet" in run("list").out
    assert run("list", "--json").document == {"campaigns": [], "accounts_at_rest": []}


def test_no_phone_and_no_secret_is_ever_shown(run: Run, redis: Redis, contacts: str, campaign_id: str) -> None:
    accept(redis, campaign_id)
    record(redis, campaign_id, *(Disposition(phone, DropState.FAILED, "Failure", f"no {phone}") for phone in PHONES))
    for words in (
        ["send", contacts, *SEND, "--title", "March", "--key", "march"],
        ["send", contacts, *SEND, "--dry-run"],
        ["send", contacts, *SEND, "--key", "march"],
        ["show", campaign_id],
        ["list"],
        ["pause", campaign_id],
        ["stop", campaign_id],
        ["refresh", campaign_id],
        ["show", "6175550123"],
    ):
        for more in ([], ["--json"]):
            ended = run(*words, *more)
            said = ended.out + ended.err
            assert not [cell for cell in _canaries() if cell in said], words


def _canaries() -> list[str]:
    """Every cell with a phone as it was written, the phones themselves, and the signature in the audio's address."""
    cells = [line.split(",")[1] for line in CONTACTS.splitlines()[1:]]
    return [*(cell for cell in cells if cell != "n/a"), *PHONES, "6175550199", "(617) 555-0199", "canary"]


def test_a_campaign_is_found_by_its_key_too(run: Run, campaign_id: str) -> None:
    assert run("show", "march", "--json").document["campaign_id"] == campaign_id
    unknown = run("show", "april")
    assert (unknown.code, "no campaign april is known here" in unknown.err) == (5, True)


def test_how_late_the_stop_at_an_end_time_was_confirmed_is_shown(run: Run, redis: Redis, contacts: str) -> None:
    ends_at = NOW + timedelta(hours=1)
    sent = run("send", contacts, *SEND, "--key", "ends", "--ends-at", ends_at.isoformat(), "--json")
    campaign_id = sent.document["campaign_id"]
    assert run("show", campaign_id, "--json").document["end_late_s"] is None
    campaigns.note_end(redis, campaign_id, confirmed_at=ends_at + timedelta(seconds=2.4))
    assert run("show", campaign_id, "--json").document["end_late_s"] == 2.4
    lines = [" ".join(line.split()) for line in run("show", campaign_id).out.splitlines()]
    assert "stop confirmed 2.4 s after its end time" in lines
