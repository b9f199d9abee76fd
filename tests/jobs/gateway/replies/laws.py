"""What must hold of every parser, whatever the gateway writes: it answers with a value, `Rejected` or `OutcomeUnknown`,
and what it believes stands in the text.

The grounds are looked for as plainly as possible, and with nothing of the parsers' own.
"""

import json
import random
import re
import string
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from jobs.gateway.errors import OutcomeUnknown, Rejected
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
    parse_record,
    parse_submission_reply,
    parse_user_verify_reply,
)
from jobs.models import DropState
from tests.jobs.gateway.replies.samples import FOLDER, NEAR

NOTHING: tuple[object, ...] = (None, [])
"""What parsers of records answer where there is none yet."""

SAMPLES = [file.read_bytes().decode() for file in sorted(FOLDER.glob("*/*.txt"))]
NOISE = string.ascii_letters + " \n\t\r=:|,\"'{}[]<>\\\0\ufeff\N{SNOWMAN}"
"""What damage may put in. No digits: a number with another digit is another number, and nothing could tell."""


@dataclass(frozen=True, slots=True)
class Law:
    """A parser, and whether a text gives grounds for what the parser believed of it."""

    parse: Callable[[str], object]
    has_grounds: Callable[[Any, str], bool]

    def believed(self, text: str) -> object:
        """What the parser makes of the text, None when it is refused or not understood; asserts that it has grounds."""
        try:
            value = self.parse(text)
        except (Rejected, OutcomeUnknown):
            return None
        assert self.has_grounds(value, canonical(text)), f"{value!r} out of {text!r}"
        return value


def canonical(text: str) -> str:
    """The text without a byte order mark and blanks around it; JSON without escapes."""
    plain = text.lstrip("\ufeff").strip()
    return json.dumps(json.loads(plain), ensure_ascii=False) if is_json(plain) else plain


def is_json(plain: str) -> bool:
    """Whether a text is a JSON object or array."""
    try:
        return plain[:1] in {"{", "["} and json.loads(plain) is not None
    except (ValueError, RecursionError):
        return False


def numbers(text: str) -> set[int]:
    """Every run of digits in the text, thousands commas taken out."""
    return {int(run.replace(",", "")) for run in re.findall(r"\d[\d,]*", text, re.ASCII)}


def letters(text: str) -> str:
    """The Latin letters of the text, small."""
    return re.sub(r"[^a-z]", "", text.lower())


def says_ok(text: str) -> bool:
    """Whether the first word is exactly OK and none is ERROR; in JSON, whether some value is."""
    words = text.split()
    return '"OK"' in text if is_json(text) else words[:1] == ["OK"] and "ERROR" not in words


def _accepted(value: Accepted, text: str) -> bool:
    return says_ok(text) and {int(value.session_id), value.phone_count or 0} <= {0, *numbers(text)}


def _controlled(value: ControlAnswer, text: str) -> bool:
    return says_ok(text) if value is ControlAnswer.DONE else "alreadyfinished" in letters(text)


def _recorded(value: CallRecord | list[CallRecord] | None, text: str) -> bool:
    records = value if isinstance(value, list) else [value] if value else []
    return all(_record_stands_in(text, record) for record in records)


def _record_stands_in(text: str, record: CallRecord) -> bool:
    phone = record.disposition.phone
    ok = r'"\s*OK\s*"' if is_json(text) else rf'{phone}[\s"]*\|[\s"]*OK[\s"]*\|'
    is_delivered = record.disposition.state is DropState.DELIVERED
    return phone in text and (not is_delivered or re.search(ok, text, re.IGNORECASE) is not None)


def _balanced(value: Balance, text: str) -> bool:
    return "remaining" in text.lower() and {value.remaining, value.pending or 0} <= {0, *numbers(text)}


def _listed(value: list[ListedSession], text: str) -> bool:
    if not value:
        return text in {"", "OK", "[]", "{}"}
    return {int(each.session_id) for each in value} <= numbers(text.replace(",", " "))


def _audio(value: list[AudioFile], text: str) -> bool:
    return bool(value) == bool(text) and all(each.file in text and each.title in text for each in value)


def _verified(_: None, text: str) -> bool:
    return text == "OK" or (is_json(text) and says_ok(text))


LAWS: Mapping[str, Law] = {
    "submission": Law(parse_submission_reply, _accepted),
    "submission, its end unproven": Law(partial(parse_submission_reply, is_whole=False), _accepted),
    "control": Law(parse_control_reply, _controlled),
    "record": Law(partial(parse_record, near=NEAR), _recorded),
    "call_status": Law(partial(parse_call_status_reply, near=NEAR), _recorded),
    "campaign_result": Law(partial(parse_campaign_result_reply, near=NEAR), _recorded),
    "balance": Law(parse_balance_reply, _balanced),
    "do_not_dial": Law(parse_do_not_dial_reply, lambda _, text: says_ok(text)),
    "user_verify": Law(parse_user_verify_reply, _verified),
    "campaign_by_date": Law(parse_campaign_by_date_reply, _listed),
    "audio_list": Law(partial(parse_audio_list_reply, near=NEAR), _audio),
}


def rubbish(dice: random.Random) -> str:
    """Words of the wire and noise in any order, without a single digit."""
    return "".join(dice.choice([*_WORDS, dice.choice(NOISE)]) for _ in range(dice.randint(0, 8)))


_WORDS = (
    *("OK", "ERROR", "session_id", "=", "session ID=", "\n", " ", "number of phone=", "remaining messages=", "var="),
    *("|", '"|"', "||", "{", "}", "[", "]", '"', '":"', "<", "<html>", "already finished", ".wav", "pending"),
)


def mutated(dice: random.Random) -> str:
    """The beginning of one sample and the end of another, with noise in it."""
    one, other = dice.choice(SAMPLES), dice.choice(SAMPLES)
    text = one[: dice.randrange(len(one) + 1)] + other[dice.randrange(len(other) + 1) :]
    return damaged(text, dice, kept=string.digits, most=dice.randrange(5))


def damaged(text: str, dice: random.Random, *, kept: str, most: int) -> str:
    """The text with up to `most` times some noise put in anywhere, or a character taken out that is not in `kept`."""
    for _ in range(most):
        place = dice.randrange(len(text) + 1)
        if dice.random() < 0.5 or text[place : place + 1] in kept:
            text = text[:place] + dice.choice(NOISE) * dice.randint(1, 3) + text[place:]
        else:
            text = text[:place] + text[place + 1 :]
    return text
