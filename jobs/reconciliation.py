"""A day of an account in the ledger beside the gateway's listing of that day: what each has that the other lacks.

Law of the room: it finds and tells. It moves nothing but what every poll moves, records that are new, and takes in what
was given up and is found; from a listing that is empty or cannot be read it concludes nothing; and running it again
finds the same.
"""

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from functools import cache

import structlog
from redis import Redis

from config.accounts import UnknownAccount
from config.masking import mask_text
from jobs import eastern
from jobs.campaigns import calling
from jobs.campaigns.calling import NotNow
from jobs.campaigns.days import days_of
from jobs.campaigns.desk import Desk
from jobs.campaigns.sessions import ours
from jobs.comparing import CALLER, compare
from jobs.comparison import Day, Own, compose
from jobs.gateway.errors import GatewayError, OutcomeUnknown
from jobs.gateway.replies import ListedSession
from jobs.ledger import campaigns, days, evidence, submissions
from jobs.ledger.listed import may_have
from jobs.models import CampaignView, Submission, SubmissionState
from jobs.models.reports import DayReport

MOST_DAYS = 14
"""So many days back a day that was missed, or could not be compared, is made up for."""

AGAIN_AFTER = timedelta(hours=1)
"""When the gateway did not say what it has, it is asked again after this."""

_WITH_THE_GATEWAY = frozenset({SubmissionState.ACCEPTED, SubmissionState.FINISHED})
_MAYBE_WITH_THE_GATEWAY = frozenset({SubmissionState.SENDING, SubmissionState.UNKNOWN})

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
    is_over = desk.clock() >= eastern.end_of(day)  # before the listing: what begins meanwhile may not be on it
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
    return _with_others(desk, Day(account, day, run, listed, own, set(), undecided, given_up, {}, known, is_over))


def _with_others(desk: Desk, state: Day) -> Day:
    """The same with those of the listed sessions that are known here, though none is followed as one of ours."""
    holders = evidence.holders(desk.redis, state.account, [each.session_id for each in state.listed])
    others = {session_id: holder for session_id, holder in holders.items() if session_id not in state.own}
    campaign_ids = {each.id: each.campaign_id for each in state.given_up}
    stopped = {each for id_ in set(campaign_ids.values()) for each in evidence.strays(desk.redis, id_)}
    turned_up = {each: holder for each, holder in others.items() if holder in campaign_ids and each not in stopped}
    return replace(state, strays=others.keys() - turned_up.keys(), turned_up=turned_up)


def _look_again(desk: Desk, state: Day) -> Day:
    """The same with what the ledger knows after its sessions were compared."""
    _, known = days.work(desk.redis, state.account, state.day)
    renewed = submissions.read(desk.redis, [own.submission.id for own in state.own.values()])
    own = {own.submission.session_id: own for own in _own(desk.redis, renewed)}
    return _with_others(desk, replace(state, own=own, known=known))


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

    @cache  # each submission in doubt once, however many strangers
    def phones_of(submission_id: str) -> frozenset[str]:
        return frozenset(submissions.phones(desk.redis, submission_id))

    def look_at(listed: ListedSession) -> str:
        if turned_away or not may_go_on():
            return ""
        try:
            compared = compare(desk, state, listed, phones_of)
        except NotNow as not_now:
            turned_away.append(not_now)
        except GatewayError as failed:
            return _in_words(failed)
        else:
            days.note(desk.redis, state.account, state.day, compared)
        return ""

    with ThreadPoolExecutor(max_workers=desk.concurrency) as pool:
        failed = [why for why in pool.map(look_at, state.to_compare) if why]
    if turned_away:
        raise max(turned_away, key=lambda each: each.at)
    return failed


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
