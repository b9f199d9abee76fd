"""The judge of every proof: what the ledger says, against what the simulated gateway knows to be so.

Each finding is a sentence; no finding means that the promise held. Whoever is asked must stand still: no process works,
and no request is under way. Sessions are told apart by their title and their phones, so campaigns of one proof that
share a phone need titles of their own.
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from redis import Redis

from jobs.campaigns.marks import bears, mark_of
from jobs.gateway.simulator import Simulator
from jobs.gateway.simulator.book import Session
from jobs.gateway.simulator.outcomes import Outcome
from jobs.gateway.simulator.timeline import State
from jobs.ledger import campaigns, dispositions, due, evidence, keys, submissions
from jobs.ledger.fields import text
from jobs.ledger.keys import Due
from jobs.models import (
    Attempt,
    CampaignStatus,
    CampaignView,
    DropState,
    Intent,
    Run,
    Submission,
    SubmissionState,
)

WITH_GATEWAY = frozenset({SubmissionState.ACCEPTED, SubmissionState.FINISHED})
"""The gateway took it, and we know."""
IN_DOUBT = frozenset({SubmissionState.SENDING, SubmissionState.UNKNOWN})
"""The gateway may have taken it or not."""

DUE_WHILE = {
    SubmissionState.PLANNED: Due.SEND,
    SubmissionState.CLAIMED: Due.SEND,
    SubmissionState.SENDING: Due.SEND,
    SubmissionState.ACCEPTED: Due.REFRESH,
}
"""Where a submission must stand in this state, so that somebody looks at it again. One that is unknown, and one that
was sent again, stand in the set to settle for as long as a session may turn up."""

LOOK_FOR = timedelta(days=2)
"""How long after an attempt was sent its session is looked for."""


class SharedPhone(Exception):
    """Two campaigns have a title and a phone in common: nobody could say whose a session is."""


@dataclass(frozen=True)
class Believed:
    """All that the ledger says."""

    redis: Redis
    campaigns: list[CampaignView]
    submissions: list[Submission]

    @classmethod
    def read(cls, redis: Redis) -> "Believed":
        """Every campaign that was taken, with its submissions."""
        ids = [text(member) for member in redis.zrange(keys.CAMPAIGNS, 0, -1)]
        views = [view for view in (campaigns.read(redis, each) for each in ids) if view]
        own = [each for view in views for each in campaigns.submission_ids(redis, view.id)]
        return cls(redis, views, submissions.read(redis, own))

    def of(self, view: CampaignView) -> list[Submission]:
        return [each for each in self.submissions if each.campaign_id == view.id]


@dataclass(frozen=True)
class Terms:
    """What is judged by: the present of the ledger's clock, and how long sessions are looked for."""

    now: datetime
    look_for: timedelta = LOOK_FOR


def check(redis: Redis, simulator: Simulator, terms: Terms | None = None) -> None:
    """Raises AssertionError with every finding: nothing was accepted twice, nothing is believed that is not so,
    everything adds up, and nothing that is still to be done is forgotten.
    """
    found = findings(redis, simulator, terms)
    assert not found, "\n".join(["", *found])


def findings(redis: Redis, simulator: Simulator, terms: Terms | None = None) -> list[str]:
    """Every way in which the promise does not hold at this moment; by the simulator's clock, unless stated."""
    believed, at, terms = Believed.read(redis), simulator.now, terms or Terms(simulator.now)
    sessions = _by_submission(believed, simulator.truth.sessions)
    found = [f"the gateway's session {each.id} has phones that nobody asked for" for each in sessions.get("", [])]
    for each in believed.submissions:
        own = sessions.get(each.id, [])
        late = _late(simulator, each, own)
        timely = [one for one in own if one not in late]
        found += [*_accepted_twice(each, timely), *_contradictions(believed, each, timely, at)]
        found += _unstopped(believed, each, late, at)
    for view in believed.campaigns:
        found += _miscounts(view, believed.of(view))
    return [*found, *forgotten(redis, terms)]


def forgotten(redis: Redis, terms: Terms) -> list[str]:
    """What is not over, or may still turn up, and stands in no due set: nobody would ever look at it again."""
    believed = Believed.read(redis)
    found = []
    for each in believed.submissions:
        if each.state in DUE_WHILE and not due.stands(redis, DUE_WHILE[each.state], each.id):
            found.append(f"{each.id} is {each.state} and stands in no due set")
        if _is_looked_for(each, terms) and not due.stands(redis, Due.SETTLE, each.id):
            found.append(f"{each.id} is {each.state}, a session of it may still turn up, and nobody looks for it")
    for view in believed.campaigns:
        behind = [each for each in believed.of(view) if _is_behind(view, each)]
        going = [each for each, run in evidence.strays(redis, view.id).items() if run is not Run.ENDED]
        if due.stands(redis, Due.CONTROL, view.id):
            continue
        if behind:
            found.append(f"{view.id} was told to {view.intent}, {len(behind)} are not, and it stands in no due set")
        if going:
            found.append(f"{view.id} has {len(going)} strays that are not stopped, and it stands in no due set")
    return found


def unfinished(redis: Redis) -> list[str]:
    """Campaigns that are neither over, nor paused as they were told, nor waiting for a person."""
    at_rest = {CampaignStatus.NEEDS_DECISION, CampaignStatus.PAUSED}
    views = Believed.read(redis).campaigns
    return [f"{view.id} is {view.status}" for view in views if not view.status.is_final and view.status not in at_rest]


def _is_looked_for(submission: Submission, terms: Terms) -> bool:
    """Whether a session of it may still turn up that somebody has to adopt or to stop; or it is not quite given up."""
    if submission.state is SubmissionState.GIVEN_UP:
        return submission.accounted < submission.phone_count
    sent = [each.sent_at for each in submission.former]
    if submission.state is SubmissionState.UNKNOWN and submission.sent_at:
        sent.append(submission.sent_at)
    return any(terms.now < each + terms.look_for for each in sent)


def late_sessions(redis: Redis, simulator: Simulator) -> Mapping[str, list[Session]]:
    """Sessions that are there besides the one that a submission follows, because the gateway listed its first so late
    that it was rightly sent again, or withdrawn, by submission. No others may have a phone that was accepted before.
    """
    believed = Believed.read(redis)
    sessions = _by_submission(believed, simulator.truth.sessions)
    late = {each.id: _late(simulator, each, sessions.get(each.id, [])) for each in believed.submissions}
    return {each: found for each, found in late.items() if found}


def _late(simulator: Simulator, submission: Submission, own: list[Session]) -> list[Session]:
    """It may follow either attempt's session: what it does not follow is one of its former attempts."""
    attempts = [*submission.former, Attempt(submission.attempt, submission.sent_at or simulator.now)]
    first = mark_of(min(attempts, key=lambda each: each.sent_at).token)
    lags = simulator.gateway.settings.listing_lag_s > 0
    if not any(bears(each.title, first) and (each.unlisted or lags) for each in own):
        return []
    former = [mark_of(each.token) for each in submission.former]
    others = [each for each in own if each.id != submission.session_id]
    return [each for each in others if any(bears(each.title, mark) for mark in former)]


def _unstopped(believed: Believed, submission: Submission, late: list[Session], at: datetime) -> Iterator[str]:
    """Strays that are said to have been stopped, and are not."""
    strays = evidence.strays(believed.redis, submission.campaign_id)
    for session in late:
        if strays.get(session.id) is Run.ENDED and not session.state(at).is_over:
            yield f"the stray {session.id} of {submission.id} is said to have ended, and the gateway has it running"


def _is_behind(view: CampaignView, submission: Submission) -> bool:
    """Whether a submission still has to be brought in step with what is wanted of its campaign."""
    if submission.state is SubmissionState.ACCEPTED:
        wanted = {Intent.RUN: {Run.GOING}, Intent.PAUSE: {Run.PAUSED}}.get(view.intent_for(submission), set())
        return submission.run not in {*wanted, Run.ENDED}
    ending = view.intent in {Intent.STOP, Intent.CANCEL}
    return ending and submission.state in {SubmissionState.PLANNED, SubmissionState.CLAIMED}


def _by_submission(believed: Believed, sessions: list[Session]) -> Mapping[str, list[Session]]:
    """The gateway's sessions by the id of the submission they carry; those of nobody under ''."""
    owners = _owners(believed)
    found: dict[str, list[Session]] = {}
    for session in sessions:
        for owner in sorted({owners.get((unmarked(session.title), phone), "") for phone in session.phones}):
            found.setdefault(owner, []).append(session)
    return found


def _owners(believed: Believed) -> Mapping[tuple[str, str], str]:
    titles = {view.id: view.terms.title for view in believed.campaigns}
    owners: dict[tuple[str, str], str] = {}
    for each in believed.submissions:
        for phone in submissions.phones(believed.redis, each.id):
            if owners.setdefault((titles[each.campaign_id], phone), each.id) != each.id:
                raise SharedPhone(f"{each.id} has a phone of another submission with the same title")
    return owners


def _accepted_twice(submission: Submission, own: list[Session]) -> Iterator[str]:
    times = Counter(phone for session in own for phone in session.phones)
    if twice := sum(count > 1 for count in times.values()):
        yield f"{twice} phones of {submission.id} were accepted more than once, in {len(own)} sessions"


def _contradictions(believed: Believed, submission: Submission, own: list[Session], at: datetime) -> Iterator[str]:
    """What is said of one submission that is not so at the gateway."""
    if submission.state in WITH_GATEWAY:
        yield from _contradictions_of_a_session(believed, submission, own, at)
        return
    if own and submission.state not in IN_DOUBT:
        yield f"{submission.id} is {submission.state}, and the gateway runs {len(own)} sessions of it"
    if submission.session_id:
        yield f"{submission.id} is {submission.state}, and has the session {submission.session_id}"
    if any(count for state, count in submission.drops.items() if state is not DropState.SCREENED):
        yield f"{submission.id} is {submission.state}, and has call records"


def _contradictions_of_a_session(
    believed: Believed, submission: Submission, own: list[Session], at: datetime
) -> Iterator[str]:
    session = next((each for each in own if each.id == submission.session_id), None)
    if session is None:
        yield f"{submission.id} is {submission.state}, and the gateway has no session {submission.session_id} of it"
        return
    if sorted(session.phones) != sorted(dispositions.to_send(believed.redis, submission.id)):
        yield f"{submission.id} went to the gateway with other phones than it has"
    state = session.state(at)
    if submission.run is Run.ENDED and not state.is_over:
        yield f"{submission.id} is said to have ended, and the gateway has it {state}"
    if submission.run is Run.PAUSED and not state.is_over and state is not State.PAUSED:
        yield f"{submission.id} is said to be paused, and the gateway has it {state}"
    if submission.run is Run.GOING and state is State.PAUSED:
        yield f"{submission.id} is said to be going, and the gateway has it paused"
    yield from _untrue_drops(believed, submission, session, at)


def _untrue_drops(believed: Believed, submission: Submission, session: Session, at: datetime) -> Iterator[str]:
    made = dict(zip(session.phones, session.outcomes[: session.timeline.calls_made(at)], strict=False))
    wrong: Counter[str] = Counter()
    for each in dispositions.read(believed.redis, submission):
        outcome = made.get(each.phone)
        if each.state is DropState.DELIVERED and outcome is not Outcome.DELIVERED:
            wrong[f"delivered, and the gateway has {outcome}"] += 1
        if each.state is DropState.FAILED and outcome in {None, Outcome.DELIVERED, Outcome.NO_RECORD}:
            wrong[f"failed, and the gateway has {outcome}"] += 1
        if each.state is DropState.PENDING and submission.state is SubmissionState.FINISHED:
            wrong["pending, and it is finished"] += 1
    for what, count in wrong.items():
        yield f"{count} drops of {submission.id} are said to be {what}"


def _miscounts(view: CampaignView, own: list[Submission]) -> Iterator[str]:
    """Counts of a campaign that are not the sums of its submissions."""
    if len(own) != view.submission_count:
        yield f"{view.id} has {view.submission_count} submissions, and {len(own)} are there"
    if view.rows != view.phone_count + view.excluded_count or view.phone_count != sum(e.phone_count for e in own):
        yield f"{view.id} has {view.rows} rows, which are not its phones and those left out"
    for what, said, counted in (
        ("submissions by state", view.submissions, Counter(each.state for each in own)),
        ("phones by state", view.phones, _summed((each.state, each.sent_count) for each in own)),
        ("drops", view.drops, _summed(pair for each in own for pair in each.drops.items())),
        ("runs", view.runs, Counter(each.run for each in own if each.state is SubmissionState.ACCEPTED)),
    ):
        if dict(said) != dict(counted):
            yield f"{view.id} counts its {what} as {_shown(said)}; they are {_shown(counted)}"
    over = sum(view.drops.values()) + sum(view.phones.get(state, 0) for state in _NOT_SENT)
    if view.status.is_final and over != view.phone_count:
        yield f"{view.id} is {view.status}, and {over} of its {view.phone_count} phones are accounted for"


_NOT_SENT = (SubmissionState.REJECTED, SubmissionState.WITHDRAWN)


def _summed(pairs: Iterable[tuple[StrEnum, int]]) -> Counter[StrEnum]:
    total: Counter[StrEnum] = Counter()
    for word, count in pairs:
        total[word] += count
    return +total


def _shown(counts: Mapping[Any, int]) -> str:
    return ", ".join(f"{word} {count}" for word, count in sorted(counts.items())) or "none"


def unmarked(title: str) -> str:
    """A session's title as its producer stated it: without the attempt's mark, which stands at its end in brackets."""
    return re.sub(r" ?\[[a-z]{8}\]$", "", title)
