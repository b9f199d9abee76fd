"""Every switch of the simulator, as one checked value that can be replaced while it runs."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError

Share = Annotated[float, Field(ge=0, le=1)]
Seconds = Annotated[float, Field(ge=0)]


class Switches(BaseModel):
    """What all groups of switches have in common: frozen, and an unknown name is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)


class Layout(StrEnum):
    """How the text of an answer is laid out."""

    LIVE = "live"
    """`session_id=` and `number of phone=`, a line each."""
    TITLE_CASE = "title_case"
    """`Session ID=` and `Number of Phone=`."""
    BARE_ID = "bare_id"
    """The id on a line of its own."""


class Dialect(Switches):
    """How the gateway spells what it says; the defaults are what was seen live."""

    layout: Layout = Layout.LIVE
    blanks_for_newlines: bool = False
    crlf: bool = False
    bom: bool = False
    json_everywhere: bool = Field(default=False, description="`vmb.php` answers JSON too")
    count: Literal["sent", "absent"] = "sent"
    id_with_controls: bool = Field(default=False, description="`OK` of a control comes with the session id")
    quoted_records: bool = False
    record_prefix: bool = Field(default=True, description="`var=` before a record in an answer")
    postback_prefix: bool = Field(default=False, description="`var=` inside a postback's value")
    five_fields: bool = Field(default=False, description="records without the carrier")
    failure_word: str = "Failure"
    pending_records: bool = Field(default=False, description="a call not made yet has a record with an empty status")
    dates_layout: Literal["ids", "one_line", "titled", "table", "labelled"] = "ids"
    content_type: str = "text/html; charset=UTF-8"


class Texts(Switches):
    """Refusals. The first four were seen at the gateway; the rest are assumed, and named so."""

    duplicate: str = "duplicates request"
    bad_audio: str = "Bad Audio, can't download"
    no_api: str = "API access not allowed"
    unknown_session: str = "{id} invalid or not found"
    already_finished: str = "{id} already finished"
    assumed_bad_credentials: str = "c_uid or c_password: invalid"
    assumed_no_credits: str = "not enough credits"
    assumed_bad_caller_id: str = "c_callerID: invalid"
    assumed_bad_date: str = "c_date: invalid"
    assumed_past_date: str = "c_date: in the past"
    assumed_far_date: str = "c_date: more than 90 days ahead"
    assumed_bad_end: str = "c_endtime: invalid"
    assumed_end_before_start: str = "c_endtime: before c_date"
    assumed_too_many_phones: str = "c_phone: more than 10000 numbers"
    assumed_bad_phone: str = "c_phone: invalid number"
    assumed_no_audio: str = "c_record_audio, c_url or c_sys_audio_name: required"
    assumed_two_audios: str = "c_record_audio, c_url, c_sys_audio_name: only one allowed"
    assumed_unknown_audio: str = "c_record_audio: not found"
    assumed_bad_audio_type: str = "c_audio: invalid"
    assumed_not_running: str = "{id} not running"
    assumed_not_scheduled: str = "{id} not scheduled"
    assumed_unknown_option: str = "c_option: invalid"


class Account(Switches):
    """A customer of the gateway, known by its `c_uid`."""

    password: SecretStr = SecretStr("demo")
    credits: int | None = Field(default=None, ge=0, description="one for each drop delivered; null: without end")
    recordings: tuple[str, ...] = ("Reminder", "Greeting")
    may_use_api: bool = True


class Postbacks(Switches):
    """How call records are posted to `c_dispo_url`. Waits are real seconds."""

    on: bool = True
    attempts: int = Field(default=8, ge=1, description="tries for one record until it is answered by exactly OK")
    backoff_s: Seconds = Field(default=0.5, description="wait after the first failure; doubles each time, at most 60")
    timeout_s: Annotated[float, Field(gt=0)] = 10
    senders: int = Field(default=8, ge=1, le=64, description="records under way at once; fixed at the start")


class Settings(Switches):
    """All switches. Times are simulated seconds unless a name's text says otherwise."""

    accounts: Mapping[str, Account] = Field(default_factory=lambda: {"demo": Account()})
    seed: int = 0
    calls_per_second: Annotated[float, Field(gt=0)] = Field(default=10, description="of each new session")
    failure_share: Share = 0.1
    end_time_honoured: bool = True
    past_grace_s: Seconds = Field(default=60, description="a `c_date` this long ago still counts as now")
    bad_phones: Literal["refuse", "drop"] = "refuse"
    duplicate_phones: Literal["remove", "call"] = "remove"
    stop_takes_scheduled: bool = False
    cancel_takes_running: bool = True
    reach: Literal["loopback", "any"] = Field(default="loopback", description="where postbacks may go")
    dialect: Dialect = Dialect()
    texts: Texts = Texts()
    postbacks: Postbacks = Postbacks()


def changed(settings: Settings, changes: Mapping[str, Any]) -> Settings:
    """The settings with `changes` (JSON values, only what differs) laid over them; raises ValidationError."""
    return Settings.model_validate(_laid_over(settings.model_dump(), changes))


def problems_in(error: ValidationError) -> list[str]:
    """A sentence for each thing wrong, beginning with the field's name."""
    found = error.errors(include_url=False, include_input=False, include_context=False)
    return [": ".join(filter(None, (".".join(map(str, each["loc"])), each["msg"]))) for each in found]


def _laid_over(below: Mapping[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    both = dict(below)
    for name, value in above.items():
        old = both.get(name)
        both[name] = _laid_over(old, value) if isinstance(old, Mapping) and isinstance(value, Mapping) else value
    return both
