"""A new campaign: what the gateway checks, and the session that comes of it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from jobs.gateway.simulator.audio import SHORTEST_S
from jobs.gateway.simulator.phones import read_phone, read_phones
from jobs.gateway.simulator.settings import Account, Recording, Settings
from jobs.gateway.simulator.wall_time import read_eastern

MAX_PHONES = 10_000
MAX_AHEAD = timedelta(days=90)
AUDIO_FIELDS = ("c_record_audio", "c_url", "c_sys_audio_name")
AUDIO_TYPES = frozenset({"wav", "mp3", "m4a"})


@dataclass(frozen=True, slots=True)
class Submission:
    """A new campaign that passed every check. Phones have 10 digits."""

    phones: tuple[str, ...]
    audio: str
    caller_id: str
    date_text: str
    starts_at: datetime
    ends_at: datetime | None


def check_submission(
    fields: Mapping[str, str], account: Account, settings: Settings, now: datetime
) -> Submission | list[str]:
    """The submission, or every problem with it, a line each."""
    phones = _phones(fields, account)
    date_text, caller_id = fields.get("c_date", ""), fields.get("c_callerID", "")
    starts_at, ends_at = _start(date_text, now), read_eastern(fields.get("c_endtime", ""))
    problems = [
        *_audio_problems(fields, account, settings),
        *_phone_problems(fields, phones, settings),
        *_caller_problems(caller_id, settings),
        *_date_problems(date_text, starts_at, now, settings),
        *_end_problems(fields.get("c_endtime", ""), ends_at, starts_at, settings),
    ]
    if problems or starts_at is None or phones is None:
        return problems
    audio = next(filter(None, map(fields.get, AUDIO_FIELDS))) or ""
    return Submission(tuple(filter(None, phones)), audio, caller_id, date_text, starts_at, ends_at)


def _phones(fields: Mapping[str, str], account: Account) -> list[str] | None:
    """Those given, else those of the stored list; None for a list that does not exist."""
    if list_id := fields.get("c_listid"):
        stored = account.phone_lists.get(list_id)
        return None if stored is None else list(stored)
    return read_phones(fields.get("c_phone", ""))


def _start(text: str, now: datetime) -> datetime | None:
    return now if text == "now" else read_eastern(text)


def _audio_problems(fields: Mapping[str, str], account: Account, settings: Settings) -> Iterator[str]:
    given = [name for name in AUDIO_FIELDS if fields.get(name)]
    if not given:
        yield settings.texts.assumed_no_audio
    elif len(given) > 1:
        yield settings.texts.assumed_two_audios
    elif "c_url" in given:
        yield from _url_problems(fields, settings)
    else:
        yield from _recording_problems(_recording(fields, account), settings)


def _recording(fields: Mapping[str, str], account: Account) -> Recording | None:
    title, file = fields.get("c_record_audio"), fields.get("c_sys_audio_name")
    return next((each for each in account.recordings if title == each.title or file == each.file), None)


def _recording_problems(recording: Recording | None, settings: Settings) -> Iterator[str]:
    if recording is None:
        yield settings.texts.assumed_unknown_audio
    elif recording.seconds <= SHORTEST_S:
        yield settings.texts.assumed_short_audio


def _url_problems(fields: Mapping[str, str], settings: Settings) -> Iterator[str]:
    if not fields.get("c_audio"):
        yield "c_audio: required"
    elif fields["c_audio"].lower() not in AUDIO_TYPES:
        yield settings.texts.assumed_bad_audio_type
    if not fields["c_url"].startswith(("http://", "https://")):
        yield settings.texts.bad_audio


def _phone_problems(fields: Mapping[str, str], phones: list[str] | None, settings: Settings) -> Iterator[str]:
    if phones is None:
        yield settings.texts.assumed_unknown_list
    elif not phones:
        yield "c_phone: required"
    elif len(phones) > MAX_PHONES:
        yield settings.texts.assumed_too_many_phones
    elif not (any(phones) if settings.bad_phones == "drop" else all(phones)):
        yield settings.texts.assumed_bad_phone


def _caller_problems(text: str, settings: Settings) -> Iterator[str]:
    if not text:
        yield "c_callerID: required"
    elif not read_phone(text):
        yield settings.texts.assumed_bad_caller_id


def _date_problems(text: str, starts_at: datetime | None, now: datetime, settings: Settings) -> Iterator[str]:
    if not text:
        yield "c_date: required"
    elif starts_at is None:
        yield settings.texts.assumed_bad_date
    elif starts_at < now - timedelta(seconds=settings.past_grace_s):
        yield settings.texts.assumed_past_date
    elif starts_at > now + MAX_AHEAD:
        yield settings.texts.assumed_far_date


def _end_problems(text: str, ends_at: datetime | None, starts_at: datetime | None, settings: Settings) -> Iterator[str]:
    if text and ends_at is None:
        yield settings.texts.assumed_bad_end
    elif starts_at and ends_at and ends_at <= starts_at:
        yield settings.texts.assumed_end_before_start
