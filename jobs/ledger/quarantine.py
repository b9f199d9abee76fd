"""Postbacks that changed nothing, kept for a while so that a person can see what came.

Law of the room: bounded, whatever comes. Of each kind the newest are kept, each cut to a size, none for longer than
`KEPT_FOR`; phones by their last digits and tokens by their mark, so that nothing here is worth stealing or purging.
"""

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta

from redis import Redis

from jobs.ledger import keys
from jobs.ledger.fields import from_ms, text, to_ms

MOST_KEPT = 200
"""Of each kind, so that a flood of one does not wash the others away."""
LONGEST_SAID = 300
"""Characters of a body that are kept. With the rest of an entry it makes less than `LONGEST_ENTRY`."""
LONGEST_ID = 64
"""Of an address and of a session's id: strangers may write anything there, too."""
LONGEST_ENTRY = 2_500
"""Bytes, where each character is one that JSON escapes; an ordinary entry has 300. Half a megabyte of each kind."""
KEPT_FOR = timedelta(days=14)


@dataclass(frozen=True, slots=True)
class Quarantined:
    """One postback that changed nothing. `said` is its body as text, decoded and masked by whoever made this."""

    at: datetime
    kind: str
    mark: str
    """Of the token that it came with; where that is an attempt's, the session's title ends in the same letters."""
    source: str
    """The address that it came from."""
    size: int
    """Bytes of the body, as far as it was read."""
    said: str
    submission_id: str = ""
    """That of the token, where it is an attempt's."""
    session_id: str = ""
    """The one that was stated, where there was a record."""


def packed_entry(entry: Quarantined) -> str:
    """As it lies in the ledger; begins with its instant."""
    cut = replace(
        entry,
        said=entry.said[:LONGEST_SAID],
        source=entry.source[:LONGEST_ID],
        session_id=entry.session_id[:LONGEST_ID],
    )
    return f"{to_ms(entry.at)} {json.dumps(asdict(cut) | {'at': to_ms(entry.at)}, ensure_ascii=False)}"


def read(redis: Redis, kinds: Iterable[str], *, now: datetime) -> list[Quarantined]:
    """All that is kept of these kinds, newest first."""
    found = [text(each) for kind in kinds for each in redis.lrange(keys.quarantine(kind), 0, -1)]
    entries = map(_entry, found)
    return sorted((each for each in entries if each.at > now - KEPT_FOR), key=lambda each: each.at, reverse=True)


def _entry(packed: str) -> Quarantined:
    fields = json.loads(packed.partition(" ")[2])
    return Quarantined(**fields | {"at": from_ms(str(fields["at"]))})
