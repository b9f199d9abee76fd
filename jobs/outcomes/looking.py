"""One look for a submission's session at the gateway: the listings of its days, and the call records of strangers.

Law of the room: it asks and compares; what is not understood is a flaw of the look, never an answer.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence, Set
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from functools import partial

from redis import Redis

from config.masking import mask_text
from jobs.campaigns import calling
from jobs.campaigns.days import days_of
from jobs.campaigns.desk import Desk
from jobs.campaigns.marks import bears, last_borne, mark_of
from jobs.gateway.client import GatewayClient
from jobs.gateway.errors import GatewayError, OutcomeUnknown
from jobs.gateway.replies import CallRecord, ListedSession
from jobs.ledger import campaigns, dispositions, due, evidence, listed, submissions
from jobs.ledger.keys import Due
from jobs.ledger.packing import is_packed
from jobs.models import Attempt, CampaignView, Candidate, Finding, Submission, SubmissionState
from jobs.outcomes.rule import Conclusion, Likeness, conclude, flaw_of, likeness

MOST_ASKED = 20
"""Strangers whose call records one look asks for; the others are unclear until a later one."""

Records = Sequence[CallRecord]
Ask = Callable[[str], Records | None]
"""Asks a session, by its id, for its call records."""


@dataclass(frozen=True, slots=True)
class Listing:
    """What the gateway lists for the days of a submission, and why that does not count for an absence."""

    sessions: tuple[ListedSession, ...]
    flaw: str


@dataclass(frozen=True, slots=True)
class Looked:
    """What a look came to, and the attempt that it is about: that of a mark that was found, else the newest."""

    conclusion: Conclusion
    attempt: Attempt
    candidates: tuple[Candidate, ...] = ()
    """More of the sessions that the conclusion speaks of."""


@dataclass(frozen=True, slots=True)
class Stranger:
    """A listed session that we do not know, and how it stands to the submission."""

    listed: ListedSession
    likeness: Likeness
    records: Records | None = None
    """None where they were not asked for, or the gateway did not say."""

    @property
    def called(self) -> set[str]:
        """The phones of its records."""
        return {each.disposition.phone for each in self.records or ()}


def look(desk: Desk, campaign: CampaignView, submission: Submission, attempts: Sequence[Attempt]) -> Looked:
    """Look for a session of one of these attempts, the newest last; raises `NotNow` and `UnknownAccount`."""
    listing = _listing(desk, campaign, attempts)
    account = campaign.terms.account
    known = evidence.known_sessions(desk.redis, account, [each.session_id for each in listing.sessions])
    ruled_out = evidence.foreign_sessions(desk.redis, submission.id)
    strangers = [each for each in listing.sessions if each.session_id not in known | ruled_out]
    others = [] if not strangers else _others_in_doubt(desk.redis, account, submission)
    ask = partial(_records_of, desk, campaign, until=desk.clock() + desk.timings.look_within)
    judged = _of_one_attempt(_judged(desk.redis, ask, submission, attempts, strangers, others), attempts)
    known = evidence.known_sessions(desk.redis, account, judged)  # by now, some senders have had their answers
    found = {each: how for each, how in judged.items() if each not in known}
    contested = {
        each for each, how in found.items() if how.likeness is Likeness.PHONES and _may_be_another(desk, how, others)
    }
    likenesses = {each: how.likeness for each, how in found.items()}
    conclusion = conclude(likenesses, contested=contested, flaw=listing.flaw)
    titles = [found[each].listed.title for each in conclusion.session_ids]
    marked = [each for each in attempts if any(bears(title, mark_of(each.token)) for title in titles)]
    candidates = _candidates(desk.redis, ask, submission, conclusion, found)
    return Looked(conclusion, (marked or attempts)[-1], candidates)


def _records_of(desk: Desk, campaign: CampaignView, session_id: str, *, until: datetime) -> Records | None:
    """A session's call records, None where the gateway does not say or the look takes too long; raises `NotNow`."""
    if desk.clock() >= until:
        return None
    question = partial(GatewayClient.campaign_result, session_id=session_id, near=desk.clock())
    try:
        return calling.read(desk, campaign, question)
    except GatewayError:
        return None


def _candidates(
    redis: Redis, ask: Ask, submission: Submission, conclusion: Conclusion, found: Mapping[str, Stranger]
) -> tuple[Candidate, ...]:
    """What a person who must choose among the sessions of a conclusion wants to know of each."""
    strangers = [found[each] for each in conclusion.session_ids[:MOST_ASKED]]
    if conclusion.finding is Finding.SEVERAL:
        strangers = [_with_records(ask, each) for each in strangers]
    ours = _phones_of(redis, submission) if strangers else set()
    return tuple(_candidate(each, ours) for each in strangers)


def _with_records(ask: Ask, stranger: Stranger) -> Stranger:
    """Whose title said enough was not asked about its calls. Where that must wait, they stay unknown."""
    if stranger.records is not None:
        return stranger
    try:
        return replace(stranger, records=ask(stranger.listed.session_id))
    except calling.NotNow:
        return stranger


def _candidate(stranger: Stranger, ours: Set[str]) -> Candidate:
    listed = stranger.listed
    seen = Candidate(listed.session_id, mask_text(listed.title), listed.dated)  # who knows what others write there
    if stranger.records is None:
        return seen
    drops = [each.disposition for each in stranger.records]
    calls = [(each.delivered_at, each.delivered_text) for each in drops if each.delivered_at]
    first_call = min(calls)[1] if calls else ""
    called = stranger.called
    return replace(seen, called=len(called), shared=len(called & ours), first_call=first_call)


def balance(desk: Desk, campaign: CampaignView) -> str:
    """What the account has left and pending, as a hint for people; '' where the gateway does not say."""
    try:
        found = calling.read(desk, campaign, GatewayClient.balance)
    except (GatewayError, calling.NotNow):
        return ""
    return f"{found.remaining:,} left" + ("" if found.pending is None else f", {found.pending:,} pending")


def _listing(desk: Desk, campaign: CampaignView, attempts: Sequence[Attempt]) -> Listing:
    days = {
        day
        for each in attempts
        for day in days_of(campaign, sent_at=each.sent_at, until=_answered_by(desk, each.sent_at))
    }
    listings = [_listing_of(desk, campaign, day) for day in sorted(days)]
    flaws = [each.flaw for each in listings if each.flaw]
    sessions = {session.session_id: session for each in listings for session in each.sessions}
    return Listing(tuple(sessions.values()), flaws[0] if flaws else "")


def _answered_by(desk: Desk, sent_at: datetime) -> datetime:
    return sent_at + desk.timings.answer_within + timedelta(minutes=1)


def _listing_of(desk: Desk, campaign: CampaignView, day: date) -> Listing:
    known = listed.must_have(desk.redis, campaign.terms.account, day)
    try:
        sessions = calling.read(desk, campaign, partial(GatewayClient.campaign_by_date, day=day))
    except GatewayError as failed:
        why = failed.why if isinstance(failed, OutcomeUnknown) else str(failed)
        return Listing((), f"the gateway's listing could not be had ({why})")
    return Listing(tuple(sessions), flaw_of({each.session_id for each in sessions}, known))


def _others_in_doubt(redis: Redis, account: str, submission: Submission) -> list[Submission]:
    """The account's other submissions that may have a session that we do not know, of whichever attempt."""
    ids = dict.fromkeys((*evidence.in_doubt(redis), *due.members(redis, Due.SETTLE)))
    found = [each for each in submissions.read(redis, ids) if _tokens_in_doubt(each)]
    views = {each: campaigns.read(redis, each) for each in {other.campaign_id for other in found}}
    of_account = {each for each, view in views.items() if view and view.terms.account == account}
    return [each for each in found if each.campaign_id in of_account and each.id != submission.id]


def _tokens_in_doubt(submission: Submission) -> list[str]:
    """Those of its attempts whose session we may not know."""
    in_doubt = {SubmissionState.SENDING, SubmissionState.UNKNOWN, SubmissionState.GIVEN_UP}
    former = [each.token for each in submission.former]
    return [*former, submission.attempt] if submission.state in in_doubt else former


def _judged(
    redis: Redis,
    ask: Ask,
    submission: Submission,
    attempts: Sequence[Attempt],
    strangers: Sequence[ListedSession],
    others: Sequence[Submission],
) -> dict[str, Stranger]:
    """How each stranger stands to the submission. What is certainly not its own is not asked about again, and noted at
    once: the next question may have to wait, and end this look.
    """
    marks = {mark_of(each.token) for each in attempts}
    other_marks = {mark_of(token) for each in others for token in _tokens_in_doubt(each)}
    found = {each.session_id: Stranger(each, _by_mark(each.title, marks, other_marks)) for each in strangers}
    evidence.rule_out(redis, [submission.id], _alike(found.values(), Likeness.FOREIGN))
    to_ask = _alike(found.values(), Likeness.UNCLEAR)[:MOST_ASKED]
    if to_ask and not _alike(found.values(), Likeness.MARK):
        ours = _phones_of(redis, submission)
        theirs = {each.id: submissions.packed_phones(redis, each.id) for each in others}
        for session_id in to_ask:
            asked = replace(found[session_id], records=ask(session_id))
            found[session_id] = judged = replace(asked, likeness=likeness(asked.called, ours))
            own = [submission.id] if judged.likeness is Likeness.FOREIGN else []
            evidence.rule_out(redis, [*own, *_foreign_to(judged, theirs)], [session_id])
    return found


def _foreign_to(stranger: Stranger, packed: Mapping[str, bytes]) -> list[str]:
    """Those of the submissions, by id with their phones, that it certainly is not: where many are in doubt at once, it
    is asked for all of them and not once for each.
    """
    return [
        each for each, phones in packed.items() if phones and not all(is_packed(phones, one) for one in stranger.called)
    ]


def _of_one_attempt(found: Mapping[str, Stranger], attempts: Sequence[Attempt]) -> Mapping[str, Stranger]:
    """Without the sessions of later attempts, where those of several have turned up: the first one has called the most,
    and once it is known, the others are strays.
    """
    for attempt in attempts:
        its_own = {each for each, how in found.items() if bears(how.listed.title, mark_of(attempt.token))}
        if its_own:
            return {each: how for each, how in found.items() if how.likeness is not Likeness.MARK or each in its_own}
    return found


def _alike(strangers: Iterable[Stranger], wanted: Likeness) -> list[str]:
    return [each.listed.session_id for each in strangers if each.likeness is wanted]


def _phones_of(redis: Redis, submission: Submission) -> set[str]:
    """Those that went to the gateway; of several attempts the first may have had some that were taken out since."""
    if submission.former:
        return set(submissions.phones(redis, submission.id))
    return set(dispositions.to_send(redis, submission.id))


def _by_mark(title: str, marks: Set[str], other_marks: Set[str]) -> Likeness:
    mark = last_borne(title, marks | other_marks)
    if mark in marks:
        return Likeness.MARK
    return Likeness.FOREIGN if mark else Likeness.UNCLEAR


def _may_be_another(desk: Desk, stranger: Stranger, others: Sequence[Submission]) -> bool:
    """Whether a stranger's phones are all on another submission in doubt, too."""
    return any(stranger.called <= set(submissions.phones(desk.redis, each.id)) for each in others)
