"""What is said to the producer of a campaign that cannot be taken: in sentences, by field, and without a value."""

from typing import Any

import pytest

from jobs.models import InvalidCampaign, parse_campaign
from jobs.models.problems import MOST_RECIPIENTS, RULES
from jobs.models.terms import Campaign

STATED = {"caller_id": "6175550100", "audio_title": "Reminder", "recipients": ["6175550123"]}


def said(stated: Any) -> list[str]:
    with pytest.raises(InvalidCampaign) as invalid:
        parse_campaign(stated)
    return [str(problem) for problem in invalid.value.problems]


@pytest.mark.parametrize(
    ("field", "value", "sentence"),
    [
        ("recipients", "6175550123", "must be a list of phones"),
        ("recipients", {"phones": ["6175550123"]}, "must be a list of phones"),
        ("start", "tomorrow", "must be now, or an instant with its time zone, such as 2026-03-02T14:30:00Z"),
        ("start", "2026-03-02T10:00:00", "must be now, or an instant with its time zone, such as 2026-03-02T14:30:00Z"),
        ("ends_at", "2026-03-02T10:00:00", "must be an instant with its time zone, such as 2026-03-02T14:30:00Z"),
        ("mobile_only", "perhaps", "must be true or false"),
        ("title", "two\nlines", "must be text on one line, of at most 200 characters"),
        ("audio_type", "ogg", "must be wav, mp3 or m4a"),
        ("account", "west coast", "must be the name of a gateway account: 1 to 64 letters, digits, dashes"),
    ],
)
def test_a_field_says_what_it_must_be_and_says_it_once(field: str, value: Any, sentence: str) -> None:
    (problem,) = said(STATED | {field: value})
    assert problem.startswith(f"{field}: {sentence}")


@pytest.mark.parametrize("value", [1.5, {"a": 1}, [["a"]], "\n"])
@pytest.mark.parametrize("field", Campaign.model_fields)
def test_no_field_answers_in_the_words_of_a_library(field: str, value: Any) -> None:
    others = {"audio_title": None} if field in {"audio_url", "audio_file"} else {}
    problems = " ".join(said(STATED | others | {field: value, "caller_id": "911"}))
    assert not any(word in problems for word in ("Input", "String", "Field", "valid tuple", "pattern"))


@pytest.mark.parametrize(
    ("name", "meant"),
    [("callerid", "caller_id"), ("audioTitle", "audio_title"), ("phones", "recipients"), ("recipient", "recipients")],
)
def test_an_unknown_field_near_a_known_one_is_a_slip(name: str, meant: str) -> None:
    assert said(STATED | {name: "x"}) == [f"{name}: is no field of a campaign; did you mean {meant}?"]


def test_an_unknown_field_near_none_is_answered_with_those_that_exist() -> None:
    (problem,) = said(STATED | {"colour": "red"})
    assert problem.startswith("colour: is no field of a campaign; there are: caller_id, audio_url, ")


def test_a_name_that_may_be_a_number_is_not_repeated() -> None:
    (problem,) = said(STATED | {"6175550123": "x"})
    assert problem.startswith("(an odd field name): is no field of a campaign")


@pytest.mark.parametrize("stated", [["6175550123"], "6175550123", None, 5])
def test_what_is_no_object_is_no_campaign(stated: Any) -> None:
    assert said(stated) == ["campaign: must be an object with the campaign's fields"]


def test_many_wrong_recipients_are_a_few_and_a_count() -> None:
    problems = said(STATED | {"recipients": [{"phone": "6175550123"}] * 1_005})
    assert problems[0] == "recipients.0: must be a phone, as text"
    assert problems[MOST_RECIPIENTS:] == ["recipients: 1,000 more like these"]


def test_a_rule_is_of_a_field() -> None:
    assert RULES.keys() <= Campaign.model_fields.keys()
