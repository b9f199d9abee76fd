"""What producers hold receipts for, against the ledger and the gateway's own book. The only place that judges a round.

What the ledger says is `tests.oracle`'s to judge; here is what only a producer knows: what it was told, and when.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from redis import Redis

from jobs.gateway.simulator import Simulator
from jobs.ledger import campaigns, evidence, submissions
from jobs.models import CampaignStatus, CampaignView, Intent, Run, SubmissionState, WhenUnknown
from tests import oracle

STOP_GRACE_S = 1.0
"""A request that had left when a stop was acknowledged may arrive so much later."""


@dataclass(frozen=True, slots=True)
class Receipt:
    """What a producer was told: its campaign is in, and when a stop of it was acknowledged (epoch seconds)."""

    key: str
    phones: Sequence[str]
    campaign_id: str
    stopped_s: float | None = None


@dataclass(frozen=True, slots=True)
class Verdict:
    """What was broken, in sentences without phones. What was accepted twice is contradicted, too."""

    twice: tuple[str, ...]
    """A key and a phone that were accepted more than once."""
    lost: tuple[str, ...]
    """An acknowledged campaign that is neither at its end nor held for a person, or not all there."""
    contradicted: tuple[str, ...]
    """Something that the ledger says and the gateway does not, or that does not add up."""
    too_late: tuple[str, ...]
    """A submission that started after a stop was acknowledged."""
    unstopped: tuple[str, ...] = ()
    """A session of an earlier attempt that the gateway listed late, and that nobody has stopped."""

    @property
    def findings(self) -> list[str]:
        """All of it."""
        return [*self.twice, *self.lost, *self.contradicted, *self.too_late, *self.unstopped]


def judge(redis: Redis, simulator: Simulator, receipts: Sequence[Receipt]) -> Verdict:
    """Judge a round that is over. No two campaigns of it have a phone in common."""
    return Verdict(
        twice=tuple(f"a phone was accepted {n} times" for n in _accepted(redis, simulator).values() if n > 1),
        lost=tuple(found for each in receipts for found in _lost(redis, each)),
        contradicted=tuple(oracle.findings(redis, simulator, oracle.Terms(datetime.now(UTC)))),
        too_late=tuple(found for each in receipts for found in _sent_after_stop(simulator, each)),
        unstopped=tuple(unstopped(redis, simulator)),
    )


def left_to_policy(redis: Redis) -> list[str]:
    """Submissions that nobody knows the outcome of, and that are sent again once they are absent."""
    believed = oracle.Believed.read(redis)
    may_be = {
        each.id
        for each in believed.campaigns
        if each.terms.when_unknown is WhenUnknown.RESEND and each.intent is Intent.RUN
    }
    unknown = [each for each in believed.submissions if each.state is SubmissionState.UNKNOWN and not each.former]
    return [each.id for each in unknown if each.campaign_id in may_be]


def unstopped(redis: Redis, simulator: Simulator) -> list[str]:
    """Sessions that were taken for absent because the gateway listed them late, and of which no stop is confirmed."""
    return [
        f"session {session.id} of {submission_id} was listed late, and its stop is not confirmed"
        for submission_id, sessions in oracle.late_sessions(redis, simulator).items()
        for session in sessions
        if evidence.strays(redis, submissions.campaign_of(submission_id)).get(session.id) is not Run.ENDED
    ]


def _accepted(redis: Redis, simulator: Simulator) -> Counter[str]:
    """How often each phone was accepted, without what the promise says nothing of: a gateway that lists late."""
    late = {each.id for sessions in oracle.late_sessions(redis, simulator).values() for each in sessions}
    return Counter(phone for each in simulator.truth.sessions if each.id not in late for phone in each.phones)


def is_over(view: CampaignView) -> bool:
    """At its end, or held for a person."""
    return view.status.is_final or view.status is CampaignStatus.NEEDS_DECISION


def phones_of(redis: Redis, campaign_id: str) -> list[str]:
    """Every phone that the ledger has for a campaign, ascending."""
    return sorted(
        each for one in campaigns.submission_ids(redis, campaign_id) for each in submissions.phones(redis, one)
    )


def _lost(redis: Redis, receipt: Receipt) -> Iterator[str]:
    view = campaigns.read(redis, receipt.campaign_id)
    if view is None:
        yield f"{receipt.key} was acknowledged, and the ledger does not know it"
        return
    if not is_over(view):
        yield f"{receipt.key}, campaign {view.id}, is {view.status} and stays so ({_shown(redis, view)})"
    if phones_of(redis, view.id) != sorted(receipt.phones):
        yield f"{receipt.key}, campaign {view.id}, has not the {len(receipt.phones)} phones that were handed in"


def _shown(redis: Redis, view: CampaignView) -> str:
    found = submissions.read(redis, campaigns.submission_ids(redis, view.id))
    return ", ".join(f"{each.state} {each.reason}".strip() for each in found)


def _sent_after_stop(simulator: Simulator, receipt: Receipt) -> Iterator[str]:
    posts: Iterable[float] = (
        arrival.arrived_s
        for arrival in simulator.truth.arrivals
        if arrival.option == "new_campaign" and oracle.unmarked(arrival.fields.get("c_title", "")) == receipt.key
    )
    for arrived_s in posts:
        if receipt.stopped_s and arrived_s > receipt.stopped_s + STOP_GRACE_S:
            late_s = arrived_s - receipt.stopped_s
            yield f"a submission of {receipt.key} arrived {late_s:.1f} s after its stop was acknowledged"
