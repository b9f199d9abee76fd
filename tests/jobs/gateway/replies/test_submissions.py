import random
import string

import pytest

from jobs.gateway.errors import OutcomeUnknown, RefusalKind, Rejected
from jobs.gateway.replies import Accepted, parse_submission_reply
from tests.jobs.gateway.replies.laws import damaged
from tests.jobs.gateway.replies.samples import UNKNOWN, outcome, outcomes

LIVE = "OK\nsession_id=9381694821\nnumber of phone=1"


def test_every_sample_is_read_as_it_must_be() -> None:
    assert outcomes("submission", parse_submission_reply) == {
        "live.B": Accepted("9381694821", 1),
        "blanks.C": Accepted("83242792891", 63),
        "title_case.D": Accepted("123456", 123),
        "bare_id.D": Accepted("912345678", 5000),
        "bare_id_blanks.D": Accepted("912345678", 5000),
        "crlf.D": Accepted("9381694821", 1),
        "byte_order_mark.D": Accepted("9381694821", 1),
        "surrounding_blanks.D": Accepted("9381694821", 1),
        "without_count.B": Accepted("9381694821", None),
        "more_lines.D": Accepted("9381694821", 2),
        "json.B": Accepted("123456", 1),
        "json_number.B": Accepted("83242792891", 63),
        "json_blanks_in_keys.D": Accepted("9381694821", None),
        "json_in_array.D": Accepted("9381694821", 1),
        "ok_without_id.D": UNKNOWN,
        "ok_with_empty_id.D": UNKNOWN,
        "two_ids.D": UNKNOWN,
        "ok_and_error.D": UNKNOWN,
        "broken_id.D": UNKNOWN,
        "ok_in_a_word.D": UNKNOWN,
        "lower_case_ok.D": UNKNOWN,
        "warning_before.D": UNKNOWN,
        "empty.D": UNKNOWN,
        "html.B": UNKNOWN,
        "php_warning.D": UNKNOWN,
        "json_cut_short.D": UNKNOWN,
        "json_without_ok.D": UNKNOWN,
        "json_two_ids.D": UNKNOWN,
        "json_fraction.D": UNKNOWN,
        "json_ok_and_error.D": UNKNOWN,
        "json_empty_error.D": UNKNOWN,
        "uid_required.A": RefusalKind.CREDENTIALS,
        "two_problems.A": RefusalKind.CALLER_ID,
        "refused_with_blanks.D": RefusalKind.CALLER_ID,
        "bad_audio.B": RefusalKind.AUDIO_DOWNLOAD,
        "bad_audio_alone.C": RefusalKind.AUDIO_DOWNLOAD,
        "duplicate.C": RefusalKind.DUPLICATE_REQUEST,
        "duplicate_alone.C": RefusalKind.DUPLICATE_REQUEST,
        "no_api.B": RefusalKind.API_ACCESS,
        "error_alone.D": RefusalKind.UNKNOWN,
        "unknown_words.D": RefusalKind.UNKNOWN,
        "error_of_a_machine.D": UNKNOWN,
        "json_refused.B": RefusalKind.API_ACCESS,
        "json_refused_lines.D": RefusalKind.CREDENTIALS,
    }


def test_a_refusal_keeps_the_gateways_own_words() -> None:
    with pytest.raises(Rejected) as refused:
        parse_submission_reply("ERROR\nc_callerID: required\nc_date: required")
    assert refused.value.reason == "c_callerID: required c_date: required"


@pytest.mark.parametrize("end", range(len(LIVE)))
def test_a_text_cut_anywhere_never_yields_a_part_of_the_id(end: int) -> None:
    read = outcome(lambda text: parse_submission_reply(text, is_whole=False), LIVE[:end])
    assert read in (UNKNOWN, Accepted("9381694821", None))


def test_a_text_whose_end_nothing_proves_is_believed_once_a_word_follows_the_id() -> None:
    assert parse_submission_reply(LIVE + "\n", is_whole=False) == Accepted("9381694821", 1)
    assert parse_submission_reply(LIVE, is_whole=False) == Accepted("9381694821", None)


def test_json_proves_its_own_end() -> None:
    text = '{"new_campaign":"OK","session_id":"123456"}'
    assert parse_submission_reply(text, is_whole=False) == Accepted("123456", None)


def test_a_refusal_that_may_be_cut_short_is_unknown() -> None:
    with pytest.raises(OutcomeUnknown):
        parse_submission_reply("ERROR\nc_phone: duplicates req", is_whole=False)


def test_a_last_word_that_is_not_believed_may_still_spoil_an_acceptance() -> None:
    with pytest.raises(OutcomeUnknown):
        parse_submission_reply(LIVE + "\nERROR", is_whole=False)


GOOD = (
    (LIVE, "9381694821"),
    ("OK session_id=83242792891 number of phone=63", "83242792891"),
    ("OK\r\nSession ID=123456\r\nNumber of Phone=123\r\n", "123456"),
    ("OK\n912345678\nNumber of Phone #s = 5000", "912345678"),
    ('{"new_campaign":"OK","session_id":"123456","number_of_phone":1}', "123456"),
)


def test_damage_around_or_inside_the_id_never_yields_another_id() -> None:
    """The digits of the id may be torn apart, yet none is lost, replaced or added."""
    dice = random.Random(20)
    for _ in range(10_000):
        text, session_id = dice.choice(GOOD)
        read = outcome(parse_submission_reply, damaged(text, dice, kept=string.digits, most=4))
        assert not isinstance(read, Accepted) or read.session_id == session_id
