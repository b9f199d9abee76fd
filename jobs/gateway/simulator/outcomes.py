"""What becomes of a call: chosen by a magic number, or else by a seed."""

import hashlib
from collections.abc import Mapping
from enum import StrEnum


class Outcome(StrEnum):
    """How the call to one phone ends."""

    DELIVERED = "delivered"
    """The recording is in the mailbox."""
    NO_VOICEMAIL = "no_voicemail"
    """Nothing answered that takes a message."""
    FULL = "full"
    """There is a mailbox, but it takes nothing."""
    BUSY = "busy"
    """The mailbox was in use."""
    LANDLINE = "landline"
    """Taken out before calling: not a mobile."""
    DO_NOT_DIAL = "do_not_dial"
    """Taken out before calling: on the account's list."""
    DUPLICATE = "duplicate"
    """Taken out before calling: the same phone stands further up in the submission."""
    NO_RECORD = "no_record"
    """The call was made, and no record of it ever appears."""


REASONS: Mapping[Outcome, str] = {
    Outcome.NO_VOICEMAIL: "Unable to Detect Voice Mail",
    Outcome.FULL: "VM may be full or not setup",
    Outcome.BUSY: "Voicemail Busy",
    Outcome.LANDLINE: "Landline Removed",
    Outcome.DO_NOT_DIAL: "Do Not Dial List Removed",
    Outcome.DUPLICATE: "Duplicate Removed",
}
"""The gateway's words for a call that failed; those of a duplicate are assumed."""

MAGIC_EXCHANGE = "555"

MAGIC: Mapping[str, Outcome] = {
    "0101": Outcome.DELIVERED,
    "0102": Outcome.NO_VOICEMAIL,
    "0103": Outcome.FULL,
    "0104": Outcome.BUSY,
    "0105": Outcome.LANDLINE,
    "0106": Outcome.DO_NOT_DIAL,
    "0107": Outcome.NO_RECORD,
}
"""Last four digits of a phone of the form NPA-555-01xx, and what becomes of every call to it."""

REMOVED = frozenset({Outcome.LANDLINE, Outcome.DO_NOT_DIAL, Outcome.DUPLICATE})
"""Outcomes of phones that never ring."""

_FAILURES = (Outcome.NO_VOICEMAIL, Outcome.FULL, Outcome.BUSY)

_CARRIERS = (
    "t-mobile us:6529 - svr/2",
    "verizon wireless:6006 - svr/2",
    "AT&T Mobility",
    "sprint spectrum, l.p.:6664/1 - svr",
    "us cellular:6331",
    "",
)


def choose_outcome(phone: str, seed: int, failure_share: float, landline_share: float) -> Outcome:
    """The same phone and seed always end the same way. Shares are between 0 and 1."""
    if phone[3:6] == MAGIC_EXCHANGE and phone[6:] in MAGIC:
        return MAGIC[phone[6:]]
    draw = _draw(phone, seed)
    lot = draw / 2**32
    if lot < failure_share:
        return _FAILURES[draw % len(_FAILURES)]
    return Outcome.LANDLINE if lot >= 1 - landline_share else Outcome.DELIVERED


def carrier_of(phone: str, seed: int) -> str:
    """One of the shapes seen: with blanks, colons, slashes, commas, or nothing at all."""
    return _CARRIERS[_draw(phone, seed + 1) % len(_CARRIERS)]


def _draw(phone: str, seed: int) -> int:
    digest = hashlib.blake2b(phone.encode(), digest_size=4, salt=(seed % 2**64).to_bytes(8, "big"))
    return int.from_bytes(digest.digest(), "big")
