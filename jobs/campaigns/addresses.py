"""Where the records of an attempt are posted to: its token, and how much the ledger had acknowledged by then.

The latter comes back with each record, also when every process that knew it is gone; a ledger that knows less has lost
what it acknowledged. It is sealed with a key that is made from the account's password: or else whoever can reach us
could halt the sending.
"""

import hashlib
import hmac
import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from jobs.ledger.amnesia import Mark
from jobs.ledger.fields import from_ms, to_ms

_SEALED = re.compile(r"([0-9a-f]{16})-([0-9a-f]{1,15})-([0-9a-f]{1,11})-([0-9a-f]{32})", re.ASCII)


@dataclass(frozen=True, slots=True)
class Acknowledged:
    """What the ledger had acknowledged when a submission was about to leave. In an address `epoch-count-at-seal`, the
    numbers in hexadecimal, the instant in milliseconds.
    """

    mark: Mark
    at: datetime

    def sealed(self, token: str, key: bytes) -> str:
        """Its text in the address of this token."""
        said = f"{self.mark.epoch}-{self.mark.count:x}-{to_ms(self.at):x}"
        return f"{said}-{_seal(token, said, key)}"


def seal_key(password: str) -> bytes:
    """The key with which an account's addresses are sealed. It takes some 50 ms and 16 MB to make: who sees an address
    and wants to find out a weak password by trying needs that for each try.
    """
    return hashlib.scrypt(password.encode(), salt=b"dropline: the addresses of postbacks", n=2**14, r=8, p=1, dklen=32)


def unsealed(token: str, text: str, keys: Iterable[bytes]) -> Acknowledged | None:
    """What stands behind the token of an address; None where none of the keys has sealed it for this token."""
    found = _SEALED.fullmatch(text)
    if not found:
        return None
    said, seal = text.rpartition("-")[0], found[4]
    if not any(hmac.compare_digest(seal, _seal(token, said, key)) for key in keys):
        return None
    return Acknowledged(Mark(found[1], int(found[2], 16)), from_ms(str(int(found[3], 16))))


def _seal(token: str, said: str, key: bytes) -> str:
    return hmac.digest(key, f"{token}-{said}".encode(), "sha256")[:16].hex()
