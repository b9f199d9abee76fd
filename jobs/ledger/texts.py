"""The texts that call records repeat (reasons, carriers): kept once per campaign, and pointed at by a small number."""

from collections.abc import Mapping, Set
from typing import Any

from redis import Redis

from jobs import eastern
from jobs.ledger import keys
from jobs.ledger.fields import decoded
from jobs.ledger.packing import PHONE_BYTES, RECORD_BYTES, PackedDisposition, unpack_dispositions, unpack_phones
from jobs.models import Disposition

MOST_TEXTS = 65_000
"""Different texts kept per campaign; the number of a text has two bytes. What comes later becomes `OVERFLOW`."""
OVERFLOW = "(too many different texts)"

_SEPARATOR = "\x1f"


class Texts:
    """Those of campaigns whose records are told of: read when one is wanted, and again when a newer one is."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis
        self._known: dict[str, Mapping[int, str]] = {}

    def unpack(self, campaign_id: str, records: bytes) -> list[Disposition]:
        """Records as an event has them: 5 bytes of phone and 9 of disposition each."""
        step = PHONE_BYTES + RECORD_BYTES
        pieces = [records[at : at + step] for at in range(0, len(records), step)]
        phones = unpack_phones(b"".join(piece[:PHONE_BYTES] for piece in pieces))
        packed = unpack_dispositions(b"".join(piece[PHONE_BYTES:] for piece in pieces), len(pieces))
        texts = self._of(campaign_id, {number for each in packed for number in (each.outcome, each.carrier)} - {0})
        return [with_texts(phone, disposition, texts) for phone, disposition in zip(phones, packed, strict=True)]

    def _of(self, campaign_id: str, numbers: Set[int]) -> Mapping[int, str]:
        if not numbers <= self._known.get(campaign_id, {}).keys():
            self._known[campaign_id] = read(self._redis, campaign_id)
        return self._known.get(campaign_id, {})


def read(redis: Redis, campaign_id: str) -> Mapping[int, str]:
    """A campaign's texts by their numbers."""
    return by_number(redis.hgetall(keys.words(campaign_id)))


def by_number(words: Mapping[Any, Any]) -> Mapping[int, str]:
    """The same from what lies in the ledger."""
    return {int(number): word for word, number in decoded(words).items()}


def with_texts(phone: str, packed: PackedDisposition, texts: Mapping[int, str]) -> Disposition:
    """What was packed, in words again."""
    status, reason, raw = split_outcome(texts.get(packed.outcome, ""))
    at = packed.delivered_at
    return Disposition(
        phone=phone,
        state=packed.state,
        status=status,
        reason=reason,
        delivered_text=raw or (eastern.wall_text(at) if at else ""),
        delivered_at=at,
        carrier=texts.get(packed.carrier, ""),
    )


def outcome_text(disposition: Disposition) -> str:
    """Status and reason, and the time's text where the instant alone would not give it back."""
    at = disposition.delivered_at
    raw = "" if at and eastern.wall_text(at) == disposition.delivered_text else disposition.delivered_text
    return _SEPARATOR.join((disposition.status, disposition.reason, raw))


def split_outcome(outcome: str) -> tuple[str, str, str]:
    """Status, reason, and the time's text, if it is kept, of an `outcome_text`."""
    status, _, rest = outcome.partition(_SEPARATOR)
    reason, _, raw = rest.partition(_SEPARATOR)
    return status, reason, raw
