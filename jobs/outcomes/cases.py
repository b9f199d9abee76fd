"""Submissions in doubt as a person has to decide about them: what is known, in words, and what can be done."""

from collections.abc import Iterable, Sequence, Set
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import ceil

from redis import Redis

from config.masking import mask_text
from jobs import eastern
from jobs.campaigns.desk import Timings
from jobs.campaigns.marks import mark_of, marked
from jobs.ledger import balances, campaigns, evidence, submissions
from jobs.ledger.balances import Noted
from jobs.models import Attempt, CampaignView, Evidence, Finding, Submission, SubmissionState
from jobs.outcomes.rule import Absence, Search, has_sign, search_of, without

_LOOKS = frozenset({*Finding} - {Finding.DECISION, Finding.STRAY, Finding.SIGN})


def rule_of(timings: Timings) -> Absence:
    """From when on, how often and over how long a session must be missing, by the numbers that policies go by."""
    return Absence(timings.absent_after, timings.absent_looks, timings.absent_apart)


_TIMINGS = Timings()
RULE = rule_of(_TIMINGS)

NOT_YET = "not listed so far, which is too soon to be sure"


class UnknownSubmission(Exception):
    """The ledger knows no submission with this id."""


@dataclass(frozen=True, slots=True)
class Case:
    """One submission, its campaign, and all that was ever found out and decided, oldest first."""

    campaign: CampaignView
    submission: Submission
    evidence: Sequence[Evidence]
    rule: Absence = RULE
    balance_before: Noted | None = None
    """What was noted last of the account's balance before the newest attempt was sent."""
    others: Set[str] = frozenset()
    """Sessions of the evidence that are known to be another submission's by now."""

    @property
    def attempt(self) -> Attempt | None:
        """The newest attempt; None while that is still to be sent, or where it is one of the former."""
        is_former = self.submission.attempt in {each.token for each in self.submission.former}
        sent_at = self.submission.sent_at
        if is_former or sent_at is None or self.submission.state in submissions.BEFORE_SENDING:
            return None
        return Attempt(self.submission.attempt, sent_at)

    def title_of(self, attempt: Attempt) -> str:
        """What the gateway's own console calls it."""
        return marked(self.campaign.terms.title, mark_of(attempt.token))

    @property
    def attempts(self) -> tuple[Attempt, ...]:
        """Every attempt, in the order in which they were sent."""
        newest = self.attempt
        return tuple(sorted((*self.submission.former, *([newest] if newest else [])), key=lambda each: each.sent_at))

    @property
    def current(self) -> list[Evidence]:
        """What is known of the attempt that is in doubt now."""
        mark = mark_of(self.submission.attempt)
        return without((each for each in self.evidence if each.mark == mark), self.others)

    @property
    def last_look(self) -> Evidence | None:
        """The newest look that says something; one whose listing could not be had only where there is no other."""
        looks = [each for each in self.current if each.finding in _LOOKS]
        telling = [each for each in looks if each.finding is not Finding.INCOMPLETE]
        return next(reversed(telling or looks), None)

    @property
    def is_named(self) -> bool:
        """Whether the newest look that says something shows a session that may well be this submission's."""
        look = self.last_look
        return look is not None and (look.finding.names_it or look.finding is Finding.SEVERAL)

    @property
    def sent_at(self) -> datetime:
        """When the newest attempt was sent."""
        return self.submission.sent_at or self.campaign.created_at

    @property
    def search(self) -> Search:
        """How far it is from being absent, by the rule that policies go by."""
        return search_of(self.current, sent_at=self.sent_at, rule=self.rule)

    @property
    def is_absent(self) -> bool:
        """Whether it was seen not to be at the gateway often and long enough."""
        return not has_sign(self.current) and self.search.is_over

    @property
    def looked_for_until(self) -> datetime:
        """Until then evidence is looked for."""
        return self.sent_at + _TIMINGS.look_for


def read_case(redis: Redis, submission_id: str, rule: Absence = RULE) -> Case:
    """Everything about one submission, in doubt or not; raises `UnknownSubmission`."""
    found = submissions.read(redis, [submission_id])
    campaign = campaigns.read(redis, submissions.campaign_of(submission_id))
    if not found or campaign is None:
        raise UnknownSubmission(_who_was_meant(redis, submission_id))
    submission = found[0]
    sent_at = submission.sent_at or campaign.created_at
    before = balances.last_before(redis, campaign.terms.account, sent_at)
    seen = evidence.read(redis, submission_id)
    others = known_to_be_others(redis, campaign, submission_id, seen)
    return Case(campaign, submission, seen, rule, before, others)


def known_to_be_others(redis: Redis, campaign: CampaignView, submission_id: str, seen: Iterable[Evidence]) -> set[str]:
    """Sessions of the evidence that are another submission's, as the ledger knows now: when they were seen, its sender
    may not have had the gateway's answer.
    """
    session_ids = {session_id for each in seen for session_id in each.session_ids}
    return evidence.held_by_others(redis, campaign.terms.account, submission_id, session_ids)


def read_cases(redis: Redis, campaign_id: str | None = None, rule: Absence = RULE) -> list[Case]:
    """Every submission that is unknown, or only a campaign's, in the order in which they were sent."""
    found = submissions.read(redis, evidence.in_doubt(redis))
    wanted = [each for each in found if campaign_id in {None, each.campaign_id}]
    return [read_case(redis, each.id, rule) for each in wanted if each.state is SubmissionState.UNKNOWN]


def _who_was_meant(redis: Redis, campaign_id: str) -> str:
    """Why there is no such submission; the id may be a campaign's."""
    if campaigns.read(redis, campaign_id) is None:
        return f"no submission {mask_text(campaign_id)} is known here; `unknowns` shows those in doubt"
    unknown = [each.submission.id for each in read_cases(redis, campaign_id)]
    if not unknown:
        return f"{campaign_id} is a campaign, and none of its submissions is unknown: nothing is to be decided"
    return f"{campaign_id} is a campaign; did you mean its submission {' or '.join(unknown)}?"


def in_words(case: Case) -> str:
    """What the evidence comes to, in a sentence."""
    look = case.last_look
    if look is None:
        return "nobody has looked yet"
    absent = sum(each.finding is Finding.ABSENT for each in case.current)
    if look.finding is not Finding.ABSENT:
        return look.words
    return f"{absent} complete listings, and no session in them may be it" if case.is_absent else NOT_YET


def how_far(case: Case, now: datetime) -> str:
    """What is missing until it may be taken for absent, and how long that takes at the least."""
    search = case.search
    count_from = "" if search.looks else f" (they count from {_clock(search.counts_from)} on)"
    looks, least, over_at = len(search.looks), search.rule.looks, search.over_at(now)
    if looks < least:
        seen = f"{looks} of the {least} complete listings that it takes are in{count_from}, and the last comes"
    else:
        seen = f"{looks} complete listings are in, and one more must come"
    missing = f"{seen} {_minutes(search.rule.apart)} or more after the first"
    return f"{missing}: at the earliest in {_minutes(over_at - now)}, {_clock(over_at)}{_why_it_does_not_count(case)}"


def _why_it_does_not_count(case: Case) -> str:
    """What keeps the newest listing from counting, '' where it counts."""
    looks = [each for each in case.current if each.finding in _LOOKS]
    is_flawed = bool(looks) and looks[-1].finding is Finding.INCOMPLETE
    return f". The newest listing does not count: {looks[-1].words}" if is_flawed else ""


def ways_out(case: Case) -> list[str]:
    """What a person can do, each as the arguments of `decide`."""
    if case.submission.state is not SubmissionState.UNKNOWN:
        return []
    own_id, look = case.submission.id, case.last_look
    if case.is_named and look:
        return [*(f"{own_id} adopt {each}" for each in look.session_ids), f"{own_id} give-up --force"]
    if case.is_absent:
        return [f"{own_id} resend", f"{own_id} give-up"]
    return [f"{own_id} adopt SESSION", f"{own_id} give-up --force"]


def _minutes(duration: timedelta) -> str:
    """Rounded up, for whoever waits for it."""
    seconds = ceil(duration.total_seconds())
    if seconds < 60:
        return f"{seconds} seconds"
    return "1 minute" if seconds == 60 else f"{ceil(seconds / 60)} minutes"


def _clock(instant: datetime) -> str:
    return f"{eastern.wall_text(instant)} Eastern"
