"""One session of a day's listing beside the ledger: its records merged if it is ours, counted if it is a stranger."""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence, Set
from datetime import datetime
from functools import partial
from typing import Any

from redis import Redis

from config.masking import mask_phone, mask_text
from jobs.campaigns import calling, strays
from jobs.campaigns.desk import Desk
from jobs.campaigns.marks import last_borne, mark_of, marks_of
from jobs.campaigns.refresh import SESSION_IS_GONE, Refreshed, merge
from jobs.comparison import Day, Own
from jobs.gateway.client import GatewayClient
from jobs.gateway.errors import Rejected
from jobs.gateway.replies import ListedSession
from jobs.ledger import campaigns, dispositions, due
from jobs.ledger.days import Compared
from jobs.ledger.keys import Due
from jobs.models import Disposition, DropState, Evidence, Finding, Submission, SubmissionState
from jobs.models.reports import Contrary
from jobs.outcomes.rule import Likeness, likeness

CALLER = "reconciliation"
"""Who takes turns with the campaigns of the account."""

_SEEN = {Likeness.MARK: Finding.MARK, Likeness.PHONES: Finding.PHONES}

PhonesOf = Callable[[str], Set[str]]
"""The phones of a submission, by its id."""


def compare(desk: Desk, state: Day, listed: ListedSession, phones_of: PhonesOf) -> Compared:
    """What is to be known of one session. Raises `NotNow`, and `GatewayError` where its records could not be read."""
    own = state.own.get(listed.session_id)
    whose = own.submission.id if own else ""
    found = Compared(session_id=listed.session_id, run=state.run, submission_id=whose, is_final=True)
    try:
        ask = partial(_telling_records, session_id=listed.session_id, near=desk.clock())
        records = calling.read_for_account(desk, state.account, CALLER, ask)
    except Rejected as rejected:
        if rejected.kind not in SESSION_IS_GONE:
            raise
        return found.model_copy(update={"refusal": mask_text(rejected.reason)})
    facts = _merged(desk, own, records) if own else _counted(desk, state, listed, records, phones_of)
    return found.model_copy(update=facts)


def _telling_records(gateway: GatewayClient, *, session_id: str, near: datetime) -> list[Disposition]:
    records = (each.disposition for each in gateway.campaign_result(session_id, near=near))
    return [each for each in records if each.state is not DropState.PENDING]


def _merged(desk: Desk, own: Own, records: Sequence[Disposition]) -> dict[str, Any]:
    """Facts of a session of ours, its records noted as a poll notes them."""
    submission, is_over = own.submission, own.submission.state is SubmissionState.FINISHED
    if own.campaign.phones_dropped_at:
        return {"recorded": len({each.phone for each in records})}
    if is_over:
        recorded = dispositions.record(desk.redis, submission, records, now=desk.clock())
    else:
        recorded, came_to = merge(desk, own.campaign, submission, records)
        is_over = came_to is Refreshed.FINISHED
    return {
        "is_final": is_over,
        "merged": recorded.new,
        "recorded": len({each.phone for each in records}),
        "foreign": recorded.foreign,
        "contrary": tuple(_contrary(desk.redis, submission, records)) if recorded.contrary else (),
    }


def _counted(
    desk: Desk, state: Day, listed: ListedSession, records: Sequence[Disposition], phones_of: PhonesOf
) -> dict[str, Any]:
    """Facts of a stranger. One that may be a submission in doubt is for `jobs.outcomes` to judge, soon."""
    outcomes = dict(Counter(map(_words, records)).most_common())
    if listed.session_id in state.turned_up:
        return {"outcomes": outcomes, "given_up_id": state.turned_up[listed.session_id]}
    marks = {mark for each in (*state.undecided, *state.given_up) for mark in marks_of(each)}
    mark, called = last_borne(listed.title, marks), {each.phone for each in records}
    alike = partial(_alike, mark=mark, called=called, phones_of=phones_of)
    its_own = [each.id for each in state.undecided if alike(each) is not Likeness.FOREIGN]
    due.add(desk.redis, Due.SETTLE, its_own, desk.clock())
    # A person has done with what was given up, so it is named only for what is seen, and not for what may be.
    seen = [] if its_own else [each for each in state.given_up if alike(each) in _SEEN]
    if len(seen) == 1:  # of several nobody can say which
        _take_given_up(desk, seen[0], listed.session_id, _SEEN[alike(seen[0])], records)
    return {"is_final": not its_own, "outcomes": outcomes, "given_up_id": seen[0].id if seen else ""}


def _take_given_up(
    desk: Desk, given_up: Submission, session_id: str, finding: Finding, records: Sequence[Disposition]
) -> None:
    """With its records: by now it may be looked at no more."""
    campaign = campaigns.read(desk.redis, given_up.campaign_id)
    if campaign:
        words = "it was found when a day was compared with the gateway"
        seen = Evidence(desk.clock(), finding, words, mark_of(given_up.attempt), (session_id,))
        strays.take_given_up(desk, campaign, given_up, session_id, seen)
        if not campaign.phones_dropped_at:
            dispositions.record(desk.redis, given_up, records, now=desk.clock())


def _alike(submission: Submission, *, mark: str, called: Set[str], phones_of: PhonesOf) -> Likeness:
    """How a stranger with this mark, '' for none, that called these phones stands to a submission whose session nobody
    knows.
    """
    if mark:
        return Likeness.MARK if mark in marks_of(submission) else Likeness.FOREIGN
    return likeness(called, phones_of(submission.id))


def _contrary(redis: Redis, submission: Submission, records: Iterable[Disposition]) -> Iterable[Contrary]:
    here = {each.phone: (place, each.state) for place, each in enumerate(dispositions.read(redis, submission))}
    for each in records:
        place, state = here.get(each.phone, (0, each.state))
        if state is not each.state:
            yield Contrary(
                submission_id=submission.id,
                session_id=submission.session_id,
                place=place,
                phone=mask_phone(each.phone),
                here=state,
                there=each.state,
            )


def _words(record: Disposition) -> str:
    return mask_text(": ".join(filter(None, (record.status, record.reason))))
