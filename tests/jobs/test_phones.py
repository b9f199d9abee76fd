"""Phone numbers: what is read, what is refused and why, and how they are split."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from jobs.phones import Refusal, normalise, split

ANY_TEXT = st.text() | st.text(alphabet="0123456789+ ().-/xeE,;#='\"\u00a0\u2011\u202a\uff11", max_size=30)


@pytest.mark.parametrize(
    "text",
    [
        "6175550123",
        "(617) 555-0123",
        "(617)5550123",
        "617.555.0123",
        "617-555-0123",
        "617 555 0123",
        "617/555-0123",
        "617 - 555 - 0123",
        "+1 617 555 0123",
        "+1 (617) 555-0123",
        "(+1) 617-555-0123",
        "1-617-555-0123",
        "16175550123",
        "+16175550123",
        "tel:+1-617-555-0123",
        "TEL: 6175550123",
        "  617-555-0123\r\n",
        "617\u00a0555\u00a00123",
        "617\u2011555\u20130123",
        "\uff16\uff11\uff17\uff0d\uff15\uff15\uff15\uff0d\uff10\uff11\uff12\uff13",
        "\u202a(617) 555-0123\u202c",
        "\ufeff6175550123",
        "'6175550123",
        '="6175550123"',
        "\u201c6175550123\u201d",
    ],
)
def test_every_usual_spelling_is_the_same_phone(text: str) -> None:
    assert normalise(text) == "6175550123"


@pytest.mark.parametrize("text", ["6175550123.0", "16175550123.00"])
def test_a_float_that_kept_every_digit_is_a_phone(text: str) -> None:
    assert normalise(text) == "6175550123"


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", Refusal.EMPTY),
        (" \u00a0\t", Refusal.EMPTY),
        ("-", Refusal.EMPTY),
        ("(   )    -", Refusal.EMPTY),
        ("6.175550123E+09", Refusal.SPREADSHEET_NUMBER),
        ("6.18E+09", Refusal.SPREADSHEET_NUMBER),
        ("6,18e9", Refusal.SPREADSHEET_NUMBER),
        ("617-555-0123 x12", Refusal.EXTENSION),
        ("617-555-0123x12", Refusal.EXTENSION),
        ("(617) 555-0123 ext. 12", Refusal.EXTENSION),
        ("617-555-0123, extension 12", Refusal.EXTENSION),
        ("tel:+16175550123;ext=12", Refusal.EXTENSION),
        ("617-555-0123 #12", Refusal.EXTENSION),
        ("n/a", Refusal.NOT_A_NUMBER),
        ("nan", Refusal.NOT_A_NUMBER),
        ("1-800-FLOWERS", Refusal.NOT_A_NUMBER),
        ("617-555-0123 (home)", Refusal.NOT_A_NUMBER),
        ("6175550123, 6175550124", Refusal.NOT_A_NUMBER),
        ("617+5550123", Refusal.NOT_A_NUMBER),
        ("617555012\u00b2", Refusal.NOT_A_NUMBER),
        ("+44 20 7946 0000", Refusal.FOREIGN),
        ("+617 555 0123", Refusal.FOREIGN),
        ("011 44 20 7946 0000", Refusal.FOREIGN),
        ("0049 30 123456", Refusal.FOREIGN),
        ("5550123", Refusal.TOO_SHORT),
        ("617-555-012", Refusal.TOO_SHORT),
        ("+1 617 555 012", Refusal.TOO_SHORT),
        ("61755501234", Refusal.TOO_LONG),
        ("1 617 555 01234", Refusal.TOO_LONG),
        ("617-555-0123 617-555-0124", Refusal.TOO_LONG),
        ("0175550123", Refusal.INVALID_AREA_CODE),
        ("117-555-0123", Refusal.INVALID_AREA_CODE),
        ("+1 017 555 0123", Refusal.INVALID_AREA_CODE),
        ("911-555-0123", Refusal.INVALID_AREA_CODE),
        ("1 411 555 0123", Refusal.INVALID_AREA_CODE),
        ("617-155-0123", Refusal.INVALID_EXCHANGE),
        ("617-055-0123", Refusal.INVALID_EXCHANGE),
        ("20 7946 0000", Refusal.ODD_GROUPING),
        ("61 75 55 01 23", Refusal.ODD_GROUPING),
        ("617555012.3", Refusal.ODD_GROUPING),
    ],
)
def test_what_is_no_phone_is_refused_with_its_reason(text: str, reason: Refusal) -> None:
    assert normalise(text) is reason


@pytest.mark.parametrize("text", ["(" * 100_000, "1" * 100_000, "+ " * 100_000, "617 " * 50_000])
def test_an_endless_cell_is_refused_at_once(text: str) -> None:
    assert normalise(text) is Refusal.NOT_A_NUMBER


@given(ANY_TEXT)
@example("\x00")
@example("+")
def test_any_text_is_a_phone_or_a_refusal(text: str) -> None:
    result = normalise(text)
    assert isinstance(result, Refusal) or (len(result) == 10 and result.isascii() and result.isdecimal())


@given(st.from_regex(r"[2-9][0-9]{2}[2-9][0-9]{6}", fullmatch=True))
def test_normalising_twice_is_normalising_once(text: str) -> None:
    phone = normalise(text)
    assert phone == (Refusal.INVALID_AREA_CODE if text[1:3] == "11" else text)


def test_a_refusal_is_its_code_and_has_a_sentence() -> None:
    assert Refusal("too_short") is Refusal.TOO_SHORT
    assert f"{Refusal.TOO_SHORT}" == "too_short"
    assert all(refusal.sentence.endswith(".") for refusal in Refusal)


@given(st.lists(st.text(max_size=3), max_size=60), st.integers(1, 20))
def test_splitting_loses_nothing_and_keeps_the_order(phones: list[str], size: int) -> None:
    chunks = list(split(phones, size))
    assert [phone for chunk in chunks for phone in chunk] == phones
    assert all(len(chunk) == size for chunk in chunks[:-1])
    assert all(0 < len(chunk) <= size for chunk in chunks)


def test_splitting_into_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="at least 1"):
        list(split(["6175550123"], 0))
