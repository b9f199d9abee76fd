"""`results`: every phone and how its drop ended, whole or not at all."""

import csv
import io
import json
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest
from redis import Redis

from jobs.documents.results import COLUMNS
from jobs.models import Disposition, DropState
from tests.jobs.cli.conftest import PHONES, Run, accept, record

AT = datetime(2026, 3, 2, 15, 4, 5, tzinfo=UTC)
DELIVERED = Disposition(PHONES[1], DropState.DELIVERED, "OK", "", "2026-03-02 10:04:05", AT, "t-mobile us:6529 - svr/2")
FAILED = Disposition(PHONES[0], DropState.FAILED, "Failure", 'VM full, "or not setup"')

TABLE = [
    {
        "phone": PHONES[0],
        "state": "failed",
        "status": "Failure",
        "reason": 'VM full, "or not setup"',
        "delivered_at": None,
        "delivered_text": None,
        "carrier": None,
        "submission_state": "accepted",
        "session_id": "4294967301",
    },
    {
        "phone": PHONES[1],
        "state": "delivered",
        "status": "OK",
        "reason": None,
        "delivered_at": "2026-03-02T15:04:05Z",
        "delivered_text": "2026-03-02 10:04:05",
        "carrier": "t-mobile us:6529 - svr/2",
        "submission_state": "accepted",
        "session_id": "4294967301",
    },
    {
        "phone": PHONES[2],
        "state": "pending",
        "status": None,
        "reason": None,
        "delivered_at": None,
        "delivered_text": None,
        "carrier": None,
        "submission_state": "accepted",
        "session_id": "4294967301",
    },
]


@pytest.fixture
def running_id(redis: Redis, campaign_id: str) -> str:
    accept(redis, campaign_id)
    record(redis, campaign_id, DELIVERED, FAILED)
    return campaign_id


def test_a_spreadsheet_gets_every_phone(run: Run, running_id: str) -> None:
    exported = run("results", running_id)
    assert exported.err == ""
    rows = list(csv.DictReader(io.StringIO(exported.out)))
    assert rows == [{name: cell or "" for name, cell in row.items()} for row in TABLE]
    assert tuple(rows[0]) == COLUMNS


def test_a_program_gets_an_object_per_line(run: Run, running_id: str) -> None:
    exported = run("results", running_id, "--format", "JSONL")
    assert [json.loads(line) for line in exported.out.splitlines()] == TABLE


def test_a_file_is_there_when_it_is_whole_and_for_its_owner_only(run: Run, running_id: str, tmp_path: Path) -> None:
    path = tmp_path / "results.csv"
    exported = run("results", running_id, "--to", path)
    assert (exported.code, exported.out) == (0, "")
    assert exported.err == f"3 rows written to {path}; the campaign is running.\n"
    assert path.read_text() == run("results", running_id).out
    assert path.stat().st_mode & 0o077 == 0
    assert [each.name for each in tmp_path.glob("*results*")] == ["results.csv"]


def test_an_export_that_fails_leaves_what_was_there(run: Run, redis: Redis, running_id: str, tmp_path: Path) -> None:
    path = tmp_path / "results.csv"
    path.write_text("yesterday's")
    redis.set(f"dropline:phones:{running_id}-1", b"\0" * 4)  # not even one phone: unpacking it and its record differ
    redis.delete(f"dropline:submission:{running_id}-1")
    redis.hset(f"dropline:submission:{running_id}-1", "campaign", running_id)
    assert run("results", running_id, "--to", path).code == 1
    assert path.read_text() == "yesterday's"
    assert [each.name for each in tmp_path.glob("*results*")] == ["results.csv"]


@pytest.mark.parametrize("name", ["missing/results.csv", "."])
def test_a_file_that_cannot_be_written_is_said(run: Run, running_id: str, tmp_path: Path, name: str) -> None:
    failed = run("results", running_id, "--to", tmp_path / name)
    assert failed.code == 2
    assert failed.err.startswith("error: cannot write ")


def test_the_rows_that_were_left_out_can_be_had(run: Run, running_id: str) -> None:
    exported = run("results", running_id, "--excluded")
    rows = list(csv.DictReader(io.StringIO(exported.out)))
    assert [(row["line"], row["reason"], row["text"]) for row in rows] == [
        ("4", "not_a_number", "n/a"),
        ("5", "duplicate", "6175550123.0"),
        ("7", "foreign", "'+44 20 7946 0123"),  # a spreadsheet would reckon with it
    ]
    assert json.loads(run("results", running_id, "--excluded", "--format", "jsonl").out.splitlines()[0])["line"] == 4


def test_what_is_piped_is_what_a_file_gets_on_a_machine_of_another_encoding(
    run: Run, redis: Redis, running_id: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    record(redis, running_id, Disposition(PHONES[2], DropState.DELIVERED, "OK", carrier="Télé ☎"))
    assert run("results", running_id, "--to", tmp_path / "results.csv").code == 0
    piped = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(piped, encoding="latin-1", newline=""))
    assert run("results", running_id).code == 0
    assert "Télé ☎".encode() in piped.getvalue()
    assert piped.getvalue() == (tmp_path / "results.csv").read_bytes()
