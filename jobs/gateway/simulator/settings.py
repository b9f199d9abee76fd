"""Every switch of the simulator, as one checked value that can be replaced while it runs."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated, Any, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, SecretStr

from jobs.gateway.simulator.reach import Reach

Share = Annotated[float, Field(ge=0, le=1)]
Phone = Annotated[str, Field(pattern=r"^[2-9][0-9]{9}$")]
Seconds = Annotated[float, Field(ge=0, le=1_000_000_000)]
Speed = Annotated[float, Field(gt=0, le=1_000_000)]
"""Simulated seconds per real second."""


class Switches(BaseModel):
    """What all groups of switches have in common: frozen, and an unknown name is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True, allow_inf_nan=False)


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
    dates_layout: Literal["ids", "one_line", "titled", "table", "labelled"] = Field(
        default="ids", description="how `campaign_by_date` lists sessions"
    )
    balance_with_ok: bool = Field(default=False, description="`OK` before the balance")
    thousands_commas: bool = Field(default=False, description="in the balance")
    json_ids_as_numbers: bool = False
    json_underscores: bool = Field(default=False, description="in place of the blanks in keys")
    json_lone_record: bool = Field(default=False, description="a single record comes without an array around it")
    content_type: str = "text/html; charset=UTF-8"


class Texts(Switches):
    """Refusals. Those not named assumed were seen at the gateway."""

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
    assumed_short_audio: str = "c_record_audio: must be longer than 5 seconds"
    assumed_unknown_list: str = "c_listid: not found"
    assumed_bad_audio_type: str = "c_audio: invalid"
    assumed_not_running: str = "{id} not running"
    assumed_not_scheduled: str = "{id} not scheduled"
    assumed_unknown_option: str = "c_option: invalid"


class Recording(Switches):
    """A recording stored in an account; the ending of `file` is its format."""

    title: str
    file: Annotated[str, Field(pattern=r"^[\w-]+\.(wav|mp3|m4a)$")]
    code: str = Field(default="", description="digits given by the recording centre")
    saved: str = Field(default="2026-01-05 09:30:00", description="Eastern")
    seconds: Seconds = 12


class Account(Switches):
    """A customer of the gateway, known by its `c_uid`."""

    password: SecretStr = SecretStr("demo")
    credits: int | None = Field(default=None, ge=0, description="one for each drop delivered; null: without end")
    recordings: tuple[Recording, ...] = (
        Recording(title="Reminder", file="r18904b140407197964.wav", code="1001"),
        Recording(title="Greeting", file="r15294b17042522420232165.mp3", code="1002"),
    )
    phone_lists: Mapping[str, tuple[Phone, ...]] = Field(
        default_factory=dict, description="phones of 10 digits by the id that `c_listid` names"
    )
    dialect: Dialect | None = Field(default=None, description="how this account is spoken to, where it differs")
    may_use_api: bool = True


class Postbacks(Switches):
    """How call records are posted to `c_dispo_url`. Waits are real seconds."""

    on: bool = True
    attempts: int = Field(
        default=8, ge=0, description="tries for one record until it is answered by exactly OK; 0: as many as it takes"
    )
    backoff_s: Seconds = Field(default=0.5, description="wait after the first failure; doubles each time, at most 60")
    timeout_s: Annotated[float, Field(gt=0)] = 10
    duplicated: Share = Field(default=0, description="share of records posted a second time")
    reordered: Share = Field(default=0, description="share of records held back for up to `reordered_s`")
    reordered_s: Seconds = 1
    before_answer_s: Seconds = Field(
        default=0, description="hold the answer to a submission until its first record was posted, at most this long"
    )
    senders: int = Field(default=8, ge=1, le=64, description="records under way at once; fixed at the start")


class Settings(Switches):
    """All switches. Times are simulated seconds unless a name's text says otherwise."""

    accounts: Mapping[str, Account] = Field(default_factory=lambda: {"demo": Account()})
    seed: int = 0
    calls_per_second: Annotated[float, Field(gt=0)] = Field(default=10, description="of each new session")
    failure_share: Share = 0.1
    landline_share: Share = 0
    end_time_honoured: bool = True
    past_grace_s: Seconds = Field(default=60, description="a `c_date` this long ago still counts as now")
    bad_phones: Literal["refuse", "drop"] = "refuse"
    duplicate_phones: Literal["remove", "call"] = "remove"
    stop_takes_scheduled: bool = False
    cancel_takes_running: bool = True
    duplicate_window_s: Seconds = Field(default=0, description="refuse a repeated submission this long; 0: never")
    audio_fetched: bool = Field(default=False, description="fetch `c_url` before a submission is answered")
    listing_lag_s: Seconds = Field(default=0, description="a session shows in `campaign_by_date` this late")
    record_lag_s: Seconds = Field(default=0, description="a record shows and is posted this long after its call")
    day_field: str = Field(default="c_date", description="the field of `campaign_by_date` that holds the day")
    day_of: Literal["start", "acceptance"] = Field(default="start", description="which makes a session's day")
    reach: Reach = Field(default="loopback", description="where postbacks and fetches of audio may go")
    dialect: Dialect = Dialect()
    texts: Texts = Texts()
    postbacks: Postbacks = Postbacks()


Kind = TypeVar("Kind", bound=Switches)


def laid_over(below: Kind, changes: Mapping[str, Any]) -> Kind:
    """The same with `changes` (JSON values, only what differs) laid over it; raises ValidationError."""
    return type(below).model_validate(_laid_over(below.model_dump(), changes))


def _laid_over(below: Mapping[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    both = dict(below)
    for name, value in above.items():
        old = both.get(name)
        both[name] = _laid_over(old, value) if isinstance(old, Mapping) and isinstance(value, Mapping) else value
    return both
