"""What ledger and gateway say of one day, side by side. Law of the room: pure; what it needs is handed in."""

from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass
from datetime import date, datetime

from config.masking import mask_text
from jobs.gateway.replies import ListedSession
from jobs.ledger.days import Compared
from jobs.models import CampaignView, Run, Submission, SubmissionState
from jobs.models.reports import DayReport, Missing, OtherCounts, Outside, Unread, named


@dataclass(frozen=True, slots=True)
class Own:
    """A submission of ours and the days under which the gateway may list its session, in order."""

    submission: Submission
    campaign: CampaignView
    days: Sequence[date]


@dataclass(frozen=True, slots=True)
class Day:
    """All that a comparison goes by: what the gateway lists, what we have, and what was found of single sessions."""

    account: str
    day: date
    run: str
    listed: Sequence[ListedSession]
    own: Mapping[str, Own]
    """By session id: those that are listed, and those that may be."""
    strays: Set[str]
    """Listed sessions that are being stopped, or were: of earlier attempts, or given up before an end."""
    undecided: Sequence[Submission]
    """Submissions of that day that may have a session which nobody knows yet."""
    given_up: Sequence[Submission]
    """Those that a person has given up; whether the gateway has a session of theirs, nobody knew."""
    turned_up: Mapping[str, str]
    """Listed sessions that are known to be theirs and go on, each with its submission."""
    known: Mapping[str, Compared]
    is_over: bool
    """Whether the day had ended when the gateway was asked for its listing."""

    @property
    def to_compare(self) -> list[ListedSession]:
        """Listed sessions that this comparison has not looked at, and no earlier one saw the end of."""
        return [each for each in self.listed if not self._is_known(each.session_id)]

    def given_up_of(self, found: Compared) -> str:
        """The submission of a stranger that was given up, whether it was known before or found out by comparing."""
        return self.turned_up.get(found.session_id, found.given_up_id)

    def _is_known(self, session_id: str) -> bool:
        found, own = self.known.get(session_id), self.own.get(session_id)
        if found is None or found.submission_id != (own.submission.id if own else ""):
            return False
        return found.is_final or found.run == self.run


def compose(state: Day, listed_before: frozenset[str], *, now: datetime) -> DayReport:
    """The report of a day whose sessions are all compared; pure. `listed_before` are the sessions of days before."""
    listed = {each.session_id: each for each in state.listed}
    seen = [(own, state.known[each]) for each, own in state.own.items() if each in listed]
    others = [(each, state.known[each.session_id]) for each in state.listed if each.session_id not in state.own]
    strangers = [(each, found) for each, found in others if each.session_id not in state.strays]
    given_up = [(each, found) for each, found in strangers if state.given_up_of(found)]
    outside = [(each, found) for each, found in strangers if found.is_final and not state.given_up_of(found)]
    open_ones = [(each, found) for each, found in strangers if not found.is_final and not state.given_up_of(found)]
    handed_over = [_outside(each, found) for each, found in open_ones]
    absent = [own for each, own in state.own.items() if each not in listed and each not in listed_before]
    still_open = sum(not found.is_final for _, found in seen)
    return DayReport(
        account=state.account,
        day=state.day,
        found_at=now,
        is_done=not (still_open or handed_over),
        is_over=state.is_over,
        listed=len(listed),
        matched=len(seen),
        open=still_open,
        missing=named(_missing(own.submission) for own in absent if own.days[-1] == state.day),
        outside=named(_outside(each, found) for each, found in outside),
        handed_over=named(handed_over),
        strays=named(
            _outside(each, found, found.given_up_id) for each, found in others if each.session_id in state.strays
        ),
        given_up=named(_outside(each, found, state.given_up_of(found)) for each, found in given_up),
        other_counts=named(_counts(own, found) for own, found in seen if _counts_differ(own, found)),
        contrary=named(each for _, found in seen for each in found.contrary),
        unread=named(_unread(own.submission, found) for own, found in seen if found.refusal),
    )


def _missing(submission: Submission) -> Missing:
    return Missing(submission_id=submission.id, session_id=submission.session_id, phones=submission.sent_count)


def _outside(listed: ListedSession, found: Compared, submission_id: str = "") -> Outside:
    return Outside(
        session_id=listed.session_id,
        title=mask_text(listed.title),
        outcomes=found.outcomes,
        refusal=mask_text(found.refusal),
        submission_id=submission_id,
    )


def _unread(submission: Submission, found: Compared) -> Unread:
    return Unread(submission_id=submission.id, session_id=submission.session_id, refusal=mask_text(found.refusal))


def _counts_differ(own: Own, found: Compared) -> bool:
    """Fewer records than phones are right while it runs, and after an end that came before the last call."""
    submission = own.submission
    if submission.gateway_count not in {None, submission.sent_count} or _foreign(submission, found):
        return True
    ran_to_its_end = submission.run is not Run.ENDED and own.campaign.terms.ends_at is None
    is_over = submission.state is SubmissionState.FINISHED and not found.refusal
    return is_over and ran_to_its_end and found.recorded < submission.sent_count


def _counts(own: Own, found: Compared) -> OtherCounts:
    submission = own.submission
    return OtherCounts(
        submission_id=submission.id,
        session_id=submission.session_id,
        sent=submission.sent_count,
        taken=submission.gateway_count,
        recorded=found.recorded,
        foreign=_foreign(submission, found),
    )


def _foreign(submission: Submission, found: Compared) -> int:
    """Phones with a record that we did not send. Those that were purged look the same, and nobody knows them any more
    but by their number.
    """
    return max(0, found.foreign - submission.purged_count)
