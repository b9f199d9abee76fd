"""Hearing postbacks: call records that came to attempts' own URLs, and with them the strongest evidence there is.

Law of the room: whoever posts may be anybody. Without the token of an attempt and a phone of its submission, nothing
changes.
"""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import structlog
from redis import exceptions as trouble

from config.durability import Durability
from jobs.campaigns.addresses import unsealed
from jobs.campaigns.desk import Desk
from jobs.gateway.postbacks import LONGEST_BODY, parse_postback
from jobs.ledger import amnesia, arrivals, evidence, submissions
from jobs.ledger.arrivals import Count
from jobs.ledger.dispositions import Recorded
from jobs.ledger.durability import NotDurable
from jobs.ledger.quarantine import Quarantined
from jobs.models import Submission
from jobs.outcomes.hear_sessions import Verdicts, grouped, judge, places
from jobs.outcomes.heard import Call, Heard, Posted, quarantined

__all__ = ["SERVER_TROUBLE", "Heard", "Posted", "hear", "hear_many"]

_TOKEN = re.compile(r"[0-9a-f]{32}", re.ASCII)

ROUNDS = 3
"""A postback may meet the sender's answer on its way into the ledger: then it is heard anew."""

SERVER_TROUBLE = (
    trouble.ConnectionError,
    trouble.TimeoutError,
    trouble.ReadOnlyError,
    trouble.OutOfMemoryError,
    trouble.NoPermissionError,
    NotDurable,
)
"""What befalls every postback alike, so that nothing is gained by hearing them one by one."""

MOST_KEPT_AT_ONCE = 5
"""Of a batch's postbacks that changed nothing, so many of each kind are kept; a flood needs no more witnesses."""

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class _Batch:
    """Postbacks that are heard together, and what is known of them."""

    posted: Sequence[Posted]
    owners: Mapping[str, str]
    """The submission of each token that leads to one."""
    calls: Sequence[Call]
    known: Mapping[str, Submission]


def hear(desk: Desk, token: str, body: bytes) -> Heard:
    """Take in one postback; `hear_many` of one."""
    return hear_many(desk, [Posted(token, body)])[0]


def hear_many(desk: Desk, posted: Sequence[Posted]) -> list[Heard]:
    """Take in what was posted to the URLs of attempts, in this order. When this returns, what came of it is in the
    ledger, and on the server's disk where the desk works so; raises one of `SERVER_TROUBLE` where it may not be.

    At most `dispositions.RECORDS_A_STEP` at once. One that meets a fault of ours fails alone.
    """
    try:
        return _heard(desk, posted)
    except SERVER_TROUBLE:
        raise
    except Exception:
        if len(posted) == 1:
            log.exception("postback_failed", size=len(posted[0].body))
            return [_failed(desk)]
    middle = len(posted) // 2  # what the failed try has written already says nothing new when it is written again
    return [*hear_many(desk, posted[:middle]), *hear_many(desk, posted[middle:])]


def _failed(desk: Desk) -> Heard:
    """Counted; raises whatever else is wrong, where even that cannot be done."""
    arrivals.store(desk.redis, [], Count({Heard.FAILED: 1}), now=desk.clock(), durably=False)
    return Heard.FAILED


def _heard(desk: Desk, posted: Sequence[Posted]) -> list[Heard]:
    owners = evidence.owners(desk.redis, {each.token for each in posted if _TOKEN.fullmatch(each.token)})
    verdicts, calls = _read(desk, posted, owners)
    left, known = calls, dict[str, Submission]()
    for _ in range(ROUNDS):
        known |= _look(desk, left)
        verdicts |= _judge_all(desk, known, left)
        left = [each for each in left if verdicts[each.place] is None]
    heard = [verdicts[place] or Heard.UNSETTLED for place in range(len(posted))]
    _testify(desk, [each for each, what in zip(posted, heard, strict=True) if what is Heard.UNKNOWN_TOKEN])
    return _store(desk, _Batch(posted, owners, calls, known), heard)


def _testify(desk: Desk, strangers: Sequence[Posted]) -> None:
    """A token that the ledger does not know may be one that it has forgotten; the newest tells of the others."""
    if not desk.seal_key:
        return
    found = [unsealed(each.token, each.testimony, map(desk.seal_key, desk.accounts)) for each in strangers]
    if newest := max(filter(None, found), key=lambda each: each.at, default=None):
        amnesia.testify(desk.redis, newest.mark, at=newest.at, now=desk.clock())


def _read(desk: Desk, posted: Sequence[Posted], owners: Mapping[str, str]) -> tuple[Verdicts, list[Call]]:
    """The verdicts on what is no call of anybody, and the calls."""
    verdicts: Verdicts = {}
    calls = []
    now = desk.clock()
    for place, each in enumerate(posted):
        submission_id = owners.get(each.token)
        if len(each.body) > LONGEST_BODY:
            verdicts[place] = Heard.OVERSIZED
        elif submission_id is None:
            verdicts[place] = Heard.UNKNOWN_TOKEN
        elif record := parse_postback(each.body, near=now):
            calls.append(Call(place, each.token, submission_id, record))
        else:
            verdicts[place] = Heard.UNREADABLE
    return verdicts, calls


def _look(desk: Desk, calls: Sequence[Call]) -> dict[str, Submission]:
    found = submissions.read(desk.redis, dict.fromkeys(each.submission_id for each in calls))
    return {each.id: each for each in found}


def _judge_all(desk: Desk, known: Mapping[str, Submission], calls: Sequence[Call]) -> Verdicts:
    verdicts: Verdicts = {}
    for submission_id, own in grouped(calls, lambda each: each.submission_id).items():
        submission = known.get(submission_id)
        verdicts |= judge(desk, submission, own) if submission else dict.fromkeys(places(own), Heard.UNKNOWN_TOKEN)
    return verdicts


def _store(desk: Desk, batch: _Batch, heard: list[Heard]) -> list[Heard]:
    """Record and count, the one write that is waited for. What turns out there to be of a foreign phone, or to say
    otherwise than what stands, which is rare, is counted anew.
    """
    ours = [each for each in batch.calls if heard[each.place] in {Heard.RECORDED, Heard.ADOPTED}]
    by_submission = grouped(ours, lambda each: each.submission_id)
    records = [(batch.known[each], [call.record.disposition for call in own]) for each, own in by_submission.items()]
    now, is_strict = desk.clock(), desk.durability is Durability.STRICT
    durably = is_strict and any(each.is_in for each in heard)
    written = arrivals.store(desk.redis, records, _count(batch, heard, now), now=now, durably=durably)
    turned_out = {
        call.place: end
        for own, recorded in zip(by_submission.values(), written, strict=True)
        for at, call in enumerate(own)
        if (end := _turned_out(recorded, at))
    }
    if not turned_out:
        return heard
    corrected = [turned_out.get(place, each) for place, each in enumerate(heard)]
    arrivals.store(desk.redis, [], _correction(batch, heard, turned_out, now), now=now, durably=False)
    return corrected


def _turned_out(recorded: Recorded, at: int) -> Heard | None:
    """What only the table could tell of the record at this place."""
    if at in recorded.foreign_at:
        return Heard.FOREIGN_PHONE
    return Heard.CONTRARY if at in recorded.contrary_at else None


def _count(batch: _Batch, heard: Sequence[Heard], now: datetime) -> Count:
    made_at = [each.record.disposition.delivered_at for each in batch.calls if heard[each.place].is_in]
    return Count(
        Counter(map(str, heard)), [now - at for at in made_at if at], _kept(batch, dict(enumerate(heard)), now)
    )


def _correction(batch: _Batch, heard: Sequence[Heard], turned_out: Mapping[int, Heard], now: datetime) -> Count:
    ends = Counter(map(str, turned_out.values()))
    ends.subtract(str(heard[place]) for place in turned_out)
    return Count(ends, quarantined=_kept(batch, turned_out, now))


def _kept(batch: _Batch, heard: Mapping[int, Heard], now: datetime) -> list[Quarantined]:
    records = {each.place: each.record for each in batch.calls}
    kept, seen = [], Counter[Heard]()
    for place, what in heard.items():
        seen[what] += 1
        if what.is_quarantined and seen[what] <= MOST_KEPT_AT_ONCE:
            each = batch.posted[place]
            kept.append(quarantined(now, what, each, batch.owners.get(each.token, ""), records.get(place)))
    return kept
