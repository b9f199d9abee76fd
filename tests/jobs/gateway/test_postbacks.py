"""What is posted for a call, in every spelling that is known, and what is no postback."""

from datetime import UTC, datetime
from urllib.parse import quote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobs.gateway.postbacks import LONGEST_BODY, parse_postback
from jobs.models import DropState

NEAR = datetime(2019, 12, 9, 20, 0, tzinfo=UTC)
LIVE = "1842028314|6175550123|OK||2019-12-09 14:55:42|t-mobile us:6529 - svr/2"
QUOTED = '"1842028314"|"6175550123"|"Failure"|"VM may be full or not setup"|"2019-12-09 14:55:42"|"AT&T Mobility"'


@pytest.mark.parametrize("value", [LIVE, QUOTED, f"var={LIVE}", LIVE.rpartition("|")[0]])
def test_every_known_spelling_is_read_encoded_or_not(value: str) -> None:
    for body in (f"var={quote_plus(value)}".encode(), f"var={value}".encode()):
        record = parse_postback(body, near=NEAR)
        assert record is not None
        assert (record.session_id, record.disposition.phone) == ("1842028314", "6175550123")
        assert record.disposition.state is (DropState.FAILED if "Failure" in value else DropState.DELIVERED)
        assert record.disposition.delivered_at == datetime(2019, 12, 9, 19, 55, 42, tzinfo=UTC)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"var=",
        b"other=" + quote_plus(LIVE).encode(),
        f"var={quote_plus(LIVE)}&var={quote_plus(QUOTED)}".encode(),
        b"var=" + quote_plus(LIVE).encode() + b"x" * LONGEST_BODY,
        b"var=1842028314%7C%7COK%7C%7C%7C",
        LIVE[:20].encode(),
    ],
)
def test_what_is_no_record_is_none(body: bytes) -> None:
    assert parse_postback(body, near=NEAR) is None


@given(st.binary(max_size=200))
def test_no_body_is_an_error(body: bytes) -> None:
    parse_postback(body, near=NEAR)
    parse_postback(b"var=" + body, near=NEAR)
