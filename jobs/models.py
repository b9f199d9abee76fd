"""The nouns of Dropline, their states and the legal moves between them.

Law of the room: no I/O, and time is an argument. An error names the field and never repeats its value, because the
value may be somebody's number or an audio URL with a secret in it.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from pathlib import PurePosixPath
from typing import Annotated, Any, Literal, Self, TypeVar
from urllib.parse import urlsplit

from pydantic import (
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    StringConstraints,
    ValidationError,
    model_validator,
)

MAX_PHONES_PER_SUBMISSION = 10_000
"""The vendor's limit for one request."""

MAX_AHEAD = timedelta(days=90)
"""How far ahead the vendor takes a start."""


EXPIRES_AFTER = timedelta(hours=24)
"""Without an `expires_at`, what is not with the gateway this long after its start is not sent any more: a reminder that
comes a day late, when a backlog clears at night, harms more than one that does not come."""

CALLER_ID = re.compile(r"[2-9]\d{2}[2-9]\d{6}", re.ASCII)


class SubmissionState(StrEnum):
    """Where one POST of at most 10,000 phones stands."""

    PLANNED = "planned"
    """Not sent. In: the plan, or a sender with proof that nothing left. Out: a sender's claim; stop, expiry."""
    CLAIMED = "claimed"
    """A sender holds it under a lease; nothing has left. In: `claim`. Out: that sender; anyone, after the lease."""
    SENDING = "sending"
    """Written before the socket opens: from here on phones may ring. Out: the sender with the gateway's answer,
    or, after the deadline, the sweeper to `unknown`."""
    ACCEPTED = "accepted"
    """The gateway gave a session id. Out: `refresh`, once every phone is accounted for."""
    UNKNOWN = "unknown"
    """Nobody knows whether the gateway took it. Never sent again by a timer. Out: evidence or a person."""
    REJECTED = "rejected"
    """The gateway refused it, with a reason. Final."""
    WITHDRAWN = "withdrawn"
    """Stopped, cancelled or expired before it was sent. Final."""
    FINISHED = "finished"
    """Every phone of it is accounted for. Final."""


LEGAL_MOVES: Mapping[SubmissionState, frozenset[SubmissionState]] = {
    SubmissionState.PLANNED: frozenset({SubmissionState.CLAIMED, SubmissionState.WITHDRAWN}),
    SubmissionState.CLAIMED: frozenset(
        {SubmissionState.CLAIMED, SubmissionState.PLANNED, SubmissionState.SENDING, SubmissionState.WITHDRAWN}
    ),
    SubmissionState.SENDING: frozenset(
        {SubmissionState.ACCEPTED, SubmissionState.REJECTED, SubmissionState.PLANNED, SubmissionState.UNKNOWN}
    ),
    SubmissionState.UNKNOWN: frozenset({SubmissionState.ACCEPTED, SubmissionState.REJECTED}),
    SubmissionState.ACCEPTED: frozenset({SubmissionState.FINISHED}),
    SubmissionState.REJECTED: frozenset(),
    SubmissionState.WITHDRAWN: frozenset(),
    SubmissionState.FINISHED: frozenset(),
}


def states_before(state: SubmissionState) -> frozenset[SubmissionState]:
    """The states from which a submission may move to `state`."""
    return frozenset(before for before, after in LEGAL_MOVES.items() if state in after)


class Intent(StrEnum):
    """What the people responsible want of a campaign. Nothing new starts unless it is `run`."""

    RUN = "run"
    PAUSE = "pause"
    STOP = "stop"
    CANCEL = "cancel"


LEGAL_INTENTS: Mapping[Intent, frozenset[Intent]] = {
    Intent.RUN: frozenset({Intent.PAUSE, Intent.STOP, Intent.CANCEL}),
    Intent.PAUSE: frozenset({Intent.RUN, Intent.STOP, Intent.CANCEL}),
    Intent.STOP: frozenset(),
    Intent.CANCEL: frozenset(),
}


class Run(StrEnum):
    """What the gateway last confirmed of a session's run."""

    GOING = "going"
    PAUSED = "paused"
    ENDED = "ended"
    """Stopped or cancelled at the gateway, or it said that the session was over already."""


class CampaignStatus(StrEnum):
    """One word for a person who looks at a campaign; derived from its intent and its submissions, never stored."""

    WAITING = "waiting"
    """Nothing is sent yet: its hour has not come, or no worker has got to it."""
    SENDING = "sending"
    """Some submissions are with the gateway, others still on their way."""
    RUNNING = "running"
    """All that can be sent is with the gateway; records of calls are coming in."""
    PAUSING = "pausing"
    """Nothing new starts; the gateway has not confirmed the pause of every session yet."""
    PAUSED = "paused"
    """Nothing new starts and every session's pause is confirmed."""
    STOPPING = "stopping"
    """Nothing new starts; some session is not confirmed as ended, or its last records are not in."""
    NEEDS_DECISION = "needs_decision"
    """All else has ended, but of some submission nobody knows whether the gateway took it."""
    FINISHED = "finished"
    """Every phone is accounted for. Final."""
    STOPPED = "stopped"
    """Stopped by a person, and every phone is accounted for. Final."""
    CANCELLED = "cancelled"
    """Cancelled by a person, and every phone is accounted for. Final."""
    REJECTED = "rejected"
    """The gateway refused every submission. Final."""
    EXPIRED = "expired"
    """Its time had passed before anything was sent. Final."""

    @property
    def is_final(self) -> bool:
        """Whether nothing will change any more without a person."""
        return self in FINAL_STATUSES


FINAL_STATUSES = frozenset(
    {
        CampaignStatus.FINISHED,
        CampaignStatus.STOPPED,
        CampaignStatus.CANCELLED,
        CampaignStatus.REJECTED,
        CampaignStatus.EXPIRED,
    }
)


class DropState(StrEnum):
    """How one drop ended, as far as a call record says."""

    PENDING = "pending"
    """No call record yet."""
    DELIVERED = "delivered"
    """A call record says so."""
    FAILED = "failed"
    """A call record says so; its reason is kept word for word."""
    NO_RECORD = "no_record"
    """The session is over and no call record came. A record that still comes replaces it."""


@dataclass(frozen=True, slots=True)
class Disposition:
    """How a drop ended: one call record, free of the wire's spelling.

    `status` and `reason` are the gateway's own words. `delivered_text` is the time as the gateway wrote it (Eastern
    wall time, no zone), `delivered_at` the same as an aware instant, or None where the text could not be read.
    """

    phone: str
    state: DropState
    status: str = ""
    reason: str = ""
    delivered_text: str = ""
    delivered_at: datetime | None = None
    carrier: str = ""


class AudioType(StrEnum):
    """The kinds of file that the gateway takes by URL."""

    WAV = "wav"
    MP3 = "mp3"
    M4A = "m4a"


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong with what somebody sent in: the field (or row) and a sentence that says what to do."""

    field: str
    message: str

    def __str__(self) -> str:
        return f"{self.field}: {self.message}" if self.field else self.message


class InvalidCampaign(Exception):
    """A campaign cannot be taken; nothing was stored and nothing sent. Carries every problem at once."""

    def __init__(self, problems: tuple[Problem, ...]) -> None:
        super().__init__("; ".join(map(str, problems)))
        self.problems = problems


def _lower(value: Any) -> Any:
    return value.lower() if isinstance(value, str) else value


def _caller_id(value: Any) -> Any:
    if not CALLER_ID.fullmatch(str(value)):
        raise ValueError("must be a valid US or Canadian number in 10 digits, such as 6175550123")
    return str(value)


def _text(value: Any) -> Any:
    """JSON producers write numbers with and without quotes."""
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


Line = Annotated[str, StringConstraints(strip_whitespace=True, max_length=200, pattern=r"^[^\x00-\x1f\x7f]*$")]
Name = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{1,64}$")]
CallerId = Annotated[str, BeforeValidator(_caller_id)]
PhoneText = Annotated[str, BeforeValidator(_text)]


class Terms(BaseModel):
    """A campaign as its producer states it, without the recipients.

    All instants are aware. `start` is `"now"` or an instant at most 90 days ahead. `ends_at` is when calls must have
    stopped; `expires_at` is when it is too late to begin (24 h after the start, unless stated). Exactly one of
    `audio_title` (a recording in the account, case-sensitive), `audio_url` (public; its type from `audio_type` or the
    URL's ending) and `audio_file` (a system file name such as `r18904b140407197964.wav`).
    """

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    caller_id: CallerId
    audio_title: Line | None = None
    audio_url: Annotated[str, StringConstraints(strip_whitespace=True, max_length=2000)] | None = None
    audio_type: Annotated[AudioType, BeforeValidator(_lower)] | None = None
    audio_file: Line | None = None
    title: Line = ""
    start: Literal["now"] | AwareDatetime = "now"
    ends_at: AwareDatetime | None = None
    expires_at: AwareDatetime | None = None
    mobile_only: bool = False
    account: Name = "default"

    @model_validator(mode="after")
    def _one_audio(self) -> Self:
        given = [name for name in ("audio_title", "audio_url", "audio_file") if getattr(self, name)]
        if len(given) != 1:
            found = " and ".join(given) or "none"
            raise ValueError(f"give exactly one of audio_title, audio_url and audio_file; found {found}")
        if self.audio_type and not self.audio_url:
            raise ValueError("audio_type goes with audio_url only")
        if self.audio_url:
            _check_audio_url(self.audio_url)
            if self.url_audio_type is None:
                raise ValueError("audio_type is missing, and the URL does not end in .wav, .mp3 or .m4a")
        return self

    @property
    def url_audio_type(self) -> AudioType | None:
        """The type of `audio_url`'s file: as stated, else by the URL's ending; None without a URL or without a clue."""
        if self.audio_type or not self.audio_url:
            return self.audio_type
        ending = PurePosixPath(urlsplit(self.audio_url).path).suffix.lower().lstrip(".")
        return AudioType(ending) if ending in set(AudioType) else None

    def start_at(self, taken_at: datetime) -> datetime:
        """The start as an instant, for a campaign taken at `taken_at`."""
        return taken_at if self.start == "now" else self.start

    def too_late_at(self, taken_at: datetime) -> datetime:
        """From this instant on it is too late to hand anything to the gateway."""
        expires_at = self.expires_at or self.start_at(taken_at) + EXPIRES_AFTER
        return min(expires_at, self.ends_at or expires_at)

    def problems_at(self, now: datetime) -> tuple[Problem, ...]:
        """What is wrong with the times of this campaign if it were taken at `now`."""
        found = []
        start = self.start_at(now)
        if start < now:
            found.append(Problem("start", "lies in the past; use now, or an instant to come"))
        if start > now + MAX_AHEAD:
            found.append(Problem("start", f"lies more than {MAX_AHEAD.days} days ahead, which the gateway refuses"))
        if self.ends_at and self.ends_at <= start:
            found.append(Problem("ends_at", "must come after the start"))
        if self.expires_at and self.expires_at <= start:
            found.append(Problem("expires_at", "must come after the start, or nothing would ever be sent"))
        return tuple(found)


def _check_audio_url(url: str) -> None:
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise ValueError("audio_url must begin with https:// or http:// and name a host")


class Campaign(Terms):
    """A campaign with its recipients, as a job from another system carries it. Recipients are as people paste them."""

    recipients: tuple[PhoneText, ...]

    def terms(self) -> Terms:
        """The same campaign without its recipients."""
        return Terms.model_validate(self.model_dump(exclude={"recipients"}))


def parse_campaign(stated: Mapping[str, Any]) -> Campaign:
    """Read a campaign from JSON values; raises `InvalidCampaign` with every problem, never repeating a value."""
    return _parse(Campaign, stated)


def parse_terms(stated: Mapping[str, Any]) -> Terms:
    """Read a campaign's terms from JSON values; raises `InvalidCampaign` like `parse_campaign`."""
    return _parse(Terms, stated)


Model = TypeVar("Model", bound=BaseModel)


def _parse(model: type[Model], stated: Mapping[str, Any]) -> Model:
    try:
        return model.model_validate(dict(stated))
    except ValidationError as invalid:
        problems = tuple(
            Problem(".".join(map(str, error["loc"])), error["msg"].removeprefix("Value error, "))
            for error in invalid.errors(include_input=False, include_url=False, include_context=False)
        )
    # Raised outside the handler: pydantic's own error holds the values, and a traceback would show it.
    raise InvalidCampaign(problems)


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
    gateway_count: int | None = None
    """How many phones the gateway says it took; kept next to what was sent."""
    reason: str = ""
    """Why it is where it is, in a sentence for a person."""
    drops: Mapping[DropState, int] = field(default_factory=dict)
    not_before: datetime | None = None
    tries: int = 0
    sent_at: datetime | None = None
    deadline_at: datetime | None = None
    """Until when a claim holds or an answer may come; past it, others may act."""
    run_at: datetime | None = None
    """When the gateway last confirmed a change of the run."""
    heard_at: datetime | None = None
    """When the newest call record came."""

    @property
    def accounted(self) -> int:
        """Phones of which a call record says how the drop ended, or that are known to get none."""
        return sum(count for state, count in self.drops.items() if state is not DropState.PENDING)


@dataclass(frozen=True, slots=True)
class CampaignView:
    """All that the ledger says of a campaign, but its phones and its single submissions.

    `rows` is the input's length and equals `phone_count + excluded_count`; `phones` counts phones by the state of their
    submission and adds up to `phone_count`; `drops` counts call records.
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
    note: str = ""
    """The newest reason that somebody gave with a control request."""

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
        if self._count(*UNSENT) == sum(self.submissions.values()):
            return CampaignStatus.WAITING
        return CampaignStatus.SENDING if self._count(*UNSENT) else CampaignStatus.RUNNING

    def _count(self, *states: SubmissionState) -> int:
        return sum(self.submissions.get(state, 0) for state in states)

    def _ended_status(self) -> CampaignStatus:
        if self.intent in ENDING_INTENTS:
            return CampaignStatus.STOPPED if self.intent is Intent.STOP else CampaignStatus.CANCELLED
        if self._count(SubmissionState.FINISHED):
            return CampaignStatus.FINISHED
        return CampaignStatus.REJECTED if self._count(SubmissionState.REJECTED) else CampaignStatus.EXPIRED

    def _held_status(self) -> CampaignStatus:
        if self.intent in ENDING_INTENTS:
            return CampaignStatus.STOPPING
        in_flight = self._count(SubmissionState.CLAIMED, SubmissionState.SENDING)
        held = self.runs.get(Run.PAUSED, 0) + self.runs.get(Run.ENDED, 0)
        confirmed = held >= self._count(SubmissionState.ACCEPTED) and not in_flight
        return CampaignStatus.PAUSED if confirmed else CampaignStatus.PAUSING


UNSENT = frozenset({SubmissionState.PLANNED, SubmissionState.CLAIMED, SubmissionState.SENDING})
UNSETTLED = UNSENT | {SubmissionState.ACCEPTED, SubmissionState.UNKNOWN}
ENDING_INTENTS = frozenset({Intent.STOP, Intent.CANCEL})
