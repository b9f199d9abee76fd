"""Phones and dispositions survive their packing."""

from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from jobs.ledger.packing import (
    PHONE_BYTES,
    RECORD_BYTES,
    PackedDisposition,
    pack_disposition,
    pack_phones,
    unpack_dispositions,
    unpack_phones,
)
from jobs.models import DropState

phones = st.from_regex("[2-9][0-9]{2}[2-9][0-9]{6}", fullmatch=True)
instants = st.integers(600_000_000, 4_000_000_000).map(lambda seconds: datetime.fromtimestamp(seconds, UTC))
dispositions = st.builds(
    PackedDisposition,
    state=st.sampled_from(DropState),
    outcome=st.integers(0, 65_535),
    carrier=st.integers(0, 65_535),
    delivered_at=st.none() | instants,
)


@given(st.lists(phones, unique=True, max_size=50))
def test_phones_come_back_ascending(given_phones: list[str]) -> None:
    packed = pack_phones(given_phones)
    assert unpack_phones(packed) == sorted(given_phones)
    assert len(packed) == PHONE_BYTES * len(given_phones)


@given(st.lists(dispositions, max_size=20))
def test_dispositions_come_back_as_they_went_in(given_dispositions: list[PackedDisposition]) -> None:
    packed = b"".join(map(pack_disposition, given_dispositions))
    assert unpack_dispositions(packed, len(given_dispositions)) == given_dispositions
    assert len(packed) == RECORD_BYTES * len(given_dispositions)


def test_what_nobody_has_written_is_pending() -> None:
    assert [each.state for each in unpack_dispositions(b"", 3)] == [DropState.PENDING] * 3
