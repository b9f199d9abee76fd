"""The newest mark in an attempt's postback URL: a witness of what was acknowledged that outlives every process.

Law of the room: whoever posts may be anybody. The mark is sealed under the name of its epoch, which is in the ledger
and in no URL. A ledger that does not even know the epoch cannot tell the seal from a stranger's, and believes nothing.
"""

import re
from collections.abc import Iterable
from datetime import datetime
from hashlib import blake2b
from hmac import compare_digest
from itertools import islice

from redis import Redis

from jobs.ledger import amnesia
from jobs.ledger.amnesia import Mark

MOST_AT_ONCE = 5
"""So many of a batch are looked at: the gateway posts again, and a flood of strangers' must cost nothing."""

_SEALED = re.compile(r"(?P<token>[0-9a-f]{32})-(?P<count>[1-9]\d{0,14})-(?P<seal>[0-9a-f]{16})", re.ASCII)


def sealed(token: str, mark: Mark) -> str:
    """The end of an attempt's postback URL: its token, how far the ledger had come, and the seal on both."""
    return f"{token}-{mark.count}-{_seal(token, mark)}"


def show(redis: Redis, ends: Iterable[str], *, now: datetime) -> None:
    """Show the ledger the marks at the ends of URLs whose attempts it does not know: one that knows less has lost them,
    and halts.
    """
    found = [*islice(filter(None, map(_SEALED.fullmatch, ends)), MOST_AT_ONCE)]
    for epoch in amnesia.epochs(redis) if found else ():
        for each in found:
            mark = Mark(epoch, int(each["count"]))
            if compare_digest(each["seal"], _seal(each["token"], mark)):
                amnesia.show(redis, mark, now=now)


def _seal(token: str, mark: Mark) -> str:
    said = f"{token}-{mark.count}".encode()
    return blake2b(said, key=mark.epoch.encode(), digest_size=8, person=b"dropline seal").hexdigest()
