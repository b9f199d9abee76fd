"""Hearing postbacks: call records that came to attempts' own URLs, and with them the strongest evidence there is.

Law of the room: whoever posts may be anybody. Without the token of an attempt and a phone of its submission, nothing
changes.
"""

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

import structlog
from redis import exceptions as trouble

from config.durability import Durability
from jobs.campaigns.desk import Desk
from jobs.gateway.postbacks import LONGEST_BODY, parse_postback
from jobs.gateway.replies import CallRecord
from jobs.ledger import arrivals, dispositions, evidence, submissions
from jobs.ledger.durability import NotDurable
from jobs.ledger.quarantine import Quarantined
from jobs.models import Submission
from jobs.outcomes.hear_sessions import Verdicts, grouped, judge
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
            return [Heard.FAILED]
    middle = len(posted) // 2  # what the failed try has written already says nothing new when it is written again
    return [*hear_many(desk, posted[:middle]), *hear_many(desk, posted[middle:])]


def _heard(desk: Desk, posted: Sequence[Posted]) -> list[Heard]:
    owners = evidence.owners(desk.redis, {each.token for each in posted if _TOKEN.fullmatch(each.token)})
    verdicts, calls = _read(desk, posted, owners)
    left = calls
    for _ in range(ROUNDS):
        verdicts |= _round(desk, left)
        left = [each for each in left if verdicts[each.place] is None]
    heard = [verdicts[place] or Heard.UNSETTLED for place in range(len(posted))]
    _note(desk, posted, heard, calls, owners)
    return heard


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


def _round(desk: Desk, calls: Sequence[Call]) -> Verdicts:
    """One look at each submission, and one write for all records that are its own."""
    by_submission = grouped(calls, lambda each: each.submission_id)
    found = {each.id: each for each in submissions.read(desk.redis, by_submission)}
    verdicts: Verdicts = {each.place: Heard.UNKNOWN_TOKEN for each in calls if each.submission_id not in found}
    batches = []
    for submission in found.values():
        own = by_submission[submission.id]
        judged = judge(desk, submission, own)
        batches.append((submission, [each for each in own if judged[each.place] in {Heard.RECORDED, Heard.ADOPTED}]))
        verdicts |= judged
    return verdicts | _record(desk, batches)


def _record(desk: Desk, batches: Sequence[tuple[Submission, list[Call]]]) -> Verdicts:
    """Write down the records; the verdicts on those that turn out to be somebody else's."""
    to_write = [(submission, [each.record.disposition for each in calls]) for submission, calls in batches]
    written = dispositions.record_each(desk.redis, to_write, now=desk.clock())
    return {
        each.place: Heard.FOREIGN_PHONE
        for (_, calls), recorded in zip(batches, written, strict=True)
        for each in calls
        if each.record.disposition.phone in recorded.foreign_phones
    }


def _note(
    desk: Desk, posted: Sequence[Posted], heard: Sequence[Heard], calls: Sequence[Call], owners: Mapping[str, str]
) -> None:
    """Count them and keep what is for a person to see: the last write of a batch, and the one that is waited for."""
    now, is_in = desk.clock(), [each.is_in for each in heard]
    made_at = [each.record.disposition.delivered_at for each in calls if is_in[each.place]]
    arrivals.note(
        desk.redis,
        Counter(heard),
        [now - at for at in made_at if at],
        _kept(desk, posted, heard, calls, owners),
        now=now,
        durably=desk.durability is Durability.STRICT and any(is_in),
    )


def _kept(
    desk: Desk, posted: Sequence[Posted], heard: Sequence[Heard], calls: Sequence[Call], owners: Mapping[str, str]
) -> Iterator[Quarantined]:
    records: Mapping[int, CallRecord] = {each.place: each.record for each in calls}
    seen: Counter[Heard] = Counter()
    for place, (each, what) in enumerate(zip(posted, heard, strict=True)):
        seen[what] += 1
        if what.is_quarantined and seen[what] <= MOST_KEPT_AT_ONCE:
            yield quarantined(desk.clock(), what, each, owners.get(each.token, ""), records.get(place))
