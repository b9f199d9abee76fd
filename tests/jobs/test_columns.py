"""Which column is called: by its name, by its content, or a person is asked, before it rings at the wrong people's."""

import io
from collections.abc import Mapping, Sequence

import pytest

from jobs.columns import Chosen, Promise, UnreadableContacts, promise_of
from jobs.contacts import Contacts, read_contacts

OURS = ["617-555-0101", "617-555-0102", "617-555-0103"]
THEIRS = ["617-555-0191", "617-555-0192", "617-555-0193"]
IDS = ["10021", "10022", "10023"]
IDS_LIKE_PHONES = ["4155550101", "1000200030", "4155550102"]


def contacts(columns: Mapping[str, Sequence[str]], *, column: str | None = None) -> Contacts:
    lines = [",".join(row) for row in zip(*([name, *cells] for name, cells in columns.items()), strict=True)]
    return read_contacts(io.BytesIO("\n".join(lines).encode()), column=column)


def question(columns: Mapping[str, Sequence[str]]) -> str:
    with pytest.raises(UnreadableContacts) as refused:
        contacts(columns)
    assert "--column" in str(refused.value)
    return str(refused.value)


@pytest.mark.parametrize(
    ("promise", "names"),
    [
        (Promise.PHONES, ["Phone", "CUSTOMER PHONE", "Contact Phone #", "mobile_number", "Cell No.", "Phone 2", "Tel"]),
        (Promise.NUMBERS, ["Number", "Customer Number", "contact-number", "Member No.", "Contact #", "Recipient"]),
        (
            Promise.OTHERS,
            ["Fax", "Work Fax", "Fax Number", "Emergency Contact Phone", "emergency_phone", "SpousePhone"],
        ),
        (Promise.OTHERS, ["Next of Kin Mobile", "Referred by (phone)", "Order ID", "customerId", "Account Number"]),
        (Promise.NOTHING, ["Kontakt", "Name", "", "E-Mail or Phone", "Video", "Valid", "617-555-0101"]),
    ],
)
def test_a_name_promises_phones_or_numbers_or_others_or_nothing(promise: Promise, names: list[str]) -> None:
    assert [promise_of(name) for name in names] == [promise] * len(names)


def test_a_plain_phone_column_is_taken_beside_all_others() -> None:
    found = contacts({"Customer Number": IDS_LIKE_PHONES, "Fax": THEIRS, "Phone": OURS, "Emergency Phone": THEIRS})
    assert [row.text for row in found] == OURS
    assert (found.column.position, found.column.name, found.column.chosen_by) == (3, "Phone", Chosen.NAME)


@pytest.mark.parametrize("name", ["Fax", "Work Fax", "Emergency Contact", "Spouse Mobile", "Order ID"])
def test_what_may_be_others_is_never_taken_without_asking(name: str) -> None:
    assert f'"{name}"' in question({"Name": ["Ada", "Bo", "Cy"], name: THEIRS})
    chosen = contacts({"Name": ["Ada", "Bo", "Cy"], name: THEIRS}, column="2")
    assert [row.text for row in chosen] == THEIRS
    assert chosen.column.chosen_by is Chosen.ASKED


def test_others_that_are_seldom_filled_are_rivals_all_the_same() -> None:
    few = ["", "", "617-555-0193"]
    assert "all look like phone numbers" in question({"Kontakt": OURS, "Emergency Contact": few})
    assert '"Emergency Contact"' in question({"Kontakt": few, "Emergency Contact": THEIRS})


def test_numbers_are_taken_when_they_can_only_be_phones() -> None:
    found = contacts({"Name": ["Ada", "Bo", "Cy"], "Contact Number": OURS})
    assert [row.text for row in found] == OURS
    assert found.column.chosen_by is Chosen.CONTENT


@pytest.mark.parametrize("ids", [IDS, IDS_LIKE_PHONES])
def test_a_customers_number_that_is_an_id_is_not_called(ids: list[str]) -> None:
    assert "Customer Number" in question({"Customer Number": ids, "Name": ["Ada", "Bo", "Cy"]})


def test_a_column_of_phones_is_found_beside_numbers_that_are_none() -> None:
    assert [row.text for row in contacts({"Customer Number": IDS, "Kontakt": OURS})] == OURS
    assert "all look like" in question({"Customer Number": IDS_LIKE_PHONES, "Kontakt": OURS})


def test_a_list_without_a_header_has_no_names() -> None:
    found = read_contacts(io.BytesIO(b"Spouse of Ada;617-555-0101\nBo;617-555-0102\n"))
    assert [row.line for row in found] == [1, 2]
    assert (found.column.name, found.column.separator, found.column.has_header) == ("", "semicolon", False)


def test_a_name_with_digits_in_it_is_not_shown() -> None:
    found = contacts({"Phone": OURS, "617-555-0188": THEIRS}, column="2")
    assert found.column.name == ""


@pytest.mark.parametrize(
    ("data", "encoding"),
    [
        (b"phone\n6175550101\n", "UTF-8"),
        ("name,phone\nChloé,6175550101\n".encode("utf-8-sig"), "UTF-8"),
        ("name,phone\nChloé,6175550101\n".encode("utf-16"), "UTF-16"),
        (b"name,phone\n" + b"Ada,6175550101\n" * 20_000 + "Chloé,6175550102\n".encode("cp1252"), "Windows-1252"),
    ],
)
def test_the_encoding_is_known_when_the_file_is_read(data: bytes, encoding: str) -> None:
    found = read_contacts(io.BytesIO(data))
    assert list(found)
    assert found.encoding == encoding
