"""Whatever the gateway writes, a parser answers with a value, `Rejected` or `OutcomeUnknown`."""

import random
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobs.gateway.replies import (
    parse_audio_list_reply,
    parse_balance_reply,
    parse_call_status_reply,
    parse_campaign_by_date_reply,
    parse_campaign_result_reply,
    parse_control_reply,
    parse_do_not_dial_reply,
    parse_record,
    parse_submission_reply,
    parse_user_verify_reply,
)
from tests.jobs.gateway.replies.samples import NEAR, outcome

PARSERS: dict[str, Callable[[str], object]] = {
    "submission": parse_submission_reply,
    "control": parse_control_reply,
    "record": lambda text: parse_record(text, near=NEAR),
    "call_status": lambda text: parse_call_status_reply(text, near=NEAR),
    "campaign_result": lambda text: parse_campaign_result_reply(text, near=NEAR),
    "balance": parse_balance_reply,
    "do_not_dial": parse_do_not_dial_reply,
    "user_verify": parse_user_verify_reply,
    "campaign_by_date": parse_campaign_by_date_reply,
    "audio_list": lambda text: parse_audio_list_reply(text, near=NEAR),
}
SAMPLES = [file.read_bytes().decode() for file in sorted(Path(__file__).parent.glob("*/*.txt"))]
everyone = pytest.mark.parametrize("name", PARSERS)


@everyone
def test_every_parser_bears_every_sample_of_every_call(name: str) -> None:
    for sample in SAMPLES:
        outcome(PARSERS[name], sample)


@everyone
def test_every_parser_bears_damaged_samples(name: str) -> None:
    dice = random.Random(name)
    for _ in range(1_000):
        one, other = dice.choice(SAMPLES), dice.choice(SAMPLES)
        outcome(PARSERS[name], one[: dice.randrange(len(one) + 1)] + other[dice.randrange(len(other) + 1) :])


@everyone
@given(text=st.text(max_size=60))
def test_every_parser_bears_any_text(name: str, text: str) -> None:
    outcome(PARSERS[name], text)


@everyone
@pytest.mark.parametrize(
    "text", ["[" * 100_000, '{"a":' * 100_000, "1" * 100_000, '{"a":' + "1" * 5_000 + "}", "\0" * 9]
)
def test_every_parser_bears_texts_made_to_break_it(name: str, text: str) -> None:
    outcome(PARSERS[name], text)
