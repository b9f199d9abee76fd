"""Whatever the gateway writes, a parser answers with a value that has its grounds, `Rejected` or `OutcomeUnknown`."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.jobs.gateway.replies.laws import LAWS, NOTHING, SAMPLES, mutated, rubbish
from tests.jobs.gateway.replies.samples import outcome

BODIES = 10_000
"""How many bodies of a kind each parser is shown."""

TAKES_OK = {"control", "do_not_dial", "user_verify", "campaign_by_date", "audio_list"}
"""Their yes (or their nothing) has no number in it, so that rubbish may happen to be one."""

everyone = pytest.mark.parametrize("name", LAWS)


@everyone
def test_every_parser_bears_every_sample_of_every_call(name: str) -> None:
    for sample in SAMPLES:
        LAWS[name].believed(sample)


@everyone
def test_no_mutated_body_becomes_a_success_without_grounds(name: str) -> None:
    dice = random.Random(name)
    for _ in range(BODIES):
        LAWS[name].believed(mutated(dice))


@everyone
def test_no_random_body_becomes_a_success_without_grounds(name: str) -> None:
    dice = random.Random(name)
    for _ in range(BODIES):
        believed = LAWS[name].believed(rubbish(dice))
        assert name in TAKES_OK or believed in NOTHING


@everyone
@given(text=st.text(max_size=60))
def test_every_parser_bears_any_text(name: str, text: str) -> None:
    LAWS[name].believed(text)


@everyone
@pytest.mark.parametrize(
    "text", ["[" * 100_000, '{"a":' * 100_000, "1" * 100_000, '{"a":' + "1" * 5_000 + "}", "\0" * 9]
)
def test_every_parser_bears_texts_made_to_break_it(name: str, text: str) -> None:
    outcome(LAWS[name].parse, text)
