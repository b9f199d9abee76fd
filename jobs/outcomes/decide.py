"""A person's decision about a submission in doubt: adopt a session, send again, or give up.

Law of the room: who, when and why are written down with the move and never taken back; what is decided twice is decided
once; and nothing is sent again while the evidence speaks against it.
"""

import re
from collections.abc import Set
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from redis import Redis

from jobs.campaigns.adopt import adopt, attempts_of
from jobs.campaigns.desk import Timings
from jobs.campaigns.marks import mark_of
from jobs.ledger import dispositions, evidence
from jobs.models import Evidence, Finding, Intent, SubmissionState
from jobs.models.said import unsaid
from jobs.outcomes import ends
from jobs.outcomes.cases import Case, how_far, in_words, read_case, rule_of

_TIMINGS = Timings()

_SESSION_ID = re.compile(r"\d{6,20}", re.ASCII)


def is_session_id(text: str) -> bool:
    """Whether the gateway could have given it to a session."""
    return _SESSION_ID.fullmatch(text) is not None


class Decision(StrEnum):
    """What can be decided."""

    ADOPT = "adopt"
    """This session of the gateway is the submission: it is followed from now on."""
    RESEND = "resend"
    """The gateway does not have it: it is sent once more."""
    GIVE_UP = "give-up"
    """Nobody will ever know: its phones have no record, and nothing is sent."""


class NotInDoubt(Exception):
    """Nothing is to be decided: the submission is not unknown. Nothing was changed."""


class Inadvisable(Exception):
    """What is known speaks against the decision. Nothing was changed."""


class UnexplainedDecision(Exception):
    """A decision without a name or a reason. Nothing was changed."""


@dataclass(frozen=True, slots=True)
class Asked:
    """Who decides, why, and when."""

    by: str
    why: str
    at: datetime

    def __post_init__(self) -> None:
        if wrong := unsaid(by=self.by, why=self.why):
            raise UnexplainedDecision(wrong)


@dataclass(frozen=True, slots=True)
class Decided:
    """A decision that holds; `is_new` is false where it held before."""

    decision: Decision
    case: Case
    is_new: bool


def adopt_session(
    redis: Redis,
    timings: Timings,
    submission_id: str,
    session_id: str,
    asked: Asked,
    *,
    called: Set[str] | None,
    force: bool = False,
) -> Decided:
    """Make a session of the gateway the submission's. `called` are the phones of its call records, None where nobody
    could ask.

    Raises `UnknownSubmission`, `NotInDoubt` and, unless `force`, `Inadvisable` where the phones are not all ours.
    """
    case = read_case(redis, submission_id)
    if is_session_id(session_id) and case.submission.session_id == session_id:  # of one in doubt it is '', as no id is
        return Decided(Decision.ADOPT, case, is_new=False)
    _check_in_doubt(case)
    _check_session(redis, case, session_id)
    doubts = _doubts(redis, case, called)
    if doubts and not force:
        raise Inadvisable(f"{doubts}. If you are certain all the same, add --force")
    words = "a person says that this session is it" + (f", although {doubts}" if doubts else "")
    decision = _evidence(case, Decision.ADOPT, words, asked, session_id)
    attempt = attempts_of(case.campaign, case.submission)[-1]
    is_new = adopt(redis, timings, case.campaign, case.submission, attempt, session_id, decision)
    return _decided(redis, Decision.ADOPT, submission_id, is_new=is_new, session_id=session_id)


def resend(redis: Redis, timings: Timings, submission_id: str, asked: Asked, *, force: bool = False) -> Decided:
    """Have the submission sent once more; when this returns, it is due.

    Raises `UnknownSubmission`, `NotInDoubt` and `Inadvisable`, which `force` overrides only where nothing speaks
    against it but that too little is known.
    """
    case = read_case(redis, submission_id, rule_of(timings))
    if _was_decided(case, Decision.RESEND):
        return Decided(Decision.RESEND, case, is_new=False)
    _check_in_doubt(case)
    _check_may_be_sent(case, asked, force=force)
    decision = _evidence(case, Decision.RESEND, f"a person has it sent again; the evidence: {in_words(case)}", asked)
    is_new = ends.plan_again(redis, timings, case.campaign, case.submission, decision)
    return _decided(redis, Decision.RESEND, submission_id, is_new=is_new)


def give_up(
    redis: Redis, submission_id: str, asked: Asked, *, force: bool = False, timings: Timings = _TIMINGS
) -> Decided:
    """Have nobody wait for the submission any more.

    Raises `UnknownSubmission`, `NotInDoubt` and, unless `force`, `Inadvisable` until it is absent: it may be ringing.
    """
    case = read_case(redis, submission_id, rule_of(timings))
    if case.submission.state is SubmissionState.GIVEN_UP:
        return Decided(Decision.GIVE_UP, case, is_new=False)
    _check_in_doubt(case)
    if not case.is_absent and not force:
        raise Inadvisable(_why_not_given_up(case, asked.at))
    decision = _evidence(case, Decision.GIVE_UP, f"a person gave it up; the evidence: {in_words(case)}", asked)
    is_new = ends.give_up(redis, case.submission, decision)
    return _decided(redis, Decision.GIVE_UP, submission_id, is_new=is_new)


def _check_in_doubt(case: Case) -> None:
    state = case.submission.state
    if state is not SubmissionState.UNKNOWN:
        where = f" under session {case.submission.session_id}" if case.submission.session_id else ""
        raise NotInDoubt(f"submission {case.submission.id} is {state}{where}, so there is nothing to decide")


def _check_session(redis: Redis, case: Case, session_id: str) -> None:
    if not is_session_id(session_id):
        raise Inadvisable("the gateway knows no such session: the ids of its sessions have 6 to 20 digits")
    holder = evidence.holder(redis, case.campaign.terms.account, session_id)
    if holder not in {None, case.submission.id}:
        raise Inadvisable(f"session {session_id} is submission {holder} already, and cannot be another one")


def _doubts(redis: Redis, case: Case, called: Set[str] | None) -> str:
    """Why the session may be somebody else's, '' for no reason."""
    if called is None:
        return "the gateway could not be asked which phones the session calls"
    foreign = len(called - set(dispositions.to_send(redis, case.submission.id)))
    return (
        f"{foreign} of the {len(called)} phones that the session has called are not on this submission"
        if foreign
        else ""
    )


def _check_may_be_sent(case: Case, asked: Asked, *, force: bool) -> None:
    campaign, own_id = case.campaign, case.submission.id
    if campaign.intent is not Intent.RUN:
        raise Inadvisable(f"campaign {campaign.id} was told to {campaign.intent}, so nothing of it is sent")
    if asked.at >= campaign.too_late_at:
        raise Inadvisable(f"it is too late: nothing of campaign {campaign.id} is sent since its time has passed")
    if case.is_named:
        twice = "sending it again might call its phones twice"
        raise Inadvisable(f"{in_words(case)}, and {twice}; look at it with `unknowns {own_id}`, and adopt or give up")
    if not case.is_absent and not force:
        raise Inadvisable(
            f"it may be with the gateway: {_why_not_absent(case, asked.at)}. If you know that it is not, add --force"
        )


def _why_not_absent(case: Case, now: datetime) -> str:
    signs = [each.words for each in case.current if each.finding is Finding.SIGN]
    return signs[-1] if signs else f"{in_words(case)}. To be taken for absent: {how_far(case, now)}"


def _why_not_given_up(case: Case, now: datetime) -> str:
    ringing, anyway = "it may be ringing now", "If you want to give it up all the same, add --force"
    if case.is_named:
        return f"{ringing}: {in_words(case)}. Look at it with `unknowns {case.submission.id}`, and adopt. {anyway}"
    return f"{ringing}; `stop SESSION` once it shows up. {_capital(_why_not_absent(case, now))}. {anyway}"


def _capital(sentence: str) -> str:
    return sentence[:1].upper() + sentence[1:]


def _was_decided(case: Case, decision: Decision) -> bool:
    """Whether the newest decision was this one, by a person, and it has not come to be unknown again since."""
    decisions = [each for each in case.evidence if each.finding is Finding.DECISION]
    is_open = case.submission.state is SubmissionState.UNKNOWN
    return not is_open and bool(decisions) and decisions[-1].decided == decision


def _evidence(case: Case, decision: Decision, words: str, asked: Asked, *session_ids: str) -> Evidence:
    mark = mark_of(case.submission.attempt)
    said = Evidence(asked.at, Finding.DECISION, words, mark, session_ids)
    return replace(said, decided=str(decision), by=asked.by, why=asked.why)


def _decided(redis: Redis, decision: Decision, submission_id: str, *, is_new: bool, session_id: str = "") -> Decided:
    """What holds now. Where the move found another one's, that is said, unless it was the same."""
    case = read_case(redis, submission_id)
    holds = case.submission.session_id == session_id if session_id else _was_decided(case, decision)
    if not is_new and not holds:
        _check_in_doubt(case)
        raise Inadvisable("something has changed while you decided; look again, and decide anew")
    return Decided(decision, case, is_new=is_new)
