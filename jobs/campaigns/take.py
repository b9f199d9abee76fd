"""Taking a campaign in: one ledger write, and its idempotency key decides whether it is a new one."""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256

from redis import Redis

from jobs import eastern
from jobs.campaigns import do_not_dial
from jobs.campaigns.plan import Plan
from jobs.ledger import campaigns
from jobs.ledger.packing import pack_phones
from jobs.models import InvalidCampaign, Problem, Terms, WhenUnknown

KEEP_KEYS = timedelta(days=180)
MOST_KEY_CHARACTERS = 200
MOST_ROWS = 10
"""That are named one by one where nobody can be called."""

_ID_LETTERS = "bcdfghjklmnpqrstvwxz"


@dataclass(frozen=True, slots=True)
class Taken:
    """The handle of a campaign; `is_new` is false when its key was used before with the same payload."""

    campaign_id: str
    is_new: bool


class KeyConflict(Exception):
    """The idempotency key stands for a campaign with another payload. Nothing was stored and nothing sent."""

    def __init__(self, campaign_id: str, fields: tuple[str, ...]) -> None:
        super().__init__(
            f"the key was used before, for campaign {campaign_id}, with another {', '.join(fields)}; "
            "nothing was sent: use another key for another campaign, or the same payload to get the same campaign"
        )
        self.campaign_id = campaign_id
        self.fields = fields


def new_campaign_id() -> str:
    """Sixteen consonants (69 bits): no digits, so that nothing takes it for a phone, and no words."""
    return "".join(secrets.choice(_ID_LETTERS) for _ in range(16))


def take(
    redis: Redis,
    terms: Terms,
    plan: Plan,
    *,
    key: str,
    now: datetime,
    lead: timedelta,
    keep_keys: timedelta = KEEP_KEYS,
) -> Taken:
    """Write a planned campaign into the ledger, once for its key.

    Raises `InvalidCampaign` when there is nobody to send to or its times are wrong, and `KeyConflict` when the key
    stands for another payload. A key that stands for this payload gives its campaign again, whatever the time is now.
    """
    fingerprint = fingerprint_of(terms, plan)
    if problems := key_problems(key):
        raise InvalidCampaign(problems)
    held = campaigns.holder(redis, key)
    if held is None:
        # Only now: who is on the do-not-dial list today must not make the same payload another one.
        left, screened = do_not_dial.screen_plan(redis, terms.account, plan)
        if problems := problems_at(terms, left, now):
            raise InvalidCampaign(problems)
        due_at = max(now, terms.start_at(now) - lead)
        new = _new_campaign(terms, left, key, fingerprint, due_at=due_at, screened=screened)
        held = campaigns.take(redis, new, now=now, keep_key=keep_keys)
        if held.campaign_id == new.id:
            return Taken(new.id, is_new=True)
    _check_same(held, fingerprint)
    return Taken(held.campaign_id, is_new=False)


def fingerprint_of(terms: Terms, plan: Plan) -> dict[str, str]:
    """A digest for each field of the payload, so that a conflict can say what differs.

    Recipients count as the set of phones that would be called: the same people in another order, spelling or file are
    the same payload.
    """
    stated = terms.model_dump(mode="json")
    if terms.when_unknown is WhenUnknown.HOLD:
        del stated["when_unknown"]  # keys that were taken before it could be said
    numbers = pack_phones(phone for chunk in plan.chunks for phone in chunk)
    digests = {name: sha256(repr(value).encode()).hexdigest()[:16] for name, value in stated.items()}
    return {**digests, "recipients": sha256(numbers).hexdigest()}


def problems_at(terms: Terms, plan: Plan, now: datetime) -> tuple[Problem, ...]:
    """Why this campaign could not be taken at `now`, were its key a new one."""
    found = [*terms.problems_at(now), *_wire_problems(terms)]
    if not plan.phone_count:
        found.append(Problem("recipients", _why_nobody(plan)))
    return tuple(found)


def key_problems(key: str) -> tuple[Problem, ...]:
    """What is wrong with an idempotency key."""
    is_fit = key.isprintable() and 0 < len(key) <= MOST_KEY_CHARACTERS
    return () if is_fit else (Problem("key", f"must be 1 to {MOST_KEY_CHARACTERS} printable characters"),)


def _why_nobody(plan: Plan) -> str:
    """With the first rows by their lines, from 1, and why nobody is called."""
    if not plan.row_count:
        return "have no rows, so there is nobody to call"
    lines: dict[str, list[str]] = {}
    for each in plan.excluded[:MOST_ROWS]:
        lines.setdefault(each.reason.replace("_", " "), []).append(f"{each.line:,}")
    told = [f"{reason} (line {', '.join(found)})" for reason, found in lines.items()]
    told += [f"and {more:,} more"] if (more := len(plan.excluded) - MOST_ROWS) > 0 else []
    return f"none of the {plan.row_count} rows holds a phone number to send to{': ' if told else ''}{', '.join(told)}"


def _wire_problems(terms: Terms) -> list[Problem]:
    """Instants that the gateway's wall clock cannot express."""
    found = []
    for field, instant in (("start", terms.start), ("ends_at", terms.ends_at)):
        if isinstance(instant, datetime):
            try:
                eastern.to_wire(instant, round_down=field == "ends_at")  # as it will be written
            except eastern.AmbiguousInstant as ambiguous:
                found.append(Problem(field, str(ambiguous)))
    return found


def _new_campaign(
    terms: Terms, plan: Plan, key: str, fingerprint: Mapping[str, str], *, due_at: datetime, screened: int
) -> campaigns.NewCampaign:
    return campaigns.NewCampaign(
        id=new_campaign_id(),
        key=key,
        fingerprint=fingerprint,
        terms=terms,
        rows=plan.row_count,
        chunks=plan.chunks,
        excluded=[each.row for each in plan.excluded],
        due_at=due_at,
        screened=screened,
    )


def _check_same(held: campaigns.Holder, fingerprint: Mapping[str, str]) -> None:
    names = sorted({*held.fingerprint, *fingerprint})
    differing = tuple(name for name in names if held.fingerprint.get(name) != fingerprint.get(name))
    if differing:
        raise KeyConflict(held.campaign_id, differing)
