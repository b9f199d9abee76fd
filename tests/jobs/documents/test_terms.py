"""Terms as a person writes them: forgiving in form, and every problem at once."""

from typing import Any

import pytest

from jobs.documents.terms import read_terms
from jobs.models import AudioType, InvalidCampaign

WRITTEN: dict[str, Any] = {"caller_id": "617.555.0100", "audio_title": "Reminder", "start": "now"}


@pytest.mark.parametrize("spelling", ["6175550100", "+1 (617) 555-0100", "1-617-555-0100", "tel:+16175550100"])
def test_the_caller_id_may_be_pasted_in_any_form(spelling: str) -> None:
    assert read_terms({**WRITTEN, "caller_id": spelling}).caller_id == "6175550100"


def test_options_that_were_not_given_leave_no_trace() -> None:
    left_out = {"audio_url": None, "ends_at": None, "expires_at": None, "audio_type": None}
    assert read_terms({**WRITTEN, **left_out}) == read_terms(WRITTEN)


def test_the_type_of_the_audio_may_be_written_in_capitals() -> None:
    url = {"audio_title": None, "audio_url": "https://example.com/a", "audio_type": "MP3"}
    assert read_terms({**WRITTEN, **url}).audio_type is AudioType.MP3


def test_all_that_is_wrong_is_said_at_once() -> None:
    wrong = {"caller_id": "", "audio_title": None, "start": "soon", "ends_at": "2026-03-02 09:30"}
    with pytest.raises(InvalidCampaign) as refused:
        read_terms({**WRITTEN, **wrong})
    assert [problem.field for problem in refused.value.problems] == ["caller_id", "start", "ends_at", "audio_title"]


def test_a_number_that_cannot_call_is_refused_without_repeating_it() -> None:
    with pytest.raises(InvalidCampaign) as refused:
        read_terms({**WRITTEN, "caller_id": "+44 20 7946 0123"})
    assert "outside the North American plan" in str(refused.value)
    assert "7946" not in str(refused.value)
