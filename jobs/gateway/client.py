"""The client of the gateway: a call becomes a form, an answer becomes a value or one of `jobs.gateway.errors`.

Law of the room: it translates. It never retries, never sleeps and keeps no state, so threads may share it. Credentials
travel in every body, so no body is ever logged or carried by an error.
"""

import ssl
from collections.abc import Callable, Iterable, Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from enum import StrEnum
from pathlib import Path
from urllib.parse import urlencode, urlsplit

from pydantic import SecretBytes, SecretStr
from requests.utils import DEFAULT_CA_BUNDLE_PATH

from jobs import eastern
from jobs.flight import Timeouts
from jobs.gateway.downloads import PART_BYTES, Downloaded, NamedBy, keep
from jobs.gateway.errors import OutcomeUnknown, Phase
from jobs.gateway.replies import (
    Accepted,
    AudioFile,
    Balance,
    CallRecord,
    ControlAnswer,
    ListedSession,
    parse_audio_list_reply,
    parse_balance_reply,
    parse_call_status_reply,
    parse_campaign_by_date_reply,
    parse_campaign_result_reply,
    parse_control_reply,
    parse_do_not_dial_reply,
    parse_submission_reply,
    parse_user_verify_reply,
)
from jobs.gateway.transport import Answer, post, post_for_parts
from jobs.models import MAX_PHONES_PER_SUBMISSION, AudioType, Terms

__all__ = ["DAY_FIELD", "Credentials", "Dialect", "GatewayClient", "Timeouts"]

Fields = list[tuple[str, str]]

_SHORT = 64 * 1024
"""More than any known answer but a result needs."""
_LONG = 4 * 1024 * 1024
"""10,000 call records, with room for long carriers and reasons."""

DAY_FIELD = "c_date"
"""The field of `campaign_by_date` that is taken to hold the day: the vendor's page does not name it."""

_DOWNLOAD_S = 300
"""How long a recording may take to come: no worker waits for it, and a line may be slow."""

_AUDIO_ON_THE_WIRE = {AudioType.WAV: "wav", AudioType.MP3: "Mp3", AudioType.M4A: "M4a"}


class Dialect(StrEnum):
    """Which of the gateway's two doors is used. The answers of both are read alike, by what they look like."""

    TEXT = "text"
    JSON = "json"

    @property
    def script(self) -> str:
        """What is called below the gateway's base URL."""
        return "vmb.json.php" if self is Dialect.JSON else "vmb.php"

    @property
    def submission_fields(self) -> Fields:
        """What a new campaign needs here beside its own fields."""
        return [("c_method", "new_campaign")] if self is Dialect.JSON else []


@dataclass(frozen=True, slots=True)
class Credentials:
    """The account's user name and password, as the vendor's website takes them."""

    uid: str
    password: SecretStr = field(repr=False)


class GatewayClient:
    """The gateway of one account. Every method is one request; it raises `NotSent`, `Rejected` or `OutcomeUnknown`.

    Each request has a connection of its own: a submission must, and the others are too rare to gain by sharing.
    `tls` replaces the usual certificate authorities; `day_field` names the field that holds a listing's day.
    """

    def __init__(
        self,
        *,
        base_url: str,
        credentials: Credentials,
        dialect: Dialect = Dialect.TEXT,
        day_field: str = DAY_FIELD,
        timeouts: Timeouts | None = None,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        parts = urlsplit(base_url)
        if parts.scheme not in {"http", "https"} or not parts.hostname or not parts.path.endswith("/gateway/"):
            raise ValueError("the gateway's base URL must look like https://host/gateway/")
        self._base_url = base_url
        self._dialect = dialect
        self._day_field = day_field
        self._credentials = credentials
        self._timeouts = timeouts or Timeouts()
        self._tls = tls or ssl.create_default_context(cafile=DEFAULT_CA_BUNDLE_PATH)

    def __repr__(self) -> str:
        return f"<GatewayClient of {urlsplit(self._base_url).hostname}>"

    def submit(
        self,
        terms: Terms,
        phones: Sequence[str],
        *,
        title: str,
        postback_url: str | None,
        start_at: datetime | None,
        before_send: Callable[[], None] = lambda: None,
    ) -> Accepted:
        """Have the gateway call these phones, at most 10,000 in 10 digits, from `start_at` on; None is at once.

        When `before_send` raises, nothing has left and nothing will: its error is the cause of the `NotSent`. The verbs
        have one, too.
        """
        _check_phones(phones)
        fields = _submission_fields(terms, title=title, postback_url=postback_url, start_at=start_at)
        form = _encode(self._credentials, [*self._dialect.submission_fields, *fields], phones)
        answer = self._ask(form, before_send=before_send)
        return parse_submission_reply(answer.text, is_whole=answer.is_whole)

    def call_status(self, session_id: str, phone: str, *, near: datetime) -> CallRecord | None:
        """The record of one phone, None while there is none; `near` is the instant of the question."""
        answer = self._ask(_encode(self._credentials, _option("callstatus", session_id), [phone]))
        record = parse_call_status_reply(answer.text, near=near, session_id=session_id)
        is_ours = record and record.session_id == session_id and record.disposition.phone == phone[-10:]
        return record if is_ours else None

    def campaign_result(self, session_id: str, *, near: datetime) -> list[CallRecord]:
        """Every record of the session so far; `near` is the instant of the question."""
        answer = self._ask(_encode(self._credentials, _option("campaign_result", session_id)), max_bytes=_LONG)
        records = parse_campaign_result_reply(answer.text, near=near, session_id=session_id)
        return [record for record in records if record.session_id == session_id]

    def campaign_by_date(self, day: date) -> list[ListedSession]:
        """The sessions that the gateway lists for an Eastern day; what may be part of a listing is `OutcomeUnknown`.

        An empty list is what the gateway said, though a gateway that broke down says the same: weak evidence.
        """
        fields = [("c_option", "campaign_by_date"), (self._day_field, day.isoformat())]
        answer = self._ask(_encode(self._credentials, fields), max_bytes=_LONG)
        return parse_campaign_by_date_reply(answer.text, is_whole=answer.is_whole)

    def balance(self) -> Balance:
        """What the account can still send."""
        answer = self._ask(_encode(self._credentials, [("remain_message", "1")]))
        return parse_balance_reply(answer.text, is_whole=answer.is_whole)

    def user_verify(self) -> None:
        """Return when the gateway takes the credentials; `Rejected` says why it does not."""
        parse_user_verify_reply(self._ask(_encode(self._credentials, [("c_option", "user_verify")])).text)

    def pause(self, session_id: str, *, before_send: Callable[[], None] = lambda: None) -> ControlAnswer:
        """Suspend a session that runs."""
        return self._control("pause", session_id, before_send)

    def resume(self, session_id: str, *, before_send: Callable[[], None] = lambda: None) -> ControlAnswer:
        """Let a paused session run again."""
        return self._control("run", session_id, before_send)

    def cancel(self, session_id: str, *, before_send: Callable[[], None] = lambda: None) -> ControlAnswer:
        """End a session that is scheduled. It never starts again."""
        return self._control("cancel", session_id, before_send)

    def stop(self, session_id: str, *, before_send: Callable[[], None] = lambda: None) -> ControlAnswer:
        """End a session that runs. It never starts again."""
        return self._control("stop", session_id, before_send)

    def add_to_do_not_dial(self, phones: Sequence[str]) -> None:
        """Have the gateway take these phones out of the account's campaigns; repeating it does no harm."""
        self._tell_do_not_dial("do_not_dial", phones)

    def remove_from_do_not_dial(self, phones: Sequence[str]) -> None:
        """Have the gateway dial these phones again; repeating it does no harm."""
        self._tell_do_not_dial("remove_do_not_dial", phones)

    def _tell_do_not_dial(self, verb: str, phones: Sequence[str]) -> None:
        _check_phones(phones)
        parse_do_not_dial_reply(self._ask(_encode(self._credentials, [("c_option", verb)], phones)).text)

    def audio_list(self, *, near: datetime, with_durations: bool) -> list[AudioFile]:
        """The account's recordings, all of them; `near` is the instant of the question."""
        method = "get_audio_list_with_duration" if with_durations else "get_audio_list"
        form = _encode(self._credentials, [("c_method", method)])
        answer = self._ask(form, script="vmb.aflist.php", max_bytes=_LONG)
        if not answer.is_whole:
            raise OutcomeUnknown(Phase.READING, "a list that does not say how long it is")
        return parse_audio_list_reply(answer.text, near=near)

    def download_audio(self, named_by: NamedBy, name: str, *, to: Path) -> Downloaded:
        """Keep a recording of the account as the file `to`: a whole one, or none and also `NotKept`."""
        form = _encode(self._credentials, [(named_by, name)])
        timeouts = replace(self._timeouts, deadline_s=_DOWNLOAD_S)
        url = self._base_url + "vmb.dla.php"
        with closing(post_for_parts(url, form, timeouts=timeouts, tls=self._tls, part_bytes=PART_BYTES)) as parts:
            return keep(parts, to)

    def _control(self, verb: str, session_id: str, before_send: Callable[[], None]) -> ControlAnswer:
        form = _encode(self._credentials, _option(verb, session_id))
        return parse_control_reply(self._ask(form, before_send=before_send).text)

    def _ask(
        self,
        form: SecretBytes,
        *,
        script: str = "",
        max_bytes: int = _SHORT,
        before_send: Callable[[], None] = lambda: None,
    ) -> Answer:
        return post(
            self._base_url + (script or self._dialect.script),
            form,
            timeouts=self._timeouts,
            tls=self._tls,
            max_bytes=max_bytes,
            before_send=before_send,
        )


def _option(option: str, session_id: str) -> Fields:
    return [("c_option", option), ("session_id", session_id)]


def _submission_fields(terms: Terms, *, title: str, postback_url: str | None, start_at: datetime | None) -> Fields:
    """A new campaign but its phones, in the vendor's words."""
    return [
        *_audio_fields(terms),
        ("c_callerID", terms.caller_id),
        ("c_date", eastern.to_wire(start_at) if start_at else "now"),
        *_given(c_title=title),
        *_given(mobile_only="1" if terms.mobile_only else ""),
        *_given(c_endtime=eastern.to_wire(terms.ends_at, round_down=True) if terms.ends_at else ""),
        *_given(c_dispo_url=postback_url or ""),
    ]


def _audio_fields(terms: Terms) -> Fields:
    if terms.audio_url and terms.url_audio_type:
        return [("c_url", terms.audio_url), ("c_audio", _AUDIO_ON_THE_WIRE[terms.url_audio_type])]
    return _given(c_record_audio=terms.audio_title or "", c_sys_audio_name=terms.audio_file or "")


def _given(**fields: str) -> Fields:
    return [(name, value) for name, value in fields.items() if value]


def _check_phones(phones: Sequence[str]) -> None:
    """Raises ValueError, which says nothing of the numbers: what is wrong here is the caller's mistake."""
    if not 0 < len(phones) <= MAX_PHONES_PER_SUBMISSION:
        raise ValueError(f"a submission takes 1 to {MAX_PHONES_PER_SUBMISSION} phones, not {len(phones)}")
    digits = "".join(phones)
    if set(map(len, phones)) != {10} or not digits.isascii() or not digits.isdigit():
        raise ValueError("a submission's phones must have exactly 10 digits each")


def _encode(credentials: Credentials, fields: Fields, phones: Iterable[str] = ()) -> SecretBytes:
    """The form, encoded once. Phones come last and are joined by hand: urlencode needs 5 ms for 10,000 of them."""
    login = [("c_uid", credentials.uid), ("c_password", credentials.password.get_secret_value())]
    form = urlencode([*login, *fields])
    numbers = "%2C".join(phones)
    return SecretBytes((f"{form}&c_phone={numbers}" if numbers else form).encode("ascii"))
