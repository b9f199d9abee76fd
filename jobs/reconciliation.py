"""A day of an account in the ledger beside the gateway's listing of that day: what each has that the other lacks.

Law of the room: it finds and tells. It moves nothing but what every poll moves, records that are new, and a session
that still rings although its campaign was told to end is told, too; from a listing that is empty or cannot be read it
concludes nothing; and running it again finds the same.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence, Set
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from functools import cache, partial
from typing import Any

import structlog
from redis import Redis

from config.accounts import UnknownAccount
from config.masking import mask_phone, mask_text
from jobs import eastern
from jobs.campaigns import calling, strays
from jobs.campaigns.calling import NotNow
from jobs.campaigns.days import days_of
from jobs.campaigns.desk import Desk
from jobs.campaigns.marks import bears, mark_of
from jobs.campaigns.refresh import SESSION_IS_GONE, Refreshed, merge
from jobs.campaigns.sessions import ours
from jobs.comparison import Day, Own, compose
from jobs.gateway.client import GatewayClient
from jobs.gateway.errors import GatewayError, OutcomeUnknown, Rejected
from jobs.gateway.replies import ListedSession
from jobs.ledger import campaigns, days, dispositions, due, evidence, submissions
from jobs.ledger.days import Compared
from jobs.ledger.keys import Due
from jobs.ledger.listed import may_have
from jobs.models import CampaignView, Disposition, DropState, Submission, SubmissionState
from jobs.models.reports import Contrary, DayReport
from jobs.outcomes.rule import Likeness, likeness

CALLER = "reconciliation"
"""Who takes turns with the campaigns of the account."""

MOST_DAYS = 14
"""So many days back a day that was missed, or could not be compared, is made up for."""

AGAIN_AFTER = timedelta(hours=1)
"""When the gateway did not say what it has, it is asked again after this."""

_WITH_THE_GATEWAY = frozenset({SubmissionState.ACCEPTED, SubmissionState.FINISHED})
_MAYBE_WITH_THE_GATEWAY = frozenset({SubmissionState.SENDING, SubmissionState.UNKNOWN})
_SEEN = frozenset({Likeness.MARK, Likeness.PHONES})

PhonesOf = Callable[[str], Set[str]]
"""The phones of a submission, by its id."""

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Step:
    """How far a comparison is: its `report`, None while there is more to do; and when to go on, None for not at all."""

    report: DayReport | None
    again_at: datetime | None = None


class _Unclear(Exception):
    """The gateway did not say enough to conclude anything."""


class NotBegun(ValueError):
    """The day has not come yet; nothing was begun."""


def check_has_begun(day: date, now: datetime) -> date:
    """The day, which nobody can compare before it has begun; raises `NotBegun`."""
    if day > (today := eastern.eastern_date(now)):
        raise NotBegun(f"{day} has not come yet: today is {today} in the East; compare a day that has begun")
    return day


def missed_days(redis: Redis, account: str, *, now: datetime) -> list[date]:
    """The Eastern days to compare at `now`: yesterday, and every day since the first one that is not done."""
    yesterday = eastern.eastern_date(now) - timedelta(days=1)
    return days.open_days(redis, account, last=yesterday, most=MOST_DAYS)


def begin(redis: Redis, account: str, day: date, *, anew: bool = False) -> None:
    """Begin a comparison, to be gone on with by `reconcile`. Sessions whose end was seen are not asked about again but
    with `anew`.
    """
    days.begin(redis, account, day, run=submissions.new_token(), anew=anew)


def reconcile(desk: Desk, account: str, day: date, *, may_go_on: Callable[[], bool] = lambda: True) -> Step:
    """Go on comparing a day for as long as it `may_go_on`; safe to be called by anyone, any number of times."""
    try:
        report = _reconciled(desk, _look(desk, account, day), may_go_on)
    except NotNow as not_now:
        return Step(None, not_now.at)
    except (_Unclear, GatewayError, UnknownAccount) as unclear:
        report = _give_up(desk, account, day, _in_words(unclear))
        return Step(report, report.again_at)
    return Step(days.keep(desk.redis, report)) if report else Step(None, desk.clock())


def _again_at(day: date, now: datetime) -> datetime | None:
    """When to ask once more about a day of which the gateway says too little; a day of long ago is left as it is."""
    return now + AGAIN_AFTER if eastern.eastern_date(now) - day <= timedelta(days=MOST_DAYS) else None


def _reconciled(desk: Desk, state: Day, may_go_on: Callable[[], bool]) -> DayReport | None:
    """The report, once every session is compared."""
    failed = _compare_all(desk, state, may_go_on)
    state = _look_again(desk, state)
    if failed and len(failed) == len(state.to_compare):
        raise _Unclear(f"the records of {len(failed)} sessions could not be read: {failed[-1]}")
    return None if state.to_compare else compose(state, _listed_before(desk, state), now=desk.clock())


def _look(desk: Desk, account: str, day: date) -> Day:
    """What gateway and ledger say now; raises `_Unclear` where the gateway says nothing at all of a day of ours."""
    run, known = days.work(desk.redis, account, day)
    listed = _listing(desk, account, day)
    of_day = submissions.read(desk.redis, may_have(desk.redis, account, day))
    found = dict(ours(desk.redis, account, [each.session_id for each in listed]))
    there = {each.session_id: each for each in of_day if each.state in _WITH_THE_GATEWAY} | found
    own = {own.submission.session_id: own for own in _own(desk.redis, there.values())}
    own = {each: own[each] for each in own if each in found or day in own[each].days}
    if own and not listed:
        raise _Unclear(f"the gateway lists no session at all, and {len(own)} of ours may be of that day")
    given_up = [each for each in of_day if each.state is SubmissionState.GIVEN_UP]
    undecided = [
        each for each in of_day if each.state in _MAYBE_WITH_THE_GATEWAY or (each.former and each not in given_up)
    ]
    return Day(account, day, run, listed, own, _strays(desk, account, listed, own), undecided, given_up, known)


def _strays(desk: Desk, account: str, listed: Iterable[ListedSession], own: Mapping[str, Own]) -> set[str]:
    return evidence.known_sessions(desk.redis, account, [each.session_id for each in listed]) - own.keys()


def _look_again(desk: Desk, state: Day) -> Day:
    """The same with what the ledger knows after its sessions were compared."""
    _, known = days.work(desk.redis, state.account, state.day)
    renewed = submissions.read(desk.redis, [own.submission.id for own in state.own.values()])
    own = {own.submission.session_id: own for own in _own(desk.redis, renewed)}
    return replace(state, own=own, strays=_strays(desk, state.account, state.listed, own), known=known)


def _own(redis: Redis, found: Iterable[Submission]) -> Iterable[Own]:
    """Ours with their days, in the order of their ids; a campaign is read once."""
    views: dict[str, CampaignView | None] = {}
    for each in sorted(found, key=lambda each: each.id):
        if each.campaign_id not in views:
            views[each.campaign_id] = campaigns.read(redis, each.campaign_id)
        campaign = views[each.campaign_id]
        if campaign:
            sent_at = each.sent_at or campaign.created_at
            listed_under = days_of(campaign, sent_at=sent_at, until=each.deadline_at or sent_at)
            yield Own(each, campaign, listed_under)


def _listing(desk: Desk, account: str, day: date) -> list[ListedSession]:
    return calling.read_for_account(desk, account, CALLER, lambda gateway: gateway.campaign_by_date(day))


def _listed_before(desk: Desk, state: Day) -> frozenset[str]:
    """The sessions of earlier days, as far as one of ours that is not listed today may be among them."""
    listed = {each.session_id for each in state.listed}
    earlier = {day for each, own in state.own.items() if each not in listed for day in own.days if day < state.day}
    found: set[str] = set()
    for day in sorted(earlier):
        listing = _listing(desk, state.account, day)
        if not listing:
            raise _Unclear(f"the gateway lists no session at all for {day}, where some of ours may be listed")
        found.update(each.session_id for each in listing)
    return frozenset(found)


def _compare_all(desk: Desk, state: Day, may_go_on: Callable[[], bool]) -> list[str]:
    """Look at the sessions that are left, several at a time; answers why some could not be read. Raises `NotNow` when
    no call may be made for now.
    """
    turned_away: list[NotNow] = []
    phones_of = cache(partial(_phones_of, desk.redis))  # of each submission in doubt once, however many strangers

    def compare(listed: ListedSession) -> str:
        if turned_away or not may_go_on():
            return ""
        try:
            compared = _compare(desk, state, listed, phones_of)
        except NotNow as not_now:
            turned_away.append(not_now)
        except GatewayError as failed:
            return _in_words(failed)
        else:
            days.note(desk.redis, state.account, state.day, compared)
        return ""

    with ThreadPoolExecutor(max_workers=desk.concurrency) as pool:
        failed = [why for why in pool.map(compare, state.to_compare) if why]
    if turned_away:
        raise max(turned_away, key=lambda each: each.at)
    return failed


def _compare(desk: Desk, state: Day, listed: ListedSession, phones_of: PhonesOf) -> Compared:
    """One session: its records merged if it is ours, counted if it is a stranger."""
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
    alike = partial(_alike, listed=listed, called={each.phone for each in records}, phones_of=phones_of)
    its_own = [each.id for each in state.undecided if alike(each) is not Likeness.FOREIGN]
    due.add(desk.redis, Due.SETTLE, its_own, desk.clock())
    # Nobody will look at what was given up again, so it is named only for what is seen, and not for what may be.
    given_up = next((each for each in state.given_up if alike(each) in _SEEN), None) if not its_own else None
    if given_up:
        _see_it_stop(desk, given_up, listed)
    outcomes = dict(Counter(map(_words, records)).most_common())
    return {"is_final": not its_own, "outcomes": outcomes, "given_up_id": given_up.id if given_up else ""}


def _see_it_stop(desk: Desk, given_up: Submission, listed: ListedSession) -> None:
    campaign = campaigns.read(desk.redis, given_up.campaign_id)
    if campaign:
        how, mark = "a day was compared with the gateway", mark_of(given_up.attempt)
        strays.take_if_to_end(desk, campaign, given_up, listed.session_id, mark=mark, how=how)


def _alike(submission: Submission, *, listed: ListedSession, called: Set[str], phones_of: PhonesOf) -> Likeness:
    """How a stranger that called these phones stands to a submission whose session nobody knows."""
    tokens = {submission.attempt, *(each.token for each in submission.former)}
    if any(bears(listed.title, mark_of(each)) for each in tokens):
        return Likeness.MARK
    return likeness(called, phones_of(submission.id))


def _phones_of(redis: Redis, submission_id: str) -> frozenset[str]:
    return frozenset(submissions.phones(redis, submission_id))


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


def _in_words(error: Exception) -> str:
    """The advice that an error has for a submission is none for a question."""
    if isinstance(error, OutcomeUnknown):
        return f"the gateway gave no answer that can be used ({error.phase}: {error.why})"
    return str(error).rstrip(".")


def _give_up(desk: Desk, account: str, day: date, why: str) -> DayReport:
    """For now: what was found before stays, and a day that was done stays done."""
    now = desk.clock()
    blank = DayReport(account=account, day=day, found_at=now, is_done=False, is_compared=False)
    failed = {"trouble": mask_text(why), "failed_at": now, "again_at": _again_at(day, now)}
    return days.keep(desk.redis, (days.read(desk.redis, account, day) or blank).model_copy(update=failed))


def tell(report: DayReport) -> None:
    """Log what was found, for those who do not have it in front of them."""
    about = {"account": report.account, "day": str(report.day)}
    if report.trouble:
        log.warning("day_not_reconciled", **about, why=report.trouble)
        return
    kinds = ("missing", "outside", "handed_over", "strays", "given_up", "other_counts", "contrary", "unread")
    counts = {name: found.total for name in kinds if (found := getattr(report, name)).total}
    say = log.warning if counts else log.info
    say("day_reconciled", **about, matched=report.matched, open=report.open, **counts)
