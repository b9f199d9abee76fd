"""What a producer states is read strictly, and an error names the field and never the value."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobs.models import AudioType, InvalidCampaign, Terms, parse_campaign, parse_terms

STATED: dict[str, Any] = {"caller_id": "6175550100", "audio_title": "Reminder"}
SECRET = "6175550142"


def problems(**changes: Any) -> list[str]:
    with pytest.raises(InvalidCampaign) as invalid:
        parse_terms({**STATED, **changes})
    return [str(problem) for problem in invalid.value.problems]


def test_the_smallest_campaign_is_now_for_everybody() -> None:
    terms = parse_terms(STATED)
    assert (terms.start, terms.account, terms.mobile_only, terms.ends_at) == ("now", "default", False, None)


def test_numbers_may_come_without_quotes() -> None:
    campaign = parse_campaign({**STATED, "caller_id": 6175550100, "recipients": [6175550123, "(212) 555-0101"]})
    assert campaign.caller_id == "6175550100"
    assert campaign.recipients == ("6175550123", "(212) 555-0101")


def test_all_problems_come_at_once() -> None:
    found = problems(caller_id="617555", mobile_only="perhaps", start="tomorrow", surprise=1, audio_title=None)
    fields = ["audio_title", "caller_id", "mobile_only", "start", "surprise"]
    assert sorted(text.split(":")[0].split(".")[0] for text in found) == fields


@pytest.mark.parametrize(
    ("audio", "field"),
    [
        ({"audio_title": None}, "audio_title"),
        ({"audio_url": "https://example.com/a.wav"}, "audio_title"),
        ({"audio_title": None, "audio_url": "https://example.com/a"}, "audio_type"),
        ({"audio_title": None, "audio_url": "nowhere"}, "audio_url"),
        ({"audio_title": None, "audio_file": "two\nlines"}, "audio_file"),
        ({"audio_title": None, "audio_url": "nowhere", "audio_type": "wav"}, "audio_url"),
    ],
)
def test_a_problem_of_the_audio_names_one_field_and_no_other(audio: dict[str, Any], field: str) -> None:
    assert [text.split(":")[0] for text in problems(**audio)] == [field]


@pytest.mark.parametrize(
    ("changes", "complaint"),
    [
        ({"audio_url": "https://example.com/a.wav"}, "found audio_title and audio_url"),
        ({"audio_title": None}, "found none"),
        ({"audio_title": ""}, "found none"),
        ({"audio_type": "wav"}, "audio_type: goes with audio_url only"),
        ({"audio_title": None, "audio_url": "https://example.com/a"}, "audio_type: is missing"),
        ({"audio_title": None, "audio_url": "ftp://example.com/a.wav"}, "must begin with https://"),
        ({"audio_title": None, "audio_url": "https://example.com/a", "audio_type": "ogg"}, "audio_type"),
        ({"start": "2026-03-02T10:00:00"}, "start"),
        ({"caller_id": "1115550100"}, "10 digits"),
        ({"account": "a b"}, "account"),
        ({"title": "two\nlines"}, "title"),
    ],
)
def test_a_contradiction_is_explained(changes: dict[str, Any], complaint: str) -> None:
    assert any(complaint in text for text in problems(**changes))


@pytest.mark.parametrize(
    ("url", "stated", "kind"),
    [
        ("https://example.com/a.WAV?sig=1", None, AudioType.WAV),
        ("https://example.com/a.mp3", None, AudioType.MP3),
        ("https://example.com/a", "M4a", AudioType.M4A),
        ("https://example.com/a.mp3", "wav", AudioType.WAV),
    ],
)
def test_the_type_of_audio_is_as_stated_or_by_the_ending(url: str, stated: str | None, kind: AudioType) -> None:
    terms = Terms.model_validate({"caller_id": "6175550100", "audio_url": url, "audio_type": stated})
    assert terms.url_audio_type is kind


values = st.sampled_from([SECRET, [SECRET], {"a": SECRET}, int(SECRET), f"https://x/{SECRET}", None, 1.5])
names = st.sampled_from([*Terms.model_fields, "recipients", "surprise", SECRET, f"a{SECRET}", "a" * 50])


@given(st.dictionaries(names, values, max_size=6))
def test_no_error_repeats_a_value(changes: dict[str, Any]) -> None:
    error = error_of({**STATED, "recipients": [], **changes})
    assert SECRET not in f"{error} {error!r}"
    assert error is None or (error.__context__, error.__cause__) == (None, None)


def error_of(stated: dict[str, Any]) -> InvalidCampaign | None:
    try:
        parse_campaign(stated)
    except InvalidCampaign as invalid:
        return invalid
    return None
