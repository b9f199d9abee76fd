"""What the ledger knows: of a campaign, of a submission, of a drop."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import NamedTuple

from jobs.models.states import (
    ENDING_INTENTS,
    UNSENT,
    UNSETTLED,
    CampaignStatus,
    DropState,
    Intent,
    Run,
    SubmissionState,
)
from jobs.models.terms import Terms

WITH_RECORDS = (SubmissionState.ACCEPTED, SubmissionState.FINISHED, SubmissionState.GIVEN_UP)
"""Of whose phones the drops say how they ended, as far as that is known."""


class ExcludedRow(NamedTuple):
    """A row of the input that is in no submission; of a duplicate also the line that was kept, where it is known.

    What is stored is a list of these values in this order: more may follow, and what was stored earlier has fewer.
    """

    line: int
    text: str
    reason: str
    kept_line: int | None = None


@dataclass(frozen=True, slots=True)
class Disposition:
    """How a drop ended: one call record, free of the wire's spelling.

    `status` and `reason` are the gateway's own words. `delivered_text` is the time as the gateway wrote it (Eastern
    wall time, no zone), `delivered_at` the same as an aware instant, or None where the text could not be read.
    """

    phone: str = field(repr=False)
    state: DropState
    status: str = ""
    reason: str = ""
    delivered_text: str = ""
    delivered_at: datetime | None = None
    carrier: str = ""


@dataclass(frozen=True, slots=True)
class Attempt:
    """One POST of a submission: the token it went out under, and when."""

    token: str = field(repr=False)
    sent_at: datetime


@dataclass(frozen=True, slots=True)
class Alone:
    """What was asked of one session alone, and the number that its campaign's intent had then."""

    intent: Intent
    intent_number: int


@dataclass(frozen=True, slots=True)
class Submission:
    """At most 10,000 phones of a campaign and the one POST that carries them, as the ledger has it."""

    id: str
    campaign_id: str
    state: SubmissionState
    phone_count: int
    attempt: str = field(default="", repr=False)
    """The token of the attempt that holds or held it: the fence of every move, and later the postback URL's secret."""
    session_id: str = ""
    run: Run = Run.GOING
    alone: Alone | None = None
    """What was asked of its session and of no other; it holds until something else is wanted of the campaign."""
    gateway_count: int | None = None
    """How many phones the gateway says it took; kept next to what was sent."""
    reason: str = ""
    """Why it is where it is, in a sentence for a person."""
    drops: Mapping[DropState, int] = field(default_factory=dict)
    not_before: datetime | None = None
    tries: int = 0
    was_refused: bool = False
    """Whether the gateway refused it once for what may pass, and it was planned again."""
    sent_at: datetime | None = None
    deadline_at: datetime | None = None
    """Until when a claim holds or an answer may come; past it, others may act."""
    run_at: datetime | None = None
    """When the gateway last confirmed a change of the run."""
    heard_at: datetime | None = None
    """When the newest call record came."""
    changed_at: datetime | None = None
    """When it was last moved."""
    former: tuple[Attempt, ...] = ()
    """Attempts whose outcome nobody knew when it was sent again, or given another attempt's session."""
    purged_count: int = 0
    """Phones that went to the gateway and were purged here since: it still has records of them."""

    @property
    def sent_count(self) -> int:
        """Phones of it that go, or went, to the gateway: all but those that the last screening took out."""
        return self.phone_count - self.drops.get(DropState.SCREENED, 0)

    @property
    def recorded_count(self) -> int:
        """Phones of which a call record says how the drop ended."""
        return self.drops.get(DropState.DELIVERED, 0) + self.drops.get(DropState.FAILED, 0)

    @property
    def accounted(self) -> int:
        """Phones of which a call record says how the drop ended, or that are known to get none."""
        return sum(count for state, count in self.drops.items() if state is not DropState.PENDING)


@dataclass(frozen=True, slots=True)
class CampaignView:
    """All that the ledger says of a campaign, but its phones and its single submissions.

    `rows` is the input's length and equals `phone_count + excluded_count`; `phones` counts phones by the state of their
    submission and adds up to `phone_count` with the drops that were taken out; `drops` counts how drops ended.
    """

    id: str
    key: str
    terms: Terms
    intent: Intent
    created_at: datetime
    rows: int
    phone_count: int
    excluded_count: int
    submission_count: int
    submissions: Mapping[SubmissionState, int]
    phones: Mapping[SubmissionState, int]
    drops: Mapping[DropState, int]
    runs: Mapping[Run, int]
    intent_number: int = 0
    """Grows with every change of the intent, so that carrying out an old one is not taken for the newest."""
    audio_flaw: str | None = None
    """What a look at the audio found to be wrong with it; '' for nothing, None while nobody has looked."""
    intended_at: datetime | None = None
    """When the newest change of the intent was asked for; None where it never changed."""
    note: str = ""
    """The newest reason that somebody gave with a control request."""
    phones_dropped_at: datetime | None = None
    """When its phones were dropped, long after its end; its counts stay."""

    end_confirmed_at: datetime | None = None
    """When the gateway confirmed the last stop that the end time had called for; None where it called for none yet."""

    def intent_for(self, submission: Submission) -> Intent:
        """What is wanted of one session: what was asked of it alone, unless something else is wanted of all since."""
        alone = submission.alone
        return alone.intent if alone and alone.intent_number == self.intent_number else self.intent

    @property
    def end_late(self) -> timedelta | None:
        """By how much the last confirmed stop came after the end time."""
        ends_at = self.terms.ends_at
        return self.end_confirmed_at - ends_at if self.end_confirmed_at and ends_at else None

    @property
    def no_record_yet(self) -> int:
        """Phones that the gateway has, or had, and of which no call record has come, nor is known to come."""
        at_gateway = sum(self.phones.get(state, 0) for state in WITH_RECORDS)
        return at_gateway - sum(self.drops.values()) + self.drops.get(DropState.SCREENED, 0)

    @property
    def too_late_at(self) -> datetime:
        """From this instant on nothing of it is handed to the gateway."""
        return self.terms.too_late_at(self.created_at)

    @property
    def status(self) -> CampaignStatus:
        """The one word for it all, from the intent and what has become of the submissions."""
        if not self._count(*UNSETTLED):
            return self._ended_status()
        if not self._count(*UNSETTLED - {SubmissionState.UNKNOWN}):
            return CampaignStatus.NEEDS_DECISION
        if self.intent is not Intent.RUN:
            return self._held_status()
        if self._count(SubmissionState.PLANNED, SubmissionState.CLAIMED) == sum(self.submissions.values()):
            return CampaignStatus.WAITING
        return CampaignStatus.SENDING if self._count(*UNSENT) else CampaignStatus.RUNNING

    def _count(self, *states: SubmissionState) -> int:
        return sum(self.submissions.get(state, 0) for state in states)

    def _ended_status(self) -> CampaignStatus:
        if self.intent in ENDING_INTENTS:
            return CampaignStatus.STOPPED if self.intent is Intent.STOP else CampaignStatus.CANCELLED
        if (
            self._count(SubmissionState.FINISHED, SubmissionState.GIVEN_UP)
            or self.drops.get(DropState.SCREENED) == self.phone_count
        ):
            return CampaignStatus.FINISHED
        return CampaignStatus.REJECTED if self._count(SubmissionState.REJECTED) else CampaignStatus.EXPIRED

    def _held_status(self) -> CampaignStatus:
        if self.intent in ENDING_INTENTS:
            return CampaignStatus.STOPPING
        in_flight = self._count(SubmissionState.CLAIMED, SubmissionState.SENDING, SubmissionState.UNKNOWN)
        held = self.runs.get(Run.PAUSED, 0) + self.runs.get(Run.ENDED, 0)
        confirmed = held >= self._count(SubmissionState.ACCEPTED) and not in_flight
        return CampaignStatus.PAUSED if confirmed else CampaignStatus.PAUSING
