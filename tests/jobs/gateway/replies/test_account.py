import random
import string

from jobs.gateway.errors import RefusalKind
from jobs.gateway.replies import Balance, parse_balance_reply, parse_do_not_dial_reply, parse_user_verify_reply
from tests.jobs.gateway.replies.laws import damaged
from tests.jobs.gateway.replies.samples import UNKNOWN, outcome, outcomes


def test_every_sample_of_a_balance_is_read_as_it_must_be() -> None:
    assert outcomes("balance", parse_balance_reply) == {
        "live.C": Balance(12345, 123),
        "after_ok.D": Balance(12345, 123),
        "blanks.D": Balance(12345, 123),
        "without_pending.D": Balance(12345, None),
        "json.D": Balance(12345, 123),
        "refused.A": RefusalKind.CREDENTIALS,
        "no_number.D": UNKNOWN,
        "some_sentence.D": UNKNOWN,
        "empty.D": UNKNOWN,
    }


def test_do_not_dial_is_done_when_the_gateway_says_ok() -> None:
    assert outcomes("do_not_dial", parse_do_not_dial_reply) == {
        "json.D": None,
        "ok.D": None,
        "with_count.D": None,
        "refused.A": RefusalKind.PHONES,
        "empty.D": UNKNOWN,
    }


def test_credentials_are_good_when_the_gateway_says_ok_and_nothing_else() -> None:
    assert outcomes("user_verify", parse_user_verify_reply) == {
        "ok.B": None,
        "json.D": None,
        "refused.D": RefusalKind.CREDENTIALS,
        "more_than_ok.D": UNKNOWN,
        "empty.D": UNKNOWN,
    }


BALANCES = (
    "remaining messages=12345\npending messages=123",
    "OK remaining messages=12,345 pending messages=123",
    '{"remaining messages": 12345, "pending messages": "123"}',
)


def test_damage_never_yields_another_balance() -> None:
    dice = random.Random(22)
    for _ in range(10_000):
        read = outcome(parse_balance_reply, damaged(dice.choice(BALANCES), dice, kept=string.digits, most=4))
        assert not isinstance(read, Balance) or (read.remaining, read.pending or 123) == (12345, 123)
