"""A campaign as its producer states it."""

import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from enum import StrEnum
from pathlib import PurePosixPath
from typing import Annotated, Any, Literal, TypeVar
from urllib.parse import urlsplit

from pydantic import (
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    StringConstraints,
    ValidationError,
    ValidationInfo,
    field_validator,
)

from jobs.models.problems import InvalidCampaign, Problem, in_words

MAX_PHONES_PER_SUBMISSION = 10_000
"""The vendor's limit for one request."""

MAX_AHEAD = timedelta(days=90)
"""How far ahead the vendor takes a start."""


EXPIRES_AFTER = timedelta(hours=24)
"""Without an `expires_at`, what is not with the gateway this long after its start is not sent any more: a reminder that
comes a day late, when a backlog clears at night, harms more than one that does not come."""

STAND_IN = "2025550100"
"""In place of a caller ID that cannot be read, so that what else is wrong is found, too."""

_JUDGED_LATER = ("start", "ends_at", "expires_at", "account")
"""Fields that may be right in themselves, and wrong on that day or at that place."""

CALLER_ID = re.compile(r"[2-9]\d{2}[2-9]\d{6}", re.ASCII)


class AudioType(StrEnum):
    """The kinds of file that the gateway takes by URL."""

    WAV = "wav"
    MP3 = "mp3"
    M4A = "m4a"


class WhenUnknown(StrEnum):
    """What becomes of a submission of which nobody knows whether the gateway took it, once the gateway was seen not to
    list it."""

    HOLD = "hold"
    """It stays as it is, and a person decides."""
    RESEND = "resend"
    """It is sent again, once."""


def _lower(value: Any) -> Any:
    return value.lower() if isinstance(value, str) else value


def _caller_id(value: Any) -> Any:
    if not CALLER_ID.fullmatch(str(value)):
        raise ValueError("must be a valid US or Canadian number in 10 digits, the area code first")
    return str(value)


def _text(value: Any) -> Any:
    """JSON producers write numbers with and without quotes."""
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


Line = Annotated[str, StringConstraints(strip_whitespace=True, max_length=200, pattern=r"^[^\x00-\x1f\x7f]*$")]
Name = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{1,64}$")]
CallerId = Annotated[str, BeforeValidator(_caller_id)]
PhoneText = Annotated[str, BeforeValidator(_text)]


_WRONG = "wrong"
"""Stands for a field that was refused by itself."""


class Terms(BaseModel):
    """A campaign as its producer states it, without the recipients.

    All instants are aware. `start` is `"now"` or an instant at most 90 days ahead. `ends_at` is when calls must have
    stopped; `expires_at` is when it is too late to begin (24 h after the start, unless stated). Exactly one of
    `audio_title` (a recording in the account, case-sensitive), `audio_url` (public; its type from `audio_type` or the
    URL's ending) and `audio_file` (a system file name such as `r18904b140407197964.wav`).
    """

    # Defaults, too: what is missing is said of its field, together with whatever else is wrong.
    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True, validate_default=True)

    caller_id: CallerId
    audio_url: Annotated[str, StringConstraints(strip_whitespace=True, max_length=2000)] | None = None
    audio_type: Annotated[AudioType, BeforeValidator(_lower)] | None = None
    audio_file: Line | None = None
    audio_title: Line | None = None
    title: Line = ""
    start: Literal["now"] | AwareDatetime = "now"
    ends_at: AwareDatetime | None = None
    expires_at: AwareDatetime | None = None
    mobile_only: bool = False
    account: Name = "default"
    when_unknown: WhenUnknown = WhenUnknown.HOLD

    @field_validator("audio_url")
    @classmethod
    def _is_on_the_web(cls, url: str | None) -> str | None:
        parts = urlsplit(url or "")
        if url and (parts.scheme not in {"http", "https"} or not parts.hostname):
            raise ValueError("must begin with https:// or http:// and name a host")
        return url

    @field_validator("audio_type")
    @classmethod
    def _is_that_of_the_url(cls, kind: AudioType | None, found: ValidationInfo) -> AudioType | None:
        url = found.data.get("audio_url", _WRONG)
        if kind and not url:
            raise ValueError("goes with audio_url only")
        if url and url is not _WRONG and not (kind or _ending(url)):
            raise ValueError("is missing, and audio_url does not end in .wav, .mp3 or .m4a")
        return kind

    @field_validator("audio_title")
    @classmethod
    def _is_the_only_audio(cls, title: str | None, found: ValidationInfo) -> str | None:
        """The last of the three fields sees the others; one that is wrong in itself counts as given."""
        stated = {"audio_title": title, **{name: found.data.get(name, _WRONG) for name in ("audio_url", "audio_file")}}
        given = [name for name, value in stated.items() if value]
        if len(given) != 1:
            found_are = " and ".join(given) or "none"
            raise ValueError(f"give exactly one of audio_title, audio_url and audio_file; found {found_are}")
        return title

    @property
    def url_audio_type(self) -> AudioType | None:
        """The type of `audio_url`'s file: as stated, else by the URL's ending; None without a URL or without a clue."""
        return self.audio_type or _ending(self.audio_url or "")

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


def _ending(url: str) -> AudioType | None:
    """What the URL ends in, where that is a kind of file."""
    ending = PurePosixPath(urlsplit(url).path).suffix.lower().lstrip(".")
    return AudioType(ending) if ending in set(AudioType) else None


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


def _parse(model: type[Model], stated: object) -> Model:
    if not isinstance(stated, Mapping):
        raise InvalidCampaign((Problem("campaign", "must be an object with the campaign's fields"),))
    try:
        return model.model_validate(dict(stated))
    except ValidationError as invalid:
        errors = invalid.errors(include_input=False, include_url=False, include_context=False)
    # Raised outside the handler: pydantic's own error holds the values, and a traceback would show it.
    wrong = {str(error["loc"][0]) for error in errors}
    right = {name: stated[name] for name in _JUDGED_LATER if name in stated and name not in wrong}
    stand_ins = {"caller_id": STAND_IN, "audio_title": "-"}
    raise InvalidCampaign(in_words(errors, list(model.model_fields)), Terms.model_validate({**stand_ins, **right}))
