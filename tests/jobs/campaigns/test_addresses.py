"""What an attempt's address says besides its token is ours, or nothing."""

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobs.campaigns.addresses import Acknowledged, seal_key, unsealed
from jobs.campaigns.desk import Desk
from jobs.campaigns.send import send
from jobs.gateway.simulator import Simulator
from jobs.ledger import amnesia
from jobs.ledger.amnesia import Mark
from tests.jobs.campaigns.conftest import submission, taken
from tests.jobs.ledger.conftest import NOW

TOKEN, KEY = "0f" * 16, seal_key("secret")
SEEN = Acknowledged(Mark("5ea1" * 4, 1_234_567), NOW)
TEXT = SEEN.sealed(TOKEN, KEY)


def test_what_was_sealed_is_read_with_any_of_our_keys() -> None:
    assert unsealed(TOKEN, TEXT, [seal_key("of another account"), KEY]) == SEEN


@pytest.mark.parametrize(
    ("token", "text", "key"),
    [
        ("f0" * 16, TEXT, KEY),
        (TOKEN, TEXT, seal_key("another")),
        (TOKEN, replace(SEEN, mark=Mark(SEEN.mark.epoch, 9)).sealed(TOKEN, KEY)[:-32] + TEXT[-32:], KEY),
        (TOKEN, replace(SEEN, at=NOW + timedelta(days=1)).sealed(TOKEN, KEY)[:-32] + TEXT[-32:], KEY),
        (TOKEN, TEXT.upper(), KEY),
        (TOKEN, TEXT + "0", KEY),
        (TOKEN, "", KEY),
    ],
    ids=["another token", "another key", "another count", "another instant", "capitals", "longer", "nothing"],
)
def test_what_was_not_sealed_so_says_nothing(token: str, text: str, key: bytes) -> None:
    assert unsealed(token, text, [key]) is None


@given(st.text() | st.from_regex(r"[0-9a-f]{16}-[0-9a-f]{1,15}-[0-9a-f]{1,11}-[0-9a-f]{32}", fullmatch=True))
def test_no_text_of_a_stranger_says_anything(text: str) -> None:
    assert unsealed(TOKEN, text, [KEY]) is None


def test_an_address_tells_of_the_write_after_which_its_submission_left(desk: Desk, simulator: Simulator) -> None:
    campaign_id = taken(desk, "6175550123").campaign_id
    send(replace(desk, postbacks_url="http://127.0.0.1:9/", seal_key=lambda _: KEY), f"{campaign_id}-1")
    (session,) = simulator.truth.sessions
    token, _, text = session.postback_url.rpartition("/")[2].partition("-")
    assert token == submission(desk, campaign_id).attempt
    assert unsealed(token, text, [KEY]) == Acknowledged(amnesia.newest_mark(desk.redis), desk.clock())
