"""Phones and dispositions as bytes: 14 bytes per drop instead of the 64 and more of a hash field.

A phone is 5 bytes, big-endian (34 bits hold ten digits). A disposition is 9: its state, the small number of its outcome
text, that of its carrier, and the delivery instant in seconds since 1970 (0 is none). Within a submission the phones
ascend, so a phone is found by bisection and its disposition lies at the same index.
"""

from bisect import bisect_left
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from struct import Struct

from jobs.models import DropState

PHONE_BYTES = 5
_RECORD = Struct(">BHHI")
RECORD_BYTES = _RECORD.size

STATE_CODES = {
    DropState.PENDING: 0,
    DropState.DELIVERED: 1,
    DropState.FAILED: 2,
    DropState.NO_RECORD: 3,
    DropState.SCREENED: 4,
}
_STATES = {code: state for state, code in STATE_CODES.items()}


@dataclass(frozen=True, slots=True)
class PackedDisposition:
    """A disposition whose texts are replaced by their small numbers."""

    state: DropState
    outcome: int = 0
    carrier: int = 0
    delivered_at: datetime | None = None


def pack_phone(phone: str) -> bytes:
    """A 10-digit phone in 5 bytes."""
    return int(phone).to_bytes(PHONE_BYTES, "big")


def pack_phones(phones: Iterable[str]) -> bytes:
    """Phones in ascending order, 5 bytes each."""
    return b"".join(number.to_bytes(PHONE_BYTES, "big") for number in sorted(map(int, phones)))


def unpack_phones(packed: bytes) -> list[str]:
    """The phones of `pack_phones`, ascending."""
    return [
        str(int.from_bytes(packed[start : start + PHONE_BYTES], "big")) for start in range(0, len(packed), PHONE_BYTES)
    ]


def is_packed(packed: bytes, phone: str) -> bool:
    """Whether a phone is among those of `pack_phones`; nothing is unpacked."""
    wanted, places = pack_phone(phone), range(0, len(packed), PHONE_BYTES)
    found = bisect_left(places, wanted, key=lambda start: packed[start : start + PHONE_BYTES])
    return found < len(places) and packed[places[found] : places[found] + PHONE_BYTES] == wanted


def pack_disposition(disposition: PackedDisposition) -> bytes:
    """A disposition in 9 bytes."""
    at = int(disposition.delivered_at.timestamp()) if disposition.delivered_at else 0
    return _RECORD.pack(STATE_CODES[disposition.state], disposition.outcome, disposition.carrier, at)


def states(packed: bytes) -> list[DropState]:
    """The states alone, of those dispositions that somebody has written."""
    return [_STATES[code] for code in packed[::RECORD_BYTES]]


def unpack_dispositions(packed: bytes, count: int) -> list[PackedDisposition]:
    """`count` dispositions; those that nobody has written yet are pending."""
    padded = packed.ljust(count * RECORD_BYTES, b"\0")
    return [
        PackedDisposition(_STATES[state], outcome, carrier, datetime.fromtimestamp(at, UTC) if at else None)
        for state, outcome, carrier, at in _RECORD.iter_unpack(padded)
    ]
