"""Contact files as people have them: how they are written, where the phones are, and when to ask."""

import io
import tracemalloc
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobs.columns import UnreadableContacts
from jobs.contacts import SAMPLE_LINES, Row, read_contacts


def rows_of(data: bytes | str, column: str | None = None) -> list[tuple[int, str]]:
    encoded = data.encode() if isinstance(data, str) else data
    return [(row.line, row.text) for row in read_contacts(io.BytesIO(encoded), column=column)]


def refusal_of(data: bytes | str, column: str | None = None) -> str:
    with pytest.raises(UnreadableContacts) as refused:
        rows_of(data, column)
    return str(refused.value)


TWO_ROWS = [(2, "617-555-0123"), (3, "617-555-0124")]


HEADERS = ["phone", " PHONE ", "Phone Number", "phone_number", "Mobile", "Cell", "Tel.", "Phone #", "E-Mail or Phone"]


@pytest.mark.parametrize("header", HEADERS)
def test_the_phone_column_is_found_by_its_header_or_its_content(header: str) -> None:
    assert rows_of(f"name,{header},city\nAda,617-555-0123,Elm\nBo,617-555-0124,Elm\n") == TWO_ROWS


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("line_end", ["\n", "\r\n", "\r"])
def test_delimiters_and_line_ends_are_recognised(delimiter: str, line_end: str) -> None:
    lines = [["name", "phone", "note"], ["Ada", "617-555-0123", "x"], ["Bo", "617-555-0124", ""]]
    assert rows_of(line_end.join(delimiter.join(line) for line in lines)) == TWO_ROWS


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "latin-1", "cp1252"])
def test_encodings_are_recognised(encoding: str) -> None:
    text = "phone,name\n617-555-0123,Chloé Señor\n617-555-0124,Bo\n"
    assert rows_of(text.encode(encoding)) == TWO_ROWS


def test_an_older_windows_file_keeps_its_dashes_and_hard_blanks() -> None:
    assert rows_of("phone\n617\u00a0555\u20130123\n".encode("cp1252")) == [(2, "617\u00a0555\u20130123")]


def test_old_encoding_far_down_a_file_is_no_obstacle() -> None:
    data = b"name,phone\n" + b"Ada,6175550123\n" * 20_000 + "Chloé,6175550124\n".encode("latin-1")
    assert rows_of(data)[-1] == (20_002, "6175550124")


def test_a_list_without_a_header_loses_no_row() -> None:
    assert rows_of("6175550123\n6175550124\n") == [(1, "6175550123"), (2, "6175550124")]
    assert rows_of("Ada,6175550123\nBo,6175550124\n") == [(1, "6175550123"), (2, "6175550124")]


def test_a_header_that_tells_nothing_is_still_a_header() -> None:
    assert rows_of("who,Kontakt\nAda,617-555-0123\nBo,617-555-0124\n") == TWO_ROWS


def test_a_first_row_with_a_bad_phone_is_a_row() -> None:
    assert rows_of("Ada,6.18E+09\nBo,6175550124\nCy,6175550125\n")[0] == (1, "6.18E+09")


def test_a_telling_header_wins_over_its_bad_content() -> None:
    text = "id,phone\n6175550199,6.18E+09\n6175550198,6.18E+09\n"
    assert rows_of(text) == [(2, "6.18E+09"), (3, "6.18E+09")]


def test_other_columns_may_hold_delimiters_and_newlines() -> None:
    text = 'name,phone\n"Doe, Jo",617-555-0123\n"two\nlines, with\n\nblank",617-555-0124\nBo,617-555-0125\n'
    assert rows_of(text) == [(2, "617-555-0123"), (3, "617-555-0124"), (7, "617-555-0125")]


def test_a_cell_may_go_on_past_the_sample() -> None:
    note = "\n" * (SAMPLE_LINES + 10)
    assert rows_of(f'name,phone,note\nAda,617-555-0123,\nBo,617-555-0124,"{note}"\n') == TWO_ROWS


def test_quotes_after_a_blank_are_quotes() -> None:
    assert rows_of('name, phone\n"Doe, Jo", "617-555-0123"\nBo, 617-555-0124\n') == TWO_ROWS


def test_a_semicolon_file_may_have_commas_in_every_name() -> None:
    assert rows_of("name;phone\nDoe, Jo;617-555-0123\nRoe, Bo;617-555-0124\n") == TWO_ROWS
    assert rows_of("Doe, Jo;6175550123\nRoe, Bo;6175550124\n") == [(1, "6175550123"), (2, "6175550124")]


def test_blank_lines_are_passed_over_and_counted_as_lines() -> None:
    assert rows_of("\nphone\n\n617-555-0123\n   \n\n617-555-0124\n\n") == [(4, "617-555-0123"), (7, "617-555-0124")]


def test_a_row_without_a_phone_is_a_row() -> None:
    text = 'name,phone\nAda\nBo,617-555-0123\nCy,\n,,\n""\n'
    assert rows_of(text) == [(2, ""), (3, "617-555-0123"), (4, ""), (5, ""), (6, "")]


def test_a_quoted_nothing_in_a_single_column_is_a_row() -> None:
    assert rows_of('phone\n""\n617-555-0123\n') == [(2, ""), (3, "617-555-0123")]


def test_a_spreadsheets_note_of_the_separator_is_no_row() -> None:
    assert rows_of("sep=;\nphone;name\n617-555-0123;Ada\n") == [(3, "617-555-0123")]


def test_a_header_alone_is_a_list_of_nobody() -> None:
    assert rows_of("name,phone\n") == []


def test_a_named_column_is_found_whatever_its_case_and_blanks() -> None:
    text = "Home Phone,Mobile Phone\n617-555-0199,617-555-0123\n617-555-0198,617-555-0124\n"
    assert rows_of(text, column="mobile phone") == TWO_ROWS
    assert rows_of(text, column="MobilePhone") == TWO_ROWS


def test_a_column_can_be_chosen_by_position() -> None:
    text = "6175550199,617-555-0123\n6175550198,617-555-0124\n"
    assert rows_of(text, column="2") == [(1, "617-555-0123"), (2, "617-555-0124")]
    assert rows_of(f"phone1,phone2\n{text}", column="2") == TWO_ROWS
    assert rows_of(f"first,second\n{text}", column="2") == TWO_ROWS


def test_a_position_is_never_taken_for_a_cell_that_looks_like_it() -> None:
    assert rows_of("2,6175550123\n3,6175550124\n", column="2") == [(1, "6175550123"), (2, "6175550124")]


def test_two_equal_columns_are_a_question() -> None:
    with_header = refusal_of("Home Phone,Cell\n6175550199,6175550123\n6175550198,6175550124\n")
    assert '"Home Phone", "Cell"' in with_header
    assert "--column" in with_header
    without_header = refusal_of("Ada,6175550199,6175550123\nBo,6175550198,6175550124\n")
    assert "column 2, column 3" in without_header
    assert "--column" in without_header


def test_a_seldom_filled_second_phone_is_no_question() -> None:
    assert len(rows_of("a,6175550101,\nb,6175550102,\nc,6175550103,6175550199\n")) == 3


def test_a_missing_column_is_answered_with_those_that_exist() -> None:
    message = refusal_of("name,phone\nAda,6175550123\n", column="mobile")
    assert '"name", "phone"' in message


@pytest.mark.parametrize("column", ["3", "0", "mobile"])
def test_a_missing_column_of_a_list_without_a_header_shows_no_phone(column: str) -> None:
    message = refusal_of("Ada,6175550123\n", column=column)
    assert "column 1, column 2" in message
    assert "617" not in message
    assert "Ada" not in message


def test_a_name_that_two_columns_share_is_a_question() -> None:
    assert "columns 2 and 3" in refusal_of("name,phone,Phone\nAda,6175550123,6175550124\n", column="phone")


def test_a_file_without_phones_is_refused_with_its_columns() -> None:
    message = refusal_of("name,city\nAda,Elm Hollow\n")
    assert "no column looks like phone numbers" in message
    assert '"name", "city"' in message


@pytest.mark.parametrize("data", [b"", b"\n\n  \r\n", b"\xef\xbb\xbf", "\n".encode("utf-16")])
def test_an_empty_file_is_refused(data: bytes) -> None:
    assert "empty" in refusal_of(data)


@pytest.mark.parametrize("magic", [b"PK\x03\x04", b"\xd0\xcf\x11\xe0\xa1\xb1", b"\x1f\x8b\x08", b"%PDF-1.7"])
def test_what_is_no_text_is_to_be_saved_as_csv(magic: bytes) -> None:
    assert "save it as CSV" in refusal_of(magic + bytes(100))


def test_a_binary_file_of_another_kind_is_refused() -> None:
    assert "binary" in refusal_of(b"6175550123\0\1\2\n")


@pytest.mark.parametrize(
    "data", ['name,phone\nBo,6175550123\n"Ada,6175550124\n', 'name,phone\nBo,6175550123\n"A"da,1\n']
)
def test_a_stray_quotation_mark_is_named_by_its_line(data: str) -> None:
    assert refusal_of(data).startswith("line 3: a quotation mark")


def test_a_cell_without_end_is_told_from_a_quotation_mark() -> None:
    data = f"phone,note\n6175550123,{'x' * 140_000}\n6175550124,y\n"
    assert refusal_of(data).startswith("line 2: a cell has more than 131,072 characters")


def test_a_file_that_begins_with_an_open_quotation_mark_is_refused() -> None:
    assert refusal_of('"name,phone\nAda,6175550123\n').startswith("line 1: a quotation mark")


def test_a_row_shows_no_phone() -> None:
    assert "617" not in repr(Row(1, "6175550123"))


def test_a_file_on_disk_is_read(tmp_path: Path) -> None:
    path = tmp_path / "contacts.csv"
    path.write_text("phone\n6175550123\n")
    with path.open("rb") as file:
        assert [row.text for row in read_contacts(file)] == ["6175550123"]
        assert not file.closed


@given(st.binary(max_size=200) | st.text(alphabet='6175,;"\n\r x|', max_size=80).map(str.encode))
def test_any_bytes_are_rows_or_a_clear_refusal(data: bytes) -> None:
    with suppress(UnreadableContacts):
        rows_of(data)


@given(st.lists(st.integers(0, 99).map("61755501{:02}".format), min_size=1, max_size=30), st.booleans())
def test_every_line_of_a_plain_list_is_a_row(phones: list[str], has_header: bool) -> None:
    lines = ["phone"] * has_header + phones
    assert rows_of("\n".join(lines)) == [(line + 1 + has_header, phone) for line, phone in enumerate(phones)]


def test_reading_holds_little_however_long_the_file(tmp_path: Path) -> None:
    path = tmp_path / "contacts.csv"
    path.write_bytes(b"name,phone\n" + b"Ada,6175550123\n" * 200_000)
    tracemalloc.start()
    try:
        with path.open("rb") as file:
            assert sum(1 for _ in read_contacts(file)) == 200_000
        assert tracemalloc.get_traced_memory()[1] < 2_000_000
    finally:
        tracemalloc.stop()
