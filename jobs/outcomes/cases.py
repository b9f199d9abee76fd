"""Submissions in doubt as a person has to decide about them: what is known, in words, and what can be done."""

from collections.abc import Sequence
from dataclasses import dataclass

from redis import Redis

from jobs.campaigns.desk import Timings
from jobs.campaigns.marks import mark_of
from jobs.ledger import campaigns, evidence, submissions
from jobs.models import CampaignView, Evidence, Finding, Submission, SubmissionState, WhenUnknown
from jobs.outcomes.rule import Absence, has_sign, is_absent

_LOOKS = frozenset({*Finding} - {Finding.DECISION, Finding.STRAY, Finding.SIGN})


def rule_of(timings: Timings) -> Absence:
    """From when on, how often and over how long a session must be missing, by the numbers that policies go by."""
    return Absence(timings.absent_after, timings.absent_looks, timings.absent_apart)


RULE = rule_of(Timings())

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

    @property
    def current(self) -> list[Evidence]:
        """What is known of the attempt that is in doubt now."""
        mark = mark_of(self.submission.attempt)
        return [each for each in self.evidence if each.mark == mark]

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
    def is_absent(self) -> bool:
        """Whether it was seen not to be at the gateway often and long enough, by the rule that policies go by."""
        sent_at = self.submission.sent_at or self.campaign.created_at
        return not has_sign(self.current) and is_absent(self.current, sent_at=sent_at, rule=self.rule)


def read_case(redis: Redis, submission_id: str, rule: Absence = RULE) -> Case:
    """Everything about one submission, in doubt or not; raises `UnknownSubmission`."""
    found = submissions.read(redis, [submission_id])
    campaign = campaigns.read(redis, submissions.campaign_of(submission_id))
    if not found or campaign is None:
        raise UnknownSubmission(f"no submission {submission_id} is known here; `unknowns` shows those in doubt")
    return Case(campaign, found[0], evidence.read(redis, submission_id), rule)


def read_cases(redis: Redis, rule: Absence = RULE) -> list[Case]:
    """Every submission that is unknown, in the order in which they were sent."""
    found = submissions.read(redis, evidence.in_doubt(redis))
    return [read_case(redis, each.id, rule) for each in found if each.state is SubmissionState.UNKNOWN]


def in_words(case: Case) -> str:
    """What the evidence comes to, in a sentence."""
    look = case.last_look
    if look is None:
        return "nobody has looked yet"
    absent = sum(each.finding is Finding.ABSENT for each in case.current)
    if look.finding is not Finding.ABSENT:
        return look.words
    return f"{absent} complete listings, and no session in them may be it" if case.is_absent else NOT_YET


def ways_out(case: Case) -> list[str]:
    """What a person can do, each as a sentence or as the arguments of `decide`."""
    if case.submission.state is not SubmissionState.UNKNOWN:
        return []
    own_id, look = case.submission.id, case.last_look
    if case.is_named and look:
        return [*(f"{own_id} adopt {each}" for each in look.session_ids), f"{own_id} give-up"]
    if case.is_absent:
        return [f"{own_id} resend", f"{own_id} give-up"]
    return [f"{own_id} adopt SESSION", f"{own_id} give-up"]


def what_happens_by_itself(case: Case) -> str:
    """What comes without a person, in a sentence."""
    if case.campaign.terms.when_unknown is WhenUnknown.RESEND and not case.submission.former:
        return "By itself: a session that shows up is adopted; if none does, it is sent again, once."
    return "By itself: a session that shows up within two days is adopted. It is never sent again without a person."
