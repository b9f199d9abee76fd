"""What is wrong with a campaign, in words for the person who stated it.

Law of the room: a problem names the field and never repeats its value: it may be somebody's number, or an audio URL
with a secret in it.
"""

import difflib
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pydantic_core import ErrorDetails

if TYPE_CHECKING:
    from jobs.models.terms import Terms


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong with what somebody sent in: the field (or row) and a sentence that says what to do."""

    field: str
    message: str

    def __str__(self) -> str:
        return f"{self.field}: {self.message}" if self.field else self.message


class InvalidCampaign(Exception):
    """A campaign cannot be taken; nothing was stored and nothing sent. Carries every problem at once, and the `right`
    ones of its terms, with others in place of the wrong ones, for those who look on what else is wrong.
    """

    def __init__(self, problems: tuple[Problem, ...], right: "Terms | None" = None) -> None:
        super().__init__("; ".join(map(str, problems)))
        self.problems = problems
        self.right = right


MOST_RECIPIENTS = 5
"""Recipients that are named one by one; whoever got one wrong has mostly got all wrong."""

_LINE = "must be text on one line, of at most 200 characters"
_INSTANT = "an instant with its time zone, such as 2026-03-02T14:30:00Z"

RULES: Mapping[str, str] = {
    "audio_title": _LINE,
    "audio_url": "must be text of at most 2,000 characters",
    "audio_type": "must be wav, mp3 or m4a",
    "audio_file": _LINE,
    "title": _LINE,
    "start": f"must be now, or {_INSTANT}",
    "ends_at": f"must be {_INSTANT}",
    "expires_at": f"must be {_INSTANT}",
    "mobile_only": "must be true or false",
    "account": "must be the name of a gateway account: 1 to 64 letters, digits, dashes and underscores",
    "when_unknown": "must be hold or resend",
    "recipients": "must be a list of phones",
}
"""What each field must be, whichever way it is not. Those that are missing here say it themselves."""

_A_RECIPIENT = "must be a phone, as text"

_OFTEN_MEANT = {
    "phones": "recipients",
    "numbers": "recipients",
    "phone_numbers": "recipients",
    "contacts": "recipients",
    "to": "recipients",
    "from": "caller_id",
    "start_at": "start",
    "at": "start",
    "url": "audio_url",
    "name": "title",
}

_HARMLESS_NAME = re.compile(r"[A-Za-z_-]{1,40}", re.ASCII)


def in_words(errors: Iterable[ErrorDetails], fields: Sequence[str]) -> tuple[Problem, ...]:
    """Pydantic's errors of a campaign that has these `fields`, each said once."""
    found = dict.fromkeys(_problem(error, fields) for error in errors)  # one field may be wrong in several ways
    return tuple(_few_recipients(found))


def _problem(error: ErrorDetails, fields: Sequence[str]) -> Problem:
    place = error["loc"]
    if not place:
        return Problem("", _own_words(error))
    name = str(place[0])
    if name not in fields:
        return Problem(presentable(name), f"is no field of a campaign; {meant(name, fields)}")
    if error["type"] == "missing":
        return Problem(name, "is missing")
    if name == "recipients" and len(place) > 1:
        return Problem(f"recipients.{place[1]}", _A_RECIPIENT)
    if error["type"] == "value_error":
        return Problem(name, _own_words(error))
    return Problem(name, RULES.get(name) or _own_words(error))


def _own_words(error: ErrorDetails) -> str:
    return error["msg"].removeprefix("Value error, ")


def presentable(name: str) -> str:
    """A name that is none of ours may be anything, even a number."""
    return name if _HARMLESS_NAME.fullmatch(name) else "(an odd field name)"


def meant(name: str, fields: Sequence[str]) -> str:
    """Which of the fields a name that is none of them stands for, or all that there are."""
    snake = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name).lower()
    close = difflib.get_close_matches(snake, fields, n=1, cutoff=0.7)
    likely = _OFTEN_MEANT.get(snake) or next(iter(close), "")
    return f"did you mean {likely}?" if likely in fields else f"there are: {', '.join(fields) or 'none'}"


def _few_recipients(problems: Iterable[Problem]) -> Iterator[Problem]:
    wrong = 0
    for problem in problems:
        wrong += problem.message == _A_RECIPIENT
        if problem.message != _A_RECIPIENT or wrong <= MOST_RECIPIENTS:
            yield problem
    if wrong > MOST_RECIPIENTS:
        yield Problem("recipients", f"{wrong - MOST_RECIPIENTS:,} more like these")
