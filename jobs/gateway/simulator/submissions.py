"""A new campaign: what the gateway checks, and the session that comes of it."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from jobs.gateway.simulator.outcomes import Outcome, choose_outcome
from jobs.gateway.simulator.settings import Account, Settings
from jobs.gateway.simulator.wall_time import read_eastern

MAX_PHONES = 10_000
MAX_AHEAD = timedelta(days=90)
AUDIO_FIELDS = ("c_record_audio", "c_url", "c_sys_audio_name")
AUDIO_TYPES = frozenset({"wav", "mp3", "m4a"})

_PHONE = re.compile(r"1?([2-9]\d{9})", re.ASCII)
_SYSTEM_NAME = re.compile(r"[\w-]+\.(wav|mp3|m4a)", re.ASCII | re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Submission:
    """A new campaign that passed every check. Phones have 10 digits."""

    phones: tuple[str, ...]
    audio: str
    starts_at: datetime
    ends_at: datetime | None


def check_submission(
    fields: Mapping[str, str], account: Account, settings: Settings, now: datetime
) -> Submission | list[str]:
    """The submission, or every problem with it, a line each."""
    phones = read_phones(fields.get("c_phone", ""))
    starts_at = _start(fields.get("c_date", ""), now)
    ends_at = read_eastern(fields.get("c_endtime", ""))
    problems = [
        *_audio_problems(fields, account, settings),
        *_phone_problems(fields.get("c_phone", ""), phones, settings),
        *_caller_problems(fields.get("c_callerID", ""), settings),
        *_date_problems(fields.get("c_date", ""), starts_at, now, settings),
        *_end_problems(fields.get("c_endtime", ""), ends_at, starts_at, settings),
    ]
    if problems or starts_at is None:
        return problems
    audio = next(filter(None, map(fields.get, AUDIO_FIELDS))) or ""
    return Submission(tuple(filter(None, phones)), audio, max(starts_at, now), ends_at)


def read_phones(text: str) -> list[str]:
    """Ten digits for each number, or an empty text for one that is none."""
    if not text.strip():
        return []
    found = (_PHONE.fullmatch(each.strip()) for each in text.split(","))
    return [match[1] if match else "" for match in found]


def outcomes_of(phones: tuple[str, ...], do_not_dial: set[str], settings: Settings) -> tuple[Outcome, ...]:
    """What will become of each call, known from the beginning."""
    seen: set[str] = set()
    outcomes = []
    for phone in phones:
        outcome = choose_outcome(phone, settings.seed, settings.failure_share)
        if phone in do_not_dial:
            outcome = Outcome.DO_NOT_DIAL
        elif phone in seen and settings.duplicate_phones == "remove":
            outcome = Outcome.DUPLICATE
        seen.add(phone)
        outcomes.append(outcome)
    return tuple(outcomes)


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
    elif not _is_known(fields, account):
        yield settings.texts.assumed_unknown_audio


def _is_known(fields: Mapping[str, str], account: Account) -> bool:
    if title := fields.get("c_record_audio"):
        return title in account.recordings
    return bool(_SYSTEM_NAME.fullmatch(fields.get("c_sys_audio_name", "")))


def _url_problems(fields: Mapping[str, str], settings: Settings) -> Iterator[str]:
    if not fields.get("c_audio"):
        yield "c_audio: required"
    elif fields["c_audio"].lower() not in AUDIO_TYPES:
        yield settings.texts.assumed_bad_audio_type
    if not fields["c_url"].startswith(("http://", "https://")):
        yield settings.texts.bad_audio


def _phone_problems(text: str, phones: list[str], settings: Settings) -> Iterator[str]:
    if not text.strip():
        yield "c_phone: required"
    if len(phones) > MAX_PHONES:
        yield settings.texts.assumed_too_many_phones
    usable = any(phones) if settings.bad_phones == "drop" else all(phones)
    if phones and not usable:
        yield settings.texts.assumed_bad_phone


def _caller_problems(text: str, settings: Settings) -> Iterator[str]:
    if not text:
        yield "c_callerID: required"
    elif not _PHONE.fullmatch(text):
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
