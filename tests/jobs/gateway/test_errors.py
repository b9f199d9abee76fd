import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobs.gateway.errors import GatewayError, NotSent, OutcomeUnknown, RefusalKind, Rejected, presentable


@pytest.mark.parametrize(
    ("reason", "kind"),
    [
        ("c_uid: required", RefusalKind.CREDENTIALS),
        ("not enough credits", RefusalKind.CREDITS),
        ("c_callerID: invalid", RefusalKind.CALLER_ID),
        ("Bad Audio, can't download", RefusalKind.AUDIO_DOWNLOAD),
        ("Bad Audio, can\N{RIGHT SINGLE QUOTATION MARK}t download", RefusalKind.AUDIO_DOWNLOAD),
        ("Bad Audio, too short", RefusalKind.AUDIO),
        ("c_date: in the past", RefusalKind.DATE),
        ("c_phone: more than 10000 numbers", RefusalKind.TOO_MANY_PHONES),
        ("c_phone: 6171000055 is invalid", RefusalKind.PHONES),
        ("API access not allowed", RefusalKind.API_ACCESS),
        ("this DUPLICATES REQUEST of a moment ago", RefusalKind.DUPLICATE_REQUEST),
        ("9381694821 already finished", RefusalKind.ALREADY_FINISHED),
        ("9381694821 invalid or not found", RefusalKind.NOT_FOUND),
        ("the moon is in the wrong house", RefusalKind.UNKNOWN),
        ("", RefusalKind.UNKNOWN),
    ],
)
def test_a_refusal_is_classified_by_its_words(reason: str, kind: RefusalKind) -> None:
    assert Rejected(reason).kind is kind


def test_only_audio_that_could_not_be_fetched_is_worth_one_retry() -> None:
    assert [kind for kind in RefusalKind if kind.is_worth_one_retry] == [RefusalKind.AUDIO_DOWNLOAD]


def test_only_a_duplicate_is_a_sign_that_an_earlier_attempt_was_accepted() -> None:
    assert [kind for kind in RefusalKind if kind.is_sign_of_acceptance] == [RefusalKind.DUPLICATE_REQUEST]


@pytest.mark.parametrize(
    ("words", "shown"),
    [
        ("6175550123 is bad", "******0123 is bad"),
        ("16175550123, 617-555-0124", "******0123, ******0124"),
        ("+1 (617) 555-0123", "+******0123"),
        (
            "938169482 stays, and so do 123456789012 and 2026-03-02",
            "938169482 stays, and so do 123456789012 and 2026-03-02",
        ),
        ("can't get https://cdn.example/a.mp3?sig=1", "can't get (URL)"),
        ("no user ann@example.com", "no user (address)"),
        ("two\nlines\x07", "two lines"),
    ],
)
def test_what_is_shown_of_a_refusal_holds_no_number_url_or_address(words: str, shown: str) -> None:
    assert presentable(words) == shown


@given(st.from_regex(r"\A1?[2-9]\d{9}\Z"), st.sampled_from(["{}", "c_phone: {} is bad", "{},{}", "({})"]))
def test_no_phone_survives_in_a_refusal(phone: str, sentence: str) -> None:
    error = Rejected(sentence.format(phone, phone))
    assert phone[-10:] not in str(error) + error.reason + repr(error)
    assert phone[-4:] in error.reason


def test_messages_say_what_happened_and_what_to_do() -> None:
    assert str(NotSent("no address")) == "The gateway was not reached (no address), so nothing was sent."
    assert "try once more" in str(Rejected("Bad Audio, can't download"))
    assert all(issubclass(each, GatewayError) for each in (NotSent, OutcomeUnknown, Rejected))
