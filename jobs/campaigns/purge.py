"""Taking one phone out of everything that is stored, with a receipt that does not name it.

The do-not-dial lists keep it: whoever wants to be forgotten rarely wants to be called again, and only the list
remembers that. What is at the gateway, or on its way there, is not touched; the receipt says where the phone stays.
"""

import re
import secrets
from collections.abc import Iterator
from datetime import datetime
from typing import Literal

from pydantic import BaseModel, ConfigDict
from redis import Redis

from config.masking import mask_text
from jobs.ledger import campaigns, do_not_dial, events, questions, retention
from jobs.ledger.do_not_dial import Asked
from jobs.ledger.retention import Purged
from jobs.phones import normalise

GONE = "(purged)"
"""What stands in a row of an exclusion report in place of its text."""


class Place(BaseModel):
    """Where the phone was, and what became of it there."""

    model_config = ConfigDict(frozen=True, hide_input_in_errors=True)

    campaign_id: str
    submission_id: str
    came_to: Purged


class Receipt(BaseModel):
    """What a purge came to; the phone is not in it, nor anything that it could be worked out from."""

    model_config = ConfigDict(frozen=True, hide_input_in_errors=True)

    version: Literal[1] = 1
    id: str
    at: datetime
    by: str
    why: str
    places: tuple[Place, ...]
    excluded_rows: int
    """Rows of exclusion reports whose text held it."""
    questions: int
    """Questions about a call to it, with their answers."""
    drop_events: int = 0
    """Events for webhooks that named it, each with the other drops in it."""
    do_not_dial: tuple[str, ...]
    """Accounts whose do-not-dial list has it, and keeps it."""

    @property
    def held(self) -> list[Place]:
        """Where it stays for now, because calls are on their way."""
        return [each for each in self.places if each.came_to is Purged.HELD]

    @property
    def is_complete(self) -> bool:
        """Whether nothing that was looked at has it any more, but do-not-dial lists."""
        return not self.held


def purge(redis: Redis, phone: str, asked: Asked) -> Receipt:
    """Take a phone of 10 digits out of every campaign, exclusion report, question and event; a receipt is kept.

    Repeating it does no harm, and is the way to come to an end where the phone was held. Not looked at are
    words (titles, keys, reasons, what the gateway said), and what another system has handed in as a job that no worker
    has taken yet.
    """
    excluded = 0
    places: list[Place] = []
    for campaign_id in retention.with_phones(redis):
        places += _out_of_campaign(redis, campaign_id, phone)
        excluded += retention.rewrite_excluded(redis, campaign_id, lambda value: _holds(value, phone), GONE)
    listed = (account for account in do_not_dial.accounts(redis) if do_not_dial.listed(redis, account, [phone]))
    receipt = Receipt(
        id=f"purge-{secrets.token_hex(8)}",
        at=asked.at,
        by=_without(phone, asked.by),
        why=_without(phone, asked.why),
        places=tuple(places),
        excluded_rows=excluded,
        questions=questions.forget(redis, phone),
        drop_events=events.forget(redis, phone),
        do_not_dial=tuple(listed),
    )
    retention.keep_receipt(redis, receipt.id, receipt.model_dump_json())
    return receipt


def receipts(redis: Redis) -> list[Receipt]:
    """All that were ever kept, oldest first."""
    found = map(Receipt.model_validate_json, retention.receipts(redis))
    return sorted(found, key=lambda each: (each.at, each.id))


def _out_of_campaign(redis: Redis, campaign_id: str, phone: str) -> Iterator[Place]:
    for submission_id in campaigns.submission_ids(redis, campaign_id):
        came_to = retention.purge(redis, submission_id, phone)
        if came_to is not Purged.ABSENT:
            yield Place(campaign_id=campaign_id, submission_id=submission_id, came_to=came_to)


def _holds(value: str, phone: str) -> bool:
    """Whether a row's text is this phone, or has its digits in it, however they are parted."""
    return normalise(value) == phone or phone in re.sub(r"\D", "", value)


def _without(phone: str, said: str) -> str:
    """What a person said, without this phone, of which not even the last digits stay, and with others masked."""
    return mask_text(said, re.compile(r"\D{0,3}".join(phone)))
