"""The rule by which evidence is judged. Law of the room: pure; listings and records in, a conclusion out.

A session that we do not know is a stranger. It is ours if its title bears our mark, or if its call records are for our
phones and for nobody else's: for all of them, or for at least half while the rest may still come. With fewer nothing is
concluded, and least of all that we are not there.
"""

from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from jobs.models import Evidence, Finding


class Likeness(StrEnum):
    """How a stranger stands to a submission."""

    MARK = "mark"
    """Its title bears the mark of an attempt of ours."""
    PHONES = "phones"
    """Its call records are for our phones."""
    UNCLEAR = "unclear"
    """It has no records, or too few of them."""
    FOREIGN = "foreign"
    """It called somebody who is not ours, or its title bears another's mark."""


@dataclass(frozen=True, slots=True)
class Conclusion:
    """What one look comes to."""

    finding: Finding
    words: str
    session_ids: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Absence:
    """From when on, how often and over how long a session must be missing to be taken for absent."""

    after: timedelta
    looks: int
    apart: timedelta

    @property
    def spacing(self) -> timedelta:
        """Between two looks, lest two who look at the same time have looked twice."""
        return self.apart / (2 * self.looks)


@dataclass(frozen=True, slots=True)
class Search:
    """How far a search has come that has found nothing."""

    rule: Absence
    counts_from: datetime
    """Looks before that do not count: the gateway may not have listed it yet, or something hinted at a session."""
    looks: tuple[datetime, ...]
    """When complete listings without it were seen that count, oldest first."""

    @property
    def is_over(self) -> bool:
        """Whether it is absent."""
        return len(self.looks) >= self.rule.looks and self.looks[-1] - self.looks[0] >= self.rule.apart

    def over_at(self, now: datetime) -> datetime:
        """Before that instant no look can make it absent."""
        missing = max(1, self.rule.looks - len(self.looks))
        first = max(now, self.counts_from, *(each + self.rule.spacing for each in self.looks[-1:]))
        last = first + (missing - 1) * self.rule.spacing
        return max(last, (self.looks[0] if self.looks else first) + self.rule.apart)


def likeness(called: Set[str], ours: Set[str]) -> Likeness:
    """How a stranger that called these phones stands to a submission with `ours`."""
    if not called <= ours:
        return Likeness.FOREIGN
    return Likeness.PHONES if called and 2 * len(called) >= len(ours) else Likeness.UNCLEAR


def conclude(found: Mapping[str, Likeness], *, contested: Set[str] = frozenset(), flaw: str = "") -> Conclusion:
    """What a look comes to that found these strangers, by session id.

    `contested` are those that may as well be another submission that nobody knows the outcome of. `flaw` says why the
    listings do not count for an absence, '' for complete ones.
    """
    by_mark, by_phones, unclear = (_alike(found, each) for each in (Likeness.MARK, Likeness.PHONES, Likeness.UNCLEAR))
    if len(by_mark) == 1:
        return Conclusion(Finding.MARK, "the gateway lists a session with this attempt's mark in its title", by_mark)
    if by_mark or len(by_phones) > 1:
        words = "the gateway lists more than one session that may be it"
        return Conclusion(Finding.SEVERAL, words, by_mark or by_phones)
    if not contested.isdisjoint(by_phones):
        words = "the gateway lists a session with its phones, which may as well be another submission in doubt"
        return Conclusion(Finding.SEVERAL, words, by_phones)
    if unclear:
        words = "the gateway lists sessions that we do not know, and their call records do not say yet whose they are"
        return Conclusion(Finding.UNCLEAR, words, (*by_phones, *unclear))
    if by_phones:
        words = "the gateway lists a session that we did not know, and its call records are for these phones alone"
        return Conclusion(Finding.PHONES, words, by_phones)
    if flaw:
        return Conclusion(Finding.INCOMPLETE, flaw)
    return Conclusion(Finding.ABSENT, "a complete listing, and no session in it may be this submission")


def flaw_of(listed: Set[str], known: Set[str]) -> str:
    """Why a day's listing does not count for an absence; '' for a complete one. It must contain `known`."""
    if not listed:
        return "the gateway listed no session at all, which a gateway that is broken does, too"
    missing = len(known - listed)
    if missing:
        return (
            f"the gateway's listing lacks {missing} of the {len(known)} sessions of that day that are known to be there"
        )
    return ""


def search_of(seen: Sequence[Evidence], *, sent_at: datetime, rule: Absence) -> Search:
    """How far all that was seen of an attempt, oldest first, has come towards its absence.

    What hints at a session sets the count back; a listing that could not be had changes nothing.
    """
    since = max((each.at for each in seen if _hints(each)), default=sent_at)
    earliest = max(since, sent_at + rule.after)
    looks: list[datetime] = []
    for each in seen:
        is_another = not looks or each.at - looks[-1] >= rule.spacing
        if each.finding is Finding.ABSENT and each.at >= earliest and is_another:
            looks.append(each.at)
    return Search(rule, earliest, tuple(looks))


def without(seen: Iterable[Evidence], known: Set[str]) -> list[Evidence]:
    """What was seen, without sessions that are known to be others' by now; what showed nothing else is left out, for
    nothing says that its listing was complete.
    """
    left = [(each, tuple(own for own in each.session_ids if own not in known)) for each in seen]
    return [_only(each, session_ids) for each, session_ids in left if session_ids or not each.session_ids]


def _only(evidence: Evidence, session_ids: tuple[str, ...]) -> Evidence:
    candidates = tuple(each for each in evidence.candidates if each.session_id in session_ids)
    return replace(evidence, session_ids=session_ids, candidates=candidates)


def has_sign(seen: Iterable[Evidence]) -> bool:
    """Whether the gateway itself said that it has the submission: then an absence is not believed without a person."""
    return any(each.finding is Finding.SIGN for each in seen)


def _hints(evidence: Evidence) -> bool:
    return evidence.finding.names_it or evidence.finding in {Finding.SEVERAL, Finding.UNCLEAR}


def _alike(found: Mapping[str, Likeness], wanted: Likeness) -> tuple[str, ...]:
    return tuple(sorted(session_id for session_id, likeness in found.items() if likeness is wanted))
